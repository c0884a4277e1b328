#include "program.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "gpu.h"

namespace check {

typedef std::chrono::steady_clock clock;

Options options;
long checks = 0, failures = 0;

// Never moved, so that the watch may read them at any time. The first one is for what comes before any kernel.
static Group groups[64] = {{"none", 0, 0, 0, 0}};
static int group_count = 1;
Group *current = groups;

static const char *program = "";
static std::string times;
static clock::time_point started, group_started;

static double seconds_since(clock::time_point then) {
  return std::chrono::duration<double>(clock::now() - then).count();
}

static void write_json(const char *ended) {
  if (options.json.empty()) return;
  FILE *file = fopen(options.json.c_str(), "w");
  if (!file) {
    fprintf(stderr, "%s: cannot write %s\n", program, options.json.c_str());
    return;
  }
  fprintf(file, "{\"program\": \"%s\", \"device\": \"%s\", \"ended\": \"%s\", \"checks\": %ld, \"failures\": %ld, ",
          program, gpu::device_name(), ended, checks, failures);
  fprintf(file, "\"seconds\": %.3f, \"groups\": [", seconds_since(started));
  const char *comma = "";
  for (int i = 0; i < group_count; ++i) {
    const Group &g = groups[i];
    if (!g.cases && !g.failures) continue;
    fprintf(file, "%s\n  {\"kernel\": \"%s\", \"cases\": %ld, \"failures\": %ld, \"worst\": %.4g, \"seconds\": %.3f}",
            comma, g.name, g.cases, g.failures, g.worst < 1e30 ? g.worst : 1e30, g.seconds);
    comma = ",";
  }
  fputs("]", file);
  if (!times.empty()) fprintf(file, ", \"times\": [%s]", times.c_str());
  fputs("}\n", file);
  fclose(file);
}

static void watch() {
  std::this_thread::sleep_for(std::chrono::duration<double>(options.limit));
  fprintf(stderr, "%s: FAILED: not done after %g s, in %s\n", program, options.limit, current->name);
  ++failures;
  ++current->failures;
  write_json("time limit");
  _exit(124);
}

[[noreturn]] static void usage(int status) {
  fprintf(status ? stderr : stdout,
          "usage: %s [--gpu FATBIN [--driver PATH]] [--json FILE] [--limit SECONDS] [--quick]\n"
          "Without --gpu kernels run on the emulator. --driver is a library in place of libcuda.so.1.\n",
          program);
  exit(status);
}

void begin(const char *name, int count, char **arguments) {
  program = name;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const auto value = [&] { return ++i < count ? arguments[i] : (usage(2), nullptr); };
    if (argument == "--gpu") options.gpu = value();
    else if (argument == "--driver") options.driver = value();
    else if (argument == "--json") options.json = value();
    else if (argument == "--limit") options.limit = atof(value());
    else if (argument == "--quick") options.quick = true;
    else usage(argument == "--help" ? 0 : 2);
  }
  started = group_started = clock::now();
  std::thread(watch).detach();
  if (!options.gpu.empty()) gpu::open(options.gpu.c_str(), options.driver.empty() ? nullptr : options.driver.c_str());
}

void begin_group(const char *kernel) {
  if (strcmp(current->name, kernel) == 0) return;
  const clock::time_point now = clock::now();
  current->seconds += std::chrono::duration<double>(now - group_started).count();
  group_started = now;
  for (int i = 0; i < group_count; ++i) {
    if (strcmp(groups[i].name, kernel) != 0) continue;
    current = &groups[i];
    return;
  }
  if (group_count == sizeof groups / sizeof groups[0]) abort();
  snprintf(groups[group_count].name, sizeof groups[0].name, "%s", kernel);
  current = &groups[group_count++];
}

void add_time(const std::string &object) { times += (times.empty() ? "\n  " : ",\n  ") + object; }

int finish() {
  begin_group("none");
  write_json("done");
  fflush(stdout);
  fprintf(stderr, "%s: %ld checks, %ld failed, %.1f s%s%s\n", program, checks, failures, seconds_since(started),
          gpu::is_open() ? " on " : "", gpu::device_name());
  // Without the destructors: those of a driver that has failed may wait for ever.
  _exit(failures ? 1 : 0);
}

bool fail(int line, const char *format, ...) {
  ++current->failures;
  if (++failures > 20) return false;
  if (line) fprintf(stderr, "%s, line %d: ", program, line);
  else fprintf(stderr, "%s: ", program);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  return false;
}

}  // namespace check
