// What a run launches, followed on the host: the fake runtime hands over the kernels' parameters, and plain loops do
// with them what FlashInfer's kernels do, block by block. So every pointer, stride and offset of the wiring is used;
// only the kernels' own arithmetic is not.
#include "support.h"

#include <flashinfer/attention/default_decode_params.cuh>
#include <flashinfer/attention/default_prefill_params.cuh>

#include <algorithm>
#include <cmath>
#include <type_traits>

using namespace tests;

namespace {

template <typename Element>
using DecodeParameters = flashinfer::BatchDecodeParams<Element, Element, Element, int32_t>;
template <typename Element>
using PrefillParameters = flashinfer::BatchPrefillPagedParams<Element, Element, Element, int32_t>;

template <typename Element>
struct MergeParameters {
  Element *chunks;
  float *sums;
  int32_t *indptr;
  Element *output;
  float *output_sums;
  uint32_t most_rows;
  uint32_t *rows;
  uint32_t heads;
};

/// Softmax and weighted sum over positions start ..< end of a row, as base-2 logarithms like FlashInfer's.
template <typename Element>
struct Attention {
  float values[head_width] = {};
  float maximum = -INFINITY, sum = 0;

  template <typename Paged>
  void read(const Element *q, const Paged &paged, int row, int head, uint32_t start, uint32_t end, float scale) {
    for (uint32_t position = start; position < end; ++position) {
      uint32_t page, entry;
      paged.page_size.divmod(paged.indptr[row] * paged.page_size + position, page, entry);
      const size_t offset = paged.get_elem_offset(paged.indices[page], head, entry, 0);
      EXPECT(offset == paged.get_v_elem_offset(paged.indices[page], head, entry, 0));
      float score = 0;
      for (int i = 0; i < head_width; ++i) score += float(q[i]) * float(paged.k_data[offset + i]);
      add(score * scale * float(M_LOG2E), 1, [&](int i) { return float(paged.v_data[offset + i]); });
    }
  }

  template <typename Values>
  void add(float score, float weight, Values more) {
    const float higher = std::max(maximum, score);
    if (higher == -INFINITY) return;
    const float before = std::exp2(maximum - higher), now = std::exp2(score - higher) * weight;
    for (int i = 0; i < head_width; ++i) values[i] = values[i] * before + more(i) * now;
    sum = sum * before + now;
    maximum = higher;
  }

  void write(Element *output) const {
    for (int i = 0; i < head_width; ++i) output[i] = Element(sum > 0 ? values[i] / sum : 0.0f);
  }

