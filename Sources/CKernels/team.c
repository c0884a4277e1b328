#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "include/stapes_kernels.h"

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif

// How often a waiting thread looks before it parks: tens of microseconds, the gap between two operations of a step.
// Longer would collapse when a neighbour takes a core; parking at once would cost a wake-up an operation.
enum { SPINS = 1000 };

// One side waits for the other to change a number: looks for a while, then sleeps. The changer takes the lock only
// if somebody sleeps. `sleepers` is raised before the number is looked at again, and read after it was changed; both
// orders are sequentially consistent, so that at least one side sees the other.
typedef struct {
  atomic_uint value;
  atomic_int sleepers;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
} gate;

static void gate_init(gate *g) {
  atomic_init(&g->value, 0);
  atomic_init(&g->sleepers, 0);
  pthread_mutex_init(&g->mutex, NULL);
  pthread_cond_init(&g->changed, NULL);
}

static void gate_destroy(gate *g) {
  pthread_cond_destroy(&g->changed);
  pthread_mutex_destroy(&g->mutex);
}

static void gate_wake(gate *g) {
  if (atomic_load(&g->sleepers) == 0) return;
  pthread_mutex_lock(&g->mutex);
  pthread_cond_broadcast(&g->changed);
  pthread_mutex_unlock(&g->mutex);
}

/// Waits until the value is `wanted` (or, with `other`, until it is not).
static void gate_wait(gate *g, unsigned wanted, bool other) {
  for (int i = 0; i < SPINS; i++) {
    if ((atomic_load(&g->value) == wanted) != other) return;
    PAUSE();
  }
  pthread_mutex_lock(&g->mutex);
  atomic_fetch_add(&g->sleepers, 1);
  while ((atomic_load(&g->value) == wanted) == other) pthread_cond_wait(&g->changed, &g->mutex);
  atomic_fetch_sub(&g->sleepers, 1);
  pthread_mutex_unlock(&g->mutex);
}

typedef struct {
  stapes_team *team;
  pthread_t thread;
  int index;
} worker;

struct stapes_team {
  gate started;  // counts the calls
  gate running;  // workers that have not finished the call
  gate met;      // counts the meetings of the whole team inside a replay
  atomic_int arrived;
  stapes_kernel kernel;
  const void *arguments;
  bool ending;
  int threads;
  worker *workers;
};

static void *work(void *argument) {
  worker *self = argument;
  stapes_team *team = self->team;
  unsigned seen = 0;
  for (;;) {
    gate_wait(&team->started, seen, true);
    seen++;
    if (team->ending) return NULL;
    team->kernel(team->arguments, self->index, team->threads);
    if (atomic_fetch_sub(&team->running.value, 1) == 1) gate_wake(&team->running);
  }
}

stapes_team *stapes_team_create(int threads) {
  stapes_team *team = calloc(1, sizeof *team);
  if (!team) return NULL;
  team->workers = calloc((size_t)threads, sizeof *team->workers);
  if (!team->workers) {
    free(team);
    return NULL;
  }
  gate_init(&team->started);
  gate_init(&team->running);
  gate_init(&team->met);
  atomic_init(&team->arrived, 0);
  team->threads = 1;
  for (int i = 1; i < threads; i++) {
    worker *w = &team->workers[i];
    *w = (worker){.team = team, .index = i};
    // A system that gives fewer threads gets a smaller team: the work is divided by what there is.
    if (pthread_create(&w->thread, NULL, work, w) != 0) break;
    team->threads++;
  }
  return team;
}

int stapes_team_threads(const stapes_team *team) { return team->threads; }

void stapes_team_destroy(stapes_team *team) {
  team->ending = true;
  atomic_fetch_add(&team->started.value, 1);
  gate_wake(&team->started);
  for (int i = 1; i < team->threads; i++) pthread_join(team->workers[i].thread, NULL);
  gate_destroy(&team->started);
  gate_destroy(&team->running);
  gate_destroy(&team->met);
  free(team->workers);
  free(team);
}

void stapes_team_run(stapes_team *team, stapes_kernel kernel, const void *arguments) {
  if (team->threads > 1) {
    team->kernel = kernel;
    team->arguments = arguments;
    atomic_store(&team->running.value, (unsigned)(team->threads - 1));
    atomic_fetch_add(&team->started.value, 1);
    gate_wake(&team->started);
  }
  kernel(arguments, 0, team->threads);
  if (team->threads > 1) gate_wait(&team->running, 0, false);
}

/// Nobody goes on before everybody is here.
static void meet(stapes_team *team) {
  unsigned meeting = atomic_load(&team->met.value);
  if (atomic_fetch_add(&team->arrived, 1) + 1 == team->threads) {
    atomic_store(&team->arrived, 0);
    atomic_fetch_add(&team->met.value, 1);
    gate_wake(&team->met);
  } else {
    gate_wait(&team->met, meeting, true);
  }
}

typedef struct {
  stapes_team *team;
  const stapes_call *calls;
  int64_t count;
} replay;

static void run_calls(const void *arguments, int thread, int threads) {
  const replay *r = arguments;
  for (int64_t i = 0; i < r->count; i++) {
    if (i > 0 && threads > 1) meet(r->team);
    r->calls[i].kernel(r->calls[i].arguments, thread, threads);
  }
}

void stapes_team_replay(stapes_team *team, const stapes_call *calls, int64_t count) {
  replay r = {team, calls, count};
  stapes_team_run(team, run_calls, &r);
}
