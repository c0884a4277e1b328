// Kernels that show what the emulator finds: stapes_emulator_test_kernels.h says what each does.
#include "../../Kernels/cuda/device.cuh"

#include "include/stapes_emulator_test_kernels.h"

typedef stapes_emulator_test_arguments arguments;

static inline float *outputs(const arguments &args) { return static_cast<float *>(args.output); }
static inline const float *inputs(const arguments &args) { return static_cast<const float *>(args.input); }

KERNEL(test_fill, 256)(const __grid_constant__ arguments args) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < args.count) outputs(args)[i] = args.value;
}

KERNEL(test_add, 256)(const __grid_constant__ arguments args) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < args.count) outputs(args)[i] += inputs(args)[i];
}

KERNEL(test_neighbour, 1024)(const __grid_constant__ arguments args) {
  auto shared = reinterpret_cast<float *>(shared_memory());
  unsigned i = threadIdx.x;
  shared[i] = inputs(args)[i];
  if (!args.wrong) __syncthreads();
  outputs(args)[i] = shared[i ^ 1];
}

KERNEL(test_across, 1024)(const __grid_constant__ arguments args) {
  auto shared = reinterpret_cast<float *>(shared_memory());
  unsigned i = threadIdx.x;
  shared[i] = inputs(args)[i];
  __syncwarp();
  if (!args.wrong) __syncthreads();
  outputs(args)[i] = shared[(i + 32) % blockDim.x];
}

KERNEL(test_scratch, 1024)(const __grid_constant__ arguments args) {
  auto shared = reinterpret_cast<float *>(shared_memory());
  unsigned i = threadIdx.x, warp = i / 32;
  float *scratch = shared + (args.wrong ? 0 : warp);
  if (i % 32 == 0) *scratch = inputs(args)[warp];
  __syncwarp();
  outputs(args)[i] = *scratch;
}

KERNEL(test_last_block, 256)(const __grid_constant__ arguments args) {
  auto arrived = reinterpret_cast<unsigned *>(shared_memory());
  auto counters = static_cast<unsigned *>(args.output);
  float *parts = outputs(args) + 4;
  atomicAdd(counters, 1u);
  atomicMax(counters + 1, blockIdx.x * blockDim.x + threadIdx.x);
  parts[blockIdx.x * blockDim.x + threadIdx.x] = inputs(args)[threadIdx.x] * float(blockIdx.x);
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) *arrived = atomicAdd(counters + 2, 1u);
  __syncthreads();
  if (*arrived + 1 != gridDim.x || threadIdx.x != 0) return;
  float sum = 0;
  for (unsigned i = 0; i < gridDim.x * blockDim.x; i++) sum += parts[i];
  outputs(args)[3] = sum;
}

KERNEL(test_block_fails, 256)(const __grid_constant__ arguments args) {
  __syncthreads();
  if (blockIdx.x >= args.count && threadIdx.x == 7) *reinterpret_cast<volatile float *>(16) = 1;
}

KERNEL(test_product, 32)(const __grid_constant__ arguments args) {
  auto a = reinterpret_cast<half_t *>(shared_memory()), b = a + 16 * 16;
  for (int i = threadIdx.x; i < 16 * 16; i += 32) a[i] = static_cast<const half_t *>(args.input)[i];
  for (int i = threadIdx.x; i < 8 * 16; i += 32) b[i] = static_cast<const half_t *>(args.other)[i];
  __syncthreads();
  int lane = threadIdx.x, group = lane / 4, quad = lane % 4;
  uint32_t fragment[4], columns[4], pair[2];
  load_matrix_x4(fragment, a + 16 * (lane % 16) + 8 * (lane / 16));
  // Two matrices are enough; the other half of the lanes give the same rows again.
  load_matrix_x4(columns, b + 16 * (lane % 8) + 8 * (lane / 8 % 2));
  pair[0] = columns[0];
  pair[1] = columns[1];
  float sums[4] = {};
  mma_16x8x16<half_t>(sums, fragment, pair);
  for (int i = 0; i < 4; i++) outputs(args)[8 * (group + 8 * (i >> 1)) + 2 * quad + (i & 1)] = sums[i];
}

KERNEL(test_transposed, 32)(const __grid_constant__ arguments args) {
  auto rows = reinterpret_cast<uint16_t *>(shared_memory());
  for (int i = threadIdx.x; i < 32 * 8; i += 32) rows[i] = static_cast<const uint16_t *>(args.input)[i];
  __syncthreads();
  uint32_t r[4];
  load_matrix_x4_transposed(r, rows + 8 * threadIdx.x);
  auto output = static_cast<uint16_t *>(args.output);
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 2; j++)
      output[32 * (threadIdx.x / 4) + 8 * i + 2 * (threadIdx.x % 4) + j] = uint16_t(r[i] >> 16 * j);
}

KERNEL(test_copy, 256)(const __grid_constant__ arguments args) {
  auto shared = reinterpret_cast<float4 *>(shared_memory());
  unsigned i = threadIdx.x;
  copy_async_16(shared + i, static_cast<const float4 *>(args.input) + i, true);
  copy_async_commit();
  if (!args.wrong) copy_async_wait<0>();
  __syncthreads();
  static_cast<float4 *>(args.output)[i] = shared[i];
}

KERNEL(test_sums, 1024)(const __grid_constant__ arguments args) {
  float sum = inputs(args)[threadIdx.x];
  if (args.wrong && threadIdx.x == 0) {
    __syncwarp();
    return;
  }
  for (int bits = 16; bits; bits /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, bits);
  outputs(args)[threadIdx.x] = sum;
}

KERNEL(test_ends, 256)(const __grid_constant__ arguments args) {
  if (args.wrong && threadIdx.x == 1) return;
  __syncthreads();
}

KERNEL(test_overrun, 256)(const __grid_constant__ arguments args) {
  if (threadIdx.x == 0) reinterpret_cast<float *>(shared_memory())[args.count - !args.wrong] = 1;
}

KERNEL(test_wild, 256)(const __grid_constant__ arguments args) {
  if (threadIdx.x == 5) outputs(args)[args.count] = 1;
}

KERNEL(test_waits, 256)(const __grid_constant__ arguments args) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  let_dependents_begin();
  if (args.wrong == 1 && i >= args.count) return;
  float x = args.wrong == 3 && i < args.count ? inputs(args)[i] : 0;
  if (args.wrong == 4 && i < args.count) outputs(args)[i] = 0;
  wait_for_predecessors();
  if (args.wrong == 2 && threadIdx.x == 3) wait_for_predecessors();
  if (i >= args.count) return;
  if (args.wrong != 3) x = inputs(args)[i];
  outputs(args)[i] += x;
}

static float deep(float x, int depth) {
  volatile float kept[256] = {x};
  return depth ? kept[depth % 256] + deep(x, depth - 1) + kept[0] : x;
}

KERNEL(test_deep, 256)(const __grid_constant__ arguments args) { outputs(args)[0] = deep(args.value, 1 << 20); }
