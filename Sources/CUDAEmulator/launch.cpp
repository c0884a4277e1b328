#include "launch.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <thread>

#include "fault.h"
#include "fiber.h"

// MARK: The registry

// Entered by static initialisers, in any order of files.
static std::vector<emulator_kernel> &registry() {
  static std::vector<emulator_kernel> &kernels = *new std::vector<emulator_kernel>;
  return kernels;
}

void emulator_register(const emulator_kernel &kernel) { registry().push_back(kernel); }

const emulator_kernel *emulator_find(const char *name) {
  for (const emulator_kernel &kernel : registry())
    if (!strcmp(kernel.name, name)) return &kernel;
  return nullptr;
}

// MARK: Orders

static std::atomic<int> chosen_order{EMULATOR_FORWARD};
static std::atomic<uint64_t> chosen_seed{0};

void emulator_set_order(emulator_order order, uint64_t seed) {
  chosen_seed = seed;
  chosen_order = order;
}

static std::atomic<unsigned> chosen_hosts{0};

void emulator_set_hosts(unsigned count) { chosen_hosts = count; }

/// Fills `order` with 0, 1, ..., count - 1 as the chosen order has them.
static void arrange(std::vector<uint32_t> &order, size_t count, uint64_t salt) {
  order.resize(count);
  std::iota(order.begin(), order.end(), 0u);
  switch (chosen_order.load()) {
    case EMULATOR_REVERSE: std::reverse(order.begin(), order.end()); break;
    case EMULATOR_SHUFFLED: {
      std::mt19937_64 random(chosen_seed.load() * 0x9e3779b97f4a7c15u + salt);
      std::shuffle(order.begin(), order.end(), random);
      break;
    }
    default: break;
  }
}

// MARK: The block that runs

namespace {

/// What a thread has come to that waits for its warp.
struct meeting {
  emulator_operation operation;
  const char *name;
  unsigned mask;
  int line;

  bool operator==(const meeting &other) const {
    return operation == other.operation && mask == other.mask && line == other.line;
  }
};

// One line of the cache: a block may have a thousand of them, which take turns at every warp function.
struct alignas(64) runner : emulator_thread {
  /// Of a thread that waits, unless `same` of its warp says that it is the warp's.
  struct meeting meeting;
};

struct warp {
  /// The lanes that wait at a warp function, and those that have ended.
  unsigned arrived, gone;
  /// Whether all that wait have come to what the first has, which is `meeting`.
  bool same;
  struct meeting meeting;
  void *lanes[32];
};

struct machine {
  emulator_block block;
  const emulator_kernel *kernel;
  const void *arguments;
  emulator_fiber scheduler;
  std::unique_ptr<runner[]> threads{new runner[1024]};
  std::unique_ptr<emulator_copies[]> copies{new emulator_copies[1024]};
  warp warps[32];
  unsigned count, waiting, ended;
  // Where the threads at the barrier wait, as the first of them says.
  int barrier_line;
  unsigned barrier_first;

  // Threads take turns by their places in `order`. Of place 32 i + j, bit j of `ready[i]` says whether the thread can
  // go on, and that of `fresh[i]` whether it has not begun. `later` are the bits of word `word` whose turn comes first.
  std::vector<uint32_t> order;
  uint16_t places[1024];
  runner *placed[1024];
  emulator_fiber fibers[1024];
  uint32_t ready[32], fresh[32], later;
  unsigned word;
  // Whether a warp's places are a word of its own, and go on until none of them can.
  bool by_warps;
  // The place of the thread that runs.
  unsigned place;

  // The stack that a thread runs on: a thread is given one when it begins, and leaves it to another when it ends.
  uint16_t stacks[1024];
  std::vector<uint16_t> left;
  unsigned used_stacks;

  std::vector<char> shared;
  std::string error;

  // How often the threads of the launch that have ended waited for the kernels before, or -1; what it has to be, or -1.
  std::atomic<int> *waits;
  int needed_waits;
  // Threads of the block that wait, and what is hidden until all do: contents by range.
  unsigned at_wait;
  std::vector<std::vector<char>> hidden;
  // Whether the threads of the launch before waited.
  bool waited;

  unsigned words() const { return count / 32; }

  const meeting &meeting_of(const runner &thread) const {
    const warp &its = warps[thread.linear / 32];
    return its.same ? its.meeting : thread.meeting;
  }
};

}  // namespace

__thread emulator_thread *emulator_now;
static thread_local std::unique_ptr<machine> here_storage;
static __thread machine *here;

