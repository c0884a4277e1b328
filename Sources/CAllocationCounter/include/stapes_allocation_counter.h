// Counts what the whole process takes from the heap and how often Swift counts references.
//
// An executable that links this target calls the heap through it: the target defines malloc and its kin, which the
// dynamic linker then prefers everywhere, in the C library and in Swift's. While nothing is counted that costs a load
// and a branch more, and an indirect call. Memory still comes from the heap that the process would have had without
// it, preloaded or the C library's, so that `free` is nobody's business here. What links glibc itself statically cannot
// link this too: both define malloc.
#ifndef STAPES_ALLOCATION_COUNTER_H
#define STAPES_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int64_t allocations;  // malloc, calloc, realloc, posix_memalign, aligned_alloc, memalign; every Swift object is one
  int64_t retains;      // of Swift objects; references that are no objects (nil, a short string) do not count
  int64_t releases;     // likewise
} stapes_allocation_counts;

/// Whether this process can be counted: tried at its start, with a real allocation, retain and release. Never on
/// systems other than Linux with glibc on x86-64, nor under a sanitizer, which has a heap of its own.
bool stapes_allocation_counter_available(void);

/// Begins to count from zero, all threads. False, and nothing begins, if a count is under way or none is possible.
bool stapes_allocation_counter_start(void);

/// Ends the count that `stapes_allocation_counter_start` began.
stapes_allocation_counts stapes_allocation_counter_stop(void);

#endif
