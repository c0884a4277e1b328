#include "launch.h"

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <numeric>
#include <random>
#include <string>

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

enum state { READY, AT_BARRIER, AT_WARP, AT_WAIT, ENDED };

struct runner : emulator_thread {
  emulator_fiber fiber;
  enum state state;
  // Where it waits, for a warp function also at what.
  int line;
  const char *name;
  emulator_operation operation;
  unsigned mask;
  void *lane;
};

struct machine {
  emulator_block block;
  const emulator_kernel *kernel;
  const void *arguments;
  emulator_fiber scheduler;
  std::unique_ptr<runner[]> threads{new runner[1024]};
  unsigned count, waiting, ended;
  // Of each warp, the lanes that wait at a warp function, and those that have ended.
  unsigned arrived[32], gone[32];
  std::vector<uint32_t> order, blocks;
  std::vector<char> shared;
  std::string error;
  // How often the threads that have ended waited for the kernels before, or -1; what it has to be in this launch, or -1.
  int waits, needed_waits;
  // Threads of the block that wait, and what is hidden until all do: contents by range.
  unsigned at_wait;
  std::vector<std::vector<char>> hidden;
};

}  // namespace

__thread emulator_thread *emulator_now;
static thread_local std::unique_ptr<machine> here_storage;
static __thread machine *here;

static runner *running() { return static_cast<runner *>(emulator_now); }
static runner *lane_of(unsigned warp, unsigned lane) { return &here->threads[32 * warp + lane]; }

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

/// Lets the others run.
static void yield() { emulator_fiber_switch(&running()->fiber, &here->scheduler); }

void emulator_fail(const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  note(emulator_now, text);
  // The scheduler sees the error and runs no thread of this launch again.
  for (;;) yield();
}

void emulator_barrier(int line) {
  runner *thread = running();
  if (here->ended) emulator_fail("waits at __syncthreads in line %d, but a thread has ended", line);
  thread->state = AT_BARRIER;
  thread->line = line;
  if (++here->waiting == here->count) {
    for (unsigned i = 0; i < here->count; i++) {
      runner &other = here->threads[i];
      if (other.line != line)
        emulator_fail("waits at __syncthreads in line %d, thread %u at the one in line %d", line, i, other.line);
      other.state = READY;
    }
    here->waiting = 0;
  }
  yield();
}

void emulator_meet(const char *name, emulator_operation operation, unsigned mask, void *lane, int line) {
  runner *thread = running();
  unsigned warp = thread->linear / 32, bit = 1u << thread->linear % 32;
  if (!(mask & bit)) emulator_fail("%s in line %d: the lane is not in its own mask %08x", name, line, mask);
  unsigned gone = mask & here->gone[warp];
  if (gone) emulator_fail("%s in line %d: lanes %08x have ended", name, line, gone);
  thread->name = name;
  thread->operation = operation;
  thread->mask = mask;
  thread->lane = lane;
  thread->line = line;
  thread->state = AT_WARP;
  here->arrived[warp] |= bit;
  if ((here->arrived[warp] & mask) == mask) {
    void *lanes[32] = {};
    for (unsigned i = 0; i < 32; i++) {
      if (!(mask >> i & 1)) continue;
      runner *other = lane_of(warp, i);
      if (other->operation != operation || other->mask != mask || other->line != line)
        emulator_fail("%s in line %d, mask %08x, meets %s in line %d, mask %08x, of lane %u", name, line, mask,
                      other->name, other->line, other->mask, i);
      lanes[i] = other->lane;
    }
    if (operation) operation(lanes);
    for (unsigned i = 0; i < 32; i++)
      if (mask >> i & 1) lane_of(warp, i)->state = READY;
    here->arrived[warp] &= ~mask;
  }
  yield();
}

