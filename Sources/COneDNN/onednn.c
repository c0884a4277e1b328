#include "include/stapes_onednn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char message[256] = "";

const char *stapes_onednn_error(void) { return message; }

#if defined(STAPES_ONEDNN)
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>

extern void omp_set_num_threads(int threads);

struct stapes_onednn_weights {
  dnnl_memory_t memory;
  int64_t n, k;
  stapes_onednn_type type;
};

/// The rows of one thread.
typedef struct {
  dnnl_primitive_t primitive;
  dnnl_stream_t stream;  // its own: a stream is not promised to take calls from several threads at a time
  dnnl_memory_t a, bias, c, scratchpad;
  dnnl_exec_arg_t arguments[5];
  int argument_count;
  int64_t first, rows;
  char *a_copy, *c_copy;  // null where the caller's rows lie side by side
} part;

/// A row's bytes, and the bytes from a row to the next.
typedef struct {
  int64_t width, stride;
} row_bytes;

struct stapes_onednn_matmul {
  row_bytes a, c;
  bool accumulate;
  int parts;
  part part[];
};

static dnnl_engine_t engine;
static dnnl_stream_t stream;

/// OpenMP keeps the number of threads a thread.
static void use_one_thread(void) {
  static _Thread_local bool done;
  if (!done) omp_set_num_threads(1);
  done = true;
}

static bool failed(dnnl_status_t status, const char *what) {
  if (status == dnnl_success) return false;
  snprintf(message, sizeof message, "oneDNN: %s: status %d", what, (int)status);
  return true;
}

static dnnl_status_t started;

static void start_once(void) {
  started = dnnl_engine_create(&engine, dnnl_cpu, 0);
  if (started == dnnl_success) started = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
}

/// One engine and one stream for the process: the CPU's hold no state of a caller. Models may be loaded from several
/// threads at a time.
static bool start(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  use_one_thread();
  pthread_once(&once, start_once);
  return !failed(started, "engine");
}

static dnnl_data_type_t data_type(stapes_onednn_type type) {
  return type == STAPES_ONEDNN_BFLOAT16 ? dnnl_bf16 : dnnl_f32;
}

