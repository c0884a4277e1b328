// Finds FlashInfer's library at run time. It may go when kernels of ours are never slower.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/stapes_flashinfer_library.h"

#define NAME "libstapes_flashinfer.so"

typedef struct {
  const char *name;
  size_t offset;
} symbol;

#define SYMBOL(field) {"stapes_flashinfer_" #field, offsetof(stapes_flashinfer_library, field)}
static const symbol symbols[] = {
    SYMBOL(version),    SYMBOL(error),        SYMBOL(workspace_sizes), SYMBOL(decode_plan),
    SYMBOL(decode_run), SYMBOL(prefill_plan), SYMBOL(prefill_run),
};

/// The library's path in the folder of the running program; false if that cannot be known.
static bool beside_the_program(char *path, size_t bytes) {
  ssize_t length = readlink("/proc/self/exe", path, bytes - 1);
  if (length <= 0) return false;
  path[length] = 0;
  char *slash = strrchr(path, '/');
  if (!slash || (size_t)(slash + 1 - path) + sizeof NAME > bytes) return false;
  memcpy(slash + 1, NAME, sizeof NAME);
  return access(path, R_OK) == 0;
}

bool stapes_flashinfer_open(const char *path, stapes_flashinfer_library *library, char *message,
                            size_t message_bytes) {
  char beside[4096];
  const char *name = path;
  if (!name) name = getenv("STAPES_FLASHINFER");
  if (!name || !*name) name = beside_the_program(beside, sizeof beside) ? beside : NAME;
  // Never closed: graphs hold its kernels.
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    snprintf(message, message_bytes, "no FlashInfer library: %s", reason ? reason : name);
    return false;
  }
  void *abi = dlsym(handle, "stapes_flashinfer_abi");
  int32_t (*abi_of)(void);
  memcpy(&abi_of, &abi, sizeof abi);
  if (!abi || abi_of() != STAPES_FLASHINFER_ABI) {
    snprintf(message, message_bytes, "%s is not of this build: run Scripts/build-flashinfer", name);
    return false;
  }
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
    void *address = dlsym(handle, symbols[i].name);
    if (!address) {
      snprintf(message, message_bytes, "%s has no %s: run Scripts/build-flashinfer", name, symbols[i].name);
      return false;
    }
    memcpy((char *)library + symbols[i].offset, &address, sizeof address);
  }
  return true;
}
