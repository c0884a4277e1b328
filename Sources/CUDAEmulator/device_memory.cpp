#include "device_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

namespace fake {

static const size_t alignment = 256, page = 4096;
// Huge pages where there can be any: all of the memory is unlocked and locked whenever work runs, page by page.
static const size_t huge_page = 2 << 20;
// NaN as float32, float16 and bfloat16, all of them.
static const unsigned char poison = 0xff;
static const uint16_t guard_word = 0x7fed;

// Before an allocation `alignment` bytes of guard; behind it up to the next multiple and `alignment` more.
static size_t padded(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

/// More of guard words than lies between two allocations.
static const char *guard_pattern() {
  static const auto pattern = [] {
    std::array<uint16_t, alignment> words;
    words.fill(guard_word);
    return words;
  }();
  return reinterpret_cast<const char *>(pattern.data());
}

struct guard {
  char *at;
  size_t bytes;
};

/// Whole words, counted from the allocation: behind an odd number of bytes, one is not watched.
static std::array<guard, 2> guards_of(uint64_t address, size_t bytes) {
  auto start = reinterpret_cast<char *>(address);
  size_t even = (bytes + 1) / 2 * 2;
  return {guard{start - alignment, alignment}, guard{start + even, padded(bytes) + alignment - even}};
}

device_memory::~device_memory() {
  if (mapped_) munmap(reinterpret_cast<void *>(mapped_), mapped_bytes_);
}

bool device_memory::reserve(size_t bytes) {
  size_ = (bytes + page - 1) / page * page;
  mapped_bytes_ = size_ + huge_page;
  void *mapped = mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return false;
  mapped_ = reinterpret_cast<uint64_t>(mapped);
  base_ = top_ = (mapped_ + huge_page - 1) / huge_page * huge_page;
#ifdef MADV_HUGEPAGE
  madvise(reinterpret_cast<void *>(base_), size_, MADV_HUGEPAGE);
#endif
  return true;
}

void device_memory::unlock() {
  if (top_ > base_) mprotect(reinterpret_cast<void *>(base_), top_ - base_, PROT_READ | PROT_WRITE);
}

void device_memory::lock() {
  if (top_ > base_) mprotect(reinterpret_cast<void *>(base_), top_ - base_, PROT_NONE);
}

void device_memory::protect(uint64_t address, size_t bytes, int protection) {
  uint64_t first = (address - alignment) / page * page;
  uint64_t end = (address + padded(bytes) + alignment + page - 1) / page * page;
  mprotect(reinterpret_cast<void *>(first), end - first, protection);
}

void device_memory::lay_guards(uint64_t address, size_t bytes) {
  for (guard guard : guards_of(address, bytes)) memcpy(guard.at, guard_pattern(), guard.bytes);
}

uint64_t device_memory::allocate(size_t bytes) {
  // The first gap that is wide enough.
  uint64_t at = base_ + alignment;
  for (const auto &[address, length] : live_) {
    if (at + padded(bytes) + 2 * alignment <= address) break;
    at = address + padded(length) + 2 * alignment;
  }
  uint64_t end = at + padded(bytes) + alignment;
  if (bytes > size_ || end > base_ + size_) return 0;
  top_ = std::max(top_, (end + page - 1) / page * page);
  live_[at] = bytes;
  used_ += bytes;
  protect(at, bytes, PROT_READ | PROT_WRITE);
  memset(reinterpret_cast<void *>(at), poison, bytes);
  lay_guards(at, bytes);
  protect(at, bytes, PROT_NONE);
  return at;
}

bool device_memory::release(uint64_t address) {
  auto found = live_.find(address);
  if (found == live_.end()) return false;
  protect(address, found->second, PROT_READ | PROT_WRITE);
  memset(reinterpret_cast<void *>(address), poison, found->second);
  protect(address, found->second, PROT_NONE);
  used_ -= found->second;
  live_.erase(found);
  return true;
}

void device_memory::clear() {
  while (!live_.empty()) release(live_.begin()->first);
}

bool device_memory::holds(uint64_t address, size_t bytes) const {
  auto next = live_.upper_bound(address);
  if (next == live_.begin()) return false;
  const auto &[start, length] = *std::prev(next);
  return address - start <= length && bytes <= length - (address - start);
}

std::string device_memory::broken_guard() {
  std::string found;
  for (const auto &[address, bytes] : live_) {
    for (guard guard : guards_of(address, bytes)) {
      if (!memcmp(guard.at, guard_pattern(), guard.bytes)) continue;
      size_t i = 0;
      while (guard.at[i] == guard_pattern()[i]) i++;
      char text[128];
      snprintf(text, sizeof text, "byte %td of an allocation of %zu was written",
               guard.at + i - reinterpret_cast<char *>(address), bytes);
      found = text;
      memcpy(guard.at, guard_pattern(), guard.bytes);
    }
  }
  return found;
}

}  // namespace fake