// Descriptors differ between the two major versions: values in 2, handles in 3.
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t descriptor;
static bool plain(descriptor *d, int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride,
                  stapes_onednn_type type) {
  dnnl_dims_t dims = {rows, columns}, strides = {row_stride, column_stride};
  return !failed(dnnl_memory_desc_create_with_strides(d, 2, dims, data_type(type), strides), "descriptor");
}
static bool any(descriptor *d, int64_t rows, int64_t columns, stapes_onednn_type type) {
  dnnl_dims_t dims = {rows, columns};
  return !failed(dnnl_memory_desc_create_with_tag(d, 2, dims, data_type(type), dnnl_format_tag_any), "descriptor");
}
static void drop(descriptor d) { dnnl_memory_desc_destroy(d); }
static bool primitive_descriptor(dnnl_primitive_desc_t *pd, const descriptor *a, const descriptor *w,
                                 const descriptor *bias, const descriptor *c, dnnl_primitive_attr_t attributes) {
  return !failed(dnnl_matmul_primitive_desc_create(pd, engine, *a, *w, bias ? *bias : NULL, *c, attributes),
                 "no product of this shape");
}
static dnnl_memory_desc_t chosen(const descriptor *d) { return *d; }
static bool memory_for(dnnl_memory_t *memory, const descriptor *d, void *handle) {
  return !failed(dnnl_memory_create(memory, *d, engine, handle), "memory");
}
static const_dnnl_memory_desc_t query(const_dnnl_primitive_desc_t pd) {
  return dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
}
static bool memory_like(dnnl_memory_t *memory, const_dnnl_memory_desc_t md) {
  return !failed(dnnl_memory_create(memory, md, engine, DNNL_MEMORY_ALLOCATE), "memory");
}
static const_dnnl_memory_desc_t descriptor_of(dnnl_memory_t memory) {
  const_dnnl_memory_desc_t md = NULL;
  dnnl_memory_get_memory_desc(memory, &md);
  return md;
}
static size_t bytes_of(const_dnnl_memory_desc_t md) { return dnnl_memory_desc_get_size(md); }
static bool reorder_descriptor(dnnl_primitive_desc_t *pd, const_dnnl_memory_desc_t from, const_dnnl_memory_desc_t to) {
  return !failed(dnnl_reorder_primitive_desc_create(pd, from, engine, to, engine, NULL), "no such packing");
}
static bool product_descriptor(dnnl_primitive_desc_t *pd, const descriptor *a, dnnl_memory_t weights,
                               const descriptor *bias, const descriptor *c, dnnl_primitive_attr_t attributes) {
  return !failed(dnnl_matmul_primitive_desc_create(pd, engine, *a, descriptor_of(weights), bias ? *bias : NULL, *c,
                                                   attributes),
                 "no product of this shape");
}
#else
typedef dnnl_memory_desc_t descriptor;
typedef const dnnl_memory_desc_t *const_descriptor;
static bool plain(descriptor *d, int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride,
                  stapes_onednn_type type) {
  dnnl_dims_t dims = {rows, columns}, strides = {row_stride, column_stride};
  return !failed(dnnl_memory_desc_init_by_strides(d, 2, dims, data_type(type), strides), "descriptor");
}
static bool any(descriptor *d, int64_t rows, int64_t columns, stapes_onednn_type type) {
  dnnl_dims_t dims = {rows, columns};
  return !failed(dnnl_memory_desc_init_by_tag(d, 2, dims, data_type(type), dnnl_format_tag_any), "descriptor");
}
static void drop(descriptor d) { (void)d; }
static bool primitive_descriptor(dnnl_primitive_desc_t *pd, const descriptor *a, const descriptor *w,
                                 const descriptor *bias, const descriptor *c, dnnl_primitive_attr_t attributes) {
  dnnl_matmul_desc_t operation;
  return !failed(dnnl_matmul_desc_init(&operation, a, w, bias, c), "descriptor") &&
         !failed(dnnl_primitive_desc_create(pd, &operation, attributes, engine, NULL), "no product of this shape");
}
static bool memory_for(dnnl_memory_t *memory, const descriptor *d, void *handle) {
  return !failed(dnnl_memory_create(memory, d, engine, handle), "memory");
}
static const_descriptor query(const_dnnl_primitive_desc_t pd) {
  return dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
}
static bool memory_like(dnnl_memory_t *memory, const_descriptor md) {
  return !failed(dnnl_memory_create(memory, md, engine, DNNL_MEMORY_ALLOCATE), "memory");
}
static const_descriptor descriptor_of(dnnl_memory_t memory) {
  const_descriptor md = NULL;
  dnnl_memory_get_memory_desc(memory, &md);
  return md;
}
static size_t bytes_of(const_descriptor md) { return dnnl_memory_desc_get_size(md); }
static bool reorder_descriptor(dnnl_primitive_desc_t *pd, const_descriptor from, const_descriptor to) {
  return !failed(dnnl_reorder_primitive_desc_create(pd, from, engine, to, engine, NULL), "no such packing");
}
static bool product_descriptor(dnnl_primitive_desc_t *pd, const descriptor *a, dnnl_memory_t weights,
                               const descriptor *bias, const descriptor *c, dnnl_primitive_attr_t attributes) {
  return primitive_descriptor(pd, a, descriptor_of(weights), bias, c, attributes);
}
#endif

bool stapes_onednn_available(void) { return true; }

