// Stacks to run threads of a block on, and the step from one to another.
#pragma once

#include <cstddef>

#ifndef __x86_64__
#include <ucontext.h>
#endif

struct emulator_fiber {
#ifdef __x86_64__
  void *stack;
#else
  ucontext_t context;
#endif
};

/// Reserves the stacks of this thread of the host. False when there is no memory.
bool emulator_fiber_reserve();

/// Makes `fiber` one that calls `entry`, which must not return, on stack number `index` of this thread of the host.
void emulator_fiber_begin(emulator_fiber *fiber, size_t index, void (*entry)());

/// The highest address of stack number `index`, and whether an address is in the guard below it.
void *emulator_fiber_top(size_t index);
bool emulator_fiber_overflows(size_t index, const void *address);

/// Leaves `from`, to be gone on with later, and goes on with `to`.
#ifdef __x86_64__
extern "C" void emulator_switch_stacks(void **from, void *to);
inline void emulator_fiber_switch(emulator_fiber *from, emulator_fiber *to) {
  emulator_switch_stacks(&from->stack, to->stack);
}
#else
void emulator_fiber_switch(emulator_fiber *from, emulator_fiber *to);
#endif
