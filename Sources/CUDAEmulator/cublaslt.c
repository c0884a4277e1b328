// A libcublasLt for tests: it refuses what the real one refuses, and multiplies on the host, column by column. With
// FAKE_CUBLASLT_LIBRARY it is a library to be opened, else a table of functions; see stapes_fake_cublaslt.h.
//
// It shares no declaration with the shim but the table. Numbers, sizes of attributes and refusals are the real library's;
// sizes of attributes were tried on it, on a machine without a GPU.
#include "include/stapes_fake_cublaslt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct stapes_cu_stream_object;
typedef struct stapes_cu_stream_object *stream_handle;

#ifdef FAKE_CUBLASLT_LIBRARY
#define FUNCTION
#else
#include "include/stapes_cuda_emulator.h"
// Another library's symbols are not for a test's own process to have.
#define FUNCTION static
#endif

#ifndef FAKE_VERSION
#define FAKE_VERSION 130000
#endif
#ifndef FAKE_CREATE_STATUS
#define FAKE_CREATE_STATUS 0
#endif

enum {
  SUCCESS = 0,
  NOT_INITIALIZED = 1,
  ALLOC_FAILED = 3,
  INVALID_VALUE = 7,
  EXECUTION_FAILED = 13,
  NOT_SUPPORTED = 15,
};
enum { R_32F = 0, R_16F = 2, R_16BF = 14 };

FUNCTION fake_cublaslt_state fake_cublaslt;

static int refuse(int status, const char *why) {
  fake_cublaslt.why = why;
  return status;
}

// MARK: Handles and descriptors

enum { HANDLE = 0x48414e44, OPERATION = 0x4f504552, LAYOUT = 0x4c41594f, PREFERENCE = 0x50524546, GONE = 0x474f4e45 };

typedef struct {
  int kind;
} thing;

typedef struct {
  int kind, compute_type, scale_type;
  int32_t integers[64];
  uint64_t longs[64];
} operation;

typedef struct {
  int kind, type;
  uint64_t rows, columns;
  int64_t leading;
} layout;

typedef struct {
  int kind;
  int32_t integers[16];
  uint64_t longs[16];
} preference;

/// Of the library's: with the products that it has run.
typedef struct {
  int kind, ran_count;
  uint64_t ran[4096];
} library_handle;

static int is_kind(const void *value, int kind) { return value && ((const thing *)value)->kind == kind; }

static void *make(size_t bytes, int kind) {
  if (fake_cublaslt.descriptors_left && --fake_cublaslt.descriptors_left == 0) return NULL;
  thing *value = calloc(1, bytes);
  value->kind = kind;
  fake_cublaslt.descriptors++;
  return value;
}

static int destroy(void *value, int kind) {
  if (!is_kind(value, kind)) return refuse(INVALID_VALUE, "destroys what is not there");
  ((thing *)value)->kind = GONE;
  free(value);
  fake_cublaslt.descriptors--;
  return SUCCESS;
}

FUNCTION size_t cublasLtGetVersion(void) { return FAKE_VERSION; }

FUNCTION const char *cublasLtGetStatusString(int status) {
  switch (status) {
    case SUCCESS: return "success";
    case NOT_INITIALIZED: return "not initialized";
    case ALLOC_FAILED: return "allocation failed";
    case INVALID_VALUE: return "invalid value";
    case EXECUTION_FAILED: return "execution failed";
    case NOT_SUPPORTED: return "not supported";
    default: return "unknown";
  }
}

FUNCTION int cublasLtCreate(void **handle) {
  if (FAKE_CREATE_STATUS) return FAKE_CREATE_STATUS;
  library_handle *value = calloc(1, sizeof *value);
  if (!value) return ALLOC_FAILED;
  value->kind = HANDLE;
  fake_cublaslt.handles++;
  *handle = value;
  return SUCCESS;
}

FUNCTION int cublasLtDestroy(void *handle) {
  if (!is_kind(handle, HANDLE)) return NOT_INITIALIZED;
  free(handle);
  fake_cublaslt.handles--;
  return SUCCESS;
}

