// A program of kernels' tests: its arguments, what it found kernel by kernel, and how it ends.
#pragma once

#include <math.h>

#include <string>

namespace check {

struct Options {
  /// The kernels for the GPU (a fatbin); without them they run on the emulator.
  std::string gpu;
  /// In place of libcuda.so.1.
  std::string driver;
  std::string json;
  /// Seconds after which the program ends itself: a GPU that hangs is lent by the minute.
  double limit = 300;
  /// Only what a slow stand-in for a GPU can do.
  bool quick = false;
};

/// What was found of one kernel.
struct Group {
  char name[48];
  long cases, failures;
  /// The largest error found, as a share of what is tolerated.
  double worst;
  double seconds;
};

extern Options options;
/// The kernel that ran last: what is checked belongs to it.
extern Group *current;
extern long checks, failures;

/// Reads the arguments, opens the GPU if there is to be one, starts the clock.
void begin(const char *name, int count, char **arguments);

/// What follows belongs to this kernel.
void begin_group(const char *kernel);

/// Adds an object to the list "times" of the JSON.
void add_time(const std::string &object);

/// Says what was found; the exit status.
int finish();

/// Says where (0: nowhere) and why a test failed; the first twenty are printed. Always false.
[[gnu::format(printf, 2, 3)]] bool fail(int line, const char *format, ...);

static inline bool counted(bool holds) { return ++checks, holds; }

/// CHECK(condition, "what stood there instead: %d", x) is the condition.
#define CHECK(condition, ...) (check::counted(condition) || check::fail(__LINE__, __VA_ARGS__))

/// Whether `value` is as near as that, which the report remembers. NaN is near NaN alone.
static inline bool is_close(double value, double expected, double tolerance) {
  if (value != value || expected != expected) return value != value && expected != expected;
  if (value == expected) return true;
  const double share = fabs(value - expected) / tolerance;
  if (share > current->worst) current->worst = share;
  return share <= 1;
}

}  // namespace check