void emulator_copy_wait(size_t pending) {
  emulator_thread *thread = emulator_now;
  if (thread->groups.size() <= pending) return;
  size_t done = thread->groups.size() - pending, end = thread->groups[done - 1];
  for (size_t i = 0; i < end; i++) {
    const emulator_copy &copy = thread->copies[i];
    if (copy.valid) memcpy(copy.to, copy.from, 16);
    else memset(copy.to, 0, 16);
  }
  thread->copies.erase(thread->copies.begin(), thread->copies.begin() + end);
  thread->groups.erase(thread->groups.begin(), thread->groups.begin() + done);
  for (size_t &group : thread->groups) group -= end;
}

// MARK: Waiting for the kernels before

static std::vector<emulator_memory> to_hide;
static const unsigned hiding_blocks = 4;

void emulator_hide(std::vector<emulator_memory> memory) { to_hide = std::move(memory); }

bool emulator_waited() { return here_storage && here_storage->waits > 0; }

static void hide() {
  for (const emulator_memory &memory : to_hide) {
    auto begin = static_cast<char *>(memory.begin);
    here->hidden.emplace_back(begin, begin + memory.bytes);
    memset(begin, 0xff, memory.bytes);
  }
}

/// False if somebody wrote where it was hidden.
static bool show() {
  bool whole = true;
  for (size_t i = 0; i < here->hidden.size(); i++) {
    const std::vector<char> &contents = here->hidden[i];
    auto begin = static_cast<char *>(to_hide[i].begin);
    for (size_t j = 0; j < contents.size(); j++) whole = whole && begin[j] == char(0xff);
    memcpy(begin, contents.data(), contents.size());
  }
  here->hidden.clear();
  return whole;
}

void emulator_wait_for_predecessors(int line) {
  runner *thread = running();
  if (thread->waits++) emulator_fail("waits for the kernels before a second time, in line %d", line);
  // It is no barrier: only where something is hidden do threads meet here.
  if (here->hidden.empty()) return;
  // Copies that have begun would be made later here than they may be.
  for (const emulator_copy &copy : thread->copies)
    for (const emulator_memory &memory : to_hide)
      if (copy.valid && copy.from >= memory.begin && copy.from < static_cast<char *>(memory.begin) + memory.bytes)
        emulator_fail("began a copy before it waited for the kernels before, in line %d", line);
  thread->state = AT_WAIT;
  if (++here->at_wait == here->count) {
    here->at_wait = 0;
    if (!show()) emulator_fail("wrote before it waited for the kernels before, in line %d", line);
    for (unsigned i = 0; i < here->count; i++) here->threads[i].state = READY;
  }
  yield();
}

/// What a thread that ends has done of it.
static void check_waits(const runner *thread) {
  machine &m = *here;
  int waits = int(thread->waits);
  if (m.needed_waits >= 0 && waits != m.needed_waits) emulator_fail("did not wait for the kernels before");
  if (m.waits >= 0 && waits != m.waits)
    emulator_fail("waited %d times for the kernels before, others %d", waits, m.waits);
  m.waits = waits;
}

static void run_thread() {
  runner *thread = running();
  here->kernel->call(here->arguments);
  check_waits(thread);
  unsigned warp = thread->linear / 32, bit = 1u << thread->linear % 32;
  if (here->waiting) emulator_fail("ends while %u threads wait at __syncthreads", here->waiting);
  for (unsigned i = 0; i < 32; i++)
    if ((here->arrived[warp] >> i & 1) && (lane_of(warp, i)->mask & bit))
      emulator_fail("ends while lane %u waits at %s in line %d", i, lane_of(warp, i)->name, lane_of(warp, i)->line);
  thread->state = ENDED;
  here->ended++;
  here->gone[warp] |= bit;
  for (;;) yield();
}

// MARK: Shared memory

// NaN as float32, float16 and bfloat16, all of them.
static const unsigned char poison = 0xff;
static const uint32_t guard = 0x7fed7fed;
static const size_t guard_bytes = 4096;
static const size_t most_shared_bytes = 227 << 10;

