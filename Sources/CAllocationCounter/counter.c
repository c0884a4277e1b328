#include "include/stapes_allocation_counter.h"

#include "counts.h"

#if STAPES_CAN_COUNT

stapes_counts stapes_the_counts;

static bool available;
static atomic_bool busy;

// Swift's own way to the heap, out of its library: whoever answers is who answers an object's allocation.
extern void *swift_slowAlloc(size_t bytes, size_t alignment_mask) __attribute__((weak));

/// Before main, when there is one thread: `references.c` could not be tried safely while others count references.
__attribute__((constructor)) static void try_everything(void) {
  if (!swift_slowAlloc || !stapes_references_install()) return;
  available = true;
  if (!stapes_allocation_counter_start()) return;
  free(swift_slowAlloc(16, 15));
  available = stapes_allocation_counter_stop().allocations == 1;
}

bool stapes_allocation_counter_available(void) { return available; }

bool stapes_allocation_counter_start(void) {
  if (!available || atomic_exchange(&busy, true)) return false;
  atomic_store(&stapes_the_counts.allocations, 0);
  atomic_store(&stapes_the_counts.retains, 0);
  atomic_store(&stapes_the_counts.releases, 0);
  stapes_references_switch(true);
  atomic_store(&stapes_the_counts.on, true);
  return true;
}

stapes_allocation_counts stapes_allocation_counter_stop(void) {
  atomic_store(&stapes_the_counts.on, false);
  stapes_references_switch(false);
  stapes_allocation_counts counts = {
      .allocations = atomic_load(&stapes_the_counts.allocations),
      .retains = atomic_load(&stapes_the_counts.retains),
      .releases = atomic_load(&stapes_the_counts.releases),
  };
  atomic_store(&busy, false);
  return counts;
}

#else

bool stapes_allocation_counter_available(void) { return false; }
bool stapes_allocation_counter_start(void) { return false; }
stapes_allocation_counts stapes_allocation_counter_stop(void) { return (stapes_allocation_counts){0}; }

#endif
