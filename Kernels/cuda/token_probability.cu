// How likely given tokens were: a block for a row.
#include "row_sums.cuh"

KERNEL(token_probability, 1024)(const __grid_constant__ stapes_token_probability_arguments args) {
  auto warps = reinterpret_cast<row_sum *>(shared_memory());
  const int64_t row = blockIdx.x;
  const int lane = threadIdx.x % 32;
  const float *logits = args.logits + row * args.logits_stride;
  const row_sum sum = sum_warp(sum_part(logits, 0, static_cast<int>(args.limit)));
  if (lane == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x >= 32) return;
  const row_sum whole = sum_warp(warps[lane]);
  if (lane != 0) return;
  const int token = args.tokens[row];
  args.probabilities[row] =
      token >= 0 && token < args.limit ? expf(logits[token] - whole.maximum) / whole.total : 0.0f;
}
