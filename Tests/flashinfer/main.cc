#include "support.h"

int main() {
  for (const tests::Test &test : tests::all()) {
    const int before = tests::failures;
    fake::runtime = {};
    test.body();
    std::printf("%s %s\n", tests::failures == before ? "ok  " : "FAIL", test.name);
    std::fflush(stdout);
  }
  std::printf("%zu tests, %d failed checks\n", tests::all().size(), tests::failures);
  return tests::failures == 0 ? 0 : 1;
}
