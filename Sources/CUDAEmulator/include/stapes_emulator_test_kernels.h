// Kernels that test the emulator and the fake driver, not Stapes. All take one struct.
#ifndef STAPES_EMULATOR_TEST_KERNELS_H
#define STAPES_EMULATOR_TEST_KERNELS_H

#include <stdint.h>

// test_fill: output[i] = value for i < count, one thread an element.
// test_add: output[i] += input[i] for i < count.
// test_neighbour: output[i] = input of the thread beside it, through shared memory; wrong: without the barrier.
// test_across: output[i] = input of the thread a warp further on; wrong: without the barrier of the block.
// test_scratch: output[i] = input[warp], through a float of shared memory; wrong: all warps take the same one.
// test_last_block: counts threads (output[0]), their greatest number (output[1]) and blocks (output[2]) in integers by
//   atomics, writes input[thread] * block for each from output[4] on, and in its last block their sum to output[3].
// test_block_fails: thread 7 of each block from `count` on writes to where nothing is.
// test_product: output [16, 8] = input [16, 16] * other^T [8, 16] in float16 through ldmatrix and mma; one warp.
// test_transposed: output [8, 32] = the four 8 x 8 matrices of input [32, 8], each transposed, side by side; one warp.
// test_copy: output = input through copy_async_16, 4 floats a thread; wrong: without the wait.
// test_sums: output[i] = sum over a warp of input, by shuffles; wrong: lane 0 takes another way.
// test_ends: meets at a barrier; wrong: thread 1 has ended before.
// test_overrun: writes the last float of `count` of its shared memory; wrong: the one behind it.
// test_wild: thread 5 writes `count` floats behind `output`.
// test_waits: output[i] += input[i] for i < count, after it has waited for the kernels before; wrong: 1, where i is below
// count; 2, twice in thread 3; 3, after input was read; 4, after output was written.
// test_deep: calls itself until its stack ends.
typedef struct {
  const void *_Nullable input;
  const void *_Nullable other;
  void *_Nonnull output;
  int64_t count;
  float value;
  int32_t wrong;
} stapes_emulator_test_arguments;

#endif
