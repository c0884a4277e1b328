// FlashInfer's kernels, followed on the host: plain loops do with a kernel's parameters what the kernel does with them,
// block by block. So every pointer, stride and offset of the wiring is used; only the kernels' own arithmetic is not.
#pragma once

#include "support.h"

#include <flashinfer/attention/default_decode_params.cuh>
#include <flashinfer/attention/default_prefill_params.cuh>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace tests {

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

inline bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

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

}  // namespace tests
