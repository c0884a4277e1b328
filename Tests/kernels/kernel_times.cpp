// Times of the kernels on a GPU at the shapes of Whisper's models: what to tune first.
//
// Each launch of a case reads other memory than the last, as a step does that goes through all layers, so what is read
// comes from memory and not from a cache. All launches of a case are enqueued behind work that keeps the device busy
// meanwhile: between two events there is the kernel and no waiting for the host.
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gpu.h"
#include "program.h"

using gpu::demand;

// Of an H200: what it was seen to copy, and to multiply.
static const double memory_gigabytes = 4300, tensor_teraflops = 790;

static const stapes_type type = STAPES_FLOAT16;
static const int64_t head = STAPES_HEAD_WIDTH;
static int64_t frames = 1500, positions = 448;
static int vocabulary = 51866;
/// Tiles of a page that holds a window.
static int64_t window_tiles() { return (frames + STAPES_TILE - 1) / STAPES_TILE; }

// MARK: Memory

static stapes_cu_pointer allocate(size_t bytes) {
  stapes_cu_pointer memory = 0;
  demand(gpu::driver().memory_allocate(&memory, bytes), "memory_allocate");
  demand(gpu::driver().set_bytes(memory, 0, bytes, gpu::stream()), "set_bytes");
  return memory;
}

/// Memory that is handed out slice by slice, from the beginning again at its end.
struct Pool {
  stapes_cu_pointer base;
  size_t bytes, next = 0;

  explicit Pool(size_t bytes) : base(allocate(bytes)), bytes(bytes) {}

  template <typename T = void>
  T *take(size_t wanted) {
    if (wanted > bytes) {
      fprintf(stderr, "kernel_times: a slice of %zu bytes\n", wanted);
      abort();
    }
    if (next + wanted > bytes) next = 0;
    T *slice = reinterpret_cast<T *>(base + next);
    next += (wanted + 255) / 256 * 256;
    return slice;
  }

  /// Values around 0, the same in every run.
  void fill(stapes_type values, float size) {
    stapes_cuda_random_arguments a = {};
    a.y = reinterpret_cast<void *>(base), a.count = int64_t(bytes / (values == STAPES_FLOAT32 ? 4 : 2));
    a.scale = size * 0x1p-23f, a.type = values;
    demand(gpu::enqueue("random", stapes_cuda_shape_random(&a), &a), "random");
  }
};

struct Memory {
  Pool halves, floats, outputs, small, partials, plug;
  explicit Memory(bool quick)
      : halves(quick ? 1 << 20 : 640 << 20), floats(quick ? 1 << 19 : 128 << 20), outputs(quick ? 1 << 20 : 256 << 20),
        small(1 << 20), partials(quick ? 1 << 20 : 64 << 20), plug(quick ? 1 << 16 : 256 << 20) {
    halves.fill(type, 0.1f);
    floats.fill(STAPES_FLOAT32, 4);
    // A device that slept needs a while to come to speed.
    for (int i = 0; i < (quick ? 1 : 3000); ++i)
      demand(gpu::driver().set_bytes(plug.base, 0, plug.bytes, gpu::stream()), "set_bytes");
  }
};
static Memory *memory;

static void *halves(int64_t count) { return memory->halves.take(size_t(count) * 2); }
static float *floats(int64_t count) { return memory->floats.take<float>(size_t(count) * 4); }
static void *outputs(int64_t count, int bytes) { return memory->outputs.take(size_t(count * bytes)); }

/// A copy of a few values on the device, for one case.
template <typename T>
static T *put(const std::vector<T> &values) {
  T *copy = memory->small.take<T>(values.size() * sizeof(T));
  demand(gpu::driver().copy_to_device(reinterpret_cast<stapes_cu_pointer>(copy), values.data(),
                                      values.size() * sizeof(T), gpu::stream()), "copy_to_device");
  return copy;
}
static std::vector<int32_t> numbers(int64_t count, int first = 0, int step = 1) {
  std::vector<int32_t> all;
  for (int64_t i = 0; i < count; ++i) all.push_back(int32_t(first + i * step));
  return all;
}

// MARK: Time

/// What a launch has to read and write at least, and has to compute; and how often there is one in what.
struct Work {
  double bytes, operations;
  std::string whole = "";
  double calls = 1;

  /// Microseconds at the device's speed.
  double least() const { return std::max(bytes / memory_gigabytes * 1e-3, operations / tensor_teraflops * 1e-6); }
};

