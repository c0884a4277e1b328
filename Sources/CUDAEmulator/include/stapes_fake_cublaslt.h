// A cuBLASLt without a GPU, for tests: it refuses what the real one refuses, and multiplies in plain loops. Here it is a
// table of functions over the fake driver's streams; Scripts/check-cublaslt builds it as a library of its own, which has
// the real one's symbols, multiplies at once and has its state as the symbol `fake_cublaslt`.
#ifndef STAPES_FAKE_CUBLASLT_H
#define STAPES_FAKE_CUBLASLT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What tests see and set.
typedef struct {
  // What was left and done.
  int handles, descriptors, choices, products;
  void *_Nullable stream;     // the last product's
  const char *_Nullable why;  // the fake's own reason for its last refusal
  // What the fake does from now on; zeros: what it should.
  size_t workspace_bytes;  // that its algorithms need
  int descriptors_left;    // creations until one fails, when not 0
  int choose_status, multiply_status;
  int results;          // how many, with -1 for none
  int useless_results;  // the first ones, whose own status is a failure
  int greedy_results;   // the first ones after those, which want more workspace than allowed
} fake_cublaslt_state;

#ifndef FAKE_CUBLASLT_LIBRARY
#include "stapes_cublaslt.h"

/// The library's functions. A product is a kernel `cublaslt` on its stream; one that has not run before is refused
/// while the stream is captured, as a kernel that has yet to be loaded would be.
stapes_cublaslt_functions stapes_fake_cublaslt(void);

fake_cublaslt_state *_Nonnull stapes_fake_cublaslt_state(void);
#endif

#ifdef __cplusplus
}
#endif

#endif
