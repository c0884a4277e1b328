// For dladdr.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "include/stapes_cublaslt.h"

#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What of cuBLASLt's interface is used here. Numbers and layouts are those of 12.1 and of 13, which agree.

enum { OLDEST_VERSION = 120100 };

enum { CUBLAS_SUCCESS = 0, CUBLAS_INVALID_VALUE = 7, CUBLAS_ARCH_MISMATCH = 8, CUBLAS_NOT_SUPPORTED = 15 };

// cudaDataType, cublasComputeType_t, cublasOperation_t
enum { CUDA_FLOAT32 = 0, CUDA_FLOAT16 = 2, CUDA_BFLOAT16 = 14 };
enum { COMPUTE_FLOAT32 = 68 };
enum { OPERATION_TRANSPOSE = 1 };

// cublasLtMatmulDescAttributes_t: 4 bytes each, the pointer 8
enum {
  OPERATION_TRANSPOSE_A = 3,
  OPERATION_EPILOGUE = 7,
  OPERATION_BIAS_POINTER = 8,
  OPERATION_BIAS_TYPE = 26,
};
enum { EPILOGUE_BIAS = 4 };

// cublasLtMatmulPreferenceAttributes_t: 4 bytes each, the workspace's 8
enum {
  PREFERENCE_WORKSPACE_BYTES = 1,
  PREFERENCE_REDUCTIONS = 3,
  PREFERENCE_ALIGNMENT_A = 5,
  PREFERENCE_ALIGNMENT_D = 8,
};
enum { REDUCTION_IN_COMPUTE_TYPE = 2 };

typedef struct {
  uint64_t data[8];
} algorithm;

typedef struct {
  algorithm algorithm;
  size_t workspace_bytes;
  int status;
  float waves;
  int reserved[4];
} candidate;

typedef void *handle, *operation, *layout, *preference;
typedef stapes_cublaslt_functions functions;

#define FUNCTION(member, name) {offsetof(functions, member), "cublasLt" name}
static const struct {
  size_t offset;
  const char *name;
} symbols[] = {
    FUNCTION(version, "GetVersion"),
    FUNCTION(status_text, "GetStatusString"),
    FUNCTION(create, "Create"),
    FUNCTION(destroy, "Destroy"),
    FUNCTION(operation_create, "MatmulDescCreate"),
    FUNCTION(operation_destroy, "MatmulDescDestroy"),
    FUNCTION(operation_set, "MatmulDescSetAttribute"),
    FUNCTION(layout_create, "MatrixLayoutCreate"),
    FUNCTION(layout_destroy, "MatrixLayoutDestroy"),
    FUNCTION(preference_create, "MatmulPreferenceCreate"),
    FUNCTION(preference_destroy, "MatmulPreferenceDestroy"),
    FUNCTION(preference_set, "MatmulPreferenceSetAttribute"),
    FUNCTION(choose, "MatmulAlgoGetHeuristic"),
    FUNCTION(multiply, "Matmul"),
};
#undef FUNCTION

struct stapes_cublaslt {
  functions call;
  handle handle;
  char path[PATH_MAX];
};

struct stapes_cublaslt_product {
  const stapes_cublaslt *library;
  operation operation;
  layout a, weight, c;
  algorithm algorithm;
  size_t workspace_bytes;
  bool bias, accumulate;
};

// MARK: Opening

/// Text that ends where its room does.
typedef struct {
  char *text;
  size_t bytes, length;
} note;

__attribute__((format(printf, 2, 3))) static void add(note *n, const char *format, ...) {
  if (n->length + 1 >= n->bytes) return;
  va_list values;
  va_start(values, format);
  int length = vsnprintf(n->text + n->length, n->bytes - n->length, format, values);
  va_end(values);
  if (length > 0) n->length += (size_t)length;
}

static const char *separate(const note *n) { return n->length ? "; " : ""; }

/// Makes the handle of a library whose functions are there, or adds to `n` why there is none.
static bool start(stapes_cublaslt *library, const char *name, note *n) {
  size_t version = library->call.version();
  if (version < OLDEST_VERSION) {
    add(n, "%s%s: its version is %zu, and at least %d is needed", separate(n), name, version, OLDEST_VERSION);
    return false;
  }
  int status = library->call.create(&library->handle);
  if (status) add(n, "%s%s: cublasLtCreate: %s", separate(n), name, library->call.status_text(status));
  return status == CUBLAS_SUCCESS;
}

