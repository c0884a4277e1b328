// A CUDA driver without a GPU, for tests: the table of stapes_cuda.h over an emulator that runs our kernels on the CPU.
// It is strict where a GPU is silent: device memory cannot be read by the host, work runs as late as it may, and what
// is freed, not yet written or out of bounds shows.
//
// There is one fake driver in a process. Tests that use it run one at a time.
#ifndef STAPES_CUDA_EMULATOR_H
#define STAPES_CUDA_EMULATOR_H

// Types alone are used of them.
#include "stapes_cuda.h"
#include "stapes_cuda_kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Kernels alone, on ordinary memory

typedef enum {
  STAPES_EMULATOR_FORWARD = 0,
  STAPES_EMULATOR_REVERSE = 1,
  STAPES_EMULATOR_SHUFFLED = 2,
} stapes_emulator_order;

/// In which order threads of a block, and blocks of a grid, run from now on, in every launch of the process. A kernel
/// without a race gives the same bits in every order.
void stapes_emulator_set_order(stapes_emulator_order order, uint64_t seed);

/// On how many threads of the host the blocks of a grid run from now on, in every launch of the process. 0, the
/// default, is one for `stapes_emulator_run`, and as many as there are processors for the fake driver. In reverse and
/// shuffled order it is always one.
void stapes_emulator_set_host_threads(unsigned count);

/// Whether there is a kernel of this name: `layer_norm`, without `stapes_cuda_`.
bool stapes_emulator_has(const char *_Nonnull name);

/// Runs the kernel `name` with pointers to the host's memory in `arguments`. False after an error: see
/// `stapes_emulator_error`.
bool stapes_emulator_run(const char *_Nonnull name, stapes_cuda_shape shape, const void *_Nonnull arguments);

/// Until all threads of a block have waited for the kernels before, `memory` is NaN, and to write there is an error: of
/// the first blocks of every launch from now on, which all have to wait. No bytes: nothing is hidden any more.
void stapes_emulator_hide(void *_Nonnull memory, size_t bytes);

/// What went wrong in the last `stapes_emulator_run` of this thread, or empty.
const char *_Nonnull stapes_emulator_error(void);

// MARK: The fake driver

/// All zeros are the defaults.
typedef struct {
  /// 0: one.
  int device_count;
  /// Of each device. 0: 2 GiB. Address space only, until it is written.
  size_t memory_bytes;
  /// 0: 8.
  int multiprocessors;
  /// So often `event_query` says "not ready" of a record whose turn has not come, before it runs the work.
  int not_ready_count;
  /// Work runs when it is given, not when somebody waits for it.
  bool eager;
} stapes_fake_cuda_options;

/// Fills `driver`. What an earlier fake driver had is gone: its handles are invalid. False when there is no memory.
bool stapes_fake_cuda_open(const stapes_fake_cuda_options *_Nullable options, stapes_cuda_driver *_Nonnull driver);

/// Why the driver last returned an error, in words, where it knows more than the code. Empty after opening.
const char *_Nonnull stapes_fake_cuda_message(void);

/// The n-th call from now (1 is the next) of the table's function `function` returns `code` and does nothing. Codes
/// that a real device never recovers from (700, 719, 999 and the like) stay from then on. "execute" counts the kernels
/// that run: their errors show where somebody waits.
void stapes_fake_cuda_fail(const char *_Nonnull function, int nth, int code);

/// Gives `function` to the stream as a kernel of that name, captured into graphs like one: for fake libraries.
/// `arguments` are copied. It may use device memory; it must not call the driver.
int stapes_fake_cuda_enqueue(stapes_cu_stream _Nonnull stream, const char *_Nonnull name,
                             void (*_Nonnull function)(const void *_Nonnull arguments),
                             const void *_Nonnull arguments, size_t bytes);

/// Whether what is given to the stream is captured now, for fake libraries.
bool stapes_fake_cuda_is_capturing(stapes_cu_stream _Nonnull stream);

/// Reads device memory as it is now, before any work that waits. False outside live allocations.
bool stapes_fake_cuda_peek(void *_Nonnull to, stapes_cu_pointer from, size_t bytes);

// MARK: The log

typedef enum {
  /// Given to a stream, outside captures.
  STAPES_FAKE_LAUNCHED = 0,
  /// Captured, once a capture.
  STAPES_FAKE_CAPTURED = 1,
  /// Run, by themselves or in a graph.
  STAPES_FAKE_RUN = 2,
} stapes_fake_kernels;

/// Names of kernels in order, without `stapes_cuda_`. Null beyond the last. The text lives as long as the process.
size_t stapes_fake_cuda_kernel_count(stapes_fake_kernels list);
const char *_Nullable stapes_fake_cuda_kernel_name(stapes_fake_kernels list, size_t index);

/// Whether a kernel of the list was launched so that it may begin while the one before it ends.
bool stapes_fake_cuda_kernel_is_early(stapes_fake_kernels list, size_t index);

/// How often a function of the table was called.
size_t stapes_fake_cuda_calls(const char *_Nonnull function);

/// Copies that ran, by themselves or in a graph.
typedef struct {
  size_t to_device, to_host, on_device;
  size_t to_device_bytes, to_host_bytes, on_device_bytes;
} stapes_fake_copies;
stapes_fake_copies stapes_fake_cuda_copies(void);

/// Forgets names, counts and copies.
void stapes_fake_cuda_clear_log(void);

/// What has been made and not destroyed.
typedef struct {
  size_t allocations, allocated_bytes, host_allocations, contexts, streams, events, modules, graphs, graph_execs;
} stapes_fake_live;
stapes_fake_live stapes_fake_cuda_live(void);

#ifdef __cplusplus
}
#endif

#endif
