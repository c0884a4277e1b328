// No kernel: that the structs of the driver are as stapes_cuda.h declares them, of which the package needs no CUDA header.
#include <cuda.h>

#include "device.cuh"
#include "stapes_cuda.h"

#define STAPES_SAME_PLACE(ours, field, theirs, name)                     \
  static_assert(offsetof(ours, field) == offsetof(theirs, name) &&       \
                    sizeof(ours::field) == sizeof(theirs::name),         \
                "the driver's " #theirs " has " #name " somewhere else")

static_assert(sizeof(stapes_cu_launch_config) == sizeof(CUlaunchConfig), "as large as the driver's");
STAPES_SAME_PLACE(stapes_cu_launch_config, grid_x, CUlaunchConfig, gridDimX);
STAPES_SAME_PLACE(stapes_cu_launch_config, grid_y, CUlaunchConfig, gridDimY);
STAPES_SAME_PLACE(stapes_cu_launch_config, grid_z, CUlaunchConfig, gridDimZ);
STAPES_SAME_PLACE(stapes_cu_launch_config, block_x, CUlaunchConfig, blockDimX);
STAPES_SAME_PLACE(stapes_cu_launch_config, block_y, CUlaunchConfig, blockDimY);
STAPES_SAME_PLACE(stapes_cu_launch_config, block_z, CUlaunchConfig, blockDimZ);
STAPES_SAME_PLACE(stapes_cu_launch_config, shared_bytes, CUlaunchConfig, sharedMemBytes);
STAPES_SAME_PLACE(stapes_cu_launch_config, stream, CUlaunchConfig, hStream);
STAPES_SAME_PLACE(stapes_cu_launch_config, attributes, CUlaunchConfig, attrs);
STAPES_SAME_PLACE(stapes_cu_launch_config, attribute_count, CUlaunchConfig, numAttrs);

static_assert(sizeof(stapes_cu_launch_attribute) == sizeof(CUlaunchAttribute), "as large as the driver's");
STAPES_SAME_PLACE(stapes_cu_launch_attribute, id, CUlaunchAttribute, id);
STAPES_SAME_PLACE(stapes_cu_launch_attribute, padding, CUlaunchAttribute, pad);
STAPES_SAME_PLACE(stapes_cu_launch_attribute, programmatic_allowed, CUlaunchAttribute,
                  value.programmaticStreamSerializationAllowed);
static_assert(int(STAPES_CU_LAUNCH_PROGRAMMATIC) == int(CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION),
              "the driver's number");
