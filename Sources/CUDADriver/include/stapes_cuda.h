// The CUDA driver as Stapes calls it: a table of functions, found at run time in libcuda.so.1, so that one binary runs
// with and without a GPU. The declarations are our own: no CUDA header is needed to build the package.
//
// Every function returns 0 or a CUresult. Device addresses are `uint64_t`, as the driver has them.
#ifndef STAPES_CUDA_H
#define STAPES_CUDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct stapes_cu_context_object *stapes_cu_context;
typedef struct stapes_cu_stream_object *stapes_cu_stream;
typedef struct stapes_cu_event_object *stapes_cu_event;
typedef struct stapes_cu_module_object *stapes_cu_module;
typedef struct stapes_cu_function_object *stapes_cu_function;
typedef struct stapes_cu_graph_object *stapes_cu_graph;
typedef struct stapes_cu_graph_exec_object *stapes_cu_graph_exec;
typedef uint64_t stapes_cu_pointer;

enum {
  STAPES_CU_SUCCESS = 0,
  STAPES_CU_OUT_OF_MEMORY = 2,
  STAPES_CU_NOT_READY = 600,
};

/// Attributes of a device: numbers of CUdevice_attribute.
enum {
  STAPES_CU_MULTIPROCESSORS = 16,
  STAPES_CU_CAPABILITY_MAJOR = 75,
  STAPES_CU_CAPABILITY_MINOR = 76,
  STAPES_CU_SHARED_BYTES_OPTIN = 97,
};

/// CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
enum { STAPES_CU_FUNCTION_DYNAMIC_SHARED_BYTES = 8 };

/// CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
enum { STAPES_CU_CAPTURE_THREAD_LOCAL = 1 };

/// CU_STREAM_NON_BLOCKING; CU_EVENT_DISABLE_TIMING
enum { STAPES_CU_STREAM_NON_BLOCKING = 1, STAPES_CU_EVENT_NO_TIMING = 2 };

/// CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION: the kernel may begin once all blocks of the kernel before it in
/// the stream have said so (`griddepcontrol.launch_dependents`) or ended, and waits for the rest itself. In a captured
/// graph the edge between the two is of that kind.
enum { STAPES_CU_LAUNCH_PROGRAMMATIC = 6 };

/// CUlaunchAttribute. Of the union of 64 bytes that the driver has, the one field that is used. Zeros elsewhere.
typedef struct {
  unsigned id;
  char padding[4];
  int programmatic_allowed;
  char rest[60];
} stapes_cu_launch_attribute;

/// CUlaunchConfig.
typedef struct {
  unsigned grid_x, grid_y, grid_z;
  unsigned block_x, block_y, block_z;
  unsigned shared_bytes;
  stapes_cu_stream _Nonnull stream;
  stapes_cu_launch_attribute *_Nullable attributes;
  unsigned attribute_count;
} stapes_cu_launch_config;

