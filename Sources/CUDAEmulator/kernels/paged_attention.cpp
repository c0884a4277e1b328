#include "../../../Kernels/cuda/paged_attention.cu"
