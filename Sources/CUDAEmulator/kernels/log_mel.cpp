#include "../../../Kernels/cuda/log_mel.cu"
