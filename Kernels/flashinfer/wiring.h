// What decode.cu and prefill.cu share of FlashInfer: the kind of attention, and how pointers are handed to its kernels.
// They are wired as FlashInfer's own csrc/batch_decode.cu and csrc/batch_prefill_paged.cuh do it.
#pragma once

#include "boundary.h"

#include <flashinfer/attention/scheduler.cuh>
#include <flashinfer/attention/variants.cuh>
#include <flashinfer/page.cuh>

namespace stapes {

namespace fi = flashinfer;

using Attention = fi::DefaultAttention<
    /*use_custom_mask=*/false, /*use_sliding_window=*/false, /*use_logits_soft_cap=*/false, /*use_alibi=*/false>;
constexpr auto no_positions = fi::PosEncodingMode::kNone;

/// What a plan put into its workspace for a batch that it cut.
template <typename Element>
struct Chunks {
  Element *values = nullptr;
  float *sums = nullptr;
};

/// Fills in what decoding and prefill have in common.
template <typename Element, typename Parameters, typename Info>
Chunks<Element> wire(
    Parameters &parameters, const stapes_flashinfer_plan &plan, const Info &info,
    const stapes_flashinfer_arguments &arguments) {
  // In the order of the layout "heads, then positions": page, head, position.
  const int64_t strides[3] = {arguments.page_stride, arguments.head_stride, head_width};
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

  if (!info.split_kv) return {};
  return {
      fi::GetPtrFromBaseOffset<Element>(plan.floats, info.v_offset),
      fi::GetPtrFromBaseOffset<float>(plan.floats, info.s_offset)};
}

}  // namespace stapes
