#include "../../../Kernels/cuda/product_few.cu"
