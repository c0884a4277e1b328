// Decoding: one query for each row, over its pages. Pointers are wired as FlashInfer's csrc/batch_decode.cu does it.
#include "boundary.h"

#include <flashinfer/attention/decode.cuh>
#include <flashinfer/attention/default_decode_params.cuh>
#include <flashinfer/attention/scheduler.cuh>
#include <flashinfer/attention/variants.cuh>

namespace stapes {
namespace {

namespace fi = flashinfer;

using Attention = fi::DefaultAttention<
    /*use_custom_mask=*/false, /*use_sliding_window=*/false, /*use_logits_soft_cap=*/false, /*use_alibi=*/false>;
constexpr auto no_positions = fi::PosEncodingMode::kNone;

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

  // In the order of the layout "heads, then positions": page, head, position.
  const int64_t strides[3] = {arguments.page_stride, arguments.head_stride, head_width};
  Parameters<Element> parameters;
  parameters.q = static_cast<Element *>(const_cast<void *>(arguments.q));
  parameters.paged_kv = fi::paged_kv_t<Element, int32_t>(
      plan.shape.heads, plan.shape.page_size, head_width, plan.shape.batch, fi::QKVLayout::kHND,
      static_cast<Element *>(const_cast<void *>(arguments.k)), static_cast<Element *>(const_cast<void *>(arguments.v)),
      strides, const_cast<int32_t *>(arguments.indices), const_cast<int32_t *>(arguments.indptr),
      const_cast<int32_t *>(arguments.last_page_length));
  parameters.o = static_cast<Element *>(arguments.output);
  parameters.num_qo_heads = plan.shape.heads;
  parameters.q_stride_n = static_cast<int32_t>(arguments.q_row_stride);
  parameters.q_stride_h = head_width;
  parameters.window_left = -1;
  parameters.sm_scale = arguments.scale;

  parameters.request_indices = fi::GetPtrFromBaseOffset<int32_t>(plan.ints, info.request_indices_offset);
  parameters.kv_tile_indices = fi::GetPtrFromBaseOffset<int32_t>(plan.ints, info.kv_tile_indices_offset);
  parameters.o_indptr = fi::GetPtrFromBaseOffset<int32_t>(plan.ints, info.o_indptr_offset);
  parameters.kv_chunk_size_ptr = fi::GetPtrFromBaseOffset<int32_t>(plan.ints, info.kv_chunk_size_ptr_offset);
  parameters.padded_batch_size = static_cast<uint32_t>(info.padded_batch_size);

  Element *chunks = nullptr;
  float *chunk_sums = nullptr;
  if (info.split_kv) {
    chunks = fi::GetPtrFromBaseOffset<Element>(plan.floats, info.v_offset);
    chunk_sums = fi::GetPtrFromBaseOffset<float>(plan.floats, info.s_offset);
    // Only a cut batch in a graph has blocks without work; otherwise the plan holds no mask.
    if (info.enable_cuda_graph) {
      parameters.block_valid_mask = fi::GetPtrFromBaseOffset<bool>(plan.ints, info.block_valid_mask_offset);
    }
  }
  require(
      fi::BatchDecodeWithPagedKVCacheDispatched<head_width, no_positions, Attention>(
          parameters, chunks, chunk_sums, /*enable_pdl=*/false, stream),
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
