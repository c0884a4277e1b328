// Prefill: several queries for each request, over its pages, by FlashInfer's FlashAttention 2 kernels.
#include "wiring.h"

// How many steps of 16 positions a warp holds: what FlashInfer chooses for heads of 64 given sm_90's shared memory. The
// other choices would be two thirds of the library, and the only kernels to spill.
#undef DISPATCH_NUM_MMA_KV
#define DISPATCH_NUM_MMA_KV(max_mma_kv, NUM_MMA_KV, ...)                          \
  {                                                                               \
    constexpr uint32_t NUM_MMA_KV = CTA_TILE_Q == 64 ? 8 : 4;                     \
    stapes::require((max_mma_kv) >= NUM_MMA_KV, "too little shared memory");      \
    __VA_ARGS__                                                                   \
  }

#include <flashinfer/attention/prefill.cuh>
#include <flashinfer/attention/default_prefill_params.cuh>
#include <flashinfer/attention/mask.cuh>

namespace stapes {
namespace {

template <typename Element>
using Parameters = fi::BatchPrefillPagedParams<Element, Element, Element, int32_t>;

/// Blocks that FlashInfer's plan puts on one multiprocessor.
constexpr int64_t blocks_per_multiprocessor = 2;
/// Query rows of one block: the largest and the smallest that FlashInfer chooses for heads of 64.
constexpr int64_t largest_tile = 128, smallest_tile = 16;

void check_queries(const stapes_flashinfer_shape &shape, const int32_t *qo_indptr, int32_t tokens) {
  require(qo_indptr, "qo_indptr is null");
  require(qo_indptr[0] == 0, "qo_indptr does not start at 0");
  for (int32_t row = 0; row < shape.batch; ++row) {
    require(qo_indptr[row + 1] >= qo_indptr[row], "qo_indptr falls");
  }
  require(tokens >= 1, "there are no tokens");
  if (shape.graph) {
    require(qo_indptr[shape.batch] <= tokens, "there are more query rows than the graph has room for");
    // FlashInfer sizes tiles by tokens - batch + 1, without a sign.
    require(tokens >= shape.batch, "the graph has room for fewer query rows than requests");
  } else {
    require(qo_indptr[shape.batch] == tokens, "tokens differ from qo_indptr");
  }
}

template <uint32_t tile, fi::MaskMode mask, typename Element>
cudaError_t launch(const Parameters<Element> &parameters, const Chunks<Element> &chunks, cudaStream_t stream) {
  return fi::BatchPrefillWithPagedKVCacheDispatched<
      /*SAME_KV_STRIDES=*/true, tile, head_width, head_width, no_positions, /*USE_FP16_QK_REDUCTION=*/false, mask,
      Attention, Parameters<Element>>(parameters, chunks.values, chunks.sums, /*enable_pdl=*/false, stream);
}

template <fi::MaskMode mask, typename Element>
cudaError_t launch(
    int64_t tile, const Parameters<Element> &parameters, const Chunks<Element> &chunks, cudaStream_t stream) {
  switch (tile) {
    case 16: return launch<16, mask>(parameters, chunks, stream);
    case 64: return launch<64, mask>(parameters, chunks, stream);
    case 128: return launch<128, mask>(parameters, chunks, stream);
  }
  throw std::runtime_error("the plan has an unknown tile");
}

template <typename Element>
void run(
    const stapes_flashinfer_plan &plan, const stapes_flashinfer_arguments &arguments, const int32_t *qo_indptr,
    bool causal, cudaStream_t stream) {
  fi::PrefillPlanInfo info;
  info.FromVector(std::vector<int64_t>(plan.numbers, plan.numbers + 15));

  Parameters<Element> parameters;
  const Chunks<Element> chunks = wire<Element>(parameters, plan, info, arguments);
  parameters.q_indptr = const_cast<int32_t *>(qo_indptr);
  parameters.group_size = fi::uint_fastdiv(1);
  parameters.qo_tile_indices = fi::GetPtrFromBaseOffset<int32_t>(plan.ints, info.qo_tile_indices_offset);
  parameters.max_total_num_rows = static_cast<uint32_t>(info.total_num_rows);
  if (info.split_kv) {
    parameters.merge_indptr = fi::GetPtrFromBaseOffset<int32_t>(plan.ints, info.merge_indptr_offset);
  }
  // In a graph the grid has blocks without work, and the merge learns on the device how many rows are live.
  if (info.enable_cuda_graph) {
    parameters.block_valid_mask = fi::GetPtrFromBaseOffset<bool>(plan.ints, info.block_valid_mask_offset);
    parameters.total_num_rows = fi::GetPtrFromBaseOffset<uint32_t>(plan.ints, info.total_num_rows_offset);
  }
  require(
      causal ? launch<fi::MaskMode::kCausal>(info.cta_tile_q, parameters, chunks, stream)
             : launch<fi::MaskMode::kNone>(info.cta_tile_q, parameters, chunks, stream),
      "launch");
}

}  // namespace

/// An upper bound rather than FlashInfer's own count: that one depends on how the tokens are spread over the requests.
stapes_flashinfer_sizes prefill_sizes(const stapes_flashinfer_shape &shape, int32_t tokens) {
  int device = 0, multiprocessors = 0;
  require(cudaGetDevice(&device), "sizes");
  require(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "sizes");
  const int64_t batch = shape.batch, heads = shape.heads;
  const int64_t resident = blocks_per_multiprocessor * multiprocessors / heads;
  const auto tiles = [&](int64_t tile) { return std::max(resident, (tokens + tile - 1) / tile + batch - 1); };

  // Chunks and their sums, in float32, as many rows as the tiles of a cut batch have.
  const int64_t float_bytes = heads * tiles(largest_tile) * largest_tile * (head_width + 1) * 4;
  // Request, query tile, chunk and mask of each block; two running sums; three numbers. Every array is aligned.
  const int64_t int_bytes = tiles(smallest_tile) * (3 * 4 + 1) + (batch + 1) * 4 + (tokens + 1) * 4 + 3 * 4 + 9 * 16;
  return {float_bytes + 16, int_bytes};
}

}  // namespace stapes

