// What tests ask the fake driver, and have it do.
#include "world.h"

using namespace fake;

typedef std::lock_guard<std::mutex> guard;

const char *stapes_fake_cuda_message(void) {
  guard lock(here_lock);
  static thread_local std::string message;
  message = here ? here->message : "";
  return message.c_str();
}

void stapes_fake_cuda_fail(const char *function, int nth, int code) {
  guard lock(here_lock);
  if (here) here->failures.push_back({function, nth, code});
}

bool stapes_fake_cuda_is_capturing(stapes_cu_stream stream) {
  guard lock(here_lock);
  auto found = here ? find(here->streams, stream) : nullptr;
  return found && found->capture;
}

bool stapes_fake_cuda_peek(void *to, stapes_cu_pointer from, size_t bytes) {
  guard lock(here_lock);
  if (!here || !here->is_on_device(from, bytes)) return false;
  world::unlocked unlocked(*here);
  memcpy(to, reinterpret_cast<const void *>(from), bytes);
  return true;
}

size_t stapes_fake_cuda_kernel_count(stapes_fake_kernels list) {
  guard lock(here_lock);
  return here ? here->log.kernels[list].size() : 0;
}

const char *stapes_fake_cuda_kernel_name(stapes_fake_kernels list, size_t index) {
  guard lock(here_lock);
  return here && index < here->log.kernels[list].size() ? here->log.kernels[list][index] : nullptr;
}

bool stapes_fake_cuda_kernel_is_early(stapes_fake_kernels list, size_t index) {
  guard lock(here_lock);
  return here && index < here->log.early[list].size() && here->log.early[list][index];
}

size_t stapes_fake_cuda_calls(const char *function) {
  guard lock(here_lock);
  if (!here) return 0;
  auto found = here->log.calls.find(function);
  return found == here->log.calls.end() ? 0 : found->second;
}

stapes_fake_copies stapes_fake_cuda_copies(void) {
  guard lock(here_lock);
  return here ? here->log.copies : stapes_fake_copies{};
}

void stapes_fake_cuda_clear_log(void) {
  guard lock(here_lock);
  if (here) here->log = {};
}

stapes_fake_live stapes_fake_cuda_live(void) {
  guard lock(here_lock);
  stapes_fake_live live = {};
  if (!here) return live;
  for (const auto &device : here->devices) {
    live.allocations += device->memory.count();
    live.allocated_bytes += device->memory.used();
    live.contexts += size_t(device->retained);
  }
  live.host_allocations = here->host.size();
  live.streams = here->streams.size();
  live.events = here->events.size();
  live.modules = here->modules.size();
  live.graphs = here->graphs.size();
  live.graph_execs = here->graph_execs.size();
  return live;
}