/// A part of a decoder's step or of a window's encoding, in microseconds.
struct Share {
  std::string what;
  double time, least;
};
struct Whole {
  std::string name;
  std::vector<Share> shares;
};
static std::vector<Whole> wholes;

static void add_share(const std::string &whole, const Share &share) {
  auto found = std::find_if(wholes.begin(), wholes.end(), [&](const Whole &w) { return w.name == whole; });
  if (found == wholes.end()) found = wholes.insert(found, {whole, {}});
  found->shares.push_back(share);
}

/// The microseconds of each of `count` launches of `enqueue`, in order of size.
template <typename Enqueue>
static std::vector<float> times_of(int count, const Enqueue &enqueue) {
  const stapes_cuda_driver &cuda = gpu::driver();
  static std::vector<stapes_cu_event> events;
  while (events.size() < size_t(2 * count)) {
    events.emplace_back();
    demand(cuda.event_create(&events.back(), 0), "event_create");
  }
  for (int i = 0; i < 3; ++i) enqueue();
  demand(cuda.stream_synchronize(gpu::stream()), "stream_synchronize");
  // About two milliseconds.
  for (int i = 0; i < 24; ++i) demand(cuda.set_bytes(memory->plug.base, 0, memory->plug.bytes, gpu::stream()), "plug");
  for (int i = 0; i < count; ++i) {
    demand(cuda.event_record(events[2 * i], gpu::stream()), "event_record");
    enqueue();
    demand(cuda.event_record(events[2 * i + 1], gpu::stream()), "event_record");
  }
  demand(cuda.stream_synchronize(gpu::stream()), "stream_synchronize");
  std::vector<float> times;
  for (int i = 0; i < count; ++i) {
    float milliseconds = 0;
    demand(cuda.event_elapsed(&milliseconds, events[2 * i], events[2 * i + 1]), "event_elapsed");
    times.push_back(milliseconds * 1000);
  }
  std::sort(times.begin(), times.end());
  return times;
}

/// Times a kernel whose arguments `make` gives, launch by launch.
template <typename Make>
static Share time(const std::string &kernel, const std::string &what, const Work &work,
                  stapes_cuda_shape (*shape)(const void *), const Make &make) {
  check::begin_group(kernel.c_str());
  memory->small.next = 0;
  stapes_cuda_shape s = {};
  const auto times = times_of(check::options.quick ? 2 : 100, [&] {
    const auto arguments = make();
    s = shape(&arguments);
    demand(gpu::enqueue(kernel.c_str(), s, &arguments), kernel.c_str());
  });
  ++check::current->cases;
  const double median = std::max(times[times.size() / 2], 1e-3f);
  const double gigabytes = work.bytes / median * 1e-3, teraflops = work.operations / median * 1e-6;
  const unsigned blocks = s.grid[0] * s.grid[1] * s.grid[2];
  printf("%-22s %-34s %7u %9.2f %8.1f %4.0f%% %8.2f %4.0f%%\n", kernel.c_str(), what.c_str(), blocks, median,
         gigabytes, gigabytes / memory_gigabytes * 100, teraflops, teraflops / tensor_teraflops * 100);
  fflush(stdout);
  char text[400];
  snprintf(text, sizeof text,
           "{\"kernel\": \"%s\", \"case\": \"%s\", \"blocks\": %u, \"microseconds\": %.3f, \"fastest\": %.3f, "
           "\"slowest\": %.3f, \"gigabytes_per_second\": %.1f, \"teraflops\": %.3f, \"memory_share\": %.4f, "
           "\"tensor_share\": %.4f}",
           kernel.c_str(), what.c_str(), blocks, median, double(times.front()), double(times.back()), gigabytes,
           teraflops, gigabytes / memory_gigabytes, teraflops / tensor_teraflops);
  check::add_time(text);
  const Share share = {kernel + " " + what, median * work.calls, work.least() * work.calls};
  if (!work.whole.empty()) add_share(work.whole, share);
  return share;
}

/// What a step costs, and where most of it is lost: what to tune first.
static void print_wholes() {
  for (auto &[whole, shares] : wholes) {
    double time = 0, least = 0;
    for (const Share &s : shares) time += s.time, least += s.least;
    std::sort(shares.begin(), shares.end(),
              [](const Share &a, const Share &b) { return a.time - a.least > b.time - b.least; });
    printf("\n%s: %.1f us, where the device's speed allows %.1f; lost most in\n", whole.c_str(), time, least);
    for (size_t i = 0; i < std::min<size_t>(4, shares.size()); ++i)
      printf("  %6.1f us (%2.0f%%) of %7.1f  %s\n", shares[i].time - shares[i].least,
             (shares[i].time - shares[i].least) / time * 100, shares[i].time, shares[i].what.c_str());
    char text[160];
    snprintf(text, sizeof text,
             "{\"kernel\": \"all\", \"case\": \"%s\", \"microseconds\": %.3f, \"least\": %.3f}", whole.c_str(),
             time, least);
    check::add_time(text);
  }
}

