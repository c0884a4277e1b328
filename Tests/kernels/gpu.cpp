#include "gpu.h"

#include <stdio.h>
#include <string.h>

#include <map>
#include <vector>

#include "program.h"

namespace gpu {

static bool opened = false;
static stapes_cuda_driver cuda;
static stapes_cu_stream only_stream;
static stapes_cu_module module;
static std::string name_of_device;

bool is_open() { return opened; }
const char *device_name() { return name_of_device.c_str(); }
const stapes_cuda_driver &driver() { return cuda; }
stapes_cu_stream stream() { return only_stream; }

/// "CUDA_ERROR_ILLEGAL_ADDRESS (700), an illegal memory access was encountered"
static std::string error_text(int result) {
  const char *name = nullptr, *text = nullptr;
  cuda.error_name(result, &name);
  cuda.error_text(result, &text);
  return std::string(name ? name : "error") + " (" + std::to_string(result) + "), " + (text ? text : "unknown");
}

[[noreturn]] static void give_up(const std::string &why) {
  check::fail(0, "%s", why.c_str());
  check::finish();
  abort();
}

void demand(int result, const char *what) {
  if (result) give_up(std::string(what) + ": " + error_text(result));
}

void open(const char *path, const char *library) {
  char text[256];
  if (!stapes_cuda_open(library, &cuda, text, sizeof text)) give_up(text);
  std::vector<char> image;
  FILE *file = fopen(path, "rb");
  if (!file) give_up(std::string("cannot read ") + path);
  for (int c; (c = getc(file)) != EOF;) image.push_back(static_cast<char>(c));
  fclose(file);

  int device = 0, version = 0;
  stapes_cu_context context = nullptr;
  demand(cuda.init(0), "init");
  demand(cuda.driver_version(&version), "driver_version");
  demand(cuda.device_get(&device, 0), "device_get");
  demand(cuda.device_name(text, sizeof text, device), "device_name");
  demand(cuda.primary_context_retain(&context, device), "primary_context_retain");
  demand(cuda.context_set_current(context), "context_set_current");
  demand(cuda.stream_create(&only_stream, STAPES_CU_STREAM_NON_BLOCKING, 0), "stream_create");
  demand(cuda.module_load(&module, image.data()), path);
  name_of_device = std::string(text) + ", CUDA " + std::to_string(version / 1000) + "." +
                   std::to_string(version % 1000 / 10);
  opened = true;
}

// MARK: Kernels

struct Function {
  stapes_cu_function handle = nullptr;
  unsigned shared_bytes = 48 << 10;
};

int enqueue(const char *name, const stapes_cuda_shape &shape, const void *arguments) {
  static std::map<std::string, Function> functions;
  Function &f = functions[name];
  if (!f.handle) {
    const std::string full = std::string("stapes_cuda_") + name;
    if (int result = cuda.module_function(&f.handle, module, full.c_str())) return result;
  }
  if (shape.shared_bytes > f.shared_bytes) {
    const int bytes = static_cast<int>(shape.shared_bytes);
    if (int result = cuda.function_set_attribute(f.handle, STAPES_CU_FUNCTION_DYNAMIC_SHARED_BYTES, bytes))
      return result;
    f.shared_bytes = shape.shared_bytes;
  }
  void *parameters[] = {const_cast<void *>(arguments)};
  return cuda.launch(f.handle, shape.grid[0], shape.grid[1], shape.grid[2], shape.threads, 1, 1, shape.shared_bytes,
                     only_stream, parameters, nullptr);
}

// MARK: Copies of the tests' arrays

// Bytes by address, of all arrays that live.
static std::map<uintptr_t, size_t> arrays;

void note(const void *memory, size_t bytes) { arrays[reinterpret_cast<uintptr_t>(memory)] = bytes; }
void forget(const void *memory) { arrays.erase(reinterpret_cast<uintptr_t>(memory)); }

std::vector<std::pair<void *, size_t>> arrays_of(const void *arguments, size_t bytes) {
  std::map<uintptr_t, size_t> found;
  for (size_t at = 0; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t)) {
    uintptr_t word;
    memcpy(&word, static_cast<const char *>(arguments) + at, sizeof word);
    auto array = arrays.upper_bound(word);
    if (array == arrays.begin()) continue;
    --array;
    if (word < array->first + array->second) found.insert(*array);
  }
  std::vector<std::pair<void *, size_t>> result;
  for (const auto &[base, size] : found) result.emplace_back(reinterpret_cast<void *>(base), size);
  return result;
}

