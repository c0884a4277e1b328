// Log-mel features: 16 kHz samples -> [frames, bins], as Whisper's front end defines them.
#ifndef STAPES_MEL_H
#define STAPES_MEL_H

#include <stdint.h>

#pragma clang assume_nonnull begin

#ifdef __cplusplus
extern "C" {
#endif

enum {
  STAPES_MEL_DFT_SIZE = 400,      // samples in a frame
  STAPES_MEL_HOP = 160,           // samples from one frame to the next
  STAPES_MEL_DFT_BINS = 201,      // 0 ... 8000 Hz in steps of 40 Hz
};

/// The tables of one filter bank; immutable once made, so any number of threads may use it.
typedef struct stapes_mel_plan stapes_mel_plan;

/// `filters` is [bins, STAPES_MEL_DFT_BINS]; only the run from each row's first to its last non-zero weight is kept.
/// Gives null when there is no memory.
stapes_mel_plan *_Nullable stapes_mel_plan_create(int bins, const float *filters);
void stapes_mel_plan_free(stapes_mel_plan *_Nullable plan);

typedef struct stapes_mel_kernels {
  /// Writes log10(max(mel power, 1e-10)) of frames [first, first + count) to `out` [count, bins] and returns the
  /// largest value written. Frame f covers samples [160 f - 200, 160 f + 200); samples before the start are the
  /// reflection of those after it, samples past the end are zero.
  /// A frame's values do not depend on the range it is computed in.
  float (*log_mel)(const stapes_mel_plan *plan, const float *_Nullable samples, int64_t sample_count, int64_t first,
                   int64_t count, float *out);
  /// Each value becomes (max(value, maximum - 8) + 4) / 4.
  void (*normalise)(float *values, int64_t count, float maximum);
} stapes_mel_kernels;

/// Instruction levels: 0 generic, 1 AVX2 with FMA, 2 AVX-512. Null where the build or the machine lacks the level.
const stapes_mel_kernels *_Nullable stapes_mel_kernels_for_level(int level);
/// The kernels of the highest level this machine has.
const stapes_mel_kernels *stapes_mel_kernels_best(void);

#ifdef __cplusplus
}
#endif

#pragma clang assume_nonnull end

#endif