  float logarithm() const { return sum > 0 ? maximum + std::log2(sum) : -INFINITY; }
};

template <typename Element>
void follow(const DecodeParameters<Element> &p, const fake::Launch &launch) {
  EXPECT(launch.grid.x == p.padded_batch_size);
  EXPECT(launch.grid.y == p.num_qo_heads && launch.grid.y == p.paged_kv.num_heads && launch.grid.z == 1);
  EXPECT(p.window_left == -1 && p.logits_soft_cap == 0 && !p.q_rope_offset && !p.maybe_alibi_slopes);
  EXPECT(p.partition_kv || !p.lse);
  for (uint32_t block = 0; block < launch.grid.x; ++block) {
    if (p.block_valid_mask && !p.block_valid_mask[block]) continue;
    const int row = p.request_indices[block];
    const bool has_row = row >= 0 && row < static_cast<int>(p.paged_kv.batch_size);
    EXPECT(has_row);
    if (!has_row) return;
    const uint32_t length = p.paged_kv.get_length(row), chunk = *p.kv_chunk_size_ptr;
    const uint32_t start = p.partition_kv ? p.kv_tile_indices[block] * chunk : 0;
    const uint32_t end = p.partition_kv ? std::min(start + chunk, length) : length;
    for (uint32_t head = 0; head < launch.grid.y; ++head) {
      Attention<Element> attention;
      attention.read(
          p.q + size_t(row) * p.q_stride_n + head * p.q_stride_h, p.paged_kv, row, head, start, end, p.sm_scale);
      attention.write(p.o + (block * p.num_qo_heads + head) * head_width);
      if (p.lse) p.lse[block * p.num_qo_heads + head] = attention.logarithm();
    }
  }
}

template <typename Element>
void follow(const PrefillParameters<Element> &p, const fake::Launch &launch, bool causal, int tile) {
  EXPECT(launch.grid.x == p.padded_batch_size);
  EXPECT(launch.grid.y == 1 && launch.grid.z == p.num_qo_heads && p.num_qo_heads == p.paged_kv.num_heads);
  EXPECT(p.window_left == -1 && p.logits_soft_cap == 0 && uint32_t(p.group_size) == 1);
  EXPECT(!p.maybe_custom_mask && !p.maybe_mask_indptr && !p.maybe_q_rope_offset && !p.maybe_alibi_slopes);
  EXPECT(!p.maybe_prefix_len_ptr && !p.maybe_token_pos_in_items_ptr && !p.maybe_max_item_len_ptr);
  EXPECT(p.partition_kv || !p.lse);
  for (uint32_t block = 0; block < launch.grid.x; ++block) {
    if (p.block_valid_mask && !p.block_valid_mask[block]) continue;
    const int request = p.request_indices[block];
    const bool has_request = request >= 0 && request < static_cast<int>(p.paged_kv.batch_size);
    EXPECT(has_request);
    if (!has_request) return;
    const uint32_t length = p.get_kv_len(request), queries = p.get_qo_len(request), chunk = *p.kv_chunk_size_ptr;
    const uint32_t start = p.partition_kv ? std::min(p.kv_tile_indices[block] * chunk, length) : 0;
    const uint32_t end = p.partition_kv ? std::min(start + chunk, length) : length;
    const uint32_t count = p.partition_kv ? (length + chunk - 1) / chunk : 1;
    const uint32_t first = p.qo_tile_indices[block] * tile, last = std::min<uint32_t>(first + tile, queries);
    for (uint32_t query = first; query < last; ++query) {
      const uint32_t slot =
          p.o_indptr[request] + query * count + (p.partition_kv ? p.kv_tile_indices[block] : 0);
      const uint32_t seen = causal ? std::min(end, length - queries + query + 1) : end;
      for (uint32_t head = 0; head < p.num_qo_heads; ++head) {
        Attention<Element> attention;
        attention.read(
            p.q + size_t(p.q_indptr[request] + query) * p.q_stride_n + head * p.q_stride_h, p.paged_kv, request, head,
            start, seen, p.sm_scale);
        attention.write(p.o + (slot * p.num_qo_heads + head) * head_width);
        if (p.lse) p.lse[slot * p.num_qo_heads + head] = attention.logarithm();
      }
    }
  }
}

template <typename Element>
void follow(const MergeParameters<Element> &p) {
  EXPECT(!p.output_sums);
  const uint32_t rows = p.rows ? *p.rows : p.most_rows;
  EXPECT(rows <= p.most_rows);
  for (uint32_t row = 0; row < rows; ++row) {
    for (uint32_t head = 0; head < p.heads; ++head) {
      Attention<Element> attention;
      for (int32_t slot = p.indptr[row]; slot < p.indptr[row + 1]; ++slot) {
        const size_t at = size_t(slot) * p.heads + head;
        attention.add(p.sums[at], 1, [&](int i) { return float(p.chunks[at * head_width + i]); });
      }
      attention.write(p.output + (size_t(row) * p.heads + head) * head_width);
    }
  }
}

bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

/// Keeps what a run launched, so that it can be followed at once or, like a graph, again later.
template <typename Element>
struct Recording {
  std::vector<std::function<void()>> kernels;
  std::vector<fake::Launch> launches;

  void add(const fake::Launch &launch, void **arguments) {
    launches.push_back(launch);
    const std::string &name = launch.kernel;
    EXPECT(contains(name, std::is_same_v<Element, __half> ? "6__half" : "13__nv_bfloat16"));
    if (contains(name, "BatchDecodeWithPagedKVCacheKernel")) {
      const auto p = *static_cast<DecodeParameters<Element> *>(arguments[0]);
      kernels.push_back([=] { follow(p, launch); });
    } else if (contains(name, "BatchPrefillWithPagedKVCacheKernel")) {
      const auto p = *static_cast<PrefillParameters<Element> *>(arguments[0]);
      const bool causal = contains(name, "MaskModeE1E");
      const int tile = contains(name, "E1ELj128E") || contains(name, "E0ELj128E")  ? 128
                       : contains(name, "E1ELj64E") || contains(name, "E0ELj64E") ? 64
                                                                                    : 16;
      kernels.push_back([=] { follow(p, launch, causal, tile); });
    } else if (contains(name, "PersistentVariableLengthMergeStatesKernel")) {
      const auto at = [&](int index, auto *type) { return *static_cast<decltype(type)>(arguments[index]); };
      const MergeParameters<Element> p = {
          at(0, (Element **)0), at(1, (float **)0),    at(2, (int32_t **)0),  at(3, (Element **)0),
          at(4, (float **)0),   at(5, (uint32_t *)0), at(6, (uint32_t **)0), at(7, (uint32_t *)0)};
      kernels.push_back([=] { follow(p); });
    } else {
      EXPECT(!"an unknown kernel");
    }
  }