using namespace stapes;

int32_t stapes_flashinfer_prefill_plan(
    const stapes_flashinfer_shape *shape, const int32_t *qo_indptr, const int32_t *kv_indptr, int32_t tokens,
    const stapes_flashinfer_workspace *workspace, void *stream, stapes_flashinfer_plan *plan) {
  return guarded("prefill plan", [&] {
    check(*shape);
    check(*workspace);
    check_pages(kv_indptr, shape->batch);
    check_queries(*shape, qo_indptr, tokens);
    fi::PrefillPlanInfo info;
    require(
        fi::PrefillPlan<int32_t>(
            workspace->floats, workspace->sizes.float_bytes, workspace->ints, workspace->host_ints,
            workspace->sizes.int_bytes, info, const_cast<int32_t *>(qo_indptr), const_cast<int32_t *>(kv_indptr),
            tokens, shape->batch, shape->heads, shape->heads, head_width, head_width, shape->page_size, shape->graph,
            /*sizeof_dtype_o=*/2, /*window_left=*/-1, /*fixed_split_size=*/-1, /*disable_split_kv=*/false,
            /*num_colocated_ctas=*/0, /*uniform_q_len=*/0, static_cast<cudaStream_t>(stream), /*kv_dtype_bytes=*/2),
        "plan");
    *plan = make_plan(prefill, *shape, *workspace, info.ToVector());
  });
}

int32_t stapes_flashinfer_prefill_run(
    const stapes_flashinfer_plan *plan, const stapes_flashinfer_arguments *arguments, const int32_t *qo_indptr,
    bool causal, void *stream) {
  return guarded("prefill run", [&] {
    check(*plan, prefill, *arguments);
    require(qo_indptr, "qo_indptr is null");
    with_type(plan->shape.type, [&](auto element) {
      run<decltype(element)>(*plan, *arguments, qo_indptr, causal, static_cast<cudaStream_t>(stream));
    });
  });
}
