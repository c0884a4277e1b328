// All that the fake driver has: devices, what was made on them, injected failures, the log.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

// First: what it says of annotations the C header needs.
#include "work.h"

#include "device_memory.h"
#include "errors.h"
#include "include/stapes_cuda_emulator.h"

namespace fake {

struct device {
  /// The handle of its context. It is never freed, so that no other world's has the same: whoever still has something of
  /// an earlier world must not reach into this one.
  const char *context = new char;
  device_memory memory;
  /// How often the primary context is retained.
  int retained = 0;
  /// The error that every call answers from now on.
  int lost = 0;
};

struct module {
  int device;
};

struct function {
  int device;
  std::shared_ptr<fake::module> module;
  const emulator_kernel *kernel;
  unsigned dynamic_shared_bytes = 48 << 10;
};

struct graph {
  std::shared_ptr<const fake::nodes> nodes;
};

struct graph_exec {
  int device;
  std::shared_ptr<const fake::nodes> nodes;
};

/// Objects by their handles: an unknown handle is found out, never followed.
template <typename T>
using table = std::map<const void *, std::shared_ptr<T>>;

template <typename T>
std::shared_ptr<T> find(const table<T> &table, const void *handle) {
  auto found = table.find(handle);
  return found == table.end() ? nullptr : found->second;
}

struct failure {
  std::string function;
  int calls_left, result;
};

struct log {
  std::vector<const char *> kernels[3];
  /// Of each, whether it may begin early.
  std::vector<bool> early[3];
  std::map<std::string, size_t> calls;
  stapes_fake_copies copies = {};

  void add(stapes_fake_kernels list, const operation &kernel) {
    kernels[list].push_back(kernel.name);
    early[list].push_back(kernel.early);
  }
};

struct world {
  uint64_t generation;
  stapes_fake_cuda_options options;
  bool initialized = false;
  std::vector<std::unique_ptr<device>> devices;
  /// Page-locked memory: bytes by address.
  std::map<uint64_t, size_t> host;
  table<stream> streams;
  table<event> events;
  table<module> modules;
  table<function> functions;
  table<graph> graphs;
  table<graph_exec> graph_execs;
  uint64_t captures = 0;
  std::vector<failure> failures;
  fake::log log;
  std::string message;

  ~world();

  /// Notes why, and returns `result`.
  int fail(int result, const char *format, ...) __attribute__((format(printf, 3, 4)));

  /// The result that was injected for this call of `function`, or 0.
  int injected(const char *function);

  bool is_page_locked(uint64_t address, size_t bytes) const;
  /// Whether [address, address + bytes) lies in one allocation of some device.
  bool is_on_device(uint64_t address, size_t bytes) const;
  /// Whether the address is of a device at all.
  bool is_device_address(uint64_t address) const;

  /// What is wrong with the pointers in a kernel's arguments, or empty. Heuristic: a word is a pointer if it is a
  /// device's address, or one where the host has its heap or its libraries and something is mapped.
  std::string bad_argument(const std::vector<char> &bytes) const;

  /// Lets the host at device memory while it lives. They nest.
  class unlocked {
   public:
    explicit unlocked(world &world);
    ~unlocked();

   private:
    world &world_;
  };
  int unlocked_depth = 0;
};

/// The one world, or null, and the lock of all that is in it.
extern std::unique_ptr<world> &here;
extern std::mutex here_lock;

/// `name` without `stapes_cuda_`, in memory that stays.
const char *kept_name(const char *name);

}  // namespace fake
