#ifndef STAPES_COUNTS_H
#define STAPES_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>  // defines __GLIBC__

#if __has_feature(address_sanitizer) || __has_feature(hwaddress_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define STAPES_CAN_COUNT 0
#elif defined(__linux__) && defined(__GLIBC__) && defined(__x86_64__)
#define STAPES_CAN_COUNT 1
#else
#define STAPES_CAN_COUNT 0
#endif

typedef struct {
  atomic_bool on;
  _Atomic int64_t allocations, retains, releases;
} stapes_counts;

/// The process's one count. `heap.c` and `references.c` add to it, `counter.c` switches it.
extern stapes_counts stapes_the_counts __attribute__((visibility("hidden")));

static inline void count(_Atomic int64_t *counter, int64_t by) {
  if (__builtin_expect(atomic_load_explicit(&stapes_the_counts.on, memory_order_relaxed), false))
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/// Puts counting calls behind the Swift runtime's retains and releases; only once, before there are threads. False if
/// the runtime has no place for them or does not call them as expected.
bool stapes_references_install(void) __attribute__((visibility("hidden")));
/// Whether the runtime takes the way through the installed calls.
void stapes_references_switch(bool on) __attribute__((visibility("hidden")));

#endif
