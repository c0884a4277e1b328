#include "../../../Kernels/cuda/select.cu"
