#include "stapes_fake_flashinfer.h"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "emulator.h"
#include "stapes_cuda_emulator.h"

namespace {

constexpr int HEAD_WIDTH = 64;
enum { DECODE = 1, PREFILL = 2 };

std::string message;
stapes_fake_flashinfer_plans planned;

int32_t fail(const char *text) {
  message = text;
  return 1;
}

/// What lies in the plan's integers: the rows, and of each the pages that were planned for.
struct plan_copy {
  const void *from;
  void *to;
  int64_t bytes;
};

void copy(const void *arguments) {
  const plan_copy &c = *static_cast<const plan_copy *>(arguments);
  memcpy(c.to, c.from, c.bytes);
}

int32_t sizes(const stapes_flashinfer_shape *shape, int32_t, stapes_flashinfer_sizes *sizes) {
  sizes->float_bytes = 64;
  sizes->int_bytes = 4 * (1 + int64_t(shape->batch));
  return 0;
}

int32_t make_plan(int kind, const stapes_flashinfer_shape &shape, const int32_t *pages,
                  const stapes_flashinfer_workspace &workspace, void *stream, stapes_flashinfer_plan *plan) {
  if (shape.batch < 1) return fail("a plan of no rows");
  if (4 * (1 + int64_t(shape.batch)) > workspace.sizes.int_bytes) return fail("the workspace is too small");
  int32_t *ints = static_cast<int32_t *>(workspace.host_ints);
  ints[0] = shape.batch;
  for (int row = 0; row < shape.batch; row++) {
    ints[1 + row] = pages[row + 1] - pages[row];
    if (ints[1 + row] < 1) return fail("a row without pages");
  }
  const plan_copy c = {ints, workspace.ints, 4 * (1 + int64_t(shape.batch))};
  // A copy, which a captured stream would take for a node of its graph: the real library's would be lost there as well.
  if (stapes_fake_cuda_enqueue(static_cast<stapes_cu_stream>(stream), "flashinfer_plan", copy, &c, sizeof c) != 0)
    return fail("the stream takes no copy");
  *plan = {};
  plan->floats = workspace.floats;
  plan->ints = workspace.ints;
  plan->shape = shape;
  plan->kind = kind;
  // Cut up in graphs, as the real library's plans are for all but large batches.
  plan->numbers[kind == DECODE ? 9 : 14] = shape.graph;
  return 0;
}

int32_t decode_plan(const stapes_flashinfer_shape *shape, const int32_t *pages,
                    const stapes_flashinfer_workspace *workspace, void *stream, stapes_flashinfer_plan *plan) {
  planned.decode++;
  return make_plan(DECODE, *shape, pages, *workspace, stream, plan);
}

int32_t prefill_plan(const stapes_flashinfer_shape *shape, const int32_t *queries, const int32_t *pages,
                     int32_t tokens, const stapes_flashinfer_workspace *workspace, void *stream,
                     stapes_flashinfer_plan *plan) {
  planned.prefill++;
  if (queries[shape->batch] > tokens) return fail("more queries than there is room for");
  return make_plan(PREFILL, *shape, pages, *workspace, stream, plan);
}

struct run_arguments {
  stapes_flashinfer_plan plan;
  stapes_flashinfer_arguments a;
  const int32_t *queries;
  bool causal;
};

template <typename T>
void attend(const run_arguments &r, int row, int64_t query, int seen) {
  const stapes_flashinfer_arguments &a = r.a;
  const int heads = r.plan.shape.heads;
  for (int head = 0; head < heads; head++) {
    const T *q = static_cast<const T *>(a.q) + query * a.q_row_stride + head * HEAD_WIDTH;
    std::vector<double> scores(seen);
    double peak = -INFINITY, total = 0;
    auto at = [&](const void *base, int position) {
      const int64_t page = a.indices[a.indptr[row] + position / 16];
      return static_cast<const T *>(base) + page * a.page_stride + head * a.head_stride + position % 16 * HEAD_WIDTH;
    };
    for (int position = 0; position < seen; position++) {
      double dot = 0;
      for (int i = 0; i < HEAD_WIDTH; i++) dot += double(to_float(q[i])) * to_float(at(a.k, position)[i]);
      scores[position] = dot * a.scale;
      peak = std::max(peak, scores[position]);
    }
    double sums[HEAD_WIDTH] = {};
    for (int position = 0; position < seen; position++) {
      const double weight = std::exp(scores[position] - peak);
      total += weight;
      for (int i = 0; i < HEAD_WIDTH; i++) sums[i] += weight * to_float(at(a.v, position)[i]);
    }
    T *out = static_cast<T *>(a.output) + query * a.output_row_stride + head * HEAD_WIDTH;
    for (int i = 0; i < HEAD_WIDTH; i++) out[i] = from_float<T>(float(sums[i] / total));
  }
}

void run(const void *arguments) {
  const run_arguments &r = *static_cast<const run_arguments *>(arguments);
  const int32_t *pages = static_cast<const int32_t *>(r.plan.ints) + 1;
  for (int row = 0; row < r.plan.shape.batch; row++) {
    const int held = r.a.indptr[row + 1] - r.a.indptr[row];
    const int length = (held - 1) * 16 + r.a.last_page_length[row];
    // The planned pages, whatever the row has: the regression that a plan from decoder lengths is.
    const int readable = std::min(length, pages[row] * 16);
    const int64_t first = r.queries ? r.queries[row] : row;
    const int64_t count = r.queries ? r.queries[row + 1] - r.queries[row] : 1;
    for (int64_t i = 0; i < count; i++) {
      const int seen = r.causal ? std::min<int64_t>(readable, length - count + i + 1) : readable;
      if (r.plan.shape.type == STAPES_FLASHINFER_FLOAT16)
        attend<half_t>(r, row, first + i, seen);
      else
        attend<bfloat_t>(r, row, first + i, seen);
    }
  }
}

int32_t enqueue(const run_arguments &r, const char *name, void *stream) {
  if (r.plan.kind == 0) return fail("a run without a plan");
  if (r.a.output_row_stride != int64_t(r.plan.shape.heads) * HEAD_WIDTH) return fail("output rows lie apart");
  if (stapes_fake_cuda_enqueue(static_cast<stapes_cu_stream>(stream), name, run, &r, sizeof r) != 0)
    return fail("the stream takes no kernel");
  return 0;
}

int32_t decode_run(const stapes_flashinfer_plan *plan, const stapes_flashinfer_arguments *a, void *stream) {
  return enqueue({*plan, *a, nullptr, false}, "flashinfer_decode", stream);
}

int32_t prefill_run(const stapes_flashinfer_plan *plan, const stapes_flashinfer_arguments *a, const int32_t *queries,
                    bool causal, void *stream) {
  return enqueue({*plan, *a, queries, causal}, "flashinfer_prefill", stream);
}

const char *version() { return "fake"; }
const char *error() { return message.c_str(); }

}  // namespace

void stapes_fake_flashinfer_open(stapes_flashinfer_library *library) {
  planned = {};
  *library = {version, error, sizes, decode_plan, decode_run, prefill_plan, prefill_run};
}

stapes_fake_flashinfer_plans stapes_fake_flashinfer_planned(void) { return planned; }
