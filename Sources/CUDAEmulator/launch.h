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
/// first in the order of blocks.
///
/// `shares`: with as many threads of the host as there are processors, unless `emulator_set_hosts` says otherwise; else
/// on this one.
bool emulator_launch(const emulator_kernel &kernel, uint3 grid, uint3 block, size_t shared_bytes, const void *arguments,
                     bool shares = false);

/// What went wrong in the last launch of this thread of the host, or an empty text.
const char *emulator_error();

/// The number of the stack that the running thread is on.
size_t emulator_running_stack();
