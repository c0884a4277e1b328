#include "../../../Kernels/cuda/encoder_attention.cu"