static runner *running() { return static_cast<runner *>(emulator_now); }

/// Notes the error of the launch: kernel, block and thread, then what happened. The first one stays.
static void note(const emulator_thread *thread, const char *text) {
  if (!here->error.empty()) return;
  char place[256];
  const uint3 &block = here->block.index;
  snprintf(place, sizeof place, "%s, block (%u, %u, %u)", here->kernel->name, block.x, block.y, block.z);
  here->error = place;
  if (thread) {
    snprintf(place, sizeof place, ", thread (%u, %u, %u)", thread->index.x, thread->index.y, thread->index.z);
    here->error += place;
  }
  here->error += std::string(": ") + text;
}

// MARK: Turns

/// All threads can go on, from the first place on.
static void wake_all(machine &m) {
  for (unsigned i = 0; i < m.words(); i++) m.ready[i] = ~0u;
  m.word = 0;
  m.later = ~0u;
}

/// Lanes of a warp can go on. Where warps go by themselves, the first of them is next: between two warp functions lanes
/// run in the order that was asked for, whoever came last.
static void wake(machine &m, unsigned warp, unsigned mask) {
  if (m.by_warps && mask == ~0u) {
    m.ready[m.places[32 * warp] / 32] = mask;
  } else {
    for (unsigned lanes = mask; lanes; lanes &= lanes - 1) {
      unsigned place = m.places[32 * warp + unsigned(__builtin_ctz(lanes))];
      m.ready[place / 32] |= 1u << place % 32;
    }
  }
  if (m.by_warps) m.later = ~0u;
}

/// Finds whose turn is next: `place`. False if no thread can go on.
static inline bool find_next(machine &m) {
  unsigned word = m.word;
  uint32_t bits = m.ready[word] & m.later;
  if (!bits) {
    if (m.by_warps) bits = m.ready[word];
    for (unsigned i = 0; !bits && i < m.words(); i++) {
      word = word + 1 == m.words() ? 0 : word + 1;
      bits = m.ready[word];
    }
    if (!bits) return false;
    m.word = word;
  }
  uint32_t bit = bits & -bits, others = bits ^ bit;
  m.ready[word] ^= bit;
  m.later = ~(bit | (bit - 1));
  m.place = 32 * word + unsigned(__builtin_ctz(bit));
#ifdef __x86_64__
  // Whoever comes after that: its stack is on its way meanwhile.
  if (others) {
    auto stack = static_cast<const char *>(m.fibers[32 * word + unsigned(__builtin_ctz(others))].stack);
    __builtin_prefetch(stack);
    __builtin_prefetch(stack + 64);
    __builtin_prefetch(stack + 128);
  }
#endif
  return true;
}

static bool is_fresh(const machine &m) { return m.fresh[m.place / 32] >> m.place % 32 & 1; }

/// Makes the thread at `place`, which has not begun, the one that runs on stack number `stack`.
static void begin(machine &m, uint16_t stack) {
  m.fresh[m.place / 32] ^= 1u << m.place % 32;
  m.stacks[m.placed[m.place]->linear] = stack;
  m.placed[m.place]->waits = 0;
}

static void run_threads();
static void check_waits(machine &m, const runner &thread);

[[gnu::noinline]] static void begin_on_other_stack(machine &m) {
  uint16_t stack;
  if (m.left.empty()) {
    stack = uint16_t(m.used_stacks++);
  } else {
    stack = m.left.back();
    m.left.pop_back();
  }
  begin(m, stack);
  emulator_fiber_begin(&m.fibers[m.place], stack, run_threads);
}

/// Makes the thread at `place` the one that runs, and gives its fiber.
static inline emulator_fiber *resume(machine &m) {
  if (is_fresh(m)) begin_on_other_stack(m);
  emulator_now = m.placed[m.place];
  return &m.fibers[m.place];
}

/// Lets the others run, one after the other without a detour: a warp function costs each lane one change of stacks. The
/// scheduler is gone back to when no thread can go on.
[[gnu::noinline]] static void yield(machine &m) {
  unsigned from = m.place;
  emulator_fiber *to = &m.scheduler;
  if (find_next(m)) {
    if (m.place == from) return;
    to = resume(m);
  }
  emulator_fiber_switch(&m.fibers[from], to);
}

