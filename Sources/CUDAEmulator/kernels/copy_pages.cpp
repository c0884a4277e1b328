#include "../../../Kernels/cuda/copy_pages.cu"
