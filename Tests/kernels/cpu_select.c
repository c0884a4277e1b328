// The CPU's choice of tokens alone, for select_test to compare with: what compiles with any C compiler.
#define VECTOR_BYTES 16
#define LEVEL(name) name##_of_test

#include "../../Sources/CKernels/vector.h"

#include "stapes_kernels.h"

#include "../../Sources/CKernels/sample_body.h"

#include "../../Sources/CKernels/repetition_body.h"

#include "../../Sources/CKernels/select_body.h"

void stapes_cpu_select(const stapes_select_arguments *arguments) {
  select_of_test(arguments, 0, 1);
  (void)feed_of_test;
}