/// Runs a thread on this stack, and then others that have not begun: threads that never wait are but a loop.
static void run_threads() {
  machine &m = *here;
  for (;;) {
    m.kernel->call(m.arguments);
    runner *thread = running();
    check_waits(m, *thread);
    unsigned number = thread->linear / 32, bit = 1u << thread->linear % 32, place = m.place;
    if (m.waiting) emulator_fail("ends while %u threads wait at __syncthreads", m.waiting);
    warp &warp = m.warps[number];
    for (unsigned lanes = warp.arrived; lanes; lanes &= lanes - 1) {
      const runner &other = m.threads[32 * number + unsigned(__builtin_ctz(lanes))];
      const meeting &awaited = m.meeting_of(other);
      if (awaited.mask & bit)
        emulator_fail("ends while lane %u waits at %s in line %d", other.linear % 32, awaited.name, awaited.line);
    }
    thread->copies->clear();
    m.ended++;
    warp.gone |= bit;
    uint16_t stack = m.stacks[thread->linear];
    emulator_fiber *to = &m.scheduler;
    if (find_next(m)) {
      if (is_fresh(m)) {
        begin(m, stack);
        emulator_now = m.placed[m.place];
        continue;
      }
      to = resume(m);
    }
    m.left.push_back(stack);
    // Nobody goes on with a thread that has ended.
    emulator_fiber_switch(&m.fibers[place], to);
  }
}

// MARK: Meeting

void emulator_fail(const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  note(emulator_now, text);
  // The scheduler sees the error and runs no thread of this launch again.
  for (;;) emulator_fiber_switch(&here->fibers[here->place], &here->scheduler);
}

void emulator_barrier(int line) {
  machine &m = *here;
  if (m.ended) emulator_fail("waits at __syncthreads in line %d, but a thread has ended", line);
  if (!m.waiting) {
    m.barrier_line = line;
    m.barrier_first = running()->linear;
  } else if (m.barrier_line != line) {
    emulator_fail("waits at __syncthreads in line %d, thread %u at the one in line %d", line, m.barrier_first,
                  m.barrier_line);
  }
  if (++m.waiting == m.count) {
    m.waiting = 0;
    wake_all(m);
  }
  yield(m);
}

/// Runs the operation for the lanes of a mask, which are not all, or not alone in waiting.
[[gnu::noinline]] static void meet_some(machine &m, const runner &last, warp &warp) {
  const meeting at = m.meeting_of(last);
  void *lanes[32] = {};
  for (unsigned i = 0; i < 32; i++) {
    if (!(at.mask >> i & 1)) continue;
    const meeting &other = m.meeting_of(m.threads[last.linear / 32 * 32 + i]);
    if (!(other == at))
      emulator_fail("%s in line %d, mask %08x, meets %s in line %d, mask %08x, of lane %u", at.name, at.line, at.mask,
                    other.name, other.line, other.mask, i);
    lanes[i] = warp.lanes[i];
  }
  if (at.operation) at.operation(lanes);
}

/// Notes what a thread has come to that is not what others of its warp wait at.
[[gnu::noinline]] static void note_difference(machine &m, runner &thread, warp &warp, const meeting &at) {
  if (warp.same) {
    runner *first = &m.threads[thread.linear / 32 * 32];
    for (unsigned lanes = warp.arrived; lanes; lanes &= lanes - 1) first[__builtin_ctz(lanes)].meeting = warp.meeting;
    warp.same = false;
  }
  thread.meeting = at;
}

void emulator_meet(const char *name, emulator_operation operation, unsigned mask, void *lane, int line) {
  machine &m = *here;
  runner *thread = running();
  unsigned number = thread->linear / 32, bit = 1u << thread->linear % 32;
  warp &warp = m.warps[number];
  if (!(mask & bit)) emulator_fail("%s in line %d: the lane is not in its own mask %08x", name, line, mask);
  unsigned gone = mask & warp.gone;
  if (gone) emulator_fail("%s in line %d: lanes %08x have ended", name, line, gone);
  if (!warp.arrived) {
    warp.same = true;
    warp.meeting.operation = operation;
    warp.meeting.name = name;
    warp.meeting.mask = mask;
    warp.meeting.line = line;
  } else if (!warp.same || warp.meeting.operation != operation || warp.meeting.mask != mask ||
             warp.meeting.line != line) {
    note_difference(m, *thread, warp, {operation, name, mask, line});
  }
  warp.lanes[thread->linear % 32] = lane;
  warp.arrived |= bit;
  if ((warp.arrived & mask) == mask) {
    if (!warp.same || mask != ~0u) meet_some(m, *thread, warp);
    else if (operation) operation(warp.lanes);
    warp.arrived &= ~mask;
    wake(m, number, mask);
  }
  yield(m);
}

