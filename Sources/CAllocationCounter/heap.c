// The heap's functions, counted and handed on to whom they would have reached without us.
#define _GNU_SOURCE  // RTLD_NEXT
#include "counts.h"

#if STAPES_CAN_COUNT

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>

// glibc's own, under the names it keeps for this purpose. Not called straight away: a heap that was preloaded frees
// what it is given, so it must also be the one that was asked.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

// Static thread-local storage: the other kind may be allocated at its first use.
static _Thread_local bool searching __attribute__((tls_model("initial-exec")));

/// The search may allocate for itself; that goes to glibc.
static void *search(_Atomic(void *) *known, const char *name, void *meanwhile) {
  if (searching) return meanwhile;
  searching = true;
  void *found = dlsym(RTLD_NEXT, name);
  searching = false;
  if (!found) return meanwhile;
  atomic_store_explicit(known, found, memory_order_relaxed);
  return found;
}

// The next definition of a function after ours, found at the first call.
#define NEXT(function, meanwhile)                                                       \
  ({                                                                                    \
    static _Atomic(void *) known;                                                       \
    void *next = atomic_load_explicit(&known, memory_order_relaxed);                    \
    (__typeof__(&function))(next ? next : search(&known, #function, (void *)meanwhile)); \
  })

static int memalign_to(void **memory, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *made = __libc_memalign(alignment, size);
  if (!made) return ENOMEM;
  *memory = made;
  return 0;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *malloc(size_t size) {
  count(&stapes_the_counts.allocations, 1);
  return NEXT(malloc, __libc_malloc)(size);
}

EXPORTED void *calloc(size_t number, size_t size) {
  count(&stapes_the_counts.allocations, 1);
  return NEXT(calloc, __libc_calloc)(number, size);
}

EXPORTED void *realloc(void *memory, size_t size) {
  count(&stapes_the_counts.allocations, 1);
  return NEXT(realloc, __libc_realloc)(memory, size);
}

EXPORTED void *memalign(size_t alignment, size_t size) {
  count(&stapes_the_counts.allocations, 1);
  return NEXT(memalign, __libc_memalign)(alignment, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size) {
  count(&stapes_the_counts.allocations, 1);
  return NEXT(aligned_alloc, __libc_memalign)(alignment, size);
}

EXPORTED int posix_memalign(void **memory, size_t alignment, size_t size) {
  count(&stapes_the_counts.allocations, 1);
  return NEXT(posix_memalign, memalign_to)(memory, alignment, size);
}

#endif
