// What the kernels of Kernels/cuda find in place of the device's own functions when a C++ compiler compiles them
// (device.cuh with STAPES_EMULATED): each thread of a block is a fiber, barriers and warp functions are where fibers
// meet, and what a GPU would do wrong in silence is an error here that names kernel, block and thread.
//
// A kernel is compiled in by a file kernels_<name>.cpp of one line, `#include "../../Kernels/cuda/<name>.cu"`.
//
// Not modelled: memory order, blocks that wait for each other, the rounding of tensor cores (products are exact, sums
// float32 in the order of k), warps in lockstep.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

// The argument structs are C headers annotated for Swift, which only clang reads.
#ifndef __clang__
#define _Nonnull
#define _Nullable
#endif

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(bytes) alignas(bytes)

// MARK: Vectors

struct uint3 { unsigned x, y, z; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
static inline int2 make_int2(int x, int y) { return {x, y}; }
static inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

// MARK: Blocks and threads

struct emulator_block;

/// What a warp function does once all its lanes have come: `lanes[i]` is what lane i brought, null outside the mask.
typedef void (*emulator_operation)(void *const *lanes);

/// A copy that `copy_async_16` has begun; it is made when its group is waited for.
struct emulator_copy {
  void *to;
  const void *from;
  bool valid;
};

/// The copies of a thread that are not made yet.
struct emulator_copies {
  std::vector<emulator_copy> begun;
  /// Ends of the committed groups in `begun`.
  std::vector<size_t> groups;