// MARK: Cases

struct Model {
  const char *name;
  int64_t width, mels, layers;
  int64_t heads() const { return width / head; }
};

static std::string label(const Model &model, const char *what, int64_t rows) {
  return std::string(model.name) + (*what ? " " : "") + what + ", rows " + std::to_string(rows);
}

/// The name of a whole: "large step, rows 8".
static std::string step(const Model &model, int64_t rows) { return label(model, "step", rows); }
static std::string window(const Model &model) { return std::string(model.name) + " window"; }

struct Product {
  const char *what;
  int64_t calls;
  int64_t m, n, k;
  /// Elements from row to row of a; 0: k.
  int64_t a_stride;
  bool norm, gelu, accumulate;
  stapes_type c_type;
};

static void product(const Model &model, const std::string &whole, const std::string &kernel, const Product &p,
                    stapes_cuda_shape (*shape)(const void *)) {
  const int64_t a_stride = p.a_stride ? p.a_stride : p.k, a_count = (p.m - 1) * a_stride + p.k, c_count = p.m * p.n;
  const int c_bytes = p.c_type == STAPES_FLOAT32 ? 4 : 2;
  const Work work = {double(p.n * p.k * 2 + a_count * (p.norm ? 4 : 2) + c_count * c_bytes * (p.accumulate ? 2 : 1)),
                     2.0 * p.m * p.n * p.k, whole, double(p.calls)};
  time(kernel, label(model, p.what, p.m), work, shape, [&] {
    stapes_cuda_product_arguments a = {};
    a.a = p.norm ? floats(a_count) : halves(a_count);
    a.weight = halves(p.n * p.k), a.bias = floats(p.n), a.c = outputs(c_count, c_bytes);
    if (p.norm) a.gamma = floats(p.k), a.beta = floats(p.k);
    a.m = p.m, a.n = p.n, a.k = p.k, a.a_stride = a_stride, a.c_stride = p.n;
    a.a_type = p.norm ? STAPES_FLOAT32 : type, a.c_type = p.c_type;
    a.epsilon = 1e-5f, a.gelu = p.gelu, a.accumulate = p.accumulate;
    return a;
  });
}

/// Whether the layer norms of a step are inside its products, as the engine has it.
static bool norm_inside(int64_t rows) { return rows <= 16; }

/// Of a decoder's step.
static void few(const Model &model, int64_t rows) {
  const int64_t d = model.width;
  const bool norm = norm_inside(rows);
  const Product products[] = {
      {"query key value", model.layers, rows, 3 * d, d, 0, norm, false, false, type},
      // Of both attentions, and the query of the second, whose layer norm is left out here.
      {"output", 3 * model.layers, rows, d, d, 0, false, false, true, STAPES_FLOAT32},
      {"up", model.layers, rows, 4 * d, d, 0, norm, true, false, type},
      {"down", model.layers, rows, d, 4 * d, 0, false, false, true, STAPES_FLOAT32},
      {"logits", 1, rows, vocabulary, d, 0, norm, false, false, STAPES_FLOAT32},
  };
  for (const Product &p : products) {
    const std::string kernel = "product_few" + std::to_string(stapes_cuda_product_few_tiles(rows, p.n)) + "_f16";
    product(model, step(model, rows), kernel, p, stapes_cuda_shape_product_few);
  }
}

/// Of an encoder.
static void many(const Model &model) {
  const int64_t d = model.width;
  const Product products[] = {
      {"convolution 1", 1, 2 * frames, d, 3 * model.mels, model.mels, false, true, false, type},
      {"convolution 2", 1, frames, d, 3 * d, 2 * d, false, true, false, type},
      {"query key value", model.layers, frames, 3 * d, d, 0, false, false, false, type},
      {"output", model.layers, frames, d, d, 0, false, false, true, STAPES_FLOAT32},
      {"up", model.layers, frames, 4 * d, d, 0, false, true, false, type},
      {"down", model.layers, frames, d, 4 * d, 0, false, false, true, STAPES_FLOAT32},
  };
  for (const Product &p : products)
    product(model, window(model), "product_many_f16", p, stapes_cuda_shape_product_many);
}

