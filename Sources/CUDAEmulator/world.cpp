#include "world.h"

#include <sys/mman.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace fake {

// It is never destroyed: threads may still be at work in it while the process ends.
std::unique_ptr<world> &here = *new std::unique_ptr<world>;
std::mutex here_lock;

world::~world() {
  // Events that wait in a stream hold that stream.
  for (auto &[key, stream] : streams) stream->waiting.clear();
  for (const auto &[address, bytes] : host) free(reinterpret_cast<void *>(address));
}

int world::fail(int result, const char *format, ...) {
  char text[1024];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  message = text;
  return result;
}

int world::injected(const char *function) {
  for (auto failure = failures.begin(); failure != failures.end(); ++failure) {
    if (failure->function != function || --failure->calls_left > 0) continue;
    int result = failure->result;
    failures.erase(failure);
    return fail(result, "%s fails as the test has it", function);
  }
  return SUCCESS;
}

bool world::is_page_locked(uint64_t address, size_t bytes) const {
  auto next = host.upper_bound(address);
  if (next == host.begin()) return false;
  const auto &[start, length] = *std::prev(next);
  return address - start <= length && bytes <= length - (address - start);
}

bool world::is_on_device(uint64_t address, size_t bytes) const {
  for (const auto &device : devices)
    if (device->memory.holds(address, bytes)) return true;
  return false;
}

bool world::is_device_address(uint64_t address) const {
  for (const auto &device : devices)
    if (device->memory.contains(address)) return true;
  return false;
}

static bool is_mapped(uint64_t address) {
  unsigned char resident;
  return mincore(reinterpret_cast<void *>(address / 4096 * 4096), 1, &resident) == 0;
}

std::string world::bad_argument(const std::vector<char> &bytes) const {
  char text[128] = "";
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    memcpy(&word, bytes.data() + at, 8);
    // A small number, beside padding that still holds half of an address.
    if (static_cast<uint32_t>(word) < 1 << 16) continue;
    uint64_t top = word >> 40;
    if (is_device_address(word)) {
      if (is_on_device(word, 0)) continue;
      snprintf(text, sizeof text, "byte %zu of the arguments points to device memory that is not allocated", at);
    } else if (((top >= 0x55 && top <= 0x57) || top == 0x7e || top == 0x7f) && is_mapped(word)) {
      if (is_page_locked(word, 0)) continue;
      snprintf(text, sizeof text, "byte %zu of the arguments points to the host's memory", at);
    }
    if (*text) break;
  }
  return text;
}

world::unlocked::unlocked(world &world) : world_(world) {
  if (world_.unlocked_depth++ == 0)
    for (auto &device : world_.devices) device->memory.unlock();
}

world::unlocked::~unlocked() {
  if (--world_.unlocked_depth == 0)
    for (auto &device : world_.devices) device->memory.lock();
}

const char *kept_name(const char *name) {
  static std::set<std::string> &names = *new std::set<std::string>;
  static const std::string &prefix = *new std::string("stapes_cuda_");
  std::string text = name;
  if (text.compare(0, prefix.size(), prefix) == 0) text.erase(0, prefix.size());
  return names.insert(text).first->c_str();
}

}  // namespace fake
