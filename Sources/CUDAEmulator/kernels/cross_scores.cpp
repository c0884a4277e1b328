#include "../../../Kernels/cuda/cross_scores.cu"