/// `groups` sequences of `length` positions, `tokens` queries each.
static void attention(const Model &model, const char *what, int64_t groups, int64_t tokens, int64_t length,
                      int64_t tiles_per_page, bool appends) {
  const int64_t d = model.width, rows = groups * tokens, page = tiles_per_page * STAPES_TILE;
  const int64_t pages = (length + page - 1) / page, head_stride = page * head;
  const int64_t page_stride = 2 * model.heads() * head_stride;
  std::string text = label(model, what, rows);
  if (tokens > 1) text += " in " + std::to_string(groups);
  const Work work = {double(2 * groups * length * d * 2 + 2 * rows * d * 2), 4.0 * rows * length * d,
                     tokens == 1 ? step(model, rows) : "", double(model.layers)};
  time("paged_attention_f16", text, work, stapes_cuda_shape_paged_attention, [&] {
    static stapes_cuda_attention_arguments a;
    // The same ones in all launches of a case.
    if (memory->small.next == 0) {
      a = {};
      a.attention.group_firsts = put(numbers(groups, 0, int(tokens)));
      a.attention.group_counts = put(std::vector<int32_t>(size_t(groups), int32_t(tokens)));
      a.attention.group_rows = put(numbers(groups));
      a.attention.lengths = put(std::vector<int32_t>(size_t(rows), int32_t(length)));
      a.attention.page_table = put(numbers(groups * pages));
      if (appends) a.slots = put(numbers(groups, int((pages - 1) * page + (length - 1) % page), int(pages * page)));
      a.arrivals = put(std::vector<unsigned>(size_t(groups * model.heads()), 0));
    }
    auto keys = static_cast<char *>(halves(groups * pages * page_stride));
    a.attention.cache = {keys, keys + model.heads() * head_stride * 2, page_stride, head_stride, tiles_per_page,
                         model.heads(), type};
    a.attention.query = halves(rows * d), a.attention.output = outputs(rows * d, 2);
    a.attention.groups = groups, a.attention.page_table_stride = pages;
    a.attention.query_stride = a.attention.output_stride = d;
    a.attention.longest = length, a.attention.scale = 0.125f, a.attention.type = type;
    if (appends) a.key = halves(rows * d), a.value = halves(rows * d), a.key_stride = a.value_stride = d;
    a.partials = memory->partials.take<float>(size_t(stapes_cuda_partial_count(groups, model.heads(), length)) * 4);
    return a;
  });
}

static void encoder_attention(const Model &model) {
  const int64_t d = model.width;
  for (int64_t windows : {1, 8}) {
    const double rows = double(windows * frames);
    Work work = {4 * rows * d * 2, 4.0 * rows * frames * d};
    if (windows == 1) work.whole = window(model), work.calls = double(model.layers);
    const std::string what = windows == 1 ? "window" : std::to_string(windows) + " windows";
    time("encoder_attention_f16", label(model, what.c_str(), frames), work, stapes_cuda_shape_encoder_attention, [&] {
      auto x = static_cast<char *>(halves(windows * frames * 3 * d));
      return stapes_encoder_attention_arguments{x,       x + d * 2,     x + 2 * d * 2, outputs(windows * frames * d, 2),
                                                windows, frames,        model.heads(), 3 * d,
                                                d,       0.125f,        type};
    });
  }
}

static Share select(const char *what, int64_t rows, float temperature, int candidates) {
  const std::string text = std::string(what) + ", rows " + std::to_string(rows);
  return time("select", text, {double(rows) * vocabulary * 4, 0}, stapes_cuda_shape_select, [&] {
    static stapes_select_arguments a;
    if (memory->small.next == 0) {
      stapes_sampling_rules rules = {};
      rules.temperature = temperature, rules.candidates = candidates, rules.timestamps = 1;
      const int begin = vocabulary - 1501;
      rules.end_of_text = begin - 108, rules.blank = -1, rules.no_timestamps = begin - 1;
      rules.last_initial_timestamp = begin + 50, rules.last_timestamp = vocabulary - 1, rules.suppresses_list = 1;
      const int64_t words = (vocabulary + 63) / 64;
      a = {};
      a.seats = put(numbers(rows, 1));
      a.rules = put(std::vector<stapes_sampling_rules>(size_t(rows) + 1, rules));
      a.states = put(std::vector<stapes_sampling_state>(size_t(rows) + 1));
      a.history = put(std::vector<int32_t>(size_t((rows + 1) * positions)));
      a.suppressed = put(std::vector<uint64_t>(size_t((rows + 1) * words)));
      a.tokens = put(numbers(rows));
      a.log_probabilities = put(std::vector<float>(size_t(rows)));
      a.candidates = put(numbers(rows * STAPES_CANDIDATES));
      a.candidate_log_probabilities = put(std::vector<float>(size_t(rows * STAPES_CANDIDATES)));
      a.rows = rows, a.vocabulary = vocabulary, a.logits_stride = vocabulary, a.suppressed_stride = words;
      a.history_stride = positions, a.timestamp_begin = begin;
    }
    a.logits = floats(rows * vocabulary);
    return a;
  });
}