void emulator_copy_wait(size_t pending) {
  emulator_copies &copies = *emulator_now->copies;
  if (copies.groups.size() <= pending) return;
  size_t done = copies.groups.size() - pending, end = copies.groups[done - 1];
  for (size_t i = 0; i < end; i++) {
    const emulator_copy &copy = copies.begun[i];
    if (copy.valid) memcpy(copy.to, copy.from, 16);
    else memset(copy.to, 0, 16);
  }
  copies.begun.erase(copies.begun.begin(), copies.begun.begin() + ptrdiff_t(end));
  copies.groups.erase(copies.groups.begin(), copies.groups.begin() + ptrdiff_t(done));
  for (size_t &group : copies.groups) group -= end;
}

// MARK: Waiting for the kernels before

static std::vector<emulator_memory> to_hide;
static const unsigned hiding_blocks = 4;

void emulator_hide(std::vector<emulator_memory> memory) { to_hide = std::move(memory); }

bool emulator_waited() { return here_storage && here_storage->waited; }

static void hide(machine &m) {
  for (const emulator_memory &memory : to_hide) {
    auto begin = static_cast<char *>(memory.begin);
    m.hidden.emplace_back(begin, begin + memory.bytes);
    memset(begin, 0xff, memory.bytes);
  }
}

/// False if somebody wrote where it was hidden.
static bool show(machine &m) {
  bool whole = true;
  for (size_t i = 0; i < m.hidden.size(); i++) {
    const std::vector<char> &contents = m.hidden[i];
    auto begin = static_cast<char *>(to_hide[i].begin);
    for (size_t j = 0; j < contents.size(); j++) whole = whole && begin[j] == char(0xff);
    memcpy(begin, contents.data(), contents.size());
  }
  m.hidden.clear();
  return whole;
}

void emulator_wait_for_predecessors(int line) {
  machine &m = *here;
  runner *thread = running();
  if (thread->waits++) emulator_fail("waits for the kernels before a second time, in line %d", line);
  // It is no barrier: only where something is hidden do threads meet here.
  if (m.hidden.empty()) return;
  // Copies that have begun would be made later here than they may be.
  for (const emulator_copy &copy : thread->copies->begun)
    for (const emulator_memory &memory : to_hide)
      if (copy.valid && copy.from >= memory.begin && copy.from < static_cast<char *>(memory.begin) + memory.bytes)
        emulator_fail("began a copy before it waited for the kernels before, in line %d", line);
  if (++m.at_wait == m.count) {
    m.at_wait = 0;
    if (!show(m)) emulator_fail("wrote before it waited for the kernels before, in line %d", line);
    wake_all(m);
  }
  yield(m);
}

/// What a thread that ends has done of it.
static void check_waits(machine &m, const runner &thread) {
  int waits = int(thread.waits), others = m.waits->load(std::memory_order_relaxed);
  if (m.needed_waits >= 0 && waits != m.needed_waits) emulator_fail("did not wait for the kernels before");
  if (others == waits) return;
  if (others >= 0 || (!m.waits->compare_exchange_strong(others, waits) && others != waits))
    emulator_fail("waited %d times for the kernels before, others %d", waits, others);
}

// MARK: Shared memory

// NaN as float32, float16 and bfloat16, all of them.
static const unsigned char poison = 0xff;
static const uint32_t guard = 0x7fed7fed;
static const size_t guard_bytes = 4096;
static const size_t most_shared_bytes = 227 << 10;

static bool guards_whole(const char *from) {
  // Its first word, and each the same as the one before it.
  return !memcmp(from, &guard, 4) && !memcmp(from, from + 4, guard_bytes - 4);
}

static void lay_guard(char *from) {
  for (size_t i = 0; i < guard_bytes; i += 4) memcpy(from + i, &guard, 4);
}

/// The byte after the shared memory of the launch need not be a multiple of 4.
static void prepare_shared(size_t bytes) {
  here->shared.resize(bytes + 2 * guard_bytes + 128);
  auto base = (reinterpret_cast<uintptr_t>(here->shared.data()) + 127) & ~uintptr_t(127);
  here->block.shared = reinterpret_cast<char *>(base) + guard_bytes;
  here->block.shared_bytes = bytes;
  lay_guard(here->block.shared - guard_bytes);
  lay_guard(here->block.shared + bytes);
}

// MARK: The launch

