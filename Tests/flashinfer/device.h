// A batch on the fake device, and what attention over it must come to.
#pragma once

#include "support.h"

#include <algorithm>
#include <cmath>

namespace tests {

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

}  // namespace tests