/// Lets the library choose the layout of weights for a product of `m` rows, and copies `source` into it.
static bool pack(stapes_onednn_weights *w, dnnl_memory_t source, int64_t m) {
  descriptor a, b, c;
  if (!plain(&a, m, w->k, w->k, 1, w->type)) return false;
  if (!any(&b, w->k, w->n, w->type)) {
    drop(a);
    return false;
  }
  if (!plain(&c, m, w->n, w->n, 1, STAPES_ONEDNN_FLOAT32)) {
    drop(a), drop(b);
    return false;
  }
  dnnl_primitive_desc_t product = NULL, copy = NULL;
  dnnl_primitive_t reorder = NULL;
  bool done = primitive_descriptor(&product, &a, &b, NULL, &c, NULL) && memory_like(&w->memory, query(product)) &&
              reorder_descriptor(&copy, descriptor_of(source), descriptor_of(w->memory)) &&
              !failed(dnnl_primitive_create(&reorder, copy), "packing");
  if (done) {
    dnnl_exec_arg_t arguments[2] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, w->memory}};
    done = !failed(dnnl_primitive_execute(reorder, stream, 2, arguments), "packing") &&
           !failed(dnnl_stream_wait(stream), "packing");
  }
  if (reorder) dnnl_primitive_destroy(reorder);
  if (copy) dnnl_primitive_desc_destroy(copy);
  if (product) dnnl_primitive_desc_destroy(product);
  drop(a), drop(b), drop(c);
  return done;
}

stapes_onednn_weights *stapes_onednn_weights_create(const float *weight, int64_t n, int64_t k,
                                                    stapes_onednn_type type, int64_t typical_m) {
  if (!start()) return NULL;
  stapes_onednn_weights *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  w->n = n, w->k = k, w->type = type;
  descriptor transposed;
  dnnl_memory_t source = NULL;
  bool done = plain(&transposed, k, n, 1, k, STAPES_ONEDNN_FLOAT32);
  if (done) {
    done = memory_for(&source, &transposed, (void *)weight) && pack(w, source, typical_m);
    drop(transposed);
  }
  if (source) dnnl_memory_destroy(source);
  if (!done) {
    stapes_onednn_weights_destroy(w);
    return NULL;
  }
  return w;
}

void stapes_onednn_weights_destroy(stapes_onednn_weights *w) {
  if (w->memory) dnnl_memory_destroy(w->memory);
  free(w);
}

int64_t stapes_onednn_weights_bytes(const stapes_onednn_weights *w) { return (int64_t)bytes_of(descriptor_of(w->memory)); }

/// Scratch memory is ours: the library's own belongs to the thread that made the primitive.
static dnnl_primitive_attr_t attributes_of(const stapes_onednn_shape *shape) {
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_post_ops_t operations = NULL;
  if (failed(dnnl_primitive_attr_create(&attributes), "attributes")) return NULL;
  bool done = !failed(dnnl_post_ops_create(&operations), "post-operations");
#if DNNL_VERSION_MAJOR >= 3
  if (done && shape->gelu)
    done = !failed(dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_gelu_erf, 0, 0), "GELU");
  if (done && shape->accumulate)
    done = !failed(dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef), "sum");
#else
  if (done && shape->gelu)
    done = !failed(dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_gelu_erf, 0, 0), "GELU");
  if (done && shape->accumulate) done = !failed(dnnl_post_ops_append_sum(operations, 1), "sum");
#endif
  done = done && !failed(dnnl_primitive_attr_set_post_ops(attributes, operations), "post-operations") &&
         !failed(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "scratchpad");
  if (operations) dnnl_post_ops_destroy(operations);
  if (done) return attributes;
  dnnl_primitive_attr_destroy(attributes);
  return NULL;
}

static bool is_reference(const_dnnl_primitive_desc_t product, const stapes_onednn_weights *w, int64_t m) {
  const char *implementation = "";
  dnnl_primitive_desc_query(product, dnnl_query_impl_info_str, 0, &implementation);
  if (strncmp(implementation, "ref", 3) != 0) return false;
  snprintf(message, sizeof message, "oneDNN has only its reference product for %lld x %lld x %lld", (long long)m,
           (long long)w->n, (long long)w->k);
  return true;
}