  void clear() {
    begun.clear();
    groups.clear();
  }
};

/// A thread of the block that runs.
struct emulator_thread {
  uint3 index;
  unsigned linear;
  emulator_block *block;
  emulator_copies *copies;
  /// How often it has waited for the kernels before.
  unsigned waits;
};

/// What the threads of a block have in common.
struct emulator_block {
  uint3 index, threads, grid;
  char *shared;
  size_t shared_bytes;
};

/// The thread that runs now on this thread of the host.
extern __thread emulator_thread *emulator_now;

#define threadIdx (emulator_now->index)
#define blockIdx (emulator_now->block->index)
#define blockDim (emulator_now->block->threads)
#define gridDim (emulator_now->block->grid)
#define warpSize 32

/// Ends the launch with an error that names the running thread, and does not return.
[[noreturn]] void emulator_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Waits until all threads of the block have come here.
void emulator_barrier(int line);

/// Waits until all lanes of `mask` have come here. The last one runs `operation`.
void emulator_meet(const char *name, emulator_operation operation, unsigned mask, void *lane, int line);

/// Notes that the thread has waited for the kernels before, and ends the launch where a kernel breaks its rule
/// (device.cuh).
void emulator_wait_for_predecessors(int line);

// MARK: Kernels

/// A kernel by name, its greatest block, and how it is called with a pointer to its one argument.
struct emulator_kernel {
  const char *name;
  unsigned threads;
  size_t argument_bytes;
  void (*call)(const void *arguments);
};

void emulator_register(const emulator_kernel &kernel);

// KERNEL stands before the parameters of a function that is not declared yet, so their type is found backwards: the
// call is a template, looked up at the end of the file by the namespace of what it is given, and what it is given
// turns into whatever the kernel takes. Doing so enters the kernel.
template <typename Kernel>
struct emulator_arguments {
  const void *bytes;
  template <typename T>
  operator T() const;
};

template <typename Kernel>
static void emulator_call(const void *bytes) {
  Kernel::call(emulator_arguments<Kernel>{bytes});
}

template <typename Kernel, typename T>
struct emulator_entry {
  static bool entered;
};
template <typename Kernel, typename T>
bool emulator_entry<Kernel, T>::entered =
    (emulator_register({Kernel::name(), Kernel::threads, sizeof(T), &emulator_call<Kernel>}), true);

template <typename Kernel>
template <typename T>
emulator_arguments<Kernel>::operator T() const {
  (void)&emulator_entry<Kernel, T>::entered;
  return *static_cast<const T *>(bytes);
}

/// Of launch bounds, the greatest block. How many blocks share a multiprocessor is nothing to us.
template <typename... Others>
static constexpr unsigned emulator_bound(unsigned threads, Others...) {
  return threads;
}

#define KERNEL(kernel, bounds)                                                                           \
  namespace {                                                                                            \
  struct emulated_##kernel {                                                                             \
    static const char *name() { return "stapes_cuda_" #kernel; }                                         \
    static constexpr unsigned threads = emulator_bound(bounds);                                          \
    template <typename Arguments>                                                                        \
    static void call(Arguments arguments) { stapes_cuda_##kernel(arguments); }                           \
  };                                                                                                     \
  __attribute__((used)) void (*emulated_call_##kernel)(const void *) = emulator_call<emulated_##kernel>; \
  }                                                                                                      \
  extern "C" void stapes_cuda_##kernel

// MARK: Meeting

static inline void __syncthreads(int line = __builtin_LINE()) { emulator_barrier(line); }
static inline void __syncwarp(unsigned mask = 0xffffffffu, int line = __builtin_LINE()) {
  emulator_meet("__syncwarp", nullptr, mask, nullptr, line);
}
static inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_block() {}
static inline void __threadfence_system() { __threadfence(); }

template <typename T>
struct emulator_shuffle {
  T value, result;
  unsigned source;
};

template <typename T>
static void emulator_shuffle_all(void *const *lanes) {
  for (int i = 0; i < 32; i++) {
    if (!lanes[i]) continue;
    auto lane = static_cast<emulator_shuffle<T> *>(lanes[i]);
    auto source = static_cast<const emulator_shuffle<T> *>(lanes[lane->source]);
    if (!source) emulator_fail("lane %d shuffles from lane %u, which is not in the mask", i, lane->source);
    lane->result = source->value;
  }
}

template <typename T>
static inline T emulator_shuffled(const char *name, unsigned mask, T value, unsigned source, int line) {
  emulator_shuffle<T> lane = {value, value, source};
  emulator_meet(name, emulator_shuffle_all<T>, mask, &lane, line);
  return lane.result;
}

static inline unsigned emulator_lane() { return emulator_now->linear % 32; }

template <typename T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32, int line = __builtin_LINE()) {
  unsigned lane = emulator_lane(), segment = lane & ~(width - 1u);
  return emulator_shuffled("__shfl_sync", mask, value, segment + (source & (width - 1)), line);
}
template <typename T>
static inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, int line = __builtin_LINE()) {
  unsigned lane = emulator_lane(), segment = lane & ~(width - 1u), source = lane ^ unsigned(bits);
  return emulator_shuffled("__shfl_xor_sync", mask, value, source < segment + width ? source : lane, line);
}
template <typename T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, int line = __builtin_LINE()) {
  unsigned lane = emulator_lane(), segment = lane & ~(width - 1u), source = lane + by;
  return emulator_shuffled("__shfl_down_sync", mask, value, source < segment + width ? source : lane, line);
}
template <typename T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, int line = __builtin_LINE()) {
  unsigned lane = emulator_lane(), segment = lane & ~(width - 1u);
  return emulator_shuffled("__shfl_up_sync", mask, value, lane >= segment + by ? lane - by : lane, line);
}

struct emulator_vote {
  bool value;
  unsigned result;
};

static inline void emulator_vote_all(void *const *lanes) {
  unsigned ballot = 0;
  for (int i = 0; i < 32; i++)
    if (lanes[i] && static_cast<emulator_vote *>(lanes[i])->value) ballot |= 1u << i;
  for (int i = 0; i < 32; i++)
    if (lanes[i]) static_cast<emulator_vote *>(lanes[i])->result = ballot;
}

static inline unsigned __ballot_sync(unsigned mask, int value, int line = __builtin_LINE()) {
  emulator_vote vote = {value != 0, 0};
  emulator_meet("a vote", emulator_vote_all, mask, &vote, line);
  return vote.result;
}
static inline int __any_sync(unsigned mask, int value, int line = __builtin_LINE()) {
  return __ballot_sync(mask, value, line) != 0;
}
static inline int __all_sync(unsigned mask, int value, int line = __builtin_LINE()) {
  return __ballot_sync(mask, value, line) == mask;
}

// MARK: Atomics. Fibers change only where they meet, but other blocks may run on other threads of the host.

