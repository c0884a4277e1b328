#include "vad_plan.h"

#include <stdlib.h>
#include <string.h>

#define COPY(to, from) memcpy(to, from, sizeof to)

stapes_vad_plan *stapes_vad_plan_create(const float *values) {
  const stapes_vad_weights *weights = (const stapes_vad_weights *)values;
  stapes_vad_plan *plan = malloc(sizeof *plan);
  if (!plan) return NULL;
  COPY(plan->basis, weights->basis);
  COPY(plan->first, weights->first);
  COPY(plan->second, weights->second);
  for (int i = 0; i < STAPES_VAD_NARROW * STAPES_VAD_NARROW; i++)
    for (int tap = 0; tap < 2; tap++) plan->third[2 * i + tap] = weights->third[3 * i + 1 + tap];
  for (int i = 0; i < STAPES_VAD_WIDTH * STAPES_VAD_NARROW; i++)
    plan->fourth[i] = weights->fourth[3 * i + 1];
  COPY(plan->first_bias, weights->first_bias);
  COPY(plan->second_bias, weights->second_bias);
  COPY(plan->third_bias, weights->third_bias);
  COPY(plan->fourth_bias, weights->fourth_bias);
  COPY(plan->input_gates, weights->input_gates);
  for (int gate = 0; gate < STAPES_VAD_GATES; gate++) {
    for (int in = 0; in < STAPES_VAD_WIDTH; in++)
      plan->recurrent_gates[in * STAPES_VAD_GATES + gate] = weights->recurrent_gates[gate * STAPES_VAD_WIDTH + in];
    plan->gate_bias[gate] = weights->gate_biases[0][gate] + weights->gate_biases[1][gate];
  }
  COPY(plan->output, weights->output);
  plan->output_bias = weights->output_bias;
  return plan;
}

void stapes_vad_plan_free(stapes_vad_plan *plan) { free(plan); }