static bool guards_whole(const char *from) {
  for (size_t i = 0; i < guard_bytes; i += 4)
    if (memcmp(from + i, &guard, 4)) return false;
  return true;
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

static bool run_block() {
  machine &m = *here;
  m.waiting = m.ended = m.at_wait = 0;
  memset(m.arrived, 0, sizeof m.arrived);
  memset(m.gone, 0, sizeof m.gone);
  memset(m.block.shared, poison, m.block.shared_bytes);
  for (unsigned i = 0; i < m.count; i++) {
    runner &thread = m.threads[i];
    thread.index = {i % m.block.threads.x, i / m.block.threads.x % m.block.threads.y,
                    i / m.block.threads.x / m.block.threads.y};
    thread.linear = i;
    thread.block = &m.block;
    thread.copies.clear();
    thread.groups.clear();
    thread.waits = 0;
    thread.state = READY;
    if (!emulator_fiber_begin(&thread.fiber, i, run_thread)) {
      note(nullptr, "no memory for stacks");
      return false;
    }
  }
  while (m.ended < m.count) {
    bool moved = false;
    for (uint32_t i : m.order) {
      runner &thread = m.threads[i];
      if (thread.state != READY) continue;
      moved = true;
      emulator_now = &thread;
      emulator_fiber_switch(&m.scheduler, &thread.fiber);
      if (!m.error.empty()) return false;
    }
    if (moved) continue;
    // Some wait for the block and some for their warp, or for the kernels before.
    if (m.at_wait) note(nullptr, "some threads wait for the kernels before, and others for them");
    for (uint32_t i : m.order) {
      const runner &thread = m.threads[i];
      if (thread.state != AT_WARP) continue;
      char text[128];
      snprintf(text, sizeof text, "waits for ever at %s in line %d, mask %08x; %u threads wait at __syncthreads",
               thread.name, thread.line, thread.mask, m.waiting);
      note(&thread, text);
      break;
    }
    return false;
  }
  if (!guards_whole(m.block.shared - guard_bytes)) note(nullptr, "wrote before its shared memory");
  if (!guards_whole(m.block.shared + m.block.shared_bytes)) note(nullptr, "wrote behind its shared memory");
  return m.error.empty();
}

const char *emulator_error() { return here_storage ? here_storage->error.c_str() : ""; }

bool emulator_launch(const emulator_kernel &kernel, uint3 grid, uint3 block, size_t shared_bytes,
                     const void *arguments, bool early) {
  if (!here_storage) here_storage.reset(new machine);
  here = here_storage.get();
  machine &m = *here;
  emulator_catch_faults();
  emulator_forget_fault();
  m.error.clear();
  m.kernel = &kernel;
  m.waits = -1;
  m.needed_waits = early || !to_hide.empty() ? 1 : -1;
  m.block.index = {0, 0, 0};
  m.block.threads = block;
  m.block.grid = grid;
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
  m.count = unsigned(threads);
  // The kernel must not see a change of the caller's.
  std::vector<uint64_t> copied((kernel.argument_bytes + 15) / 8);
  memcpy(copied.data(), arguments, kernel.argument_bytes);
  m.arguments = copied.data();
  prepare_shared(shared_bytes);
  arrange(m.blocks, blocks, 0);
  arrange(m.order, m.count, 1);
  unsigned hides = to_hide.empty() ? 0 : hiding_blocks;
  for (uint32_t i : m.blocks) {
    m.block.index = {i % grid.x, i / grid.x % grid.y, i / grid.x / grid.y};
    if (chosen_order.load() == EMULATOR_SHUFFLED) arrange(m.order, m.count, i + 2);
    if (hides > 0) hides--, hide();
    if (!run_block()) break;
  }
  if (!m.hidden.empty()) show();
  emulator_now = nullptr;
  return m.error.empty();
}
