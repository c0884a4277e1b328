#include "fault.h"

#include <signal.h>
#include <ucontext.h>

#include <memory>

#include "fiber.h"
#include "launch.h"

static __thread bool faulted;

bool emulator_faulted() { return faulted; }
void emulator_forget_fault() { faulted = false; }
void emulator_set_fault(bool was_one) { faulted = was_one; }

#if defined(__x86_64__) && defined(__linux__)

static __thread const void *fault_address;
static struct sigaction previous_segv, previous_bus;

/// Where the thread that faulted goes on, at the top of its stack: nothing of it is needed any more.
static void land() {
  if (emulator_fiber_overflows(emulator_running_stack(), fault_address)) emulator_fail("needs more than its stack");
  emulator_fail("cannot access address %p", fault_address);
}

static void caught(int signal, siginfo_t *info, void *context) {
  if (!emulator_now) {
    // Not ours. It happens again at once, and is handled as before.
    sigaction(signal, signal == SIGSEGV ? &previous_segv : &previous_bus, nullptr);
    return;
  }
  fault_address = info->si_addr;
  faulted = true;
  auto registers = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
  auto top = reinterpret_cast<uintptr_t>(emulator_fiber_top(emulator_running_stack())) & ~uintptr_t(15);
  // As a call leaves it.
  registers[REG_RSP] = greg_t(top - 128 - 8);
  registers[REG_RIP] = greg_t(reinterpret_cast<uintptr_t>(&land));
}

namespace {
// The handler needs a stack of its own: that of the thread may be what has ended.
struct alternate_stack {
  static constexpr size_t bytes = 64 << 10;
  std::unique_ptr<char[]> memory;

  alternate_stack() {
    stack_t there;
    if (sigaltstack(nullptr, &there) || !(there.ss_flags & SS_DISABLE)) return;
    memory.reset(new char[bytes]);
    stack_t ours = {};
    ours.ss_sp = memory.get();
    ours.ss_size = bytes;
    sigaltstack(&ours, nullptr);
  }
  ~alternate_stack() {
    if (!memory) return;
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }
};
}  // namespace

void emulator_catch_faults() {
  static thread_local alternate_stack stack;
  (void)stack;
  static const bool installed = [] {
    struct sigaction action = {};
    action.sa_sigaction = caught;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    return !sigaction(SIGSEGV, &action, &previous_segv) && !sigaction(SIGBUS, &action, &previous_bus);
  }();
  (void)installed;
}

#else

// There the process ends.
void emulator_catch_faults() {}

#endif