typedef struct {
  int (*_Nonnull init)(unsigned flags);
  int (*_Nonnull driver_version)(int *_Nonnull version);
  int (*_Nonnull device_count)(int *_Nonnull count);
  int (*_Nonnull device_get)(int *_Nonnull device, int ordinal);
  int (*_Nonnull device_name)(char *_Nonnull name, int length, int device);
  int (*_Nonnull device_attribute)(int *_Nonnull value, int attribute, int device);
  int (*_Nonnull device_memory)(size_t *_Nonnull bytes, int device);
  int (*_Nonnull primary_context_retain)(stapes_cu_context _Nullable *_Nonnull context, int device);
  int (*_Nonnull primary_context_release)(int device);
  int (*_Nonnull context_set_current)(stapes_cu_context _Nullable context);
  int (*_Nonnull memory_info)(size_t *_Nonnull free, size_t *_Nonnull total);
  int (*_Nonnull memory_allocate)(stapes_cu_pointer *_Nonnull pointer, size_t bytes);
  int (*_Nonnull memory_free)(stapes_cu_pointer pointer);
  int (*_Nonnull host_allocate)(void *_Nullable *_Nonnull pointer, size_t bytes);
  int (*_Nonnull host_free)(void *_Nonnull pointer);
  int (*_Nonnull copy_to_device)(stapes_cu_pointer target, const void *_Nonnull source, size_t bytes,
                                 stapes_cu_stream _Nonnull stream);
  int (*_Nonnull copy_to_host)(void *_Nonnull target, stapes_cu_pointer source, size_t bytes,
                               stapes_cu_stream _Nonnull stream);
  int (*_Nonnull copy_on_device)(stapes_cu_pointer target, stapes_cu_pointer source, size_t bytes,
                                 stapes_cu_stream _Nonnull stream);
  int (*_Nonnull set_bytes)(stapes_cu_pointer target, unsigned char value, size_t bytes,
                            stapes_cu_stream _Nonnull stream);
  int (*_Nonnull stream_create)(stapes_cu_stream _Nullable *_Nonnull stream, unsigned flags, int priority);
  int (*_Nonnull stream_destroy)(stapes_cu_stream _Nonnull stream);
  int (*_Nonnull stream_synchronize)(stapes_cu_stream _Nonnull stream);
  int (*_Nonnull stream_wait_event)(stapes_cu_stream _Nonnull stream, stapes_cu_event _Nonnull event, unsigned flags);
  int (*_Nonnull stream_begin_capture)(stapes_cu_stream _Nonnull stream, int mode);
  int (*_Nonnull stream_end_capture)(stapes_cu_stream _Nonnull stream, stapes_cu_graph _Nullable *_Nonnull graph);
  int (*_Nonnull event_create)(stapes_cu_event _Nullable *_Nonnull event, unsigned flags);
  int (*_Nonnull event_destroy)(stapes_cu_event _Nonnull event);
  int (*_Nonnull event_record)(stapes_cu_event _Nonnull event, stapes_cu_stream _Nonnull stream);
  int (*_Nonnull event_query)(stapes_cu_event _Nonnull event);
  int (*_Nonnull event_synchronize)(stapes_cu_event _Nonnull event);
  int (*_Nonnull event_elapsed)(float *_Nonnull milliseconds, stapes_cu_event _Nonnull start,
                                stapes_cu_event _Nonnull end);
  int (*_Nonnull module_load)(stapes_cu_module _Nullable *_Nonnull module, const void *_Nonnull image);
  int (*_Nonnull module_unload)(stapes_cu_module _Nonnull module);
  int (*_Nonnull module_function)(stapes_cu_function _Nullable *_Nonnull function, stapes_cu_module _Nonnull module,
                                  const char *_Nonnull name);
  int (*_Nonnull function_set_attribute)(stapes_cu_function _Nonnull function, int attribute, int value);
  int (*_Nonnull launch)(stapes_cu_function _Nonnull function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                         unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                         stapes_cu_stream _Nonnull stream, void *_Nullable *_Nonnull parameters,
                         void *_Nullable *_Nullable extra);
  /// `launch`, with attributes.
  int (*_Nonnull launch_with)(const stapes_cu_launch_config *_Nonnull config, stapes_cu_function _Nonnull function,
                              void *_Nullable *_Nonnull parameters, void *_Nullable *_Nullable extra);
  int (*_Nonnull graph_instantiate)(stapes_cu_graph_exec _Nullable *_Nonnull exec, stapes_cu_graph _Nonnull graph,
                                    unsigned long long flags);
  int (*_Nonnull graph_upload)(stapes_cu_graph_exec _Nonnull exec, stapes_cu_stream _Nonnull stream);
  int (*_Nonnull graph_launch)(stapes_cu_graph_exec _Nonnull exec, stapes_cu_stream _Nonnull stream);
  int (*_Nonnull graph_exec_destroy)(stapes_cu_graph_exec _Nonnull exec);
  int (*_Nonnull graph_destroy)(stapes_cu_graph _Nonnull graph);
  int (*_Nonnull error_name)(int result, const char *_Nullable *_Nonnull text);
  int (*_Nonnull error_text)(int result, const char *_Nullable *_Nonnull text);
} stapes_cuda_driver;

/// Opens `path` (null: libcuda.so.1) and fills `driver`. False if it cannot, with the reason in `message`.
bool stapes_cuda_open(const char *_Nullable path, stapes_cuda_driver *_Nonnull driver, char *_Nonnull message,
                      size_t message_bytes);

/// The kernels of this build (a fatbin that the driver loads), or null if it was built without them.
const void *_Nullable stapes_cuda_image(size_t *_Nonnull bytes);

#endif
