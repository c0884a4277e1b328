// Voice activity for LANES frames at a time. All of the network but the LSTM looks at one frame only, so lane l of
// every vector belongs to frame `first + l` and each step is the scalar algorithm of one frame:
// samples -> four spectra -> four convolutions with ReLU -> what the LSTM's gates get from the input.
// The recurrence then goes frame by frame, with the gates of one frame side by side in its vectors.
#include "vad_plan.h"

// Samples that a frame sees: its context, itself, and its own end mirrored, so that the last spectrum is whole.
#define VAD_SPAN (STAPES_VAD_CONTEXT + STAPES_VAD_FRAME + STAPES_VAD_HOP / 2)

/// A block of LANES frames between two steps: [channel, position] each.
typedef struct {
  vf samples[VAD_SPAN];
  vf magnitude[STAPES_VAD_BINS * FRAME_POSITIONS];
  vf first[STAPES_VAD_WIDTH * FRAME_POSITIONS];
  vf second[STAPES_VAD_NARROW * HALF_POSITIONS];
  vf third[STAPES_VAD_NARROW];
  vf fourth[STAPES_VAD_WIDTH];
  float gates[LANES * STAPES_VAD_GATES];  // [frame, gate]
} LEVEL(vad_block);

INLINE vf LEVEL(relu)(vf x) { return vf_max(x, vf_splat(0.0f)); }
INLINE vf LEVEL(sigmoid)(vf x) { return 1.0f / (1.0f + vf_exp(-x)); }
INLINE vf LEVEL(hyperbolic_tangent)(vf x) { return 2.0f * LEVEL(sigmoid)(2.0f * x) - 1.0f; }

/// The samples of `valid` frames from frame `first` on, transposed; the other lanes are zero.
static void LEVEL(vad_load)(const float *samples, int64_t sample_count, int64_t first, int valid, vf *out) {
  const int length = STAPES_VAD_CONTEXT + STAPES_VAD_FRAME;
  float *lanes = (float *)out;
  memset(out, 0, (size_t)length * sizeof *out);
  for (int l = 0; l < valid; l++) {
    int64_t begin = (first + l) * STAPES_VAD_FRAME - STAPES_VAD_CONTEXT;
    int from = begin < 0 ? (int)-begin : 0;
    int to = sample_count - begin < length ? (int)(sample_count - begin) : length;
    for (int i = from; i < to; i++) lanes[i * LANES + l] = samples[begin + i];
  }
  for (int i = length; i < VAD_SPAN; i++) out[i] = out[2 * (length - 1) - i];
}

/// samples -> magnitude [129, 4]. Cosine and sine row of a point are summed together.
static void LEVEL(vad_spectra)(const stapes_vad_plan *plan, const vf *samples, vf *magnitude) {
  for (int bin = 0; bin < STAPES_VAD_BINS; bin++) {
    const float *cosines = plan->basis + bin * STAPES_VAD_WINDOW;
    const float *sines = cosines + STAPES_VAD_BINS * STAPES_VAD_WINDOW;
    vf re[FRAME_POSITIONS] = {0}, im[FRAME_POSITIONS] = {0};
    for (int i = 0; i < STAPES_VAD_WINDOW; i++) {
      for (int p = 0; p < FRAME_POSITIONS; p++) {
        vf x = samples[p * STAPES_VAD_HOP + i];
        re[p] += x * cosines[i];
        im[p] += x * sines[i];
      }
    }
    for (int p = 0; p < FRAME_POSITIONS; p++)
      magnitude[bin * FRAME_POSITIONS + p] = __builtin_elementwise_sqrt(re[p] * re[p] + im[p] * im[p]);
  }
}

/// x [129, 4] -> y [128, 4]: three taps, one position of padding on either side. Two outputs at a time.
static void LEVEL(vad_first)(const stapes_vad_plan *plan, const vf *x, vf *y) {
  for (int out = 0; out < STAPES_VAD_WIDTH; out += 2) {
    vf sum[2][FRAME_POSITIONS];
    for (int o = 0; o < 2; o++)
      for (int p = 0; p < FRAME_POSITIONS; p++) sum[o][p] = vf_splat(plan->first_bias[out + o]);
    for (int in = 0; in < STAPES_VAD_BINS; in++) {
      const vf *row = x + in * FRAME_POSITIONS;
      for (int o = 0; o < 2; o++) {
        const float *w = plan->first + ((out + o) * STAPES_VAD_BINS + in) * 3;
        for (int p = 0; p < FRAME_POSITIONS; p++) {
          sum[o][p] += row[p] * w[1];
          if (p > 0) sum[o][p] += row[p - 1] * w[0];
          if (p + 1 < FRAME_POSITIONS) sum[o][p] += row[p + 1] * w[2];
        }
      }
    }
    for (int o = 0; o < 2; o++)
      for (int p = 0; p < FRAME_POSITIONS; p++) y[(out + o) * FRAME_POSITIONS + p] = LEVEL(relu)(sum[o][p]);
  }
}