  void replay() const {
    for (const auto &kernel : kernels) kernel();
  }
};

/// A batch on the fake device: an arena whose pages are dealt out at random, poisoned where no row reads.
template <typename Element>
struct Device {
  static constexpr float poison = 65504;
  /// Room for all lengths; not what a batch fills.
  int batch, heads, page_size, pages, tokens;
  int64_t page_stride, head_stride, q_stride;
  std::vector<Element> k, v, q, output;
  std::vector<int32_t> indices, indptr, last_page_length, qo_indptr;
  std::vector<int> lengths, queries;
  Random &random;

  /// `heads_inside`: [page, head, position], as an arena of small pages lies; else [head, page, position] in blocks.
  Device(int batch, int heads, int page_size, int tokens, bool heads_inside, Random &random)
      : batch(batch), heads(heads), page_size(page_size), tokens(tokens), random(random) {
    pages = batch * (maximum_encoder_length + page_size - 1) / page_size + 2 * batch;
    page_stride = int64_t(page_size) * head_width * (heads_inside ? heads : 1);
    head_stride = int64_t(page_size) * head_width * (heads_inside ? 1 : pages);
    q_stride = heads * head_width * 3;  // As a product for q, k and v leaves it.
    q.assign(tokens * q_stride, Element(poison));
    output.assign(tokens * heads * head_width, Element(poison));
    indices.assign(pages, -1);
    indptr.resize(batch + 1);
    qo_indptr.resize(batch + 1);
    last_page_length.resize(batch);
  }

  size_t offset(int page, int head, int position) const {
    return page * page_stride + head * head_stride + position * head_width;
  }

  void fill(const std::vector<int> &new_lengths, const std::vector<int> &new_queries) {
    lengths = new_lengths;
    queries = new_queries;
    std::normal_distribution<float> normal;
    k.assign(size_t(pages) * page_size * heads * head_width, Element(poison));
    v = k;
    std::fill(output.begin(), output.end(), Element(poison));
    std::vector<int32_t> dealt(pages - 1);  // Page 0 is the reserved one.
    for (int page = 1; page < pages; ++page) dealt[page - 1] = page;
    std::shuffle(dealt.begin(), dealt.end(), random);
    size_t next = 0;
    const std::vector<int32_t> sums = running_sums(lengths, page_size), query_sums = running_sums(queries, 1);
    std::copy(sums.begin(), sums.end(), indptr.begin());
    std::copy(query_sums.begin(), query_sums.end(), qo_indptr.begin());
    std::fill(indices.begin(), indices.end(), -1);
    for (int row = 0; row < batch; ++row) {
      for (int position = 0; position < lengths[row]; ++position) {
        const int slot = indptr[row] + position / page_size;
        if (position % page_size == 0) indices[slot] = dealt[next++];
        for (int head = 0; head < heads; ++head) {
          for (int i = 0; i < head_width; ++i) {
            k[offset(indices[slot], head, position % page_size) + i] = Element(normal(random));
            v[offset(indices[slot], head, position % page_size) + i] = Element(normal(random));
          }
        }
      }
      last_page_length[row] = (lengths[row] - 1) % page_size + 1;
    }
    for (int row = 0; row < qo_indptr[batch]; ++row) {
      for (int i = 0; i < heads * head_width; ++i) q[row * q_stride + i] = Element(normal(random));
    }
  }

  stapes_flashinfer_arguments arguments() {
    return {q.data(),       q_stride,    output.data(), int64_t(heads) * head_width, k.data(), v.data(), page_stride,
            head_stride,    indices.data(), indptr.data(), last_page_length.data(),  0.125f};
  }

