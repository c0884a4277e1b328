// Running a kernel of the registry on the emulator.
#pragma once

#include "emulator.h"

enum emulator_order { EMULATOR_FORWARD, EMULATOR_REVERSE, EMULATOR_SHUFFLED };

/// In which order threads of a block, and blocks of a grid, run from now on, in all launches. A kernel without a race
/// gives the same bits in every one.
void emulator_set_order(emulator_order order, uint64_t seed);

/// The kernel `name` ("stapes_cuda_..."), or null.
const emulator_kernel *emulator_find(const char *name);

/// On how many threads of the host the blocks of a grid run from now on, in all launches: 0 leaves it to the launch. In
/// other orders than forward, blocks run one after the other whatever is said here.
void emulator_set_hosts(unsigned count);

/// Runs a grid to its end. False after an error, which `emulator_error` has: of several blocks' errors, that of the
/// first in the order of blocks. Every thread has to wait for the kernels before as often as every other, once at most,
/// and once if the kernel may begin `early`.
///
/// `shares`: with as many threads of the host as there are processors, unless `emulator_set_hosts` says otherwise; else
/// on this one.
bool emulator_launch(const emulator_kernel &kernel, uint3 grid, uint3 block, size_t shared_bytes, const void *arguments,
                     bool early = false, bool shares = false);

/// Whether the threads of the last launch waited for the kernels before.
bool emulator_waited();

/// Memory that kernels before may still write when the next launches begin: until all threads of a block have waited, it
/// is NaN, and what is written there is an error. For kernels that wait, in the first blocks to run, since it is slow;
/// blocks then run one after the other.
struct emulator_memory {
  void *begin;
  size_t bytes;
};
void emulator_hide(std::vector<emulator_memory> memory);

/// What went wrong in the last launch of this thread of the host, or an empty text.
const char *emulator_error();

/// The number of the stack that the running thread is on.
size_t emulator_running_stack();
