// A libcublasLt for tests: it refuses what the real one refuses, and multiplies on the host, column by column.
//
// It shares no declaration with the shim. Numbers, sizes of attributes and refusals are the real library's; sizes of
// attributes were tried on it, on a machine without a GPU.
#include "fake.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

fake_cublaslt_state fake_cublaslt;

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

size_t cublasLtGetVersion(void) { return FAKE_VERSION; }

const char *cublasLtGetStatusString(int status) {
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

int cublasLtCreate(void **handle) {
  if (FAKE_CREATE_STATUS) return FAKE_CREATE_STATUS;
  thing *value = calloc(1, sizeof *value);
  value->kind = HANDLE;
  fake_cublaslt.handles++;
  *handle = value;
  return SUCCESS;
}

int cublasLtDestroy(void *handle) {
  if (!is_kind(handle, HANDLE)) return NOT_INITIALIZED;
  free(handle);
  fake_cublaslt.handles--;
  return SUCCESS;
}

int cublasLtMatmulDescCreate(void **value, int compute_type, int scale_type) {
  operation *o = *value = make(sizeof *o, OPERATION);
  if (!o) return ALLOC_FAILED;
  o->compute_type = compute_type;
  o->scale_type = scale_type;
  o->integers[7] = 1;
  o->integers[26] = -1;
  return SUCCESS;
}

int cublasLtMatmulDescDestroy(void *value) { return destroy(value, OPERATION); }

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

int cublasLtMatmulDescSetAttribute(void *value, int attribute, const void *buffer, size_t bytes) {
  static const int short_ones[] = {0, 1, 2, 3, 4, 5, 6, 7, 15, 16, 22, 26, -1};
  static const int long_ones[] = {8, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 23, 24, -1};
  if (!is_kind(value, OPERATION)) return refuse(INVALID_VALUE, "sets what is not there");
  operation *o = value;
  return set(o->integers, o->longs, short_ones, long_ones, attribute, buffer, bytes);
}

// The real one looks at a layout when it is used, too.
int cublasLtMatrixLayoutCreate(void **value, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  layout *l = *value = make(sizeof *l, LAYOUT);
  if (!l) return ALLOC_FAILED;
  *l = (layout){LAYOUT, type, rows, columns, leading};
  return SUCCESS;
}

int cublasLtMatrixLayoutDestroy(void *value) { return destroy(value, LAYOUT); }

int cublasLtMatmulPreferenceCreate(void **value) {
  preference *p = *value = make(sizeof *p, PREFERENCE);
  if (!p) return ALLOC_FAILED;
  p->integers[3] = 7;
  for (int i = 5; i <= 8; i++) p->integers[i] = 256;
  return SUCCESS;
}

int cublasLtMatmulPreferenceDestroy(void *value) { return destroy(value, PREFERENCE); }

int cublasLtMatmulPreferenceSetAttribute(void *value, int attribute, const void *buffer, size_t bytes) {
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

int cublasLtMatmulAlgoGetHeuristic(void *handle, void *o, void *a, void *b, void *c, void *d, void *wishes, int limit,
                                   result *results, int *count) {
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

#ifdef FAKE_WITHOUT_MATMUL
#define cublasLtMatmul cublasLtMatmulIsMissing
#endif
int cublasLtMatmul(void *handle, void *operation_value, const void *alpha, const void *a, void *a_layout, const void *b,
                   void *b_layout, const void *beta, const void *c, void *c_layout, void *d, void *d_layout,
                   const algorithm *chosen, void *workspace, size_t workspace_bytes, void *stream) {
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

  // A workspace is written to.
  if (chosen->workspace_bytes) memset(workspace, 0xa5, chosen->workspace_bytes);
  uint64_t inner = o->integers[3] ? al->rows : al->columns;
  float scale = *(const float *)alpha, old = *(const float *)beta;
  for (uint64_t j = 0; j < dl->columns; j++) {
    for (uint64_t i = 0; i < dl->rows; i++) {
      float sum = 0;
      for (uint64_t k = 0; k < inner; k++) {
        uint64_t ai = o->integers[3] ? k + i * (uint64_t)al->leading : i + k * (uint64_t)al->leading;
        uint64_t bi = o->integers[4] ? j + k * (uint64_t)bl->leading : k + j * (uint64_t)bl->leading;
        sum += load(a, al->type, ai) * load(b, bl->type, bi);
      }
      sum *= scale;
      if (old != 0) sum += old * load(c, cl->type, i + j * (uint64_t)cl->leading);
      if (bias) sum += load((const void *)bias, dl->type, i);
      store(d, dl->type, i + j * (uint64_t)dl->leading, sum);
    }
  }
  fake_cublaslt.products++;
  fake_cublaslt.stream = stream;
  return SUCCESS;
}