/// What is the same in all blocks of a launch.
static void prepare_threads(machine &m) {
  const uint3 &threads = m.block.threads;
  for (unsigned i = 0; i < m.count; i++) {
    runner &thread = m.threads[i];
    thread.index = {i % threads.x, i / threads.x % threads.y, i / threads.x / threads.y};
    thread.linear = i;
    thread.block = &m.block;
    thread.copies = &m.copies[i];
    thread.copies->clear();
  }
}

/// The order in which the threads of a block take their turns. Shuffled, warps take them in between each other, which
/// shows what a barrier is missing for between two accesses of one warp.
static void order_threads(machine &m, uint64_t salt) {
  arrange(m.order, m.count, salt);
  for (unsigned i = 0; i < m.count; i++) {
    m.places[m.order[i]] = uint16_t(i);
    m.placed[i] = &m.threads[m.order[i]];
  }
}

static bool run_block(machine &m) {
  m.waiting = m.ended = m.at_wait = 0;
  for (unsigned i = 0; i < m.words(); i++) m.warps[i].arrived = m.warps[i].gone = 0;
  memset(m.block.shared, poison, m.block.shared_bytes);
  m.left.clear();
  m.used_stacks = 0;
  for (unsigned i = 0; i < m.words(); i++) m.fresh[i] = ~0u;
  wake_all(m);
  find_next(m);
  emulator_fiber_switch(&m.scheduler, resume(m));
  if (!m.error.empty()) return false;
  if (m.ended < m.count) {
    // Some wait for the block and some for their warp, or for the kernels before.
    if (m.at_wait) note(nullptr, "some threads wait for the kernels before, and others for them");
    for (uint32_t i : m.order) {
      const runner &thread = m.threads[i];
      if (!(m.warps[i / 32].arrived >> i % 32 & 1)) continue;
      const meeting &at = m.meeting_of(thread);
      char text[128];
      snprintf(text, sizeof text, "waits for ever at %s in line %d, mask %08x; %u threads wait at __syncthreads",
               at.name, at.line, at.mask, m.waiting);
      note(&thread, text);
      break;
    }
    return false;
  }
  if (!guards_whole(m.block.shared - guard_bytes)) note(nullptr, "wrote before its shared memory");
  if (!guards_whole(m.block.shared + m.block.shared_bytes)) note(nullptr, "wrote behind its shared memory");
  return m.error.empty();
}

static const unsigned most_hosts = 8;

namespace {

/// A launch that threads of the host share: each takes the next block until there is none.
struct launch {
  const emulator_kernel *kernel;
  const void *arguments;
  uint3 grid, threads;
  size_t shared_bytes;
  bool early, shuffled;
  std::vector<uint32_t> blocks;
  std::atomic<int> waits{-1};
  std::atomic<size_t> taken{0};
  std::atomic<bool> failed{false};
  // Of the failures, the one that comes first in the order of the blocks: those before it have been taken, and run to
  // their end.
  std::mutex lock;
  size_t failed_at = SIZE_MAX;
  std::string error;
  bool faulted = false;
};

}  // namespace

static machine &machine_here() {
  if (!here_storage) here_storage.reset(new machine);
  here = here_storage.get();
  return *here;
}

static void describe(machine &m, launch &launch) {
  m.error.clear();
  m.waited = false;
  m.waits = &launch.waits;
  m.needed_waits = launch.early || !to_hide.empty() ? 1 : -1;
  m.kernel = launch.kernel;
  m.arguments = launch.arguments;
  m.block.index = {0, 0, 0};
  m.block.threads = launch.threads;
  m.block.grid = launch.grid;
}

/// Runs blocks on this thread of the host until none is left.
static void run_blocks(launch &launch) {
  machine &m = machine_here();
  emulator_catch_faults();
  emulator_forget_fault();
  describe(m, launch);
  m.count = launch.threads.x * launch.threads.y * launch.threads.z;
  m.by_warps = !launch.shuffled;
  const bool ready = emulator_fiber_reserve();
  if (ready) {
    prepare_shared(launch.shared_bytes);
    prepare_threads(m);
    order_threads(m, 1);
  }
  unsigned hides = to_hide.empty() ? 0 : hiding_blocks;
  while (!launch.failed) {
    const size_t taken = launch.taken++;
    if (taken >= launch.blocks.size()) break;
    const uint32_t i = launch.blocks[taken];
    const uint3 &grid = launch.grid;
    m.block.index = {i % grid.x, i / grid.x % grid.y, i / grid.x / grid.y};
    if (ready) {
      if (launch.shuffled) order_threads(m, i + 2);
      if (hides > 0) hides--, hide(m);
      if (run_block(m)) continue;
      if (!m.hidden.empty()) show(m);
    } else {
      note(nullptr, "no memory for stacks");
    }
    std::lock_guard<std::mutex> guard(launch.lock);
    launch.failed = true;
    if (taken > launch.failed_at) break;
    launch.failed_at = taken;
    launch.error = m.error;
    launch.faulted = emulator_faulted();
  }
  emulator_now = nullptr;
}

