// Memory of a thread for the length of one kernel call. It grows to the largest size asked for and stays.
#ifndef STAPES_SCRATCH_H
#define STAPES_SCRATCH_H

#include <stddef.h>

/// At least `bytes` bytes, aligned to 64, that belong to the calling thread until its next call.
void *_Nonnull stapes_scratch(size_t bytes);

#endif
