#include "../../../Kernels/cuda/product_many.cu"
