#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <stdio.h>
#include <unistd.h>

#include "include/stapes_kernels.h"

/// Whole processors of the control group's quota (version 2), or `limit` where there is none.
static int quota(int limit) {
  long long time, period;
  FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (!file) return limit;
  int found = fscanf(file, "%lld %lld", &time, &period);  // "max 100000" has no number first
  fclose(file);
  if (found != 2 || period <= 0 || time <= 0) return limit;
  long long whole = (time + period - 1) / period;
  return whole < limit ? (int)whole : limit;
}

int stapes_usable_processors(void) {
  int count = (int)sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
  count = quota(count);
  return count > 0 ? count : 1;
}