/// Sets `*at` to what `changed` makes of its value, and gives the value before.
template <typename T, typename Change>
static inline T emulator_change(T *at, Change changed) {
  T old, now;
  __atomic_load(at, &old, __ATOMIC_SEQ_CST);
  do now = changed(old);
  while (!__atomic_compare_exchange(at, &old, &now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  return old;
}
template <typename T>
static inline T emulator_add(T *at, T by) {
  return emulator_change(at, [by](T old) { return T(old + by); });
}
template <typename T>
static inline T emulator_exchange(T *at, T value) {
  return emulator_change(at, [value](T) { return value; });
}
static inline int atomicAdd(int *at, int by) { return emulator_add(at, by); }
static inline unsigned atomicAdd(unsigned *at, unsigned by) { return emulator_add(at, by); }
static inline float atomicAdd(float *at, float by) { return emulator_add(at, by); }
static inline unsigned long long atomicAdd(unsigned long long *at, unsigned long long by) {
  return emulator_add(at, by);
}
static inline unsigned atomicInc(unsigned *at, unsigned last) {
  return emulator_change(at, [last](unsigned old) { return old >= last ? 0u : old + 1; });
}
static inline int atomicExch(int *at, int value) { return emulator_exchange(at, value); }
static inline unsigned atomicExch(unsigned *at, unsigned value) { return emulator_exchange(at, value); }
static inline float atomicExch(float *at, float value) { return emulator_exchange(at, value); }
template <typename T>
static inline T atomicMax(T *at, std::common_type_t<T> by) {
  return emulator_change(at, [by](T old) { return old < by ? by : old; });
}
template <typename T>
static inline T atomicMin(T *at, std::common_type_t<T> by) {
  return emulator_change(at, [by](T old) { return by < old ? by : old; });
}
template <typename T>
static inline T atomicOr(T *at, std::common_type_t<T> value) {
  return emulator_change(at, [value](T old) { return T(old | value); });
}
template <typename T>
static inline T atomicCAS(T *at, std::common_type_t<T> expected, std::common_type_t<T> value) {
  return emulator_change(at, [expected, value](T old) { return old == expected ? value : old; });
}

// MARK: Numbers

template <typename To, typename From>
static inline To emulator_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "bits of one size");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}
static inline float __int_as_float(int x) { return emulator_bits<float>(x); }
static inline float __uint_as_float(unsigned x) { return emulator_bits<float>(x); }
static inline int __float_as_int(float x) { return emulator_bits<int>(x); }
static inline unsigned __float_as_uint(float x) { return emulator_bits<unsigned>(x); }

