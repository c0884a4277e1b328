// The memory of a fake device: a range of addresses that the host cannot touch while the device does not work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace fake {

class device_memory {
 public:
  device_memory() = default;
  device_memory(const device_memory &) = delete;
  ~device_memory();

  /// Reserves `bytes` of addresses. False when there are none.
  bool reserve(size_t bytes);

  /// 0 when there is no room. The bytes are NaN.
  uint64_t allocate(size_t bytes);
  /// False if there is no allocation at `address`.
  bool release(uint64_t address);
  /// Forgets all allocations.
  void clear();

  /// Whether [address, address + bytes) lies within one allocation.
  bool holds(uint64_t address, size_t bytes) const;
  /// Whether the address is of this device, allocated or not.
  bool contains(uint64_t address) const { return address >= base_ && address < base_ + size_; }

  /// Lets the host in, and out again.
  void unlock();
  void lock();

  /// Empty if nobody wrote around the allocations, else which. Unlocked only. The guards are whole again afterwards.
  std::string broken_guard();

  size_t total() const { return size_; }
  size_t used() const { return used_; }
  size_t count() const { return live_.size(); }

 private:
  void lay_guards(uint64_t address, size_t bytes);
  /// Lets the host at an allocation and its guards, or out again.
  void protect(uint64_t address, size_t bytes, int protection);

  // What was mapped, and the part of it that begins on a huge page.
  uint64_t mapped_ = 0, base_ = 0;
  size_t mapped_bytes_ = 0, size_ = 0, used_ = 0;
  // The end of what was ever allocated: only this much is unlocked.
  uint64_t top_ = 0;
  // Bytes by address; between two of `live_` there are two guards at least.
  std::map<uint64_t, size_t> live_;
};

}  // namespace fake