// NaN in every type, and no NaN that a kernel writes.
static const uint16_t guard = 0x7fed;
static const size_t guard_bytes = 4096;

/// An array of a launch: where it is on the host, and where in the copy.
struct Part {
  uintptr_t host;
  size_t bytes, offset;
};

/// Memory of the device, of `bytes` or more, that the next launch has again.
static stapes_cu_pointer device_memory(size_t bytes) {
  static stapes_cu_pointer memory = 0;
  static size_t held = 0;
  if (bytes <= held) return memory;
  if (memory) demand(cuda.memory_free(memory), "memory_free");
  held = bytes + bytes / 2 + (1 << 20);
  demand(cuda.memory_allocate(&memory, held), "memory_allocate");
  return memory;
}

/// Whether [from, to) of the copy holds the guard.
static bool is_whole(const std::vector<char> &copy, size_t from, size_t to) {
  for (size_t i = from; i < to; i += sizeof guard)
    if (memcmp(&copy[i], &guard, sizeof guard) != 0) return false;
  return true;
}

std::string launch(const char *name, const stapes_cuda_shape &shape, const void *arguments, size_t bytes) {
  std::vector<uint64_t> words((bytes + 7) / 8);
  memcpy(words.data(), arguments, bytes);
  std::vector<Part> parts;
  // Of words that point into arrays: which word, and which part.
  std::vector<std::pair<size_t, size_t>> pointers;
  size_t end = guard_bytes;
  for (size_t i = 0; i < words.size(); ++i) {
    // A word that is an address in an array points at it: the numbers among arguments are small.
    auto after = arrays.upper_bound(words[i]);
    if (after == arrays.begin()) continue;
    const auto [host, size] = *--after;
    if (words[i] >= host + size) continue;
    size_t part = 0;
    while (part < parts.size() && parts[part].host != host) ++part;
    pointers.push_back({i, part});
    if (part < parts.size()) continue;
    // An array ends where a line of memory does, but for what aligns its beginning.
    const size_t rounded = (size + 15) / 16 * 16, stop = (end + rounded + 255) / 256 * 256;
    parts.push_back({host, size, stop - rounded});
    end = stop + guard_bytes;
  }
  const stapes_cu_pointer device = device_memory(end);
  for (const auto &[i, part] : pointers) words[i] += device + parts[part].offset - parts[part].host;

  static std::vector<char> copy;
  if (copy.size() < end) copy.resize(end);
  for (size_t i = 0; i < end; i += sizeof guard) memcpy(&copy[i], &guard, sizeof guard);
  for (const Part &part : parts) memcpy(&copy[part.offset], reinterpret_cast<void *>(part.host), part.bytes);
  int result = cuda.copy_to_device(device, copy.data(), end, only_stream);
  if (!result) result = enqueue(name, shape, words.data());
  if (!result) result = cuda.copy_to_host(copy.data(), device, end, only_stream);
  if (!result) result = cuda.stream_synchronize(only_stream);
  if (result) {
    const std::string why = std::string(name) + ": " + error_text(result);
    // After what happens on the device itself nothing works any more.
    if (cuda.stream_synchronize(only_stream)) give_up(why);
    return why;
  }

  size_t before = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part &part = parts[i];
    if (!is_whole(copy, before, part.offset))
      return std::string(name) + ": wrote between arrays, before number " + std::to_string(i) + " of its arguments";
    before = (part.offset + part.bytes + 1) / 2 * 2;
    memcpy(reinterpret_cast<void *>(part.host), &copy[part.offset], part.bytes);
  }
  if (!is_whole(copy, before, end)) return std::string(name) + ": wrote behind the last array of its arguments";
  return "";
}

}  // namespace gpu
