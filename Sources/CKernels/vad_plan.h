// The tables behind `stapes_vad_plan`, for vad_plan.c and vad_body.h.
#ifndef STAPES_VAD_PLAN_H
#define STAPES_VAD_PLAN_H

#include "stapes_vad.h"

// A frame has so few positions that some taps never meet anything but the padding: the third convolution sees two
// positions and gives one, so its first tap is dropped; the fourth sees one, so only its middle tap is left.
enum { FRAME_POSITIONS = 4, HALF_POSITIONS = 2 };

struct stapes_vad_plan {
  float basis[2 * STAPES_VAD_BINS * STAPES_VAD_WINDOW];
  float first[STAPES_VAD_WIDTH * STAPES_VAD_BINS * 3];       // [out, in, tap]
  float second[STAPES_VAD_NARROW * STAPES_VAD_WIDTH * 3];    // [out, in, tap]
  float third[STAPES_VAD_NARROW * STAPES_VAD_NARROW * 2];    // [out, in, tap]
  float fourth[STAPES_VAD_WIDTH * STAPES_VAD_NARROW];        // [out, in]
  float first_bias[STAPES_VAD_WIDTH];
  float second_bias[STAPES_VAD_NARROW];
  float third_bias[STAPES_VAD_NARROW];
  float fourth_bias[STAPES_VAD_WIDTH];
  float input_gates[STAPES_VAD_GATES * STAPES_VAD_WIDTH];      // [gate, in]
  float recurrent_gates[STAPES_VAD_WIDTH * STAPES_VAD_GATES];  // [in, gate]: one frame's gates stand side by side
  float gate_bias[STAPES_VAD_GATES];                           // of input and recurrence together
  float output[STAPES_VAD_WIDTH];
  float output_bias;
};

#endif
