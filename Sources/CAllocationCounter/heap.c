// The heap's functions, counted and handed on to whom they would have reached without us.
#define _GNU_SOURCE  // RTLD_NEXT
#include "counts.h"

#if STAPES_CAN_COUNT

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>

// glibc's own, under the names it keeps for this purpose. Not called straight away: a heap that was preloaded frees
// what it is given, so it must also be the one that was asked.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static int memalign_to(void **memory, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *made = __libc_memalign(alignment, size);
  if (!made) return ENOMEM;
  *memory = made;
  return 0;
}

// The next definition of each function after ours; until they are found, glibc's.
static struct {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void *(*memalign)(size_t, size_t);
  void *(*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void **, size_t, size_t);
} next = {__libc_malloc, __libc_calloc, __libc_realloc, __libc_memalign, __libc_memalign, memalign_to};

/// Finds them all at the first call of any, which comes while the program is being started and has one thread. Never
/// later: a search has a state of its own, and the heap is also asked from within others'. `dlerror` reallocates its
/// text, and a search there would free what it is about to write.
static void find_next(void) {
  static bool begun;
  if (__builtin_expect(begun, 1)) return;
  begun = true;
#define FIND(function)                                  \
  do {                                                  \
    void *found = dlsym(RTLD_NEXT, #function);          \
    if (found) memcpy(&next.function, &found, sizeof found); \
  } while (false)
  FIND(malloc);
  FIND(calloc);
  FIND(realloc);
  FIND(memalign);
  FIND(aligned_alloc);
  FIND(posix_memalign);
#undef FIND
}

static void begin_call(void) {
  find_next();
  count(&stapes_the_counts.allocations, 1);
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *malloc(size_t size) {
  begin_call();
  return next.malloc(size);
}

EXPORTED void *calloc(size_t number, size_t size) {
  begin_call();
  return next.calloc(number, size);
}

EXPORTED void *realloc(void *memory, size_t size) {
  begin_call();
  return next.realloc(memory, size);
}

EXPORTED void *memalign(size_t alignment, size_t size) {
  begin_call();
  return next.memalign(alignment, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size) {
  begin_call();
  return next.aligned_alloc(alignment, size);
}

EXPORTED int posix_memalign(void **memory, size_t alignment, size_t size) {
  begin_call();
  return next.posix_memalign(memory, alignment, size);
}

#endif
