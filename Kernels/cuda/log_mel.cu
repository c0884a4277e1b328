// Log-mel of windows of samples, eight frames a block: windowed samples -> 16-point transforms -> 25-point transforms ->
// power -> filters -> log10, as the CPU's kernel does it (mel_body.h, mel_plan.h).
//
// 400 = 16 * 25 with no common factor: sample n = (25 a + 16 b) mod 400 goes to point a of the 16-point transform number
// b, and output j of the 25-point transform over outputs i of those is point k of the spectrum, with k mod 16 = i and
// k mod 25 = j. Of real samples outputs 0 to 8 are enough, and points above 200 mirror those below.
#include "device.cuh"

namespace log_mels {

constexpr int threads = 256, block_frames = STAPES_CUDA_MEL_FRAMES;
constexpr int hop = 160, size = 400, points = 201, half = size / 2;
constexpr int shorts = 16, longs = 25, rows = 9;
constexpr int samples = (block_frames - 1) * hop + size;

/// One number of padding for every 16, so that neighbours 16 samples apart lie in different banks.
static __device__ __forceinline__ constexpr int padded(int at) { return at + at / shorts; }

/// What a block shares.
struct memory {
  float samples[padded(log_mels::samples)];
  float window[padded(size)];
  float2 roots[longs];
  /// [frame, row i, transform b]
  float2 inner[block_frames * rows * longs];
  float power[block_frames * points];
};
static_assert(sizeof(memory) <= STAPES_CUDA_MEL_SHARED, "the shape of the launch has room for it");

/// The samples and tables of a block's frames. Before the first sample their reflection stands, past the last silence.
static __device__ __forceinline__ void load(memory &shared, const stapes_cuda_log_mel_arguments &args,
                                            const float *from, int count, int begin) {
  for (int i = threadIdx.x; i < samples; i += threads) {
    const int at = begin + i < 0 ? -(begin + i) : begin + i;
    shared.samples[padded(i)] = at < count ? from[at] : 0.0f;
  }
  for (int i = threadIdx.x; i < size; i += threads) shared.window[padded(i)] = args.window[i];
  for (int i = threadIdx.x; i < longs; i += threads) shared.roots[i] = make_float2(args.roots[2 * i], args.roots[2 * i + 1]);
}

/// Outputs 0 to 8 of the 16-point transform number `b` of a frame.
static __device__ __forceinline__ void transform_16(memory &shared, int frame, int b) {
  // cos(2 pi i / 16); the sine of i is the cosine of i - 4.
  constexpr float c1 = 0.92387953251128674f, c2 = 0.70710678118654752f, c3 = 0.38268343236508977f;
  constexpr float cosines[shorts] = {1, c1, c2, c3, 0, -c3, -c2, -c1, -1, -c1, -c2, -c3, 0, c3, c2, c1};
  float x[shorts];
#pragma unroll
  for (int a = 0; a < shorts; a++) {
    const int n = (longs * a + shorts * b) % size;
    x[a] = shared.samples[padded(frame * hop + n)] * shared.window[padded(n)];
  }
  // Points a and 16 - a have the same cosines, and sines of opposite signs.
  float sums[shorts / 2], differences[shorts / 2];
#pragma unroll
  for (int a = 1; a < shorts / 2; a++) sums[a] = x[a] + x[shorts - a], differences[a] = x[a] - x[shorts - a];
  float2 *out = shared.inner + frame * rows * longs + b;
#pragma unroll
  for (int i = 0; i < rows; i++) {
    float re = i % 2 ? x[0] - x[8] : x[0] + x[8], im = 0.0f;
#pragma unroll
    for (int a = 1; a < shorts / 2; a++) {
      re = fmaf(sums[a], cosines[a * i % shorts], re);
      im = fmaf(-differences[a], cosines[(a * i + 12) % shorts], im);
    }
    out[i * longs] = make_float2(re, im);
  }
}

static __device__ __forceinline__ float square(float re, float im) { return fmaf(re, re, __fmul_rn(im, im)); }

/// Outputs j and 25 - j of the 25-point transform of a row, which share their products, as power.
static __device__ __forceinline__ void transform_25(memory &shared, int frame, int i, int j) {
  const float2 *row = shared.inner + (frame * rows + i) * longs;
  float rc = 0.0f, rs = 0.0f, ic = 0.0f, is = 0.0f;
  int turn = 0;
#pragma unroll 5
  for (int b = 0; b < longs; b++) {
    const float2 y = row[b], root = shared.roots[turn];
    rc = fmaf(y.x, root.x, rc), rs = fmaf(y.x, root.y, rs);
    ic = fmaf(y.y, root.x, ic), is = fmaf(y.y, root.y, is);
    turn += j;
    if (turn >= longs) turn -= longs;
  }
  float *power = shared.power + frame * points;
  // 225 is 1 mod 16 and 0 mod 25, 176 the other way round.
  const int k = (225 * i + 176 * j) % size;
  power[k > half ? size - k : k] = square(rc + is, ic - rs);
  if (j == 0 || i == 0 || i == 8) return;
  const int other = (225 * i + 176 * (longs - j)) % size;
  power[other > half ? size - other : other] = square(rc - is, ic + rs);
}

static __device__ __forceinline__ float scaled(float value, float lowest) {
  return (fmaxf(value, lowest) + 4.0f) * 0.25f;
}

}  // namespace log_mels

KERNEL(log_mel, log_mels::threads)(const __grid_constant__ stapes_cuda_log_mel_arguments args) {
  using namespace log_mels;
  const int4 entry = reinterpret_cast<const int4 *>(args.windows)[blockIdx.y];
  const int count = entry.x, content = entry.z;
  if (content < 0) return;  // It was given features.
  const int first = blockIdx.x * block_frames, begin = first * hop - entry.y;
  const int bins = static_cast<int>(args.bins);
  const int frames = min(block_frames, static_cast<int>(args.frames) - first), heard = min(frames, content - first);
  float *out = args.features + blockIdx.y * args.feature_stride + static_cast<int64_t>(first) * bins;
  float loudest;
  memcpy(&loudest, &entry.w, sizeof loudest);
  const float lowest = loudest - 8.0f;
  // Nothing but silence is seen, or nothing at all.
  if (heard <= 0 || (begin >= count && begin >= 0)) {
    const float silence = scaled(-10.0f, lowest);
    for (int i = threadIdx.x; i < frames * bins; i += threads) out[i] = i < heard * bins ? silence : 0.0f;
    return;
  }
  memory &shared = *reinterpret_cast<memory *>(shared_memory());
  load(shared, args, args.samples + blockIdx.y * args.sample_stride, count, begin);
  __syncthreads();
  for (int i = threadIdx.x; i < heard * longs; i += threads) transform_16(shared, i / longs, i % longs);
  __syncthreads();
  constexpr int pairs = longs / 2 + 1;
  for (int i = threadIdx.x; i < heard * rows * pairs; i += threads) {
    transform_25(shared, i / (rows * pairs), i / pairs % rows, i % pairs);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < frames * bins; i += threads) {
    const int frame = i / bins, bin = i - frame * bins;
    if (frame >= heard) {
      out[i] = 0.0f;
      continue;
    }
    const stapes_cuda_mel_filter filter = args.filters[bin];
    const float *weights = args.weights + filter.weight, *power = shared.power + frame * points + filter.first;
    float mel = 0.0f;
    for (int j = 0; j < filter.count; j++) mel = fmaf(power[j], weights[j], mel);
    // Silence is exactly -10, as above.
    out[i] = scaled(mel > 1e-10f ? log10f(mel) : -10.0f, lowest);
  }
}
