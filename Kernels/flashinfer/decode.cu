// Decoding: one query for each row, over its pages.
#include "wiring.h"

#include <flashinfer/attention/decode.cuh>
#include <flashinfer/attention/default_decode_params.cuh>

namespace stapes {
namespace {

template <typename Element>
using Parameters = fi::BatchDecodeParams<Element, Element, Element, int32_t>;

/// How many chunks the GPU holds at once, by which FlashInfer cuts rows.
template <typename Element>
constexpr auto estimate_work = fi::BatchDecodeWithPagedKVCacheWorkEstimationDispatched<
    /*GROUP_SIZE=*/1, head_width, no_positions, Attention, Parameters<Element>>;

template <typename Element>
std::vector<int64_t> make_numbers(
    const stapes_flashinfer_shape &shape, const int32_t *kv_indptr, const stapes_flashinfer_workspace &workspace,
    cudaStream_t stream) {
  fi::DecodePlanInfo info;
  require(
      fi::DecodePlan<head_width, no_positions, Attention, Parameters<Element>>(
          workspace.floats, workspace.sizes.float_bytes, workspace.ints, workspace.host_ints, workspace.sizes.int_bytes,
          info, const_cast<int32_t *>(kv_indptr), shape.batch, shape.heads, shape.page_size, shape.graph, stream,
          estimate_work<Element>),
      "plan");
  return info.ToVector();
}

template <typename Element>
void run(const stapes_flashinfer_plan &plan, const stapes_flashinfer_arguments &arguments, cudaStream_t stream) {
  fi::DecodePlanInfo info;
  info.FromVector(std::vector<int64_t>(plan.numbers, plan.numbers + 10));

  Parameters<Element> parameters;
  const Chunks<Element> chunks = wire<Element>(parameters, plan, info, arguments);
  // Only a cut batch in a graph has blocks without work; otherwise the plan holds no mask.
  if (info.split_kv && info.enable_cuda_graph) {
    parameters.block_valid_mask = fi::GetPtrFromBaseOffset<bool>(plan.ints, info.block_valid_mask_offset);
  }
  require(
      fi::BatchDecodeWithPagedKVCacheDispatched<head_width, no_positions, Attention>(
          parameters, chunks.values, chunks.sums, /*enable_pdl=*/false, stream),
      "launch");
}

}  // namespace

stapes_flashinfer_sizes decode_sizes(const stapes_flashinfer_shape &shape) {
  stapes_flashinfer_sizes sizes = {0, 0};
  // A batch is cut only while it alone does not fill the GPU, and then needs the same whatever its size; a larger one
  // needs no floats, and ints by its rows. Graph mode reserves the most in both cases. So the ends suffice.
  for (int32_t batch : {1, shape.batch}) {
    std::vector<int32_t> one_page_each(batch + 1);
    for (int32_t row = 0; row <= batch; ++row) one_page_each[row] = row;
    size_t float_bytes = 0, int_bytes = 0;
    with_type(shape.type, [&](auto element) {
      using Element = decltype(element);
      require(
          fi::DecodePlanWorkspaceSize<head_width, no_positions, Attention, Parameters<Element>>(
              float_bytes, int_bytes, one_page_each.data(), batch, shape.heads, shape.page_size,
              /*enable_cuda_graph=*/true, nullptr, estimate_work<Element>),
          "sizes");
    });
    sizes.float_bytes = std::max(sizes.float_bytes, static_cast<int64_t>(float_bytes));
    sizes.int_bytes = std::max(sizes.int_bytes, static_cast<int64_t>(int_bytes));
  }
  return sizes;
}

}  // namespace stapes

using namespace stapes;

int32_t stapes_flashinfer_abi() { return STAPES_FLASHINFER_ABI; }

const char *stapes_flashinfer_version() { return STAPES_FLASHINFER_VERSION; }

const char *stapes_flashinfer_error() { return last_error.c_str(); }

int32_t stapes_flashinfer_workspace_sizes(
    const stapes_flashinfer_shape *shape, int32_t tokens, stapes_flashinfer_sizes *sizes) {
  return guarded("workspace sizes", [&] {
    check(*shape);
    require(tokens >= 0, "the number of tokens is negative");
    stapes_flashinfer_sizes all = decode_sizes(*shape);
    if (tokens > 0) {
      const stapes_flashinfer_sizes more = prefill_sizes(*shape, tokens);
      all.float_bytes = std::max(all.float_bytes, more.float_bytes);
      all.int_bytes = std::max(all.int_bytes, more.int_bytes);
    }
    *sizes = all;
  });
}

int32_t stapes_flashinfer_decode_plan(
    const stapes_flashinfer_shape *shape, const int32_t *kv_indptr, const stapes_flashinfer_workspace *workspace,
    void *stream, stapes_flashinfer_plan *plan) {
  return guarded("decode plan", [&] {
    check(*shape);
    check(*workspace);
    check_pages(kv_indptr, shape->batch);
    with_type(shape->type, [&](auto element) {
      *plan = make_plan(
          decoding, *shape, *workspace,
          make_numbers<decltype(element)>(*shape, kv_indptr, *workspace, static_cast<cudaStream_t>(stream)));
    });
  });
}

int32_t stapes_flashinfer_decode_run(
    const stapes_flashinfer_plan *plan, const stapes_flashinfer_arguments *arguments, void *stream) {
  return guarded("decode run", [&] {
    check(*plan, decoding, *arguments);
    with_type(plan->shape.type, [&](auto element) {
      run<decltype(element)>(*plan, *arguments, static_cast<cudaStream_t>(stream));
    });
  });
}
