// Finds the driver at run time. It may go when every machine that Stapes runs on has one.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "include/stapes_cuda.h"

typedef struct {
  const char *name;
  size_t offset;
} symbol;

// Where a name carries a version, the plain one is the ABI of drivers long gone.
#define SYMBOL(field, name) {name, offsetof(stapes_cuda_driver, field)}
static const symbol symbols[] = {
    SYMBOL(init, "cuInit"),
    SYMBOL(driver_version, "cuDriverGetVersion"),
    SYMBOL(device_count, "cuDeviceGetCount"),
    SYMBOL(device_get, "cuDeviceGet"),
    SYMBOL(device_name, "cuDeviceGetName"),
    SYMBOL(device_attribute, "cuDeviceGetAttribute"),
    SYMBOL(device_memory, "cuDeviceTotalMem_v2"),
    SYMBOL(primary_context_retain, "cuDevicePrimaryCtxRetain"),
    SYMBOL(primary_context_release, "cuDevicePrimaryCtxRelease_v2"),
    SYMBOL(context_set_current, "cuCtxSetCurrent"),
    SYMBOL(memory_info, "cuMemGetInfo_v2"),
    SYMBOL(memory_allocate, "cuMemAlloc_v2"),
    SYMBOL(memory_free, "cuMemFree_v2"),
    SYMBOL(host_allocate, "cuMemAllocHost_v2"),
    SYMBOL(host_free, "cuMemFreeHost"),
    SYMBOL(copy_to_device, "cuMemcpyHtoDAsync_v2"),
    SYMBOL(copy_to_host, "cuMemcpyDtoHAsync_v2"),
    SYMBOL(copy_on_device, "cuMemcpyDtoDAsync_v2"),
    SYMBOL(set_bytes, "cuMemsetD8Async"),
    SYMBOL(stream_create, "cuStreamCreateWithPriority"),
    SYMBOL(stream_destroy, "cuStreamDestroy_v2"),
    SYMBOL(stream_synchronize, "cuStreamSynchronize"),
    SYMBOL(stream_wait_event, "cuStreamWaitEvent"),
    SYMBOL(stream_begin_capture, "cuStreamBeginCapture_v2"),
    SYMBOL(stream_end_capture, "cuStreamEndCapture"),
    SYMBOL(event_create, "cuEventCreate"),
    SYMBOL(event_destroy, "cuEventDestroy_v2"),
    SYMBOL(event_record, "cuEventRecord"),
    SYMBOL(event_query, "cuEventQuery"),
    SYMBOL(event_synchronize, "cuEventSynchronize"),
    SYMBOL(event_elapsed, "cuEventElapsedTime"),
    SYMBOL(module_load, "cuModuleLoadData"),
    SYMBOL(module_unload, "cuModuleUnload"),
    SYMBOL(module_function, "cuModuleGetFunction"),
    SYMBOL(function_set_attribute, "cuFuncSetAttribute"),
    SYMBOL(launch, "cuLaunchKernel"),
    SYMBOL(launch_with, "cuLaunchKernelEx"),
    SYMBOL(graph_instantiate, "cuGraphInstantiateWithFlags"),
    SYMBOL(graph_upload, "cuGraphUpload"),
    SYMBOL(graph_launch, "cuGraphLaunch"),
    SYMBOL(graph_exec_destroy, "cuGraphExecDestroy"),
    SYMBOL(graph_destroy, "cuGraphDestroy"),
    SYMBOL(error_name, "cuGetErrorName"),
    SYMBOL(error_text, "cuGetErrorString"),
};

bool stapes_cuda_open(const char *path, stapes_cuda_driver *driver, char *message, size_t message_bytes) {
  const char *name = path ? path : "libcuda.so.1";
  // Never closed: the driver keeps threads of its own.
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(message, message_bytes, "no NVIDIA driver: %s", reason ? reason : name);
    return false;
  }
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
    void *address = dlsym(library, symbols[i].name);
    if (!address) {
      snprintf(message, message_bytes, "the NVIDIA driver %s is too old: it has no %s", name, symbols[i].name);
      return false;
    }
    memcpy((char *)driver + symbols[i].offset, &address, sizeof address);
  }
  return true;
}
