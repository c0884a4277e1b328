#include "scratch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local void *memory;
static _Thread_local size_t capacity;

// Gives a thread's memory back when the thread ends.
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void make_key(void) { pthread_key_create(&key, free); }

void *stapes_scratch(size_t bytes) {
  if (bytes > capacity) {
    size_t rounded = (bytes + 4095) & ~(size_t)4095;
    pthread_once(&once, make_key);
    free(memory);
    memory = aligned_alloc(64, rounded);
    if (!memory) {
      // Sizes are bounded by the model's shape (about a megabyte): there is no way on without it.
      fprintf(stderr, "stapes: out of memory for %zu bytes of kernel scratch\n", rounded);
      abort();
    }
    capacity = rounded;
    pthread_setspecific(key, memory);
  }
  return memory;
}