FUNCTION int cublasLtMatmulDescCreate(void **value, int compute_type, int scale_type) {
  operation *o = *value = make(sizeof *o, OPERATION);
  if (!o) return ALLOC_FAILED;
  o->compute_type = compute_type;
  o->scale_type = scale_type;
  o->integers[7] = 1;
  o->integers[26] = -1;
  return SUCCESS;
}

FUNCTION int cublasLtMatmulDescDestroy(void *value) { return destroy(value, OPERATION); }

static int is_among(int value, const int *values) {
  for (; *values >= 0; values++)
    if (*values == value) return 1;
  return 0;
}

static int set(int32_t *integers, uint64_t *longs, const int *short_ones, const int *long_ones, int attribute,
               const void *value, size_t bytes) {
  if (!value) return refuse(INVALID_VALUE, "no value");
  if (is_among(attribute, short_ones)) {
    if (bytes != 4) return refuse(INVALID_VALUE, "not 4 bytes");
    memcpy(&integers[attribute], value, bytes);
  } else if (is_among(attribute, long_ones)) {
    if (bytes != 8) return refuse(INVALID_VALUE, "not 8 bytes");
    memcpy(&longs[attribute], value, bytes);
  } else {
    return refuse(INVALID_VALUE, "no such attribute");
  }
  return SUCCESS;
}

FUNCTION int cublasLtMatmulDescSetAttribute(void *value, int attribute, const void *buffer, size_t bytes) {
  static const int short_ones[] = {0, 1, 2, 3, 4, 5, 6, 7, 15, 16, 22, 26, -1};
  static const int long_ones[] = {8, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 23, 24, -1};
  if (!is_kind(value, OPERATION)) return refuse(INVALID_VALUE, "sets what is not there");
  operation *o = value;
  return set(o->integers, o->longs, short_ones, long_ones, attribute, buffer, bytes);
}

// The real one looks at a layout when it is used, too.
FUNCTION int cublasLtMatrixLayoutCreate(void **value, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  layout *l = *value = make(sizeof *l, LAYOUT);
  if (!l) return ALLOC_FAILED;
  *l = (layout){LAYOUT, type, rows, columns, leading};
  return SUCCESS;
}

FUNCTION int cublasLtMatrixLayoutDestroy(void *value) { return destroy(value, LAYOUT); }

FUNCTION int cublasLtMatmulPreferenceCreate(void **value) {
  preference *p = *value = make(sizeof *p, PREFERENCE);
  if (!p) return ALLOC_FAILED;
  p->integers[3] = 7;
  for (int i = 5; i <= 8; i++) p->integers[i] = 256;
  return SUCCESS;
}

FUNCTION int cublasLtMatmulPreferenceDestroy(void *value) { return destroy(value, PREFERENCE); }

FUNCTION int cublasLtMatmulPreferenceSetAttribute(void *value, int attribute, const void *buffer, size_t bytes) {
  static const int short_ones[] = {0, 3, 5, 6, 7, 8, 9, -1};
  static const int long_ones[] = {1, 12, -1};
  if (!is_kind(value, PREFERENCE)) return refuse(INVALID_VALUE, "sets what is not there");
  preference *p = value;
  return set(p->integers, p->longs, short_ones, long_ones, attribute, buffer, bytes);
}

// MARK: Products

static int is_good_layout(const layout *l) {
  return is_kind(l, LAYOUT) && l->rows > 0 && l->columns > 0 && l->rows <= INT32_MAX && l->columns <= INT32_MAX &&
         l->leading >= (int64_t)l->rows;
}

