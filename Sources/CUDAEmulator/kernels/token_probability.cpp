#include "../../../Kernels/cuda/token_probability.cu"