static void token_probability(int64_t rows) {
  const int64_t limit = vocabulary - 1609;
  time("token_probability", "rows " + std::to_string(rows), {double(rows) * limit * 4, 0},
       stapes_cuda_shape_token_probability, [&] {
         static int32_t *tokens;
         if (memory->small.next == 0) tokens = put(numbers(rows));
         return stapes_token_probability_arguments{floats(rows * vocabulary), tokens,
                                                   static_cast<float *>(outputs(rows, 4)), rows, vocabulary, limit};
       });
}

static void rows_of(const Model &model, int64_t rows) {
  const int64_t d = model.width, count = rows * d;
  const bool encodes = rows == frames;
  const std::string whole = encodes ? window(model) : norm_inside(rows) ? "" : step(model, rows);
  const Work work = {double(count * 6), 0, whole, (encodes ? 2.0 : 3.0) * model.layers + 1};
  time("layer_norm", label(model, "", rows), work, stapes_cuda_shape_layer_norm, [&] {
    return stapes_layer_norm_arguments{floats(count), floats(d), floats(d), outputs(count, 2), rows, d, d, d, type,
                                       1e-5f};
  });
  time("store_kv", label(model, "", rows), {double(count * 2 * 2 * 2), 0}, stapes_cuda_shape_store_kv, [&] {
    static int32_t *slots;
    if (memory->small.next == 0) slots = put(numbers(rows));
    const int64_t tiles = (rows + STAPES_TILE - 1) / STAPES_TILE, head_stride = tiles * STAPES_TILE * head;
    const int64_t half = model.heads() * head_stride;
    auto keys = static_cast<char *>(outputs(2 * half, 2));
    const stapes_kv_layer cache = {keys, keys + half * 2, 2 * half, head_stride, tiles, model.heads(), type};
    return stapes_store_kv_arguments{cache, halves(count), halves(count), slots, rows, d, d, type};
  });
  if (encodes) return;
  time("embed", label(model, "", rows), {double(count * 10), 0}, stapes_cuda_shape_embed, [&] {
    static int32_t *tokens;
    const int64_t table = 256;
    if (memory->small.next == 0) tokens = put(numbers(rows));
    return stapes_embed_arguments{tokens, tokens, halves(table * d), floats(rows * d),
                                  static_cast<float *>(outputs(count, 4)), rows, d, type};
  });
  time("gather", label(model, "", rows), {double(count * 8), 0}, stapes_cuda_shape_gather, [&] {
    static int32_t *indices;
    if (memory->small.next == 0) indices = put(numbers(rows));
    return stapes_gather_arguments{floats(count), indices, static_cast<float *>(outputs(count, 4)), rows, d};
  });
}