/// Fills `library` from `path`, or adds to `n` why it cannot.
static bool open_path(stapes_cublaslt *library, const char *path, note *n) {
  const char *separator = separate(n);
  void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!file) {
    const char *text = dlerror();
    add(n, "%s%s", separator, text ? text : path);
    return false;
  }
  void *address = NULL;
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    address = dlsym(file, symbols[i].name);
    if (!address) {
      add(n, "%s%s: it has no %s", separator, path, symbols[i].name);
      dlclose(file);
      return false;
    }
    memcpy((char *)&library->call + symbols[i].offset, &address, sizeof address);
  }
  if (!start(library, path, n)) {
    dlclose(file);
    return false;
  }
  Dl_info info;
  bool is_known = dladdr(address, &info) && info.dli_fname;
  snprintf(library->path, sizeof library->path, "%s", is_known ? info.dli_fname : path);
  return true;
}

static bool open_matches(stapes_cublaslt *library, const char *pattern, note *n) {
  glob_t found;
  bool is_open = false;
  if (glob(pattern, 0, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc && !is_open; i++) is_open = open_path(library, found.gl_pathv[i], n);
  }
  globfree(&found);
  return is_open;
}

static bool open_beside_python(stapes_cublaslt *library, const char *packages, note *n) {
  static const char *const places[] = {
      "nvidia/cu13/lib/libcublasLt.so.13",
      "nvidia/cublas/lib/libcublasLt.so.13",
      "nvidia/cublas/lib/libcublasLt.so.12",
  };
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    char pattern[PATH_MAX];
    int length = snprintf(pattern, sizeof pattern, "%s/%s", packages, places[i]);
    if (length > 0 && (size_t)length < sizeof pattern && open_matches(library, pattern, n)) return true;
  }
  return false;
}