/// x [128, 4] -> y [64, 2]: three taps, every second position, one position of padding before the first.
static void LEVEL(vad_second)(const stapes_vad_plan *plan, const vf *x, vf *y) {
  for (int out = 0; out < STAPES_VAD_NARROW; out += 4) {
    vf sum[4][HALF_POSITIONS];
    for (int o = 0; o < 4; o++)
      for (int p = 0; p < HALF_POSITIONS; p++) sum[o][p] = vf_splat(plan->second_bias[out + o]);
    for (int in = 0; in < STAPES_VAD_WIDTH; in++) {
      const vf *row = x + in * FRAME_POSITIONS;
      for (int o = 0; o < 4; o++) {
        const float *w = plan->second + ((out + o) * STAPES_VAD_WIDTH + in) * 3;
        sum[o][0] += row[0] * w[1];
        sum[o][0] += row[1] * w[2];
        sum[o][1] += row[1] * w[0];
        sum[o][1] += row[2] * w[1];
        sum[o][1] += row[3] * w[2];
      }
    }
    for (int o = 0; o < 4; o++)
      for (int p = 0; p < HALF_POSITIONS; p++) y[(out + o) * HALF_POSITIONS + p] = LEVEL(relu)(sum[o][p]);
  }
}

/// x [inputs] -> y [8]: eight rows of a matrix of `inputs` columns times x, plus bias. What the last two convolutions
/// and the gates come down to.
INLINE void LEVEL(vad_rows)(const float *rows, const float *bias, const vf *x, int inputs, vf *y) {
  vf sum[8];
  for (int o = 0; o < 8; o++) sum[o] = vf_splat(bias[o]);
  for (int in = 0; in < inputs; in++)
    for (int o = 0; o < 8; o++) sum[o] += x[in] * rows[o * inputs + in];
  for (int o = 0; o < 8; o++) y[o] = sum[o];
}

/// The last two convolutions, then the part of the gates that comes from the input, transposed to [frame, gate].
static void LEVEL(vad_narrow)(const stapes_vad_plan *plan, LEVEL(vad_block) *block) {
  vf y[8];
  const int third_inputs = 2 * STAPES_VAD_NARROW;
  for (int out = 0; out < STAPES_VAD_NARROW; out += 8) {
    LEVEL(vad_rows)(plan->third + out * third_inputs, plan->third_bias + out, block->second, third_inputs, y);
    for (int o = 0; o < 8; o++) block->third[out + o] = LEVEL(relu)(y[o]);
  }
  for (int out = 0; out < STAPES_VAD_WIDTH; out += 8) {
    const float *rows = plan->fourth + out * STAPES_VAD_NARROW;
    LEVEL(vad_rows)(rows, plan->fourth_bias + out, block->third, STAPES_VAD_NARROW, y);
    for (int o = 0; o < 8; o++) block->fourth[out + o] = LEVEL(relu)(y[o]);
  }
  for (int out = 0; out < STAPES_VAD_GATES; out += 8) {
    const float *rows = plan->input_gates + out * STAPES_VAD_WIDTH;
    LEVEL(vad_rows)(rows, plan->gate_bias + out, block->fourth, STAPES_VAD_WIDTH, y);
    for (int o = 0; o < 8; o++) {
      float lanes[LANES];
      vf_store(lanes, y[o]);
      for (int l = 0; l < LANES; l++) block->gates[l * STAPES_VAD_GATES + out + o] = lanes[l];
    }
  }
}

/// One frame of the LSTM and the output: gates [512] hold what the input gives and are overwritten.
static float LEVEL(vad_step)(const stapes_vad_plan *plan, float *gates, stapes_vad_state *state) {
  // Eight inputs at a time, so that a gate is read and written once for eight products.
  for (int in = 0; in < STAPES_VAD_WIDTH; in += 8) {
    const float *rows = plan->recurrent_gates + in * STAPES_VAD_GATES;
    for (int i = 0; i < STAPES_VAD_GATES; i += LANES) {
      vf sum = vf_load(gates + i);
      for (int k = 0; k < 8; k++) sum += vf_load(rows + k * STAPES_VAD_GATES + i) * state->hidden[in + k];
      vf_store(gates + i, sum);
    }
  }
  vf dot = vf_splat(0.0f);
  for (int i = 0; i < STAPES_VAD_WIDTH; i += LANES) {
    vf input = LEVEL(sigmoid)(vf_load(gates + i));
    vf output = LEVEL(sigmoid)(vf_load(gates + STAPES_VAD_WIDTH + i));
    vf forget = LEVEL(sigmoid)(vf_load(gates + 2 * STAPES_VAD_WIDTH + i));
    vf candidate = LEVEL(hyperbolic_tangent)(vf_load(gates + 3 * STAPES_VAD_WIDTH + i));
    vf cell = forget * vf_load(state->cell + i) + input * candidate;
    vf hidden = output * LEVEL(hyperbolic_tangent)(cell);
    vf_store(state->cell + i, cell);
    vf_store(state->hidden + i, hidden);
    dot += LEVEL(relu)(hidden) * vf_load(plan->output + i);
  }
  return LEVEL(sigmoid)(vf_splat(vf_sum(dot) + plan->output_bias))[0];
}

void LEVEL(stapes_vad)(const stapes_vad_plan *plan, const float *samples, int64_t sample_count, int64_t first,
                       int64_t count, stapes_vad_state *state, float *probabilities) {
  LEVEL(vad_block) *block = stapes_scratch(sizeof *block);
  for (int64_t done = 0; done < count; done += LANES) {
    int valid = count - done < LANES ? (int)(count - done) : LANES;
    LEVEL(vad_load)(samples, sample_count, first + done, valid, block->samples);
    LEVEL(vad_spectra)(plan, block->samples, block->magnitude);
    LEVEL(vad_first)(plan, block->magnitude, block->first);
    LEVEL(vad_second)(plan, block->first, block->second);
    LEVEL(vad_narrow)(plan, block);
    for (int l = 0; l < valid; l++)
      probabilities[done + l] = LEVEL(vad_step)(plan, block->gates + l * STAPES_VAD_GATES, state);
  }
}
