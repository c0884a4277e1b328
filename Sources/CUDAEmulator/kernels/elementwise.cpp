#include "../../../Kernels/cuda/elementwise.cu"