static int check(const operation *o, const layout *a, const layout *b, const layout *c, const layout *d) {
  if (!is_kind(o, OPERATION)) return refuse(INVALID_VALUE, "no operation");
  if (!is_good_layout(a) || !is_good_layout(b) || !is_good_layout(c) || !is_good_layout(d))
    return refuse(INVALID_VALUE, "a layout is missing, empty or overlaps itself");
  int ta = o->integers[3], tb = o->integers[4];
  if ((ta | tb | 1) != 1) return refuse(INVALID_VALUE, "neither as it is nor transposed");
  uint64_t rows = ta ? a->columns : a->rows, inner = ta ? a->rows : a->columns;
  uint64_t columns = tb ? b->rows : b->columns;
  if (inner != (tb ? b->columns : b->rows)) return refuse(INVALID_VALUE, "inner sizes differ");
  if (d->rows != rows || d->columns != columns || c->rows != rows || c->columns != columns)
    return refuse(INVALID_VALUE, "the result has another size");
  if (o->compute_type != 68 || o->scale_type != R_32F) return refuse(NOT_SUPPORTED, "not float32");
  if (o->integers[2]) return refuse(NOT_SUPPORTED, "alpha and beta are on the host here");
  int type = a->type;
  if ((type != R_16F && type != R_16BF) || b->type != type || c->type != d->type ||
      (d->type != type && d->type != R_32F))
    return refuse(NOT_SUPPORTED, "no such combination of types");
  if (o->integers[7] == 4) {
    if (o->integers[26] != -1 && o->integers[26] != d->type) return refuse(NOT_SUPPORTED, "the bias's type");
    if (!o->longs[8]) return refuse(INVALID_VALUE, "no bias");
  } else if (o->integers[7] != 1) {
    return refuse(NOT_SUPPORTED, "an epilogue that Stapes has no use for");
  }
  return SUCCESS;
}

/// What an algorithm was chosen for: with anything else it must not run.
typedef struct {
  uint64_t magic, signature, workspace_bytes;
  uint64_t alignments[5];
} algorithm;
_Static_assert(sizeof(algorithm) == 64, "cublasLtMatmulAlgo_t");

typedef struct {
  algorithm algorithm;
  size_t workspace_bytes;
  int state;
  float waves;
  int reserved[4];
} result;
_Static_assert(sizeof(result) == 96, "cublasLtMatmulHeuristicResult_t");

static const uint64_t magic = 0x414c474f52495448;

static uint64_t mix(uint64_t hash, uint64_t value) { return (hash ^ value) * 0x100000001b3; }

static uint64_t signature(const operation *o, const layout *const layouts[4]) {
  uint64_t hash = 0xcbf29ce484222325;
  for (int i = 0; i < 64; i++) hash = mix(hash, (uint32_t)o->integers[i]);
  for (int i = 0; i < 4; i++) {
    hash = mix(hash, (uint64_t)layouts[i]->type);
    hash = mix(hash, layouts[i]->rows);
    hash = mix(hash, layouts[i]->columns);
    hash = mix(hash, (uint64_t)layouts[i]->leading);
  }
  return hash;
}

FUNCTION int cublasLtMatmulAlgoGetHeuristic(void *handle, void *o, void *a, void *b, void *c, void *d, void *wishes,
                                            int limit, void *found, int *count) {
  result *results = found;
  fake_cublaslt.choices++;
  if (!is_kind(handle, HANDLE)) return refuse(NOT_INITIALIZED, "no handle");
  if (!is_kind(wishes, PREFERENCE) || limit < 1 || !results || !count) return refuse(INVALID_VALUE, "no results asked");
  *count = 0;
  if (fake_cublaslt.choose_status) return refuse(fake_cublaslt.choose_status, "the test's wish");
  int status = check(o, a, b, c, d);
  if (status) return status;
  const preference *p = wishes;
  for (int i = 5; i <= 8; i++)
    if (p->integers[i] < 1 || (p->integers[i] & (p->integers[i] - 1))) return refuse(INVALID_VALUE, "an alignment");
  // The test of the shim: sums of halves in 16 bits are not what it is for.
  if (p->integers[3] != 2) return refuse(NOT_SUPPORTED, "reductions in other types than float32");
  size_t greedy = 0;
  int wanted = fake_cublaslt.results ? fake_cublaslt.results : limit;
  for (int i = 0; i < wanted && i < limit; i++) {
    result *r = &results[*count];
    memset(r, 0, sizeof *r);
    r->waves = 1;
    if (i < fake_cublaslt.useless_results) {
      r->state = NOT_SUPPORTED;
      ++*count;
      continue;
    }
    greedy = i < fake_cublaslt.useless_results + fake_cublaslt.greedy_results ? p->longs[1] + 1 : 0;
    r->workspace_bytes = fake_cublaslt.workspace_bytes + greedy;
    if (!greedy && r->workspace_bytes > p->longs[1]) break;
    r->algorithm = (algorithm){magic, signature(o, (const layout *const[]){a, b, c, d}), r->workspace_bytes, {0}};
    for (int k = 0; k < 4; k++) r->algorithm.alignments[k] = (uint64_t)p->integers[5 + k];
    uint64_t bias = ((const operation *)o)->longs[8];
    r->algorithm.alignments[4] = bias ? bias & -bias : 1;
    ++*count;
  }
  if (!*count) return fake_cublaslt.results < 0 ? SUCCESS : refuse(NOT_SUPPORTED, "no algorithm");
  return SUCCESS;
}

