// The table of stapes_cuda.h, function by function. Each begins with a `call`, which counts it, holds the lock and
// knows why it may not go on.
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "world.h"

namespace fake {

// The context of this thread: valid in the world of `generation` alone.
static thread_local uint64_t current_generation = 0;
static thread_local int current_device = -1;

static uint64_t this_thread() {
  static std::atomic<uint64_t> threads{0};
  static thread_local uint64_t number = ++threads;
  return number;
}

namespace {

enum needs { NOTHING, INIT, CONTEXT };

struct call {
  std::lock_guard<std::mutex> lock{here_lock};
  world &w = *here;
  int device = -1;
  int result = SUCCESS;

  call(const char *function, needs needs) {
    w.log.calls[function]++;
    if (needs != NOTHING && !w.initialized) {
      result = w.fail(NOT_INITIALIZED, "%s before init", function);
      return;
    }
    if (needs == CONTEXT) {
      if (current_generation != w.generation || current_device < 0 || !w.devices[current_device]->retained) {
        result = w.fail(INVALID_CONTEXT, "%s: this thread has no current context", function);
        return;
      }
      device = current_device;
    }
    if ((result = w.injected(function))) {
      if (is_sticky(result) && device >= 0) w.devices[device]->lost = result;
      return;
    }
    if (device >= 0) result = w.devices[device]->lost;
  }
};

}  // namespace

#define BEGIN(function, needs) \
  call c(function, needs);     \
  if (c.result) return c.result

/// Adds `object` to `table` and gives its handle.
template <typename Handle, typename T>
static int enter(table<T> &table, std::shared_ptr<T> object, Handle *out) {
  table[object.get()] = object;
  *out = reinterpret_cast<Handle>(object.get());
  return SUCCESS;
}

static int unknown(call &c, const char *what) { return c.w.fail(INVALID_HANDLE, "unknown %s", what); }

// MARK: Devices and contexts

static int init(unsigned) {
  BEGIN("init", NOTHING);
  c.w.initialized = true;
  return SUCCESS;
}

static int driver_version(int *version) {
  BEGIN("driver_version", NOTHING);
  *version = 13000;
  return SUCCESS;
}

static int device_count(int *count) {
  BEGIN("device_count", INIT);
  *count = int(c.w.devices.size());
  return SUCCESS;
}

static bool is_device(call &c, int device) { return device >= 0 && size_t(device) < c.w.devices.size(); }

static int device_get(int *device, int ordinal) {
  BEGIN("device_get", INIT);
  if (!is_device(c, ordinal)) return c.w.fail(INVALID_DEVICE, "no device %d", ordinal);
  *device = ordinal;
  return SUCCESS;
}

static int device_name(char *name, int length, int device) {
  BEGIN("device_name", INIT);
  if (!is_device(c, device)) return c.w.fail(INVALID_DEVICE, "no device %d", device);
  snprintf(name, size_t(length), "Fake GPU %d", device);
  return SUCCESS;
}

static int device_attribute(int *value, int attribute, int device) {
  BEGIN("device_attribute", INIT);
  if (!is_device(c, device)) return c.w.fail(INVALID_DEVICE, "no device %d", device);
  switch (attribute) {
    case STAPES_CU_MULTIPROCESSORS: *value = c.w.options.multiprocessors; return SUCCESS;
    case STAPES_CU_CAPABILITY_MAJOR: *value = 9; return SUCCESS;
    case STAPES_CU_CAPABILITY_MINOR: *value = 0; return SUCCESS;
    case STAPES_CU_SHARED_BYTES_OPTIN: *value = 227 << 10; return SUCCESS;
    default: return c.w.fail(INVALID_VALUE, "attribute %d is not one of the fake device", attribute);
  }
}

static int device_memory_bytes(size_t *bytes, int device) {
  BEGIN("device_memory", INIT);
  if (!is_device(c, device)) return c.w.fail(INVALID_DEVICE, "no device %d", device);
  *bytes = c.w.devices[device]->memory.total();
  return SUCCESS;
}

static int primary_context_retain(stapes_cu_context *context, int device) {
  BEGIN("primary_context_retain", INIT);
  if (!is_device(c, device)) return c.w.fail(INVALID_DEVICE, "no device %d", device);
  c.w.devices[device]->retained++;
  *context = reinterpret_cast<stapes_cu_context>(const_cast<char *>(c.w.devices[device]->context));
  return SUCCESS;
}

template <typename T>
static void drop(table<T> &table, int device) {
  for (auto entry = table.begin(); entry != table.end();)
    entry = entry->second->device == device ? table.erase(entry) : std::next(entry);
}

static int primary_context_release(int device) {
  BEGIN("primary_context_release", INIT);
  if (!is_device(c, device)) return c.w.fail(INVALID_DEVICE, "no device %d", device);
  struct device &d = *c.w.devices[device];
  if (!d.retained) return c.w.fail(INVALID_CONTEXT, "a primary context is released more often than retained");
  if (--d.retained) return SUCCESS;
  // What the context had ends with it, a lost device's error too. Events that wait in a stream hold that stream.
  for (auto &[key, stream] : c.w.streams)
    if (stream->device == device) stream->waiting.clear();
  drop(c.w.streams, device);
  drop(c.w.events, device);
  drop(c.w.modules, device);
  drop(c.w.functions, device);
  drop(c.w.graph_execs, device);
  d.memory.clear();
  d.lost = 0;
  return SUCCESS;
}

static int context_set_current(stapes_cu_context context) {
  BEGIN("context_set_current", INIT);
  current_generation = c.w.generation;
  current_device = -1;
  if (!context) return SUCCESS;
  for (size_t i = 0; i < c.w.devices.size(); i++)
    if (c.w.devices[i]->context == reinterpret_cast<const char *>(context)) current_device = int(i);
  if (current_device < 0 || !c.w.devices[current_device]->retained)
    return c.w.fail(INVALID_CONTEXT, "not a context that is retained");
  return SUCCESS;
}

// MARK: Captures

static void invalidate(call &c, uint64_t number) {
  for (auto &[key, stream] : c.w.streams)
    if (stream->capture && stream->capture->number == number) stream->capture->valid = false;
}

/// Calls that might wait for the device or for others fail while this thread captures, and spoil the capture.
static int forbid_in_capture(call &c, const char *function) {
  int result = SUCCESS;
  for (auto &[key, stream] : c.w.streams) {
    const auto &capture = stream->capture;
    if (!capture || capture->mode == 2 || (capture->mode == 1 && capture->thread != this_thread())) continue;
    capture->valid = false;
    result = c.w.fail(CAPTURE_UNSUPPORTED, "%s during a capture", function);
  }
  return result;
}

/// The stream of a handle, of the current context, or null with an error in `c.result`.
static std::shared_ptr<stream> stream_of(call &c, stapes_cu_stream handle) {
  if (!handle) {
    // Work of the legacy stream would have to wait for that of the capturing one.
    if (forbid_in_capture(c, "the legacy stream")) c.result = CAPTURE_IMPLICIT;
    else c.result = c.w.fail(INVALID_HANDLE, "the legacy stream is not emulated");
    return nullptr;
  }
  auto found = find(c.w.streams, handle);
  if (found && found->device == c.device) return found;
  c.result = c.w.fail(INVALID_HANDLE, found ? "a stream of another context" : "unknown stream");
  return nullptr;
}

/// Gives work to a stream, or to its capture.
static int add(call &c, const std::shared_ptr<stream> &stream, operation work) {
  if (work.early && !stream->after_kernel)
    return c.w.fail(INVALID_VALUE, "%s may begin early, but behind no kernel", work.name);
  stream->after_kernel = work.kind == kind::KERNEL;
  if (stream->capture) {
    if (!stream->capture->valid) return c.w.fail(CAPTURE_INVALIDATED, "the capture has failed before");
    if (work.name) c.w.log.add(STAPES_FAKE_CAPTURED, work);
    stream->capture->nodes->push_back(std::move(work));
    stream->behind[stream.get()]++;
    return SUCCESS;
  }
  if (work.name) c.w.log.add(STAPES_FAKE_LAUNCHED, work);
  stream->waiting.push_back(std::move(work));
  return c.w.options.eager ? run(c.w, stream) : int(SUCCESS);
}

static int run_all(call &c) {
  for (auto &[key, stream] : c.w.streams)
    if (int result = run(c.w, stream)) return result;
  return SUCCESS;
}

static int stream_begin_capture(stapes_cu_stream stream, int mode) {
  BEGIN("stream_begin_capture", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (found->capture) return c.w.fail(ILLEGAL_STATE, "the stream captures already");
  if (mode < 0 || mode > 2) return c.w.fail(INVALID_VALUE, "no capture mode %d", mode);
  found->capture = std::make_shared<capture>(capture{++c.w.captures, found.get(), this_thread(), mode});
  found->behind.clear();
  found->after_kernel = false;
  return SUCCESS;
}

static int stream_end_capture(stapes_cu_stream stream, stapes_cu_graph *graph) {
  BEGIN("stream_end_capture", CONTEXT);
  *graph = nullptr;
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  auto ending = found->capture;
  if (!ending) return c.w.fail(ILLEGAL_STATE, "the stream does not capture");
  if (ending->mode != 2 && ending->thread != this_thread())
    return c.w.fail(CAPTURE_WRONG_THREAD, "a capture is ended by another thread");
  if (ending->origin != found.get()) {
    ending->valid = false;
    return c.w.fail(CAPTURE_UNMATCHED, "a capture is ended in a stream that joined it");
  }
  bool joined = true;
  for (auto &[key, other] : c.w.streams) {
    if (other->capture != ending) continue;
    joined = joined && found->behind[other.get()] >= other->behind[other.get()];
    other->capture = nullptr;
    other->after_kernel = false;
  }
  if (!ending->valid) return c.w.fail(CAPTURE_INVALIDATED, "the capture has failed before: %s", c.w.message.c_str());
  if (!joined) return c.w.fail(CAPTURE_UNJOINED, "work of another stream in the capture is not waited for");
  return enter(c.w.graphs, std::make_shared<fake::graph>(fake::graph{ending->nodes}), graph);
}

// MARK: Memory

static int memory_info(size_t *free, size_t *total) {
  BEGIN("memory_info", CONTEXT);
  const device_memory &memory = c.w.devices[c.device]->memory;
  *total = memory.total();
  *free = memory.total() - memory.used();
  return SUCCESS;
}

static int memory_allocate(stapes_cu_pointer *pointer, size_t bytes) {
  BEGIN("memory_allocate", CONTEXT);
  if (int result = forbid_in_capture(c, "memory_allocate")) return result;
  if (!bytes) return c.w.fail(INVALID_VALUE, "an allocation of no bytes");
  *pointer = c.w.devices[c.device]->memory.allocate(bytes);
  return *pointer ? int(SUCCESS) : c.w.fail(OUT_OF_MEMORY, "no room for %zu bytes", bytes);
}

static int memory_free(stapes_cu_pointer pointer) {
  BEGIN("memory_free", CONTEXT);
  if (int result = forbid_in_capture(c, "memory_free")) return result;
  if (int result = run_all(c)) return result;
  if (!pointer) return SUCCESS;
  for (auto &device : c.w.devices)
    if (device->memory.release(pointer)) return SUCCESS;
  return c.w.fail(INVALID_VALUE, "freed, but not allocated");
}

static int host_allocate(void **pointer, size_t bytes) {
  BEGIN("host_allocate", CONTEXT);
  if (int result = forbid_in_capture(c, "host_allocate")) return result;
  if (!bytes) return c.w.fail(INVALID_VALUE, "an allocation of no bytes");
  void *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (!memory) return c.w.fail(OUT_OF_MEMORY, "no room for %zu bytes of the host", bytes);
  memset(memory, 0xff, bytes);
  c.w.host[reinterpret_cast<uint64_t>(memory)] = bytes;
  *pointer = memory;
  return SUCCESS;
}

static int host_free(void *pointer) {
  BEGIN("host_free", CONTEXT);
  if (int result = forbid_in_capture(c, "host_free")) return result;
  if (int result = run_all(c)) return result;
  if (!c.w.host.erase(reinterpret_cast<uint64_t>(pointer))) return c.w.fail(INVALID_VALUE, "freed, but not allocated");
  free(pointer);
  return SUCCESS;
}

/// Why [address, address + bytes) cannot be a side of a copy on the device's side, or 0.
static int check_device_range(call &c, uint64_t address, size_t bytes) {
  if (c.w.is_on_device(address, bytes)) return SUCCESS;
  return c.w.fail(INVALID_VALUE, "%zu bytes at %#llx are not within an allocation", bytes, (unsigned long long)address);
}

static int check_host_range(call &c, const void *address) {
  if (address && !c.w.is_device_address(reinterpret_cast<uint64_t>(address))) return SUCCESS;
  return c.w.fail(INVALID_VALUE, "%p is no address of the host", address);
}

static int copy_to_device(stapes_cu_pointer target, const void *source, size_t bytes, stapes_cu_stream stream) {
  BEGIN("copy_to_device", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (!bytes) return SUCCESS;
  if (int result = check_device_range(c, target, bytes)) return result;
  if (int result = check_host_range(c, source)) return result;
  operation work = {kind::TO_DEVICE};
  work.target = target;
  work.count = bytes;
  work.source = reinterpret_cast<uint64_t>(source);
  // The driver takes pageable memory aside before it returns.
  if (!found->capture && !c.w.is_page_locked(work.source, bytes)) {
    auto from = static_cast<const char *>(source);
    work.bytes.assign(from, from + bytes);
    work.source = 0;
  }
  return add(c, found, std::move(work));
}

static int copy_to_host(void *target, stapes_cu_pointer source, size_t bytes, stapes_cu_stream stream) {
  BEGIN("copy_to_host", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (!bytes) return SUCCESS;
  if (int result = check_device_range(c, source, bytes)) return result;
  if (int result = check_host_range(c, target)) return result;
  operation work = {kind::TO_HOST};
  work.target = reinterpret_cast<uint64_t>(target);
  work.source = source;
  work.count = bytes;
  bool waits = !found->capture && !c.w.is_page_locked(work.target, bytes);
  int result = add(c, found, std::move(work));
  return !result && waits ? run(c.w, found) : result;
}

static int copy_on_device(stapes_cu_pointer target, stapes_cu_pointer source, size_t bytes, stapes_cu_stream stream) {
  BEGIN("copy_on_device", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (!bytes) return SUCCESS;
  if (int result = check_device_range(c, target, bytes)) return result;
  if (int result = check_device_range(c, source, bytes)) return result;
  operation work = {kind::ON_DEVICE};
  work.target = target;
  work.source = source;
  work.count = bytes;
  return add(c, found, std::move(work));
}

static int set_bytes(stapes_cu_pointer target, unsigned char value, size_t bytes, stapes_cu_stream stream) {
  BEGIN("set_bytes", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (!bytes) return SUCCESS;
  if (int result = check_device_range(c, target, bytes)) return result;
  operation work = {kind::SET_BYTES};
  work.target = target;
  work.count = bytes;
  work.value = value;
  return add(c, found, std::move(work));
}

// MARK: Streams and events

static int stream_create(stapes_cu_stream *stream, unsigned, int) {
  BEGIN("stream_create", CONTEXT);
  return enter(c.w.streams, std::make_shared<fake::stream>(fake::stream{c.device}), stream);
}

static int stream_destroy(stapes_cu_stream stream) {
  BEGIN("stream_destroy", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (found->capture) {
    invalidate(c, found->capture->number);
    return c.w.fail(CAPTURE_UNSUPPORTED, "stream_destroy of a stream that captures");
  }
  int result = run(c.w, found);
  c.w.streams.erase(stream);
  return result;
}

static int stream_synchronize(stapes_cu_stream stream) {
  BEGIN("stream_synchronize", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (found->capture) {
    invalidate(c, found->capture->number);
    return c.w.fail(CAPTURE_UNSUPPORTED, "stream_synchronize of a stream that captures");
  }
  return run(c.w, found);
}

static std::shared_ptr<event> event_of(call &c, stapes_cu_event handle) {
  auto found = find(c.w.events, handle);
  if (!found) c.result = unknown(c, "event");
  return found;
}

/// Makes a stream of a capture wait for an event of the same one, or a stream outside join it.
static int wait_in_capture(call &c, stream &stream, const event &event) {
  std::shared_ptr<fake::capture> of_event;
  for (auto &[key, other] : c.w.streams)
    if (other->capture && other->capture->number == event.capture) of_event = other->capture;
  if (!of_event || !event.capture) {
    if (stream.capture) stream.capture->valid = false;
    return c.w.fail(CAPTURE_ISOLATION, "waits for an event that was recorded outside the capture");
  }
  if (stream.capture && stream.capture != of_event) {
    stream.capture->valid = of_event->valid = false;
    return c.w.fail(CAPTURE_MERGE, "waits for an event of another capture");
  }
  if (!stream.capture) {
    stream.capture = of_event;
    stream.behind.clear();
  }
  for (const auto &[other, count] : event.behind) {
    uint64_t &known = stream.behind[other];
    if (known < count) known = count;
  }
  return SUCCESS;
}

static int stream_wait_event(stapes_cu_stream stream, stapes_cu_event event, unsigned) {
  BEGIN("stream_wait_event", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  auto awaited = event_of(c, event);
  if (!awaited) return c.result;
  if (!awaited->capture && !awaited->recorded) return SUCCESS;
  if (awaited->capture || found->capture) return wait_in_capture(c, *found, *awaited);
  operation work = {kind::WAIT};
  work.event = awaited;
  work.record = awaited->recorded;
  work.recorder = awaited->stream;
  return add(c, found, std::move(work));
}

static int event_create(stapes_cu_event *event, unsigned flags) {
  BEGIN("event_create", CONTEXT);
  bool timed = !(flags & STAPES_CU_EVENT_NO_TIMING);
  return enter(c.w.events, std::make_shared<fake::event>(fake::event{c.device, timed}), event);
}

static int event_destroy(stapes_cu_event event) {
  BEGIN("event_destroy", CONTEXT);
  if (!event_of(c, event)) return c.result;
  c.w.events.erase(event);
  return SUCCESS;
}

static int event_record(stapes_cu_event event, stapes_cu_stream stream) {
  BEGIN("event_record", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  auto recorded = event_of(c, event);
  if (!recorded) return c.result;
  if (recorded->device != found->device) return c.w.fail(INVALID_HANDLE, "event and stream are of two contexts");
  if (found->capture) {
    if (!found->capture->valid) return c.w.fail(CAPTURE_INVALIDATED, "the capture has failed before");
    recorded->capture = found->capture->number;
    recorded->behind = found->behind;
    return SUCCESS;
  }
  found->after_kernel = false;
  recorded->capture = 0;
  recorded->stream = found;
  recorded->not_ready = c.w.options.not_ready_count;
  recorded->pending.insert(++recorded->recorded);
  operation work = {kind::RECORD};
  work.event = recorded;
  work.record = recorded->recorded;
  return add(c, found, std::move(work));
}

static int reach(call &c, event &event) {
  if (!event.pending.count(event.recorded)) return SUCCESS;
  return run(c.w, event.stream, &event, event.recorded);
}

static int refuse_captured(call &c, const event &event) {
  if (!event.capture) return SUCCESS;
  invalidate(c, event.capture);
  return c.w.fail(CAPTURED_EVENT, "the event was last recorded in a capture");
}

static int event_query(stapes_cu_event event) {
  BEGIN("event_query", CONTEXT);
  auto found = event_of(c, event);
  if (!found) return c.result;
  if (int result = refuse_captured(c, *found)) return result;
  if (found->pending.count(found->recorded) && found->not_ready > 0) {
    found->not_ready--;
    return NOT_READY;
  }
  return reach(c, *found);
}

static int event_synchronize(stapes_cu_event event) {
  BEGIN("event_synchronize", CONTEXT);
  auto found = event_of(c, event);
  if (!found) return c.result;
  if (int result = refuse_captured(c, *found)) return result;
  return reach(c, *found);
}

static int event_elapsed(float *milliseconds, stapes_cu_event start, stapes_cu_event end) {
  BEGIN("event_elapsed", CONTEXT);
  auto first = event_of(c, start), last = event_of(c, end);
  if (!first || !last) return c.result;
  if (!first->timed || !last->timed || !first->recorded || !last->recorded)
    return c.w.fail(INVALID_HANDLE, "an event without timing, or not recorded");
  if (first->pending.count(first->recorded) || last->pending.count(last->recorded)) return NOT_READY;
  *milliseconds = std::chrono::duration<float, std::milli>(last->time - first->time).count();
  return SUCCESS;
}

// MARK: Modules and launches

static int module_load(stapes_cu_module *module, const void *) {
  BEGIN("module_load", CONTEXT);
  if (int result = forbid_in_capture(c, "module_load")) return result;
  return enter(c.w.modules, std::make_shared<fake::module>(fake::module{c.device}), module);
}

static int module_unload(stapes_cu_module module) {
  BEGIN("module_unload", CONTEXT);
  if (int result = forbid_in_capture(c, "module_unload")) return result;
  auto found = find(c.w.modules, module);
  if (!found) return unknown(c, "module");
  for (auto entry = c.w.functions.begin(); entry != c.w.functions.end();)
    entry = entry->second->module == found ? c.w.functions.erase(entry) : std::next(entry);
  c.w.modules.erase(module);
  return SUCCESS;
}

static int module_function(stapes_cu_function *function, stapes_cu_module module, const char *name) {
  BEGIN("module_function", CONTEXT);
  auto found = find(c.w.modules, module);
  if (!found) return unknown(c, "module");
  const emulator_kernel *kernel = emulator_find(name);
  if (!kernel) return c.w.fail(NOT_FOUND, "no kernel %s is compiled into the emulator", name);
  // A function has one handle, and so one set of attributes.
  for (auto &[key, known] : c.w.functions) {
    if (known->module != found || known->kernel != kernel) continue;
    *function = reinterpret_cast<stapes_cu_function>(known.get());
    return SUCCESS;
  }
  return enter(c.w.functions, std::make_shared<fake::function>(fake::function{c.device, found, kernel}), function);
}

static int function_set_attribute(stapes_cu_function function, int attribute, int value) {
  BEGIN("function_set_attribute", CONTEXT);
  auto found = find(c.w.functions, function);
  if (!found) return unknown(c, "function");
  if (attribute != STAPES_CU_FUNCTION_DYNAMIC_SHARED_BYTES) return c.w.fail(INVALID_VALUE, "attribute %d", attribute);
  if (value < 0 || value > 227 << 10) return c.w.fail(INVALID_VALUE, "%d bytes of shared memory", value);
  found->dynamic_shared_bytes = unsigned(value);
  return SUCCESS;
}

static int launch(call &c, stapes_cu_function function, const stapes_cu_launch_config &config, bool early,
                  void **parameters, void **extra) {
  const unsigned grid_x = config.grid_x, grid_y = config.grid_y, grid_z = config.grid_z;
  const unsigned block_x = config.block_x, block_y = config.block_y, block_z = config.block_z;
  const unsigned shared_bytes = config.shared_bytes;
  auto found = stream_of(c, config.stream);
  if (!found) return c.result;
  auto launched = find(c.w.functions, function);
  if (!launched || launched->device != c.device) return unknown(c, "function");
  const emulator_kernel &kernel = *launched->kernel;
  const char *name = kept_name(kernel.name);
  if (!grid_x || !grid_y || !grid_z || grid_x > 0x7fffffff || grid_y > 0xffff || grid_z > 0xffff)
    return c.w.fail(INVALID_VALUE, "%s: a grid of %u x %u x %u", name, grid_x, grid_y, grid_z);
  uint64_t threads = uint64_t(block_x) * block_y * block_z;
  if (!threads || block_x > 1024 || block_y > 1024 || block_z > 64 || threads > 1024 || threads > kernel.threads)
    return c.w.fail(INVALID_VALUE, "%s: a block of %u x %u x %u threads, of at most %u", name, block_x, block_y,
                    block_z, kernel.threads);
  if (shared_bytes > launched->dynamic_shared_bytes)
    return c.w.fail(INVALID_VALUE, "%s: %u bytes of shared memory, of at most %u", name, shared_bytes,
                    launched->dynamic_shared_bytes);
  if (extra || !parameters || !parameters[0]) return c.w.fail(INVALID_VALUE, "%s: no arguments", name);
  operation work = {kind::KERNEL};
  work.name = name;
  work.kernel = &kernel;
  work.early = early;
  work.grid = {grid_x, grid_y, grid_z};
  work.block = {block_x, block_y, block_z};
  work.shared_bytes = shared_bytes;
  auto arguments = static_cast<const char *>(parameters[0]);
  work.bytes.assign(arguments, arguments + kernel.argument_bytes);
  std::string bad = c.w.bad_argument(work.bytes);
  if (!bad.empty()) return c.w.fail(INVALID_VALUE, "%s: %s", name, bad.c_str());
  return add(c, found, std::move(work));
}

static int launch(stapes_cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                  unsigned block_y, unsigned block_z, unsigned shared_bytes, stapes_cu_stream stream, void **parameters,
                  void **extra) {
  BEGIN("launch", CONTEXT);
  const stapes_cu_launch_config config = {grid_x,       grid_y, grid_z,  block_x, block_y, block_z,
                                          shared_bytes, stream, nullptr, 0};
  return launch(c, function, config, false, parameters, extra);
}

static int launch_with(const stapes_cu_launch_config *config, stapes_cu_function function, void **parameters,
                       void **extra) {
  BEGIN("launch_with", CONTEXT);
  if (config->attribute_count && !config->attributes) return c.w.fail(INVALID_VALUE, "attributes, but none given");
  bool early = false;
  for (unsigned i = 0; i < config->attribute_count; i++) {
    const stapes_cu_launch_attribute &attribute = config->attributes[i];
    if (attribute.id != STAPES_CU_LAUNCH_PROGRAMMATIC)
      return c.w.fail(INVALID_VALUE, "launch attribute %u is not one of the fake device", attribute.id);
    for (char byte : attribute.padding)
      if (byte) return c.w.fail(INVALID_VALUE, "the padding of a launch attribute is not zero");
    for (char byte : attribute.rest)
      if (byte) return c.w.fail(INVALID_VALUE, "the rest of a launch attribute is not zero");
    early = attribute.programmatic_allowed != 0;
  }
  return launch(c, function, *config, early, parameters, extra);
}

// MARK: Graphs

static int graph_instantiate(stapes_cu_graph_exec *exec, stapes_cu_graph graph, unsigned long long) {
  BEGIN("graph_instantiate", CONTEXT);
  auto found = find(c.w.graphs, graph);
  if (!found) return unknown(c, "graph");
  return enter(c.w.graph_execs, std::make_shared<graph_exec>(graph_exec{c.device, found->nodes}), exec);
}

static int graph_upload(stapes_cu_graph_exec exec, stapes_cu_stream stream) {
  BEGIN("graph_upload", CONTEXT);
  if (!find(c.w.graph_execs, exec)) return unknown(c, "graph");
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (found->capture) {
    invalidate(c, found->capture->number);
    return c.w.fail(CAPTURE_UNSUPPORTED, "graph_upload into a stream that captures");
  }
  return SUCCESS;
}

static int graph_launch(stapes_cu_graph_exec exec, stapes_cu_stream stream) {
  BEGIN("graph_launch", CONTEXT);
  auto launched = find(c.w.graph_execs, exec);
  if (!launched) return unknown(c, "graph");
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  if (found->capture) {
    invalidate(c, found->capture->number);
    return c.w.fail(CAPTURE_UNSUPPORTED, "graphs within graphs are not emulated");
  }
  operation work = {kind::GRAPH};
  work.graph = launched->nodes;
  return add(c, found, std::move(work));
}

static int graph_exec_destroy(stapes_cu_graph_exec exec) {
  BEGIN("graph_exec_destroy", CONTEXT);
  return c.w.graph_execs.erase(exec) ? int(SUCCESS) : unknown(c, "graph");
}

static int graph_destroy(stapes_cu_graph graph) {
  BEGIN("graph_destroy", CONTEXT);
  return c.w.graphs.erase(graph) ? int(SUCCESS) : unknown(c, "graph");
}

// MARK: Errors

static int name_of_error(int result, const char **text) {
  *text = error_name(result);
  return *text ? SUCCESS : INVALID_VALUE;
}

static int text_of_error(int result, const char **text) {
  *text = error_text(result);
  return *text ? SUCCESS : INVALID_VALUE;
}

static const stapes_cuda_driver functions = {
    .init = init,
    .driver_version = driver_version,
    .device_count = device_count,
    .device_get = device_get,
    .device_name = device_name,
    .device_attribute = device_attribute,
    .device_memory = device_memory_bytes,
    .primary_context_retain = primary_context_retain,
    .primary_context_release = primary_context_release,
    .context_set_current = context_set_current,
    .memory_info = memory_info,
    .memory_allocate = memory_allocate,
    .memory_free = memory_free,
    .host_allocate = host_allocate,
    .host_free = host_free,
    .copy_to_device = copy_to_device,
    .copy_to_host = copy_to_host,
    .copy_on_device = copy_on_device,
    .set_bytes = set_bytes,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .stream_synchronize = stream_synchronize,
    .stream_wait_event = stream_wait_event,
    .stream_begin_capture = stream_begin_capture,
    .stream_end_capture = stream_end_capture,
    .event_create = event_create,
    .event_destroy = event_destroy,
    .event_record = event_record,
    .event_query = event_query,
    .event_synchronize = event_synchronize,
    .event_elapsed = event_elapsed,
    .module_load = module_load,
    .module_unload = module_unload,
    .module_function = module_function,
    .function_set_attribute = function_set_attribute,
    .launch = launch,
    .launch_with = launch_with,
    .graph_instantiate = graph_instantiate,
    .graph_upload = graph_upload,
    .graph_launch = graph_launch,
    .graph_exec_destroy = graph_exec_destroy,
    .graph_destroy = graph_destroy,
    .error_name = name_of_error,
    .error_text = text_of_error,
};

}  // namespace fake

using namespace fake;

// MARK: Opening

bool stapes_fake_cuda_open(const stapes_fake_cuda_options *options, stapes_cuda_driver *driver) {
  std::lock_guard<std::mutex> lock(here_lock);
  static uint64_t generations = 0;
  auto made = std::make_unique<world>();
  made->generation = ++generations;
  made->options = options ? *options : stapes_fake_cuda_options{};
  stapes_fake_cuda_options &chosen = made->options;
  if (!chosen.device_count) chosen.device_count = 1;
  if (!chosen.memory_bytes) chosen.memory_bytes = size_t(2) << 30;
  if (!chosen.multiprocessors) chosen.multiprocessors = 8;
  for (int i = 0; i < chosen.device_count; i++) {
    made->devices.push_back(std::make_unique<device>());
    if (!made->devices.back()->memory.reserve(chosen.memory_bytes)) return false;
  }
  here = std::move(made);
  *driver = functions;
  return true;
}

int stapes_fake_cuda_enqueue(stapes_cu_stream stream, const char *name, void (*function)(const void *arguments),
                             const void *arguments, size_t bytes) {
  BEGIN("enqueue", CONTEXT);
  auto found = stream_of(c, stream);
  if (!found) return c.result;
  operation work = {kind::HOST_FUNCTION};
  work.name = kept_name(name);
  work.function = function;
  auto from = static_cast<const char *>(arguments);
  work.bytes.assign(from, from + bytes);
  return add(c, found, std::move(work));
}