namespace {

/// Threads of the host that help with launches, one launch at a time. They end with the process.
class helpers {
 public:
  /// Whether the launch was run; false if they are at work on another.
  bool run(launch &launch, unsigned count) {
    std::unique_lock<std::mutex> mine(taken_, std::try_to_lock);
    if (!mine) return false;
    {
      std::lock_guard<std::mutex> guard(lock_);
      for (; started_ < count; started_++) std::thread([this] { work(); }).detach();
      given_ = &launch;
      wanted_ = count;
    }
    given_now_.notify_all();
    run_blocks(launch);
    // Who has not woken by now is not waited for.
    std::unique_lock<std::mutex> guard(lock_);
    given_ = nullptr;
    wanted_ = 0;
    left_.wait(guard, [this] { return active_ == 0; });
    return true;
  }

 private:
  void work() {
    std::unique_lock<std::mutex> guard(lock_);
    for (;;) {
      given_now_.wait(guard, [this] { return wanted_ > 0; });
      wanted_--;
      active_++;
      launch &launch = *given_;
      guard.unlock();
      run_blocks(launch);
      guard.lock();
      if (--active_ == 0) left_.notify_all();
    }
  }

  std::mutex taken_, lock_;
  std::condition_variable given_now_, left_;
  launch *given_ = nullptr;
  unsigned started_ = 0, wanted_ = 0, active_ = 0;
};

}  // namespace

/// How many threads of the host are to run these blocks. Few threads of blocks are done before anybody has woken.
static unsigned hosts_for(unsigned hosts, size_t blocks, size_t threads) {
  if (unsigned chosen = chosen_hosts) hosts = chosen;
  else if (blocks * threads < 1024) return 1;
  return std::min(unsigned(std::min<size_t>(blocks, most_hosts)), hosts);
}

const char *emulator_error() { return here_storage ? here_storage->error.c_str() : ""; }

bool emulator_launch(const emulator_kernel &kernel, uint3 grid, uint3 block, size_t shared_bytes, const void *arguments,
                     bool early, bool shares) {
  launch launch = {&kernel, nullptr, grid, block, shared_bytes, early};
  machine &m = machine_here();
  describe(m, launch);
  emulator_forget_fault();
  uint64_t blocks = uint64_t(grid.x) * grid.y * grid.z, threads = uint64_t(block.x) * block.y * block.z;
  if (!threads || threads > kernel.threads || kernel.threads > 1024 || threads % 32) {
    note(nullptr, "a block must be of whole warps, and no larger than the kernel's bound");
    return false;
  }
  if (!blocks || blocks > UINT32_MAX || grid.y > 0xffff || grid.z > 0xffff) {
    note(nullptr, "a grid without blocks, or of too many");
    return false;
  }
  if (shared_bytes > most_shared_bytes) {
    note(nullptr, "more shared memory than a block can have");
    return false;
  }
  // The kernel must not see a change of the caller's.
  std::vector<uint64_t> copied((kernel.argument_bytes + 15) / 8);
  memcpy(copied.data(), arguments, kernel.argument_bytes);
  launch.arguments = copied.data();
  launch.shuffled = chosen_order.load() == EMULATOR_SHUFFLED;
  arrange(launch.blocks, blocks, 0);

  static helpers &helpers = *new class helpers;
  static const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  unsigned hosts = 1;
  // Where an order of blocks is asked for, one runs at a time.
  if (chosen_order.load() == EMULATOR_FORWARD && to_hide.empty()) hosts = hosts_for(shares ? processors : 1, blocks, threads);
  if (hosts < 2 || !helpers.run(launch, hosts - 1)) run_blocks(launch);
  m.error = launch.error;
  m.waited = launch.waits > 0;
  emulator_set_fault(launch.faulted);
  return !launch.failed;
}

size_t emulator_running_stack() { return here->stacks[emulator_now->linear]; }
