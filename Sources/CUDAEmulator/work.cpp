#include "work.h"

#include "fault.h"
#include "world.h"

namespace fake {

/// An error that the device does not recover from.
static int lose(world &world, int device, int result) {
  world.devices[device]->lost = result;
  return result;
}

/// What a kernel or a host function may have done to memory that is not its own.
static int check_guards(world &world, int device, const char *name) {
  for (const auto &each : world.devices) {
    std::string broken = each->memory.broken_guard();
    if (broken.empty()) continue;
    world.fail(ILLEGAL_ADDRESS, "%s: %s", name, broken.c_str());
    return lose(world, device, ILLEGAL_ADDRESS);
  }
  return SUCCESS;
}

static int run_kernel(world &world, int device, const operation &work) {
  world.log.add(STAPES_FAKE_RUN, work);
  if (int result = world.injected("execute")) return lose(world, device, result);
  if (work.function) {
    work.function(work.bytes.data());
  } else if (std::string text = world.bad_argument(work.bytes); !text.empty()) {
    world.fail(ILLEGAL_ADDRESS, "%s: %s", work.name, text.c_str());
    return lose(world, device, ILLEGAL_ADDRESS);
  } else if (!emulator_launch(*work.kernel, work.grid, work.block, work.shared_bytes, work.bytes.data(), work.early,
                              true)) {
    int result = emulator_faulted() ? ILLEGAL_ADDRESS : LAUNCH_FAILED;
    world.fail(result, "%s", emulator_error());
    return lose(world, device, result);
  }
  return check_guards(world, device, work.name);
}

/// A copy or a fill. Allocations may have gone since it was given.
static int run_transfer(world &world, int device, const operation &work) {
  stapes_fake_copies &copies = world.log.copies;
  auto target = reinterpret_cast<void *>(work.target);
  auto source = work.source ? reinterpret_cast<const void *>(work.source) : work.bytes.data();
  bool writes_device = work.kind != kind::TO_HOST;
  bool reads_device = work.kind == kind::TO_HOST || work.kind == kind::ON_DEVICE;
  if ((writes_device && !world.is_on_device(work.target, work.count)) ||
      (reads_device && !world.is_on_device(work.source, work.count))) {
    world.fail(ILLEGAL_ADDRESS, "a copy or fill of %zu bytes is outside the allocations when it runs", work.count);
    return lose(world, device, ILLEGAL_ADDRESS);
  }
  switch (work.kind) {
    case kind::TO_DEVICE: copies.to_device++, copies.to_device_bytes += work.count; break;
    case kind::TO_HOST: copies.to_host++, copies.to_host_bytes += work.count; break;
    case kind::ON_DEVICE: copies.on_device++, copies.on_device_bytes += work.count; break;
    default: memset(target, work.value, work.count); return SUCCESS;
  }
  memmove(target, source, work.count);
  return SUCCESS;
}

static int run_operation(world &world, int device, const operation &work) {
  switch (work.kind) {
    case kind::KERNEL:
    case kind::HOST_FUNCTION: return run_kernel(world, device, work);
    case kind::TO_DEVICE:
    case kind::TO_HOST:
    case kind::ON_DEVICE:
    case kind::SET_BYTES: return run_transfer(world, device, work);
    case kind::RECORD:
      work.event->pending.erase(work.record);
      work.event->time = std::chrono::steady_clock::now();
      return SUCCESS;
    case kind::WAIT:
      // The record was given before the wait was, so what it waits for cannot wait for this.
      if (!work.event->pending.count(work.record)) return SUCCESS;
      return run(world, work.recorder, work.event.get(), work.record);
    case kind::GRAPH:
      for (const operation &node : *work.graph)
        if (int result = run_operation(world, device, node)) return result;
      return SUCCESS;
  }
  return SUCCESS;
}

int run(world &world, const std::shared_ptr<stream> &stream, const event *event, uint64_t record) {
  int lost = world.devices[stream->device]->lost;
  if (lost) stream->waiting.clear();
  if (stream->waiting.empty()) return lost;
  world::unlocked unlocked(world);
  while (!stream->waiting.empty() && (!event || event->pending.count(record))) {
    operation work = std::move(stream->waiting.front());
    stream->waiting.pop_front();
    if (int result = run_operation(world, stream->device, work)) return result;
  }
  return SUCCESS;
}

}  // namespace fake
