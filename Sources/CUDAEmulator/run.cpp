// Kernels alone, for tests with vectors on ordinary memory.
// First: what it says of annotations the C header needs.
#include "launch.h"

#include <string>

#include "include/stapes_cuda_emulator.h"

static thread_local std::string error;

static const emulator_kernel *find(const char *name) {
  return emulator_find(("stapes_cuda_" + std::string(name)).c_str());
}

void stapes_emulator_set_order(stapes_emulator_order order, uint64_t seed) {
  emulator_set_order(static_cast<emulator_order>(order), seed);
}

void stapes_emulator_hide(void *memory, size_t bytes) {
  if (bytes) emulator_hide({{memory, bytes}});
  else emulator_hide({});
}

void stapes_emulator_set_host_threads(unsigned count) { emulator_set_hosts(count); }

bool stapes_emulator_has(const char *name) { return find(name) != nullptr; }

bool stapes_emulator_run(const char *name, stapes_cuda_shape shape, const void *arguments) {
  const emulator_kernel *kernel = find(name);
  error.clear();
  if (!kernel) {
    error = std::string("no kernel ") + name;
    return false;
  }
  uint3 grid = {shape.grid[0], shape.grid[1], shape.grid[2]};
  if (emulator_launch(*kernel, grid, {shape.threads, 1, 1}, shape.shared_bytes, arguments)) return true;
  error = emulator_error();
  return false;
}

const char *stapes_emulator_error(void) { return error.c_str(); }
