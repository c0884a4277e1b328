#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <vector>

// The greatest block.
static const size_t stack_count = 1024;
static const size_t stack_bytes = 64 << 10;
// A page that faults below each stack, so that one that grows too deep does not write into its neighbour.
static const size_t stack_guard = 4 << 10;

namespace {
struct stacks {
  char *base = nullptr;
  // Of the stacks that were begun before: their guards are set.
  size_t guarded = 0;
  ~stacks() {
    if (base) munmap(base, stack_count * (stack_bytes + stack_guard));
  }
};
thread_local stacks pool;
}  // namespace

static const size_t stride = stack_bytes + stack_guard;

bool emulator_fiber_reserve() {
  if (pool.base) return true;
  void *base = mmap(nullptr, stack_count * stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
  if (base == MAP_FAILED) return false;
  pool.base = static_cast<char *>(base);
  return true;
}

/// The lowest address of a stack.
static char *stack_at(size_t index) {
  for (; pool.guarded <= index; pool.guarded++)
    mprotect(pool.base + pool.guarded * stride, stack_guard, PROT_NONE);
  return pool.base + index * stride + stack_guard;
}

void *emulator_fiber_top(size_t index) { return stack_at(index) + stack_bytes; }

bool emulator_fiber_overflows(size_t index, const void *address) {
  auto at = static_cast<const char *>(address);
  const char *stack = stack_at(index);
  return at >= stack - stack_guard && at < stack;
}

#ifdef __x86_64__

// What a call keeps is pushed, the stacks are changed, and what the other one kept is popped. It returns to where that
// one called it, which is mostly the same place, so that the processor foresees this return and those that follow.
__asm__(
    ".text\n"
    ".globl emulator_switch_stacks\n"
    ".type emulator_switch_stacks, @function\n"
    "emulator_switch_stacks:\n"
    "  pushq %rbp\n"
    "  pushq %rbx\n"
    "  pushq %r12\n"
    "  pushq %r13\n"
    "  pushq %r14\n"
    "  pushq %r15\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "  popq %r15\n"
    "  popq %r14\n"
    "  popq %r13\n"
    "  popq %r12\n"
    "  popq %rbx\n"
    "  popq %rbp\n"
    "  ret\n"
    ".size emulator_switch_stacks, . - emulator_switch_stacks\n");

void emulator_fiber_begin(emulator_fiber *fiber, size_t index, void (*entry)()) {
  char *stack = stack_at(index);
  // Tops at different places of a page, or the busiest lines of all stacks would share a few sets of the cache.
  uintptr_t top = reinterpret_cast<uintptr_t>(stack) + stack_bytes - index * 192 % 4096;
  auto words = reinterpret_cast<uintptr_t *>(top & ~uintptr_t(15));
  // As after a call: the place to return to (none), then the entry, then six registers.
  *--words = 0;
  *--words = reinterpret_cast<uintptr_t>(entry);
  for (int i = 0; i < 6; i++) *--words = 0;
  fiber->stack = words;
}

#else

void emulator_fiber_begin(emulator_fiber *fiber, size_t index, void (*entry)()) {
  char *stack = stack_at(index);
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = stack;
  fiber->context.uc_stack.ss_size = stack_bytes;
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, entry, 0);
}

void emulator_fiber_switch(emulator_fiber *from, emulator_fiber *to) { swapcontext(&from->context, &to->context); }

#endif