static void values_of(const Model &model) {
  const int64_t d = model.width, count = frames * d;
  time("gelu", label(model, "", frames), {double(4 * count * 4), 0}, stapes_cuda_shape_gelu, [&] {
    return stapes_cuda_gelu_arguments{outputs(4 * count, 2), frames, 4 * d, 4 * d, type};
  });
  time("add", label(model, "", frames), {double(count * 12), 0}, stapes_cuda_shape_add, [&] {
    return stapes_add_arguments{floats(count), static_cast<float *>(outputs(count, 4)), count, 1};
  });
  time("convert", label(model, "", frames), {double(count * 6), 0}, stapes_cuda_shape_convert, [&] {
    return stapes_convert_arguments{floats(count), outputs(count, 2), count, STAPES_FLOAT32, type};
  });
  const int64_t heard = 2 * frames * 160 + 240, bins = model.mels, weights = 3 * bins;
  const Work mel = {double(heard + 2 * frames * bins) * 4, 0, window(model), 1};
  time("log_mel", label(model, "", 2 * frames), mel, stapes_cuda_shape_log_mel, [&] {
    static int32_t *entry;
    static stapes_cuda_mel_filter *filters;
    if (memory->small.next == 0) {
      entry = put(std::vector<int32_t>{int32_t(heard), 0, int32_t(2 * frames), 0});
      std::vector<stapes_cuda_mel_filter> runs;
      for (int32_t i = 0; i < bins; i++) runs.push_back({i, 1 + i / 16, 3 * i});
      filters = put(runs);
    }
    return stapes_cuda_log_mel_arguments{floats(heard), entry, floats(400), floats(50), filters, floats(weights + 16),
                                         static_cast<float *>(outputs(2 * frames * bins, 4)), 1, 2 * frames, bins,
                                         heard, 2 * frames * bins};
  });
  // Pages of a self arena.
  const int64_t page = model.layers * 2 * model.heads() * STAPES_TILE * head * 2;
  time("copy_pages", label(model, "", 8), {double(8 * page * 2), 0}, stapes_cuda_shape_copy_pages, [&] {
    static int32_t *from, *to;
    if (memory->small.next == 0) from = put(numbers(8)), to = put(numbers(8, 8));
    return stapes_copy_pages_arguments{halves(16 * page / 2), from, to, 8, page};
  });
  const int64_t tokens = 100, chosen = 6, head_stride = window_tiles() * STAPES_TILE * head;
  const int64_t half = model.heads() * head_stride;
  const Work work = {double(chosen * (frames * head * 2 + tokens * frames * 4)), 2.0 * chosen * tokens * frames * head};
  time("cross_scores", label(model, "", tokens), work, stapes_cuda_shape_cross_scores, [&] {
    static int32_t *heads;
    if (memory->small.next == 0) heads = put(numbers(chosen, 0, model.heads() < chosen ? 0 : 1));
    auto keys = static_cast<char *>(halves(2 * half));
    const stapes_kv_layer cache = {keys, keys + half * 2, 2 * half, head_stride, window_tiles(), model.heads(), type};
    return stapes_cross_scores_arguments{cache, halves(tokens * d), heads,
                                         static_cast<float *>(outputs(chosen * tokens * frames, 4)), chosen, tokens,
                                         frames, d, 0, 0.125f, type};
  });
}

int main(int count, char **arguments) {
  check::begin("kernel_times", count, arguments);
  if (!gpu::is_open()) {
    fprintf(stderr, "kernel_times: needs --gpu\n");
    return 2;
  }
  if (check::options.quick) frames = 40, positions = 33, vocabulary = 1800;
  memory = new Memory(check::options.quick);
  printf("%-22s %-34s %7s %9s %8s %5s %8s %5s\n", "kernel", "case", "blocks", "us", "GB/s", "", "TFLOP/s", "");
  // What is left when there is next to nothing to do is the price of a launch, and of how it is timed.
  time("feed", "the floor, rows 1", {12, 0}, stapes_cuda_shape_feed, [] {
    static int32_t *seats;
    static stapes_sampling_state *states;
    if (memory->small.next == 0) seats = put(numbers(1)), states = put(std::vector<stapes_sampling_state>(1));
    return stapes_feed_arguments{seats, states, static_cast<int32_t *>(outputs(1, 4)), 1};
  });
  std::vector<Model> models = {{"tiny", 384, 80, 4}, {"base", 512, 80, 6}, {"large", 1280, 128, 32}};
  std::vector<int64_t> batches = {1, 8, 32, 64};
  if (check::options.quick) models = {{"small", 64, 8, 1}}, batches = {1, 2};
  for (const Model &model : models) {
    for (int64_t rows : batches) few(model, rows);
    many(model);
    encoder_attention(model);
    for (int64_t rows : batches) attention(model, "cross", rows, 1, frames, window_tiles(), false);
    attention(model, "cross", 8, 8, frames, window_tiles(), false);
    for (int64_t rows : batches) attention(model, "self", rows, 1, positions, 1, true);
    for (int64_t rows : {batches.front(), batches.back(), frames}) rows_of(model, rows);
    values_of(model);
  }
  for (int64_t rows : batches) {
    const Share greedy = select("greedy", rows, 0, 0);
    for (const Model &model : models) add_share(step(model, rows), greedy);
    select("drawn", rows, 0.7f, 0);
    select("5 candidates", rows, 0, 5);
    token_probability(rows);
  }
  print_wholes();
  return check::finish();
}