static bool create_part(part *p, stapes_onednn_weights *w, const stapes_onednn_shape *shape, int64_t rows,
                        const descriptor *a, const descriptor *bias, const descriptor *c) {
  dnnl_primitive_attr_t attributes = attributes_of(shape);
  if (!attributes) return false;
  dnnl_primitive_desc_t product = NULL;
  bool done = product_descriptor(&product, a, w->memory, shape->bias ? bias : NULL, c, attributes) &&
              !is_reference(product, w, rows) && !failed(dnnl_primitive_create(&p->primitive, product), "product") &&
              !failed(dnnl_stream_create(&p->stream, engine, dnnl_stream_default_flags), "stream") &&
              memory_for(&p->a, a, DNNL_MEMORY_NONE) && memory_for(&p->c, c, DNNL_MEMORY_NONE) &&
              (!shape->bias || memory_for(&p->bias, bias, DNNL_MEMORY_NONE)) &&
              memory_like(&p->scratchpad, dnnl_primitive_desc_query_md(product, dnnl_query_scratchpad_md, 0));
  if (product) dnnl_primitive_desc_destroy(product);
  dnnl_primitive_attr_destroy(attributes);
  if (!done) return false;
  p->arguments[p->argument_count++] = (dnnl_exec_arg_t){DNNL_ARG_SRC, p->a};
  p->arguments[p->argument_count++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, w->memory};
  p->arguments[p->argument_count++] = (dnnl_exec_arg_t){DNNL_ARG_DST, p->c};
  p->arguments[p->argument_count++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, p->scratchpad};
  if (shape->bias) p->arguments[p->argument_count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, p->bias};
  return true;
}

/// With AVX-512, weights in the library's layout meet only rows that lie side by side: it has nothing but its reference
/// product for other strides, whatever the number of rows. So it sees no others, and the part copies such rows.
static bool create_rows(part *p, stapes_onednn_weights *w, const stapes_onednn_shape *shape, int64_t rows) {
  descriptor a, bias, c;
  if (!plain(&a, rows, w->k, w->k, 1, shape->a_type)) return false;
  bool done = plain(&c, rows, w->n, w->n, 1, shape->c_type);
  if (done) {
    done = plain(&bias, 1, w->n, w->n, 1, STAPES_ONEDNN_FLOAT32);
    if (done) {
      done = create_part(p, w, shape, rows, &a, &bias, &c);
      drop(bias);
    }
    drop(c);
  }
  drop(a);
  return done;
}

static row_bytes row_bytes_of(int64_t columns, int64_t stride, stapes_onednn_type type) {
  int64_t size = type == STAPES_ONEDNN_BFLOAT16 ? 2 : 4;
  return (row_bytes){columns * size, stride * size};
}

/// Room for a copy of rows that do not lie side by side.
static bool make_copy(char **copy, row_bytes row, int64_t rows) {
  if (row.stride == row.width) return true;
  *copy = malloc((size_t)(row.width * rows));
  return !failed(*copy ? dnnl_success : dnnl_out_of_memory, "rows");
}

static void copy_rows(char *to, int64_t to_stride, const char *from, int64_t from_stride, int64_t width, int64_t rows) {
  for (int64_t i = 0; i < rows; i++) memcpy(to + i * to_stride, from + i * from_stride, (size_t)width);
}

