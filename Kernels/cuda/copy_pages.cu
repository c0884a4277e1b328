// Pages copied: a block for a page and 16 KB of it.
#include "device.cuh"

KERNEL(copy_pages, 256)(const __grid_constant__ stapes_copy_pages_arguments args) {
  const int64_t block_bytes = 16384, page = blockIdx.x;
  if (page >= args.count) return;
  const char *from = static_cast<const char *>(args.pages) + args.from[page] * args.page_bytes;
  char *to = static_cast<char *>(args.pages) + args.to[page] * args.page_bytes;
  const int64_t begin = blockIdx.y * block_bytes;
  uint4 parts[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    int64_t at = begin + (i * 256 + threadIdx.x) * 16;
    if (at < args.page_bytes) parts[i] = load_16(from + at);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    int64_t at = begin + (i * 256 + threadIdx.x) * 16;
    if (at < args.page_bytes) *reinterpret_cast<uint4 *>(to + at) = parts[i];
  }
}
