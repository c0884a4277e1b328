// The compiled kernels, which Scripts/build-kernels puts beside this file, as a part of the program. Without them, or
// without a compiler that knows `#embed` (clang 19, gcc 15), there are none, and no GPU is used.
#include "stapes_cuda.h"

#ifdef __has_embed
#if __has_embed("stapes_kernels.fatbin")
#define HAS_KERNELS 1
#endif
#endif

#ifdef HAS_KERNELS
#ifdef __clang__
#pragma clang diagnostic ignored "-Wc23-extensions"
#endif
// The driver reads its headers as words of eight bytes.
static const _Alignas(16) unsigned char image[] = {
#embed "stapes_kernels.fatbin"
};

const void *stapes_cuda_image(size_t *bytes) {
  *bytes = sizeof image;
  return image;
}
#else
const void *stapes_cuda_image(size_t *bytes) {
  *bytes = 0;
  return 0;
}
#endif
