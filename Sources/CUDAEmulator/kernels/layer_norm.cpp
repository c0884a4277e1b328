#include "../../../Kernels/cuda/layer_norm.cu"
