#include "../../../Kernels/cuda/store_kv.cu"