static float load(const void *values, int type, uint64_t i) {
  switch (type) {
    case R_16F: return (float)((const _Float16 *)values)[i];
    case R_16BF: {
      uint32_t bits = (uint32_t)((const uint16_t *)values)[i] << 16;
      float value;
      memcpy(&value, &bits, sizeof value);
      return value;
    }
    default: return ((const float *)values)[i];
  }
}

static void store(void *values, int type, uint64_t i, float value) {
  switch (type) {
    case R_16F: ((_Float16 *)values)[i] = (_Float16)value; break;
    case R_16BF: {
      uint32_t bits;
      memcpy(&bits, &value, sizeof bits);
      ((uint16_t *)values)[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
      break;
    }
    default: ((float *)values)[i] = value;
  }
}

/// A product as it is given to a stream.
typedef struct {
  const void *a, *b, *c, *bias;
  void *d, *workspace;
  size_t workspace_bytes;
  uint64_t rows, columns, inner;
  // From row to row and from column to column of each.
  uint64_t a_row, a_inner, b_column, b_inner, c_leading, d_leading;
  int type, d_type;
  float alpha, beta;
} product;

static void multiply(const void *arguments) {
  const product *p = arguments;
  // A workspace is written to.
  if (p->workspace_bytes) memset(p->workspace, 0xa5, p->workspace_bytes);
  // As float32, [rows, inner] and one column of the other side.
  float *a = malloc(p->rows * p->inner * sizeof *a), *b = malloc(p->inner * sizeof *b);
  if (!a || !b) abort();
  for (uint64_t i = 0; i < p->rows; i++)
    for (uint64_t k = 0; k < p->inner; k++) a[i * p->inner + k] = load(p->a, p->type, i * p->a_row + k * p->a_inner);
  for (uint64_t j = 0; j < p->columns; j++) {
    for (uint64_t k = 0; k < p->inner; k++) b[k] = load(p->b, p->type, j * p->b_column + k * p->b_inner);
    for (uint64_t i = 0; i < p->rows; i++) {
      float sum = 0;
      for (uint64_t k = 0; k < p->inner; k++) sum += a[i * p->inner + k] * b[k];
      sum *= p->alpha;
      if (p->beta != 0) sum += p->beta * load(p->c, p->d_type, i + j * p->c_leading);
      if (p->bias) sum += load(p->bias, p->d_type, i);
      store(p->d, p->d_type, i + j * p->d_leading, sum);
    }
  }
  free(a);
  free(b);
}

#ifdef FAKE_CUBLASLT_LIBRARY
static int give(const product *p, stream_handle stream, uint64_t signature, library_handle *library) {
  (void)stream, (void)signature, (void)library;
  multiply(p);
  return SUCCESS;
}
#else
static int give(const product *p, stream_handle stream, uint64_t signature, library_handle *library) {
  int is_new = 1;
  for (int i = 0; i < library->ran_count; i++) is_new &= library->ran[i] != signature;
  if (is_new && stapes_fake_cuda_is_capturing(stream))
    return refuse(EXECUTION_FAILED, "a kernel that is not loaded yet, in a captured stream");
  if (is_new && library->ran_count < (int)(sizeof library->ran / sizeof *library->ran))
    library->ran[library->ran_count++] = signature;
  return stapes_fake_cuda_enqueue(stream, "cublaslt", multiply, p, sizeof *p) ? EXECUTION_FAILED : SUCCESS;
}
#endif

#ifdef FAKE_WITHOUT_MATMUL
#define cublasLtMatmul cublasLtMatmulIsMissing
#endif
FUNCTION int cublasLtMatmul(void *handle, void *operation_value, const void *alpha, const void *a, void *a_layout,
                            const void *b,
                            void *b_layout, const void *beta, const void *c, void *c_layout, void *d, void *d_layout,
                            const void *algorithm_value, void *workspace, size_t workspace_bytes,
                            stream_handle stream) {
  const algorithm *chosen = algorithm_value;
  const operation *o = operation_value;
  const layout *al = a_layout, *bl = b_layout, *cl = c_layout, *dl = d_layout;
  if (!is_kind(handle, HANDLE)) return refuse(NOT_INITIALIZED, "no handle");
  if (fake_cublaslt.multiply_status) return refuse(fake_cublaslt.multiply_status, "the test's wish");
  int status = check(o, al, bl, cl, dl);
  if (status) return status;
  if (!alpha || !beta || !a || !b || !c || !d) return refuse(INVALID_VALUE, "an array is missing");
  if (!chosen || chosen->magic != magic) return refuse(INVALID_VALUE, "no algorithm");
  if (chosen->signature != signature(o, (const layout *const[]){al, bl, cl, dl}))
    return refuse(INVALID_VALUE, "an algorithm for another product");
  if (workspace_bytes < chosen->workspace_bytes ||
      (chosen->workspace_bytes && (!workspace || (uintptr_t)workspace % 16)))
    return refuse(INVALID_VALUE, "the workspace");
  uintptr_t bias = o->integers[7] == 4 ? (uintptr_t)o->longs[8] : 0;
  const uintptr_t addresses[5] = {(uintptr_t)a, (uintptr_t)b, (uintptr_t)c, (uintptr_t)d, bias};
  for (int i = 0; i < 5; i++)
    if (addresses[i] % chosen->alignments[i]) return refuse(INVALID_VALUE, "an array is not aligned as it was said");
  if (c == d && (cl->leading != dl->leading || cl->type != dl->type)) return refuse(INVALID_VALUE, "c and d overlap");

  int ta = o->integers[3], tb = o->integers[4];
  uint64_t a_leading = (uint64_t)al->leading, b_leading = (uint64_t)bl->leading;
  product p = {
      .a = a, .b = b, .c = c, .bias = (const void *)bias, .d = d, .workspace = workspace,
      .workspace_bytes = chosen->workspace_bytes, .rows = dl->rows, .columns = dl->columns,
      .inner = ta ? al->rows : al->columns, .a_row = ta ? a_leading : 1, .a_inner = ta ? 1 : a_leading,
      .b_column = tb ? 1 : b_leading, .b_inner = tb ? b_leading : 1, .c_leading = (uint64_t)cl->leading,
      .d_leading = (uint64_t)dl->leading, .type = al->type, .d_type = dl->type, .alpha = *(const float *)alpha,
      .beta = *(const float *)beta,
  };
  status = give(&p, stream, chosen->signature, handle);
  if (status) return status;
  fake_cublaslt.products++;
  fake_cublaslt.stream = stream;
  return SUCCESS;
}

#ifndef FAKE_CUBLASLT_LIBRARY
stapes_cublaslt_functions stapes_fake_cublaslt(void) {
  return (stapes_cublaslt_functions){
      .version = cublasLtGetVersion,
      .status_text = cublasLtGetStatusString,
      .create = cublasLtCreate,
      .destroy = cublasLtDestroy,
      .operation_create = cublasLtMatmulDescCreate,
      .operation_destroy = cublasLtMatmulDescDestroy,
      .operation_set = cublasLtMatmulDescSetAttribute,
      .layout_create = cublasLtMatrixLayoutCreate,
      .layout_destroy = cublasLtMatrixLayoutDestroy,
      .preference_create = cublasLtMatmulPreferenceCreate,
      .preference_destroy = cublasLtMatmulPreferenceDestroy,
      .preference_set = cublasLtMatmulPreferenceSetAttribute,
      .choose = cublasLtMatmulAlgoGetHeuristic,
      .multiply = cublasLtMatmul,
  };
}

fake_cublaslt_state *stapes_fake_cublaslt_state(void) { return &fake_cublaslt; }
#endif