stapes_onednn_matmul *stapes_onednn_matmul_create(stapes_onednn_weights *w, const stapes_onednn_shape *shape,
                                                  int threads) {
  use_one_thread();
  stapes_onednn_matmul *m = calloc(1, sizeof *m + (size_t)threads * sizeof(part));
  if (!m) return NULL;
  m->a = row_bytes_of(w->k, shape->a_stride, shape->a_type);
  m->c = row_bytes_of(w->n, shape->c_stride, shape->c_type);
  m->accumulate = shape->accumulate;
  for (int thread = 0; thread < threads; thread++) {
    part *p = &m->part[m->parts++];
    p->first = shape->m * thread / threads;
    p->rows = shape->m * (thread + 1) / threads - p->first;
    if (p->rows > 0 && !(create_rows(p, w, shape, p->rows) && make_copy(&p->a_copy, m->a, p->rows) &&
                         make_copy(&p->c_copy, m->c, p->rows))) {
      stapes_onednn_matmul_destroy(m);
      return NULL;
    }
  }
  return m;
}

void stapes_onednn_matmul_destroy(stapes_onednn_matmul *m) {
  for (int i = 0; i < m->parts; i++) {
    part *p = &m->part[i];
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    if (p->a) dnnl_memory_destroy(p->a);
    if (p->c) dnnl_memory_destroy(p->c);
    if (p->bias) dnnl_memory_destroy(p->bias);
    if (p->scratchpad) dnnl_memory_destroy(p->scratchpad);
    if (p->stream) dnnl_stream_destroy(p->stream);
    free(p->a_copy), free(p->c_copy);
  }
  free(m);
}

void stapes_onednn_execute(const void *arguments, int thread, int threads) {
  (void)threads;
  const stapes_onednn_arguments *x = arguments;
  stapes_onednn_matmul *m = x->matmul;
  if (thread >= m->parts || !m->part[thread].primitive) return;
  part *p = &m->part[thread];
  use_one_thread();
  char *a = (char *)x->a + p->first * m->a.stride, *c = (char *)x->c + p->first * m->c.stride;
  if (p->a_copy) copy_rows(p->a_copy, m->a.width, a, m->a.stride, m->a.width, p->rows);
  if (p->c_copy && m->accumulate) copy_rows(p->c_copy, m->c.width, c, m->c.stride, m->c.width, p->rows);
  dnnl_memory_set_data_handle(p->a, p->a_copy ? p->a_copy : a);
  dnnl_memory_set_data_handle(p->c, p->c_copy ? p->c_copy : c);
  if (p->bias) dnnl_memory_set_data_handle(p->bias, (void *)x->bias);
  // The CPU's stream runs at once; a failure here would mean a primitive that was created but cannot run.
  dnnl_status_t status = dnnl_primitive_execute(p->primitive, p->stream, p->argument_count, p->arguments);
  if (status != dnnl_success) {
    fprintf(stderr, "stapes: oneDNN could not run a product: status %d\n", (int)status);
    abort();
  }
  if (p->c_copy) copy_rows(c, m->c.stride, p->c_copy, m->c.width, m->c.width, p->rows);
}

#else

bool stapes_onednn_available(void) { return false; }

static void *missing(void) {
  snprintf(message, sizeof message, "this build has no oneDNN");
  return NULL;
}

stapes_onednn_weights *stapes_onednn_weights_create(const float *weight, int64_t n, int64_t k,
                                                    stapes_onednn_type type, int64_t typical_m) {
  (void)weight, (void)n, (void)k, (void)type, (void)typical_m;
  return missing();
}
void stapes_onednn_weights_destroy(stapes_onednn_weights *w) { (void)w; }
int64_t stapes_onednn_weights_bytes(const stapes_onednn_weights *w) {
  (void)w;
  return 0;
}
stapes_onednn_matmul *stapes_onednn_matmul_create(stapes_onednn_weights *w, const stapes_onednn_shape *shape,
                                                  int threads) {
  (void)w, (void)shape, (void)threads;
  return missing();
}
void stapes_onednn_matmul_destroy(stapes_onednn_matmul *m) { (void)m; }
void stapes_onednn_execute(const void *arguments, int thread, int threads) { (void)arguments, (void)thread, (void)threads; }

#endif
