// What the fake cuBLASLt lets its test see and set, as the symbol `fake_cublaslt`.
#ifndef FAKE_CUBLASLT_H
#define FAKE_CUBLASLT_H

#include <stddef.h>

typedef struct {
  // What was left and done.
  int handles, descriptors, choices, products;
  void *stream;     // the last product's
  const char *why;  // the fake's own reason for its last refusal
  // What the fake does from now on; zeros: what it should.
  size_t workspace_bytes;  // that its algorithms need
  int descriptors_left;    // creations until one fails, when not 0
  int choose_status, multiply_status;
  int results;          // how many, with -1 for none
  int useless_results;  // the first ones, whose own status is a failure
  int greedy_results;   // the first ones after those, which want more workspace than allowed
} fake_cublaslt_state;

#endif
