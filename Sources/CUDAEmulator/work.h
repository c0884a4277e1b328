// What a stream is given: operations that wait for their turn, events between them, graphs of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "launch.h"

namespace fake {

struct stream;
struct event;
struct world;

enum class kind { KERNEL, HOST_FUNCTION, TO_DEVICE, TO_HOST, ON_DEVICE, SET_BYTES, RECORD, WAIT, GRAPH };

struct operation;
typedef std::vector<operation> nodes;

struct operation {
  fake::kind kind;
  /// Of a kernel or a host function, for the log.
  const char *name = nullptr;
  const emulator_kernel *kernel = nullptr;
  void (*function)(const void *) = nullptr;
  uint3 grid = {}, block = {};
  unsigned shared_bytes = 0;
  /// Whether the kernel may begin while the one before it ends.
  bool early = false;
  /// Arguments, or what a copy from pageable memory has read already.
  std::vector<char> bytes = {};
  /// Addresses of a copy, of the device or the host; the source is null where `bytes` has it.
  uint64_t target = 0, source = 0;
  size_t count = 0;
  unsigned char value = 0;
  /// Of RECORD and WAIT: the event, which of its records, and for WAIT the stream of that record.
  std::shared_ptr<fake::event> event = nullptr;
  uint64_t record = 0;
  std::shared_ptr<fake::stream> recorder = nullptr;
  std::shared_ptr<const nodes> graph = nullptr;
};

struct event {
  int device;
  bool timed;
  /// How often it was recorded, and the records whose turn has not come.
  uint64_t recorded = 0;
  std::set<uint64_t> pending = {};
  std::chrono::steady_clock::time_point time = {};
  /// The stream of the last record. It outlives its handle here.
  std::shared_ptr<fake::stream> stream = nullptr;
  /// How often `event_query` still answers that the last record is not ready.
  int not_ready = 0;
  /// Of a record in a capture: which, and what the stream had behind it then.
  uint64_t capture = 0;
  std::map<const fake::stream *, uint64_t> behind = {};
};

/// A capture: the streams that take part in it put their work into one list, in the order of the calls.
struct capture {
  uint64_t number;
  const stream *origin;
  /// A number of the thread that began it.
  uint64_t thread;
  int mode;
  bool valid = true;
  std::shared_ptr<fake::nodes> nodes = std::make_shared<fake::nodes>();
};

struct stream {
  int device;
  std::deque<operation> waiting = {};
  std::shared_ptr<fake::capture> capture = nullptr;
  /// In a capture: how much each stream has done that is known to be before what this one does next.
  std::map<const stream *, uint64_t> behind = {};
  /// Whether what it was given last is a kernel.
  bool after_kernel = false;
};

/// Runs a stream's work: all of it, or until `record` of `event` is reached. What it waits for in other streams runs
/// first. 0, or the error of the device.
int run(world &world, const std::shared_ptr<stream> &stream, const event *event = nullptr, uint64_t record = 0);

}  // namespace fake
