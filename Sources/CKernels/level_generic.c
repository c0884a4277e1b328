// What every target has (SSE2 on x86-64, NEON on arm64): four floats a vector.
#define VECTOR_BYTES 16
#define LEVEL(name) name##_generic
#define LEVEL_NAME "generic"
#include "bodies.h"