static bool search(stapes_cublaslt *library, note *n) {
  static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
  static const char *const toolkits[] = {
      "/usr/local/cuda*/lib64/libcublasLt.so.13",
      "/usr/local/cuda*/lib64/libcublasLt.so.12",
  };
  static const char *const packages[] = {
      "/usr/lib/python3*/dist-packages",
      "/usr/local/lib/python3*/dist-packages",
      "/usr/local/lib/python3*/site-packages",
      "/opt/*/lib/python3*/site-packages",
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (open_path(library, names[i], n)) return true;
  for (size_t i = 0; i < sizeof toolkits / sizeof *toolkits; i++)
    if (open_matches(library, toolkits[i], n)) return true;
  const char *environment = getenv("VIRTUAL_ENV");
  if (environment && *environment) {
    char own[PATH_MAX];
    int length = snprintf(own, sizeof own, "%s/lib/python3*/site-packages", environment);
    if (length > 0 && (size_t)length < sizeof own && open_beside_python(library, own, n)) return true;
  }
  for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
    if (open_beside_python(library, packages[i], n)) return true;
  add(n, "; nothing else in /usr/local/cuda*/lib64 or beside a Python; STAPES_CUBLASLT may name the file");
  return false;
}

/// A library into which nothing was filled, or null and why.
static stapes_cublaslt *make(note *n) {
  if (n->bytes) *n->text = 0;
  stapes_cublaslt *library = calloc(1, sizeof *library);
  if (!library) add(n, "not enough memory");
  return library;
}

/// The library if it is open; what was tried before is then nobody's concern.
static stapes_cublaslt *made(stapes_cublaslt *library, bool is_open, note *n) {
  if (is_open) {
    if (n->bytes) *n->text = 0;
    return library;
  }
  free(library);
  return NULL;
}

stapes_cublaslt *stapes_cublaslt_create(const char *path, char *message, size_t message_bytes) {
  note n = {.text = message, .bytes = message_bytes};
  stapes_cublaslt *library = make(&n);
  if (!library) return NULL;
  if (!path) path = getenv("STAPES_CUBLASLT");
  return made(library, path && *path ? open_path(library, path, &n) : search(library, &n), &n);
}

stapes_cublaslt *stapes_cublaslt_create_with(const stapes_cublaslt_functions *table, const char *name, char *message,
                                             size_t message_bytes) {
  note n = {.text = message, .bytes = message_bytes};
  stapes_cublaslt *library = make(&n);
  if (!library) return NULL;
  library->call = *table;
  snprintf(library->path, sizeof library->path, "%s", name);
  return made(library, start(library, name, &n), &n);
}

void stapes_cublaslt_destroy(stapes_cublaslt *library) {
  library->call.destroy(library->handle);
  free(library);
}

const char *stapes_cublaslt_path(const stapes_cublaslt *library) { return library->path; }

size_t stapes_cublaslt_version(const stapes_cublaslt *library) { return library->call.version(); }

// MARK: Errors

static _Thread_local char error[256] = "";

const char *stapes_cublaslt_error(void) { return error; }

__attribute__((format(printf, 2, 3))) static stapes_cublaslt_status fail(stapes_cublaslt_status status,
                                                                         const char *format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(error, sizeof error, format, values);
  va_end(values);
  return status;
}

/// What the library's status is to the caller. What it refuses as such, another kernel may still do.
static stapes_cublaslt_status checked(const stapes_cublaslt *library, const char *what, int status) {
  if (status == CUBLAS_SUCCESS) return STAPES_CUBLASLT_OK;
  bool is_refusal =
      status == CUBLAS_INVALID_VALUE || status == CUBLAS_ARCH_MISMATCH || status == CUBLAS_NOT_SUPPORTED;
  return fail(is_refusal ? STAPES_CUBLASLT_UNSUPPORTED : STAPES_CUBLASLT_FAILED, "cuBLASLt %s: %s (status %d)", what,
              library->call.status_text(status), status);
}

// MARK: Products

static stapes_cublaslt_status check_shape(const stapes_cublaslt_shape *s) {
  if (s->m < 1 || s->n < 1 || s->k < 1)
    return fail(STAPES_CUBLASLT_INVALID, "a product of %lld x %lld x %lld", (long long)s->m, (long long)s->n,
                (long long)s->k);
  if (s->weight_stride < s->k || s->c_stride < s->n)
    return fail(STAPES_CUBLASLT_INVALID, "rows of the weight or of the output overlap");
  if (s->m > INT32_MAX || s->n > INT32_MAX || s->k > INT32_MAX)
    return fail(STAPES_CUBLASLT_UNSUPPORTED, "cuBLASLt counts rows and columns in 32 bits");
  if (s->a_stride < s->k)
    return fail(STAPES_CUBLASLT_UNSUPPORTED, "cuBLASLt takes no overlapping rows: they are %lld wide and %lld apart",
                (long long)s->k, (long long)s->a_stride);
  if (s->type != STAPES_FLOAT16 && s->type != STAPES_BFLOAT16)
    return fail(STAPES_CUBLASLT_UNSUPPORTED, "the product is only for activations and weights of 16 bits");
  if (s->c_type != STAPES_FLOAT32 && s->c_type != s->type)
    return fail(STAPES_CUBLASLT_UNSUPPORTED, "the output has neither the activations' type nor float32");
  return STAPES_CUBLASLT_OK;
}

static int cuda_type(stapes_type type) {
  switch (type) {
    case STAPES_BFLOAT16: return CUDA_BFLOAT16;
    case STAPES_FLOAT16: return CUDA_FLOAT16;
    case STAPES_FLOAT32: break;
    case STAPES_FLOAT8: break;  // Of caches only; `check_shape` has refused it.
  }
  return CUDA_FLOAT32;
}

/// Rows of ours are columns of cuBLASLt's, so it computes c^T [N, M] = (weight^T [K, N])^T * a^T [K, M]. Its bias has
/// an element for each of its rows: our N.
static int describe(stapes_cublaslt_product *p, const stapes_cublaslt_shape *s) {
  const functions *call = &p->library->call;
  int type = cuda_type(s->type), c_type = cuda_type(s->c_type);
  int32_t transpose = OPERATION_TRANSPOSE;
  int status = call->operation_create(&p->operation, COMPUTE_FLOAT32, CUDA_FLOAT32);
  if (!status) status = call->operation_set(p->operation, OPERATION_TRANSPOSE_A, &transpose, sizeof transpose);
  if (!status && s->bias) {
    uint32_t epilogue = EPILOGUE_BIAS;
    int32_t bias_type = c_type;
    // Only its alignment counts before the run.
    uintptr_t bias = STAPES_CUBLASLT_ALIGNMENT;
    status = call->operation_set(p->operation, OPERATION_EPILOGUE, &epilogue, sizeof epilogue);
    if (!status) status = call->operation_set(p->operation, OPERATION_BIAS_TYPE, &bias_type, sizeof bias_type);
    if (!status) status = call->operation_set(p->operation, OPERATION_BIAS_POINTER, &bias, sizeof bias);
  }
  if (!status) status = call->layout_create(&p->weight, type, (uint64_t)s->k, (uint64_t)s->n, s->weight_stride);
  if (!status) status = call->layout_create(&p->a, type, (uint64_t)s->k, (uint64_t)s->m, s->a_stride);
  if (!status) status = call->layout_create(&p->c, c_type, (uint64_t)s->n, (uint64_t)s->m, s->c_stride);
  return status;
}

/// Parts of a sum may be put together only in float32, whatever c's type.
static int set_preference(const functions *call, preference preference, size_t workspace_bytes) {
  uint64_t bytes = workspace_bytes;
  uint32_t alignment = STAPES_CUBLASLT_ALIGNMENT, reductions = REDUCTION_IN_COMPUTE_TYPE;
  int status = call->preference_set(preference, PREFERENCE_WORKSPACE_BYTES, &bytes, sizeof bytes);
  if (!status) status = call->preference_set(preference, PREFERENCE_REDUCTIONS, &reductions, sizeof reductions);
  for (int i = PREFERENCE_ALIGNMENT_A; i <= PREFERENCE_ALIGNMENT_D && !status; i++)
    status = call->preference_set(preference, i, &alignment, sizeof alignment);
  return status;
}

static stapes_cublaslt_status choose_algorithm(stapes_cublaslt_product *p, const stapes_cublaslt_shape *s) {
  const stapes_cublaslt *library = p->library;
  const functions *call = &library->call;
  enum { LIMIT = 8 };
  candidate candidates[LIMIT];
  memset(candidates, 0, sizeof candidates);
  int count = 0;
  preference preference = NULL;
  int status = call->preference_create(&preference);
  if (!status) status = set_preference(call, preference, s->workspace_bytes);
  if (!status)
    status = call->choose(library->handle, p->operation, p->weight, p->a, p->c, p->c, preference, LIMIT, candidates,
                          &count);
  if (preference) call->preference_destroy(preference);
  if (status) return checked(library, "finds no algorithm", status);
  // They come fastest first.
  for (int i = 0; i < count; i++) {
    if (candidates[i].status || candidates[i].workspace_bytes > s->workspace_bytes) continue;
    p->algorithm = candidates[i].algorithm;
    p->workspace_bytes = candidates[i].workspace_bytes;
    return STAPES_CUBLASLT_OK;
  }
  return fail(STAPES_CUBLASLT_UNSUPPORTED, "cuBLASLt has no algorithm for a product of %lld x %lld x %lld",
              (long long)s->m, (long long)s->n, (long long)s->k);
}

stapes_cublaslt_status stapes_cublaslt_product_create(stapes_cublaslt *library, const stapes_cublaslt_shape *shape,
                                                      stapes_cublaslt_product **product) {
  *product = NULL;
  stapes_cublaslt_status status = check_shape(shape);
  if (status) return status;
  stapes_cublaslt_product *p = calloc(1, sizeof *p);
  if (!p) return fail(STAPES_CUBLASLT_FAILED, "not enough memory");
  p->library = library;
  p->bias = shape->bias;
  p->accumulate = shape->accumulate;
  status = checked(library, "takes no such shape", describe(p, shape));
  if (!status) status = choose_algorithm(p, shape);
  if (status) {
    stapes_cublaslt_product_destroy(p);
    return status;
  }
  *product = p;
  return STAPES_CUBLASLT_OK;
}

void stapes_cublaslt_product_destroy(stapes_cublaslt_product *p) {
  const functions *call = &p->library->call;
  if (p->c) call->layout_destroy(p->c);
  if (p->a) call->layout_destroy(p->a);
  if (p->weight) call->layout_destroy(p->weight);
  if (p->operation) call->operation_destroy(p->operation);
  free(p);
}

size_t stapes_cublaslt_product_workspace_bytes(const stapes_cublaslt_product *p) { return p->workspace_bytes; }

static bool is_aligned(const void *pointer) { return (uintptr_t)pointer % STAPES_CUBLASLT_ALIGNMENT == 0; }

stapes_cublaslt_status stapes_cublaslt_product_run(stapes_cublaslt_product *p, const void *a, const void *weight,
                                                   const void *bias, void *c, void *workspace,
                                                   stapes_cu_stream stream) {
  const functions *call = &p->library->call;
  if (p->bias != (bias != NULL))
    return fail(STAPES_CUBLASLT_INVALID, p->bias ? "the product wants a bias" : "the product was made without a bias");
  if (p->workspace_bytes && !workspace)
    return fail(STAPES_CUBLASLT_INVALID, "the product needs a workspace of %zu bytes", p->workspace_bytes);
  if (!is_aligned(a) || !is_aligned(weight) || !is_aligned(bias) || !is_aligned(c) || !is_aligned(workspace))
    return fail(STAPES_CUBLASLT_INVALID, "an array does not begin at a multiple of %d bytes",
                STAPES_CUBLASLT_ALIGNMENT);
  int status = bias ? call->operation_set(p->operation, OPERATION_BIAS_POINTER, &bias, sizeof bias) : CUBLAS_SUCCESS;
  float alpha = 1, beta = p->accumulate ? 1 : 0;
  if (!status)
    status = call->multiply(p->library->handle, p->operation, &alpha, weight, p->weight, a, p->a, &beta, c, p->c, c,
                            p->c, &p->algorithm, p->workspace_bytes ? workspace : NULL, p->workspace_bytes, stream);
  return checked(p->library, "cannot multiply", status);
}
