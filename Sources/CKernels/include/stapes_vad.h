// Voice activity: Silero's network for 16 kHz, from samples to a probability of speech for every 32 ms.
#ifndef STAPES_VAD_H
#define STAPES_VAD_H

#include <stdint.h>

#pragma clang assume_nonnull begin

#ifdef __cplusplus
extern "C" {
#endif

enum {
  STAPES_VAD_FRAME = 512,     // samples from one frame to the next
  STAPES_VAD_CONTEXT = 64,    // samples of the frame before that a frame also sees
  STAPES_VAD_HOP = 128,       // samples from one spectrum of a frame to the next; a frame has four
  STAPES_VAD_WINDOW = 256,    // samples in a spectrum
  STAPES_VAD_BINS = 129,      // points of a spectrum
  STAPES_VAD_WIDTH = 128,     // channels of the first and the last convolution, and of the LSTM
  STAPES_VAD_NARROW = 64,     // channels of the second and third convolution
  STAPES_VAD_GATES = 512,     // input, output, forget and cell gate of the LSTM, in this order
};

/// The network's weights one after the other, row-major, as its ONNX file has them.
typedef struct stapes_vad_weights {
  float basis[2 * STAPES_VAD_BINS * STAPES_VAD_WINDOW];  // the cosine rows of every point, then the sine rows
  float first[STAPES_VAD_WIDTH * STAPES_VAD_BINS * 3];   // convolutions [out, in, tap]
  float first_bias[STAPES_VAD_WIDTH];
  float second[STAPES_VAD_NARROW * STAPES_VAD_WIDTH * 3];
  float second_bias[STAPES_VAD_NARROW];
  float third[STAPES_VAD_NARROW * STAPES_VAD_NARROW * 3];
  float third_bias[STAPES_VAD_NARROW];
  float fourth[STAPES_VAD_WIDTH * STAPES_VAD_NARROW * 3];
  float fourth_bias[STAPES_VAD_WIDTH];
  float input_gates[STAPES_VAD_GATES * STAPES_VAD_WIDTH];
  float recurrent_gates[STAPES_VAD_GATES * STAPES_VAD_WIDTH];
  float gate_biases[2][STAPES_VAD_GATES];  // of the input, of the recurrence
  float output[STAPES_VAD_WIDTH];
  float output_bias;
} stapes_vad_weights;

/// Weights in the order the kernel reads them; immutable once made, so any number of threads may use it.
typedef struct stapes_vad_plan stapes_vad_plan;

/// Copies what `weights` lays out as `stapes_vad_weights`, all of it float. Gives null when there is no memory.
stapes_vad_plan *_Nullable stapes_vad_plan_create(const float *weights);
void stapes_vad_plan_free(stapes_vad_plan *_Nullable plan);

enum { STAPES_VAD_WEIGHT_COUNT = sizeof(stapes_vad_weights) / sizeof(float) };

/// What a frame leaves to the next one. All zeros before the first.
typedef struct stapes_vad_state {
  float hidden[STAPES_VAD_WIDTH];
  float cell[STAPES_VAD_WIDTH];
} stapes_vad_state;

/// Writes the probability that there is speech in each of the frames [first, first + count) and moves `state` on.
/// Frame f covers samples [512 f, 512 f + 512) and sees the 64 before them; samples outside of
/// [0, sample_count) are zero. A frame's value does not depend on how the frames are divided among calls.
typedef void (*stapes_vad_kernel)(const stapes_vad_plan *plan, const float *_Nullable samples, int64_t sample_count,
                                  int64_t first, int64_t count, stapes_vad_state *state, float *probabilities);

/// Instruction levels: 0 generic, 1 AVX2 with FMA, 2 AVX-512. Null where the build or the machine lacks the level.
stapes_vad_kernel _Nullable stapes_vad_kernel_for_level(int level);
/// The kernel of the highest level this machine has.
stapes_vad_kernel stapes_vad_kernel_best(void);

#ifdef __cplusplus
}
#endif

#pragma clang assume_nonnull end

#endif
