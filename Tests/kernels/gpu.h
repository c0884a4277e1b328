// Kernels on a GPU, for tests whose arrays are ordinary memory: what a kernel's arguments point at is copied to the
// device and back. So nothing on the device outlives a launch, and the tests need no memory that both sides see, which
// a GPU shared with others should be spared.
#pragma once

#include <stddef.h>

#include <string>
#include <utility>
#include <vector>

// The headers are annotated for Swift, and C's.
#ifndef __clang__
#define _Nonnull
#define _Nullable
#endif
extern "C" {
#include "stapes_cuda.h"
#include "stapes_cuda_kernels.h"
}

namespace gpu {

/// Opens the driver (null: libcuda.so.1), takes the first device and loads the fatbin of `path`. Ends the program if it
/// cannot.
void open(const char *path, const char *driver);
bool is_open();
/// Empty if there is none.
const char *device_name();

/// `bytes` of the host's memory that arguments may point into.
void note(const void *memory, size_t bytes);
void forget(const void *memory);

/// The arrays that arguments point into, each once.
std::vector<std::pair<void *, size_t>> arrays_of(const void *arguments, size_t bytes);

/// Runs the kernel `name` (without its prefix) to its end, on copies of the arrays that `arguments` point into, each
/// between guards. What went wrong, or nothing. Ends the program where the device cannot go on.
std::string launch(const char *name, const stapes_cuda_shape &shape, const void *arguments, size_t bytes);

// MARK: By hand, on the device's own memory

/// The driver's functions.
const stapes_cuda_driver &driver();
stapes_cu_stream stream();

/// Ends the program if `result` is an error.
void demand(int result, const char *what);

/// Enqueues a kernel whose arguments hold addresses of the device. A CUresult.
int enqueue(const char *name, const stapes_cuda_shape &shape, const void *arguments);

}  // namespace gpu