// Macros, because a C library may have functions of these names.
#define rsqrtf(x) (1.0f / sqrtf(x))
#define __expf(x) expf(x)
#define __logf(x) logf(x)
#define __log2f(x) log2f(x)
// A library's are calls.
#define fmaxf(x, y) emulator_greater(x, y)
#define fminf(x, y) emulator_less(x, y)
static inline float emulator_greater(float x, float y) { return x >= y || y != y ? x : y; }
static inline float emulator_less(float x, float y) { return x <= y || y != y ? x : y; }
static inline float __frsqrt_rn(float x) { return 1.0f / sqrtf(x); }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __fdiv_rn(float x, float y) { return x / y; }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fsub_rn(float x, float y) { return x - y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
static inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
static inline int __float2int_rn(float x) { return int(lrintf(x)); }
static inline float __int2float_rn(int x) { return float(x); }
static inline float __uint2float_rn(unsigned x) { return float(x); }

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline unsigned __umulhi(unsigned x, unsigned y) { return unsigned((uint64_t(x) * y) >> 32); }
static inline unsigned __brev(unsigned x) {
  unsigned y = 0;
  for (int i = 0; i < 32; i++) y |= ((x >> i) & 1u) << (31 - i);
  return y;
}

template <typename A, typename B, typename = std::enable_if_t<std::is_arithmetic_v<A> && std::is_arithmetic_v<B>>>
static inline std::common_type_t<A, B> min(A a, B b) {
  typedef std::common_type_t<A, B> T;
  if constexpr (std::is_floating_point_v<T>) return std::fmin(T(a), T(b));
  return T(b) < T(a) ? T(b) : T(a);
}
template <typename A, typename B, typename = std::enable_if_t<std::is_arithmetic_v<A> && std::is_arithmetic_v<B>>>
static inline std::common_type_t<A, B> max(A a, B b) {
  typedef std::common_type_t<A, B> T;
  if constexpr (std::is_floating_point_v<T>) return std::fmax(T(a), T(b));
  return T(a) < T(b) ? T(b) : T(a);
}

/// An address that the device would refuse for an access of `sizeof(T)` bytes.
template <typename T>
static inline void emulator_check_aligned(const void *address) {
  if (reinterpret_cast<uintptr_t>(address) % sizeof(T)) emulator_fail("%p is no multiple of %zu", address, sizeof(T));
}
template <typename T>
static inline T __ldg(const T *from) {
  emulator_check_aligned<T>(from);
  return *from;
}
template <typename T>
static inline T __ldcs(const T *from) { return __ldg(from); }
template <typename T>
static inline T __ldcg(const T *from) { return __ldg(from); }
template <typename T>
static inline void __stcs(T *to, T value) {
  emulator_check_aligned<T>(to);
  *to = value;
}
static inline uint4 load_constant_16(const void *from) { return __ldg(static_cast<const uint4 *>(from)); }
static inline uint4 load_16(const void *from) { return __ldg(static_cast<const uint4 *>(from)); }

// MARK: 16-bit types

struct half_t {
  uint16_t bits;
};
struct bfloat_t {
  uint16_t bits;
};

static inline float to_float(float x) { return x; }
static inline float to_float(bfloat_t x) { return emulator_bits<float>(uint32_t(x.bits) << 16); }
static inline float to_float(half_t x) {
  uint32_t magnitude = uint32_t(x.bits & 0x7fff) << 13, sign = uint32_t(x.bits & 0x8000) << 16;
  // The exponent's bias differs by 112; a product moves subnormal numbers too.
  uint32_t moved = emulator_bits<uint32_t>(emulator_bits<float>(magnitude) * 0x1p112f);
  return emulator_bits<float>((magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : moved) | sign);
}

template <typename T>
static inline T from_float(float x);
template <>
inline float from_float<float>(float x) { return x; }
template <>
inline bfloat_t from_float<bfloat_t>(float x) {
  uint32_t bits = emulator_bits<uint32_t>(x);
  if (x != x) return {0x7fff};
  return {uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}
template <>
inline half_t from_float<half_t>(float x) {
  if (x != x) return {0x7fff};
  if (x > 65504.0f) x = 65504.0f;
  if (x < -65504.0f) x = -65504.0f;
  uint16_t sign = uint16_t((emulator_bits<uint32_t>(x) >> 16) & 0x8000);
  float magnitude = fabsf(x);
  // Below the normal numbers, adding 0.5 leaves the multiple of 2^-24 in the last bits, rounded as float32 rounds.
  if (magnitude < 0x1p-14f) return {uint16_t((emulator_bits<uint32_t>(magnitude + 0.5f) & 0x7ff) | sign)};
  uint32_t bits = emulator_bits<uint32_t>(magnitude);
  bits += 0xfff + ((bits >> 13) & 1);
  return {uint16_t(((bits >> 13) - (112u << 10)) | sign)};
}

// MARK: E4M3

struct float8_t {
  uint8_t bits;
};

static inline float to_float(float8_t x) {
  uint32_t magnitude = uint32_t(x.bits & 0x7f) << 20, sign = uint32_t(x.bits & 0x80) << 24;
  // The exponent's bias differs by 120.
  uint32_t moved = emulator_bits<uint32_t>(emulator_bits<float>(magnitude) * 0x1p120f);
  return emulator_bits<float>((magnitude == 0x07f00000u ? 0x7fffffffu : moved) | sign);
}
template <>
inline float8_t from_float<float8_t>(float x) {
  uint8_t sign = uint8_t(emulator_bits<uint32_t>(x) >> 24 & 0x80);
  if (x != x) return {0x7f};
  float magnitude = fminf(fabsf(x), 448.0f);
  // Below the normal numbers, adding 2^14 leaves the multiple of 2^-9 in the last bits, rounded as float32 rounds.
  if (magnitude < 0x1p-6f) return {uint8_t((emulator_bits<uint32_t>(magnitude + 0x1p14f) & 0xf) | sign)};
  uint32_t bits = emulator_bits<uint32_t>(magnitude);
  bits += 0x7ffff + ((bits >> 20) & 1);
  return {uint8_t(((bits >> 20) - (120u << 3)) | sign)};
}
static inline uint32_t float8_pair(float low, float high) {
  return uint32_t(from_float<float8_t>(high).bits) << 8 | from_float<float8_t>(low).bits;
}
template <typename T>
static inline uint32_t widened_pair(uint32_t pair) {
  T low = from_float<T>(to_float(float8_t{uint8_t(pair)})), high = from_float<T>(to_float(float8_t{uint8_t(pair >> 8)}));
  return uint32_t(high.bits) << 16 | low.bits;
}

// MARK: Tensor cores

// Four numbers side by side, as every processor has them.
typedef int32_t emulator_ints __attribute__((vector_size(16)));
typedef uint32_t emulator_bits4 __attribute__((vector_size(16)));
typedef float emulator_floats __attribute__((vector_size(16)));

/// Four as `to_float` has one, of numbers of 16 bits.
template <typename T>
static inline emulator_floats emulator_to_floats(emulator_ints bits) {
  if constexpr (!std::is_same_v<T, half_t>) return (emulator_floats)(bits << 16);
  emulator_ints magnitude = (bits & 0x7fff) << 13;
  auto moved = (emulator_ints)((emulator_floats)magnitude * 0x1p112f);
  emulator_ints infinite = magnitude >= 0x0f800000;
  return (emulator_floats)((infinite & (magnitude | 0x7f800000)) | (~infinite & moved) | (bits & 0x8000) << 16);
}

struct emulator_tile {
  float *d;
  const uint32_t *a, *b;
};

/// Fragments of m16n8k16: lane = 4 * group + quad. Register i of a holds row group + 8 * (i & 1), columns
/// 2 * quad + 8 * (i >> 1) and the next; register i of b rows 2 * quad + 8 * i and the next of column group; d[i] is
/// row group + 8 * (i >> 1), column 2 * quad + (i & 1).
template <typename T>
static void emulator_multiply(void *const *lanes) {
  // Of a, row by row, four registers of the four lanes of a group become rows and columns of them.
  emulator_floats a[16][4], d[16][2];
  float b[16][8];
  for (int group = 0; group < 8; group++) {
    const emulator_tile *of[4];
    for (int quad = 0; quad < 4; quad++) {
      of[quad] = static_cast<const emulator_tile *>(lanes[4 * group + quad]);
      if (!of[quad]) emulator_fail("mma without lane %d", 4 * group + quad);
    }
    // Of register i, the lanes' first values and their second ones; in the order of k: first, second, first, second.
    for (int i = 0; i < 4; i++) {
      emulator_ints pairs = {int(of[0]->a[i]), int(of[1]->a[i]), int(of[2]->a[i]), int(of[3]->a[i])};
      auto *row = &a[group + 8 * (i & 1)][2 * (i >> 1)];
      row[0] = emulator_to_floats<T>(pairs & 0xffff);
      row[1] = emulator_to_floats<T>((emulator_ints)((emulator_bits4)pairs >> 16));
    }
    for (int i = 0; i < 2; i++) {
      emulator_ints pairs = {int(of[0]->b[i]), int(of[1]->b[i]), int(of[2]->b[i]), int(of[3]->b[i])};
      emulator_floats first = emulator_to_floats<T>(pairs & 0xffff);
      emulator_floats second = emulator_to_floats<T>((emulator_ints)((emulator_bits4)pairs >> 16));
      for (int quad = 0; quad < 4; quad++) {
        b[8 * i + 2 * quad][group] = first[quad];
        b[8 * i + 2 * quad + 1][group] = second[quad];
      }
    }
    for (int half = 0; half < 2; half++) {
      float *row = reinterpret_cast<float *>(d[group + 8 * half]);
      for (int quad = 0; quad < 4; quad++) memcpy(row + 2 * quad, of[quad]->d + 2 * half, 8);
    }
  }
  for (int row = 0; row < 16; row++) {
    emulator_floats low = d[row][0], high = d[row][1];
#pragma GCC unroll 16
    for (int k = 0; k < 16; k++) {
      const float x = a[row][2 * (k / 8) + k % 2][k % 8 / 2];
      emulator_floats b_low, b_high;
      memcpy(&b_low, b[k], 16);
      memcpy(&b_high, b[k] + 4, 16);
      low += x * b_low;
      high += x * b_high;
    }
    d[row][0] = low;
    d[row][1] = high;
  }
  for (int lane = 0; lane < 32; lane++) {
    float *to = static_cast<const emulator_tile *>(lanes[lane])->d;
    for (int half = 0; half < 2; half++)
      memcpy(to + 2 * half, reinterpret_cast<const float *>(d[lane / 4 + 8 * half]) + 2 * (lane % 4), 8);
  }
}

template <typename T>
static inline void mma_16x8x16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                               int line = __builtin_LINE()) {
  emulator_tile tile = {d, a, b};
  emulator_meet("mma", emulator_multiply<T>, 0xffffffffu, &tile, line);
}

struct emulator_matrix_rows {
  const void *row;
  uint32_t *registers;
};

/// Fails unless `bytes` at `address` are shared memory of the block, on a multiple of 16.
static inline void emulator_check_shared(const void *address, size_t bytes) {
  const emulator_block *block = emulator_now->block;
  auto at = static_cast<const char *>(address);
  if (at < block->shared || at + bytes > block->shared + block->shared_bytes)
    emulator_fail("%td is outside the %zu bytes of shared memory", at - block->shared, block->shared_bytes);
  emulator_check_aligned<uint4>(address);
}

template <bool Transposed>
static void emulator_load_matrices(void *const *lanes) {
  for (int lane = 0; lane < 32; lane++)
    if (!lanes[lane]) emulator_fail("ldmatrix without lane %d", lane);
  auto value = [&](int matrix, int row, int column) {
    auto from = static_cast<const emulator_matrix_rows *>(lanes[8 * matrix + row])->row;
    uint16_t bits;
    memcpy(&bits, static_cast<const char *>(from) + 2 * column, sizeof bits);
    return uint32_t(bits);
  };
  for (int lane = 0; lane < 32; lane++)
    for (int i = 0; i < 4; i++) {
      int row = lane / 4, column = 2 * (lane % 4);
      static_cast<const emulator_matrix_rows *>(lanes[lane])->registers[i] =
          Transposed ? value(i, column, row) | value(i, column + 1, row) << 16
                     : value(i, row, column) | value(i, row, column + 1) << 16;
    }
}

static inline void load_matrix_x4(uint32_t (&r)[4], const void *row, int line = __builtin_LINE()) {
  emulator_check_shared(row, 16);
  emulator_matrix_rows rows = {row, r};
  emulator_meet("ldmatrix", emulator_load_matrices<false>, 0xffffffffu, &rows, line);
}
static inline void load_matrix_x4_transposed(uint32_t (&r)[4], const void *row, int line = __builtin_LINE()) {
  emulator_check_shared(row, 16);
  emulator_matrix_rows rows = {row, r};
  emulator_meet("ldmatrix.trans", emulator_load_matrices<true>, 0xffffffffu, &rows, line);
}

// MARK: Shared memory

static inline char *shared_memory() { return emulator_now->block->shared; }

// Copies arrive as late as they may, so that a missing wait shows.
static inline void copy_async_16(void *to, const void *from, bool valid) {
  emulator_check_shared(to, 16);
  if (valid) emulator_check_aligned<uint4>(from);
  emulator_now->copies->begun.push_back({to, from, valid});
}
static inline void copy_async_commit() {
  emulator_copies &copies = *emulator_now->copies;
  copies.groups.push_back(copies.begun.size());
}
void emulator_copy_wait(size_t pending);
template <int Pending>
static inline void copy_async_wait() { emulator_copy_wait(Pending); }

// MARK: Kernels that begin early

static inline void wait_for_predecessors(int line = __builtin_LINE()) { emulator_wait_for_predecessors(line); }
static inline void let_dependents_begin() {}

/// Nothing comes of it but that the bytes have to be there.
static inline void prefetch_constant(const void *from, uint32_t bytes) {
  if (bytes == 0 || bytes % 16) emulator_fail("a prefetch of %u bytes", bytes);
  emulator_check_aligned<uint4>(from);
  auto bytes_of = static_cast<const volatile char *>(from);
  (void)bytes_of[0];
  (void)bytes_of[bytes - 1];
}