  /// The largest difference from attention computed without pages, chunks or plans; infinite where a row was touched
  /// that should not have been.
  float error(bool causal) const {
    float error = 0;
    for (int request = 0; request < batch; ++request) {
      for (int query = 0; query < queries[request]; ++query) {
        const int row = qo_indptr[request] + query;
        const int seen = causal ? lengths[request] - queries[request] + query + 1 : lengths[request];
        for (int head = 0; head < heads; ++head) {
          std::vector<double> scores(seen);
          double sum = 0, expected[head_width] = {};
          for (int position = 0; position < seen; ++position) {
            const size_t at = offset(indices[indptr[request] + position / page_size], head, position % page_size);
            for (int i = 0; i < head_width; ++i) {
              scores[position] += double(float(q[row * q_stride + head * head_width + i])) * float(k[at + i]);
            }
            scores[position] = std::exp(scores[position] * 0.125);
            sum += scores[position];
            for (int i = 0; i < head_width; ++i) expected[i] += scores[position] * float(v[at + i]);
          }
          for (int i = 0; i < head_width; ++i) {
            const float got = float(output[(size_t(row) * heads + head) * head_width + i]);
            error = std::max(error, std::abs(got - float(expected[i] / sum)));
            if (std::isnan(got)) return INFINITY;
          }
        }
      }
    }
    for (size_t i = size_t(qo_indptr[batch]) * heads * head_width; i < output.size(); ++i) {
      if (float(output[i]) != float(Element(poison))) return INFINITY;
    }
    return error;
  }
};

template <typename Element>
constexpr stapes_flashinfer_type type_of =
    std::is_same_v<Element, __half> ? STAPES_FLASHINFER_FLOAT16 : STAPES_FLASHINFER_BFLOAT16;
/// Chunks and output are rounded to the element's type.
template <typename Element>
constexpr float tolerance = std::is_same_v<Element, __half> ? 4e-3f : 3e-2f;

/// Plans for what the device holds.
template <typename Element>
stapes_flashinfer_plan plan(
    Device<Element> &device, const stapes_flashinfer_shape &shape, bool prefill, Workspace &memory) {
  stapes_flashinfer_plan plan = {};
  if (prefill) {
    EXPECT_OK(stapes_flashinfer_prefill_plan(
        &shape, device.qo_indptr.data(), device.indptr.data(), shape.graph ? device.tokens : device.qo_indptr.back(),
        &memory.value, nullptr, &plan));
  } else {
    EXPECT_OK(stapes_flashinfer_decode_plan(&shape, device.indptr.data(), &memory.value, nullptr, &plan));
  }
  return plan;
}

/// Runs a plan, and keeps what was launched.
template <typename Element>
Recording<Element> run(Device<Element> &device, const stapes_flashinfer_plan &plan, bool causal) {
  Recording<Element> recording;
  fake::runtime.on_launch = [&](const fake::Launch &launch, void **arguments) { recording.add(launch, arguments); };
  const stapes_flashinfer_arguments arguments = device.arguments();
  cudaStream_t stream = reinterpret_cast<cudaStream_t>(0x77);
  fake::runtime.copies.clear();
  if (plan.kind == 2) {
    EXPECT_OK(stapes_flashinfer_prefill_run(&plan, &arguments, device.qo_indptr.data(), causal, stream));
  } else {
    EXPECT_OK(stapes_flashinfer_decode_run(&plan, &arguments, stream));
  }
  fake::runtime.on_launch = nullptr;
  EXPECT(fake::runtime.copies.empty());
  for (const fake::Launch &launch : recording.launches) EXPECT(launch.stream == stream);
  return recording;
}

void expect_error(float error, float limit, const stapes_flashinfer_shape &shape) {
  expect(
      error <= limit,
      "error " + std::to_string(error) + " (batch " + std::to_string(shape.batch) + ", page " +
          std::to_string(shape.page_size) + (shape.graph ? ", graph)" : ")"),
      __FILE__, __LINE__);
}

template <typename Element>
void decode_everywhere(int batch, int heads) {
  Random random(11);
  for (int page_size : {1, 16}) {
    for (bool graph : {false, true}) {
      const stapes_flashinfer_shape shape = make_shape(batch, heads, page_size, graph, type_of<Element>);
      Workspace memory(shape, 0);
      Device<Element> device(batch, heads, page_size, batch, page_size == 1, random);
      for (int maximum : {9, maximum_encoder_length}) {
        device.fill(random_lengths(random, batch, maximum), std::vector<int>(batch, 1));
        memory.poison();
        const stapes_flashinfer_plan made = plan(device, shape, false, memory);
        const Recording<Element> recording = run(device, made, false);
        EXPECT(recording.launches.size() == (made.numbers[9] ? 2u : 1u));
        recording.replay();
        expect_error(device.error(false), tolerance<Element>, shape);
      }
    }
  }
}

template <typename Element>
void prefill_everywhere(int batch, int most_queries) {
  Random random(12);
  for (int page_size : {1, 16}) {
    for (bool graph : {false, true}) {
      for (bool causal : {false, true}) {
        const stapes_flashinfer_shape shape = make_shape(batch, 2, page_size, graph, type_of<Element>);
        const int tokens = batch * most_queries;
        Workspace memory(shape, tokens);
        Device<Element> device(batch, 2, page_size, tokens, page_size == 1, random);
        std::vector<int> queries = random_lengths(random, batch, most_queries);
        std::vector<int> lengths = random_lengths(random, batch, causal ? 400 : maximum_encoder_length);
        for (int row = 0; causal && row < batch; ++row) lengths[row] = std::max(lengths[row], queries[row]);
        device.fill(lengths, queries);
        memory.poison();
        const stapes_flashinfer_plan made = plan(device, shape, true, memory);
        const Recording<Element> recording = run(device, made, causal);
        EXPECT(recording.launches.size() == (made.numbers[14] ? 2u : 1u));
        EXPECT(contains(recording.launches.at(0).kernel, causal ? "MaskModeE1E" : "MaskModeE0E"));
        recording.replay();
        expect_error(device.error(causal), tolerance<Element>, shape);
      }
    }
  }
}

TEST(decodeRunAttendsToEveryRowWhole) {
  decode_everywhere<__half>(3, 6);
  decode_everywhere<__nv_bfloat16>(3, 6);
}

TEST(decodeRunOfABatchThatFillsTheGPULaunchesOneKernel) {
  fake::runtime.multiprocessors = 2;
  const stapes_flashinfer_shape shape = make_shape(6, 2, 16, true);
  Random random(13);
  Workspace memory(shape, 0);
  Device<__half> device(6, 2, 16, 6, true, random);
  device.fill(random_lengths(random, 6, maximum_encoder_length), std::vector<int>(6, 1));
  const Recording<__half> recording = run(device, plan(device, shape, false, memory), false);
  EXPECT(recording.launches.size() == 1);
  recording.replay();
  expect_error(device.error(false), tolerance<__half>, shape);
}

TEST(prefillRunAttendsToEveryRequestWhole) {
  prefill_everywhere<__half>(3, 4);
  prefill_everywhere<__half>(2, 40);
  prefill_everywhere<__half>(2, 224);
  prefill_everywhere<__nv_bfloat16>(3, 4);
}

TEST(capturedDecodeRunIsReplayedAfterOtherPlans) {
  Random random(14);
  for (int page_size : {1, 16}) {
    const stapes_flashinfer_shape shape = make_shape(5, 6, page_size, true);
    Workspace memory(shape, 0);
    Device<__half> device(5, 6, page_size, 5, true, random);
    device.fill(std::vector<int>(5, maximum_encoder_length), std::vector<int>(5, 1));
    const stapes_flashinfer_plan captured = plan(device, shape, false, memory);
    const Recording<__half> graph = run(device, captured, false);
    EXPECT(graph.launches.size() == 2);
    for (int live : {5, 1, 3, 4}) {
      // Rows join and leave; the others are padding of one position.
      std::vector<int> lengths = random_lengths(random, 5, maximum_encoder_length);
      std::fill(lengths.begin() + live, lengths.end(), 1);
      device.fill(lengths, std::vector<int>(5, 1));
      EXPECT(same_bytes(plan(device, shape, false, memory), captured));
      graph.replay();
      expect_error(device.error(false), tolerance<__half>, shape);
    }
    // Without a new plan, a replay over longer rows is wrong.
    device.fill(std::vector<int>(5, maximum_encoder_length), std::vector<int>(5, 1));
    graph.replay();
    EXPECT(device.error(false) > 2 * tolerance<__half>);
  }
}

TEST(capturedPrefillRunIsReplayedAfterOtherPlans) {
  Random random(15);
  for (bool causal : {false, true}) {
    const stapes_flashinfer_shape shape = make_shape(4, 2, 16, true);
    const int tokens = 64;
    Workspace memory(shape, tokens);
    Device<__half> device(4, 2, 16, tokens, true, random);
    device.fill(std::vector<int>(4, maximum_decoder_length), std::vector<int>(4, 16));
    const stapes_flashinfer_plan captured = plan(device, shape, true, memory);
    const Recording<__half> graph = run(device, captured, causal);
    EXPECT(graph.launches.size() == 2);
    for (int live : {4, 1, 3}) {
      std::vector<int> queries = random_lengths(random, 4, 16), lengths = random_lengths(random, 4, 300);
      for (int row = 0; row < 4; ++row) {
        if (row >= live) queries[row] = 0;
        lengths[row] = row < live ? std::max(lengths[row], queries[row]) : 1;
      }
      device.fill(lengths, queries);
      EXPECT(same_bytes(plan(device, shape, true, memory), captured));
      graph.replay();
      expect_error(device.error(causal), tolerance<__half>, shape);
    }
  }
}

TEST(launchesInGraphModeHaveOneGridWhateverTheLengths) {
  Random random(16);
  for (bool prefill : {false, true}) {
    for (int batch : {1, 4, 40}) {
      const stapes_flashinfer_shape shape = make_shape(batch, 20, 16, true);
      const int tokens = prefill ? batch * 4 : batch;
      Workspace memory(shape, tokens);
      Device<__half> device(batch, 20, 16, tokens, true, random);
      device.fill(std::vector<int>(batch, 1), std::vector<int>(batch, 1));
      std::vector<fake::Launch> captured;
      for (int round = 0; round < 20; ++round) {
        const auto sums = running_sums(random_lengths(random, batch, maximum_encoder_length), 16);
        const auto queries = prefill ? random_lengths(random, batch, 4) : std::vector<int>(batch, 1);
        const auto query_sums = running_sums(queries, 1);
        std::copy(sums.begin(), sums.end(), device.indptr.begin());
        std::copy(query_sums.begin(), query_sums.end(), device.qo_indptr.begin());
        const std::vector<fake::Launch> now = run(device, plan(device, shape, prefill, memory), prefill).launches;
        if (round == 0) captured = now;
        EXPECT(now.size() == captured.size());
        for (size_t i = 0; i < now.size(); ++i) {
          EXPECT(now[i].kernel == captured[i].kernel);
          EXPECT(std::memcmp(&now[i].grid, &captured[i].grid, sizeof(dim3)) == 0);
          EXPECT(std::memcmp(&now[i].block, &captured[i].block, sizeof(dim3)) == 0);
          EXPECT(now[i].shared_bytes == captured[i].shared_bytes);
        }
      }
    }
  }
}

TEST(argumentsThatTheKernelsCannotReadAreErrors) {
  Random random(17);
  const stapes_flashinfer_shape shape = make_shape(2, 6, 16, false);
  Workspace memory(shape, 2);
  Device<__half> device(2, 6, 16, 2, true, random);
  device.fill({20, 30}, {1, 1});
  const stapes_flashinfer_plan good = plan(device, shape, false, memory);
  const auto expect_refused = [&](const char *part, auto change) {
    stapes_flashinfer_arguments arguments = device.arguments();
    stapes_flashinfer_plan plan = good;
    change(arguments, plan);
    EXPECT(stapes_flashinfer_decode_run(&plan, &arguments, nullptr) != 0);
    const std::string message = stapes_flashinfer_error();
    expect(contains(message, part), message, __FILE__, __LINE__);
  };
  using Arguments = stapes_flashinfer_arguments;
  using Plan = stapes_flashinfer_plan;
  expect_refused("null", [](Arguments &a, Plan &) { a.q = nullptr; });
  expect_refused("side by side", [](Arguments &a, Plan &) { a.output_row_stride *= 2; });
  expect_refused("aligned", [](Arguments &a, Plan &) { a.k = static_cast<const char *>(a.k) + 2; });
  expect_refused("multiple of 8", [](Arguments &a, Plan &) { a.page_stride += 1; });
  expect_refused("does not fit", [](Arguments &a, Plan &) { a.head_stride = int64_t(1) << 32; });
  expect_refused("overlap", [](Arguments &a, Plan &) { a.q_row_stride = 64; });
  expect_refused("another kind", [](Arguments &, Plan &p) { p.kind = 2; });
  expect_refused("another kind", [](Arguments &, Plan &p) { p = {}; });
  EXPECT(fake::runtime.launches.empty());

  fake::runtime.launch_status = cudaErrorIllegalAddress;
  expect_refused("illegal memory access", [](Arguments &, Plan &) {});
  EXPECT(cudaGetLastError() == cudaSuccess);
}

}  // namespace
