// Swift's retains and releases, counted through the pointers that its runtime has for instruments.
//
// While its switch is on, the runtime calls through these pointers. They stay ours once installed, and mean nothing
// while the switch is off: a thread that saw the switch on may read a pointer after it was switched off, and would
// run into the fault that is described below if it then found the runtime's own function there.
#include "counts.h"

#if STAPES_CAN_COUNT

// Weak: a runtime without them is one that we cannot count.
extern void *(*_swift_retain)(void *) __attribute__((weak));
extern void *(*_swift_retain_n)(void *, uint32_t) __attribute__((weak));
extern void (*_swift_release)(void *) __attribute__((weak));
extern void (*_swift_release_n)(void *, uint32_t) __attribute__((weak));
extern atomic_bool _swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly __attribute__((weak));
#define RUNTIME_SWITCH _swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly

extern void *swift_retain(void *) __attribute__((weak));
extern void *swift_retain_n(void *, uint32_t) __attribute__((weak));
extern void swift_release(void *) __attribute__((weak));
extern void swift_release_n(void *, uint32_t) __attribute__((weak));

static void *(*runtime_retain)(void *);
static void *(*runtime_retain_n)(void *, uint32_t);
static void (*runtime_release)(void *);
static void (*runtime_release_n)(void *, uint32_t);

// What the runtime's bare retain and release take for no object and leave alone: zero, and with the top bit set the
// bits of a short string or of a reference to something that is never freed.
static bool is_object(const void *reference) { return (intptr_t)reference > 0; }

// Swift 6.3's swift_retain clears the top byte before it calls through the pointer. The letters of a short string
// then look like an address, which its own retain would write to. (Fixed by swiftlang/swift#88924, in 6.4.) But it
// keeps the whole reference in rbx during the call, since it has to return it. So the first retain of all is one of
// a reference that is no object, and shows in which of the two ways this runtime's retains arrive.
#define NO_OBJECT ((void *)0xE500616263646568)
#define WITHOUT_TAG(reference) ((void *)((uintptr_t)(reference) & 0x00FFFFFFFFFFFFF8))

static enum { TRYING, WHOLE, IN_RBX } arrival = TRYING;

static enum { RETAIN_N = 1, RELEASE = 2, RELEASE_N = 4, ALL = 7 } tried;

/// During the trial a call counts nothing and goes no further.
static bool trial(int which) {
  if (__builtin_expect(arrival != TRYING, true)) return false;
  tried |= which;
  return true;
}

__attribute__((used)) static void *counted_retain(void *argument, void *rbx) {
  if (arrival == TRYING) {
    if ((intptr_t)argument < 0) {
      arrival = WHOLE;
    } else if (argument == WITHOUT_TAG(NO_OBJECT) && rbx == NO_OBJECT) {
      arrival = IN_RBX;
    }
    return argument;
  }
  void *reference = arrival == IN_RBX && WITHOUT_TAG(rbx) == argument ? rbx : argument;
  if (is_object(reference)) count(&stapes_the_counts.retains, 1);
  return runtime_retain(reference);
}

/// Hands rbx, which C cannot name, on as the second argument.
__attribute__((naked)) static void *retain(void *argument) {
  __asm__("movq %%rbx, %%rsi\n\tjmp %P0" : : "i"(counted_retain));
}

static void *retain_n(void *reference, uint32_t n) {
  if (trial(RETAIN_N)) return reference;
  if (is_object(reference)) count(&stapes_the_counts.retains, n);
  return runtime_retain_n(reference, n);
}

static void release(void *reference) {
  if (trial(RELEASE)) return;
  if (is_object(reference)) count(&stapes_the_counts.releases, 1);
  runtime_release(reference);
}

static void release_n(void *reference, uint32_t n) {
  if (trial(RELEASE_N)) return;
  if (is_object(reference)) count(&stapes_the_counts.releases, n);
  runtime_release_n(reference, n);
}

bool stapes_references_install(void) {
  if (!&_swift_retain || !&_swift_retain_n || !&_swift_release || !&_swift_release_n) return false;
  if (!swift_retain || !swift_retain_n || !swift_release || !swift_release_n) return false;
  if (!&RUNTIME_SWITCH || atomic_load(&RUNTIME_SWITCH)) return false;  // on: another instrument is at work
  runtime_retain = _swift_retain;
  runtime_retain_n = _swift_retain_n;
  runtime_release = _swift_release;
  runtime_release_n = _swift_release_n;
  _swift_retain = retain;
  _swift_retain_n = retain_n;
  _swift_release = release;
  _swift_release_n = release_n;

  stapes_references_switch(true);
  swift_retain_n(NO_OBJECT, 2);
  swift_release(NO_OBJECT);
  swift_release_n(NO_OBJECT, 2);
  swift_retain(NO_OBJECT);  // the last, since it ends the trial
  stapes_references_switch(false);
  if (tried == ALL && arrival != TRYING) return true;

  _swift_retain = runtime_retain;
  _swift_retain_n = runtime_retain_n;
  _swift_release = runtime_release;
  _swift_release_n = runtime_release_n;
  return false;
}

void stapes_references_switch(bool on) { atomic_store(&RUNTIME_SWITCH, on); }

#endif
