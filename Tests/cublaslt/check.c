// The shim over cuBLASLt against plain loops, with the fake library in the real one's place.
//
//   check products FAKE               every combination of types, bias, accumulation, strides; and every refusal
//   check opens NAMED FILE            what `stapes_cublaslt_create` takes; an empty NAMED for none
//   check refuses NAMED WORD...       that it takes nothing, and that the reason has the words
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_CUBLASLT_LIBRARY
#include "../../Sources/CUDADriver/include/stapes_cublaslt.h"
#include "../../Sources/CUDAEmulator/include/stapes_fake_cublaslt.h"

static int failures, checks;

#define EXPECT(condition, ...)                                       \
  do {                                                               \
    checks++;                                                        \
    if (!(condition)) {                                              \
      failures++;                                                    \
      fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
      fprintf(stderr, __VA_ARGS__);                                  \
      fputc('\n', stderr);                                           \
    }                                                                \
  } while (0)

// The linker leads the shim's allocations here (--wrap).
static int allocations;
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes) { return allocations++, __real_malloc(bytes); }
void *__wrap_calloc(size_t count, size_t bytes) { return allocations++, __real_calloc(count, bytes); }
void *__wrap_realloc(void *memory, size_t bytes) { return allocations++, __real_realloc(memory, bytes); }

// MARK: Values

static size_t width(stapes_type type) { return type == STAPES_FLOAT32 ? 4 : 2; }

static uint16_t bfloat16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float read(const void *values, stapes_type type, int64_t i) {
  if (type == STAPES_FLOAT32) return ((const float *)values)[i];
  if (type == STAPES_FLOAT16) return (float)((const _Float16 *)values)[i];
  uint32_t bits = (uint32_t)((const uint16_t *)values)[i] << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void write(void *values, stapes_type type, int64_t i, float value) {
  if (type == STAPES_FLOAT32) {
    ((float *)values)[i] = value;
  } else if (type == STAPES_FLOAT16) {
    ((_Float16 *)values)[i] = (_Float16)value;
  } else {
    ((uint16_t *)values)[i] = bfloat16(value);
  }
}

static uint32_t seed = 1;

/// Multiples of 1/8 from -2 to 2: every sum here is exact in float32, in any order, and is rounded once.
static float next(void) {
  seed = seed * 1664525 + 1013904223;
  return (float)((int)(seed >> 16) % 33 - 16) / 8;
}

static void *random_values(stapes_type type, int64_t count) {
  size_t bytes = ((size_t)count * width(type) + 15) / 16 * 16;
  void *values = aligned_alloc(16, bytes);
  for (int64_t i = 0; i < count; i++) write(values, type, i, next());
  return values;
}

static stapes_cu_stream stream(void) { return (stapes_cu_stream)(uintptr_t)0x5714; }

static stapes_cublaslt_shape shape(int64_t m, int64_t n, int64_t k) {
  return (stapes_cublaslt_shape){
      .m = m, .n = n, .k = k, .a_stride = k, .weight_stride = k, .c_stride = n,
      .type = STAPES_FLOAT16, .c_type = STAPES_FLOAT16, .workspace_bytes = STAPES_CUBLASLT_WORKSPACE_BYTES,
  };
}

// MARK: Products

static void check_product(stapes_cublaslt *library, fake_cublaslt_state *fake, const stapes_cublaslt_shape *s) {
  stapes_cublaslt_product *product = NULL;
  stapes_cublaslt_status status = stapes_cublaslt_product_create(library, s, &product);
  EXPECT(!status && product, "%s (%s)", stapes_cublaslt_error(), fake->why ? fake->why : "");
  if (!product) return;
  int64_t c_count = (s->m - 1) * s->c_stride + s->n;
  void *a = random_values(s->type, (s->m - 1) * s->a_stride + s->k);
  void *weight = random_values(s->type, (s->n - 1) * s->weight_stride + s->k);
  void *bias = s->bias ? random_values(s->c_type, s->n) : NULL;
  void *c = random_values(s->c_type, c_count);
  size_t workspace_bytes = stapes_cublaslt_product_workspace_bytes(product);
  EXPECT(workspace_bytes == fake->workspace_bytes, "%zu", workspace_bytes);
  void *workspace = workspace_bytes ? aligned_alloc(16, (workspace_bytes + 15) / 16 * 16) : NULL;

  // What no number is, and is not to be read, is overwritten.
  if (!s->accumulate) {
    for (int64_t row = 0; row < s->m; row++)
      for (int64_t i = 0; i < s->n; i++) write(c, s->c_type, row * s->c_stride + i, __builtin_nanf(""));
  }
  // What the product should leave, between the rows too.
  char *expected = malloc((size_t)c_count * width(s->c_type));
  memcpy(expected, c, (size_t)c_count * width(s->c_type));
  for (int64_t row = 0; row < s->m; row++) {
    for (int64_t i = 0; i < s->n; i++) {
      int64_t at = row * s->c_stride + i;
      float sum = s->accumulate ? read(c, s->c_type, at) : 0;
      if (s->bias) sum += read(bias, s->c_type, i);
      for (int64_t k = 0; k < s->k; k++)
        sum += read(a, s->type, row * s->a_stride + k) * read(weight, s->type, i * s->weight_stride + k);
      write(expected, s->c_type, at, sum);
    }
  }

  int before = allocations, descriptors = fake->descriptors, choices = fake->choices;
  fake->stream = NULL;
  status = stapes_cublaslt_product_run(product, a, weight, bias, c, workspace, stream());
  EXPECT(!status, "%s (%s)", stapes_cublaslt_error(), fake->why ? fake->why : "");
  EXPECT(allocations == before && fake->descriptors == descriptors, "a run allocates");
  EXPECT(fake->choices == choices, "a run chooses an algorithm");
  EXPECT(fake->stream == (void *)stream(), "another stream");
  EXPECT(!memcmp(c, expected, (size_t)c_count * width(s->c_type)),
         "%lld x %lld x %lld, strides %lld %lld %lld, types %d %d, bias %d, accumulate %d", (long long)s->m,
         (long long)s->n, (long long)s->k, (long long)s->a_stride, (long long)s->weight_stride, (long long)s->c_stride,
         s->type, s->c_type, s->bias, s->accumulate);
  // Again, with arrays elsewhere: a product belongs to no array.
  if (s->bias && !s->accumulate) {
    void *moved = random_values(s->c_type, s->n);
    memcpy(moved, bias, (size_t)s->n * width(s->c_type));
    free(bias);
    bias = moved;
    memset(c, 0, (size_t)s->n * width(s->c_type));
    status = stapes_cublaslt_product_run(product, a, weight, bias, c, workspace, stream());
    EXPECT(!status && !memcmp(c, expected, (size_t)c_count * width(s->c_type)), "the second run differs");
  }
  free(expected);
  free(workspace);
  free(c);
  free(bias);
  free(weight);
  free(a);
  stapes_cublaslt_product_destroy(product);
}

static void check_products(stapes_cublaslt *library, fake_cublaslt_state *fake) {
  static const int64_t sizes[][3] = {{1, 1, 1}, {1, 24, 16}, {17, 8, 40}, {33, 51, 64}, {150, 96, 24}};
  static const int64_t paddings[][3] = {{0, 0, 0}, {8, 0, 0}, {0, 16, 0}, {0, 0, 8}, {3, 5, 7}};
  static const stapes_type types[][2] = {
      {STAPES_FLOAT16, STAPES_FLOAT16},
      {STAPES_FLOAT16, STAPES_FLOAT32},
      {STAPES_BFLOAT16, STAPES_BFLOAT16},
      {STAPES_BFLOAT16, STAPES_FLOAT32},
  };
  for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
    for (size_t padding = 0; padding < sizeof paddings / sizeof *paddings; padding++) {
      for (size_t type = 0; type < sizeof types / sizeof *types; type++) {
        for (int options = 0; options < 8; options++) {
          stapes_cublaslt_shape s = shape(sizes[size][0], sizes[size][1], sizes[size][2]);
          s.a_stride += paddings[padding][0];
          s.weight_stride += paddings[padding][1];
          s.c_stride += paddings[padding][2];
          s.type = types[type][0];
          s.c_type = types[type][1];
          s.bias = options & 1;
          s.accumulate = options & 2;
          fake->workspace_bytes = options & 4 ? 1000 : 0;
          check_product(library, fake, &s);
        }
      }
    }
  }
  fake->workspace_bytes = 0;
}

/// A convolution of width 3 and step 1 is three products; of width 3 and step 2 it is one of two frames and one of one.
static void check_convolution(stapes_cublaslt *library, int64_t step) {
  enum { M = 20, D = 16, N = 24, KERNEL = 3 };
  int64_t frames = (M - 1) * step + KERNEL;
  _Float16 *x = random_values(STAPES_FLOAT16, frames * D);
  _Float16 *weight = random_values(STAPES_FLOAT16, N * KERNEL * D);
  float *bias = random_values(STAPES_FLOAT32, N);
  float *c = random_values(STAPES_FLOAT32, M * N);
  for (int64_t first = 0; first < KERNEL; first += step) {
    int64_t part = KERNEL - first < step ? KERNEL - first : step;
    stapes_cublaslt_shape s = shape(M, N, part * D);
    s.a_stride = step * D;
    s.weight_stride = KERNEL * D;
    s.c_type = STAPES_FLOAT32;
    s.bias = first == 0;
    s.accumulate = first > 0;
    stapes_cublaslt_product *product = NULL;
    EXPECT(!stapes_cublaslt_product_create(library, &s, &product), "%s", stapes_cublaslt_error());
    if (!product) break;
    EXPECT(!stapes_cublaslt_product_run(product, x + first * D, weight + first * D, s.bias ? bias : NULL, c, NULL,
                                        stream()),
           "%s", stapes_cublaslt_error());
    stapes_cublaslt_product_destroy(product);
  }
  for (int64_t row = 0; row < M; row++) {
    for (int64_t i = 0; i < N; i++) {
      float sum = bias[i];
      for (int64_t k = 0; k < KERNEL * D; k++)
        sum += (float)x[row * step * D + k] * (float)weight[i * KERNEL * D + k];
      EXPECT(c[row * N + i] == sum, "convolution, step %lld: row %lld, column %lld", (long long)step, (long long)row,
             (long long)i);
    }
  }
  free(c);
  free(bias);
  free(weight);
  free(x);
}

// MARK: Refusals

static void expect_none(stapes_cublaslt *library, const stapes_cublaslt_shape *s, stapes_cublaslt_status expected,
                        const char *word) {
  stapes_cublaslt_product *product = (stapes_cublaslt_product *)(uintptr_t)1;
  stapes_cublaslt_status status = stapes_cublaslt_product_create(library, s, &product);
  EXPECT(status == expected && !product, "status %d where %d was expected: %s", status, expected,
         stapes_cublaslt_error());
  EXPECT(strstr(stapes_cublaslt_error(), word), "no \"%s\" in: %s", word, stapes_cublaslt_error());
}

static void check_shapes(stapes_cublaslt *library, fake_cublaslt_state *fake) {
  int choices = fake->choices;
  stapes_cublaslt_shape s = shape(8, 8, 24);
  s.a_stride = 8;
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "overlapping rows: they are 24 wide and 8 apart");
  s = shape(8, 8, 24), s.c_type = STAPES_BFLOAT16;
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "type");
  s = shape(8, 8, 24), s.type = STAPES_BFLOAT16;
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "type");
  s = shape(8, 8, 24), s.type = s.c_type = STAPES_FLOAT32;
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "16 bits");
  s = shape((int64_t)1 << 31, 8, 24);
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "32 bits");
  s = shape(0, 8, 24);
  expect_none(library, &s, STAPES_CUBLASLT_INVALID, "0 x 8 x 24");
  s = shape(8, 8, 24), s.weight_stride = 23;
  expect_none(library, &s, STAPES_CUBLASLT_INVALID, "weight");
  s = shape(8, 8, 24), s.c_stride = 7;
  expect_none(library, &s, STAPES_CUBLASLT_INVALID, "output");
  EXPECT(fake->choices == choices, "the library was asked about a shape that it cannot have");
}

static void check_choices(stapes_cublaslt *library, fake_cublaslt_state *fake) {
  fake_cublaslt_state normal = *fake;
  stapes_cublaslt_shape s = shape(8, 8, 24);
  s.bias = true;
  fake->results = -1;
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "no algorithm");
  fake->results = 0, fake->choose_status = 15;
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "not supported");
  fake->choose_status = 13;
  expect_none(library, &s, STAPES_CUBLASLT_FAILED, "execution failed");
  fake->choose_status = 0, fake->useless_results = 8;
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "no algorithm");
  fake->useless_results = 0, fake->workspace_bytes = s.workspace_bytes + 1;
  expect_none(library, &s, STAPES_CUBLASLT_UNSUPPORTED, "not supported");
  // The first result that can be used is taken.
  fake->workspace_bytes = 64, fake->useless_results = 2, fake->greedy_results = 3;
  check_product(library, fake, &s);
  fake->useless_results = fake->greedy_results = 0;
  // Without a workspace there are algorithms too, and they need none.
  s.workspace_bytes = 0, fake->workspace_bytes = 0;
  check_product(library, fake, &s);
  // Whichever descriptor cannot be made, those before it go.
  for (int i = 1; i <= 5; i++) {
    fake->descriptors_left = i;
    expect_none(library, &s, STAPES_CUBLASLT_FAILED, "allocation failed");
    EXPECT(fake->descriptors == normal.descriptors, "%d descriptors are left after the failure of number %d",
           fake->descriptors, i);
  }
  fake->descriptors_left = 0;
}

static void check_runs(stapes_cublaslt *library, fake_cublaslt_state *fake) {
  stapes_cublaslt_shape s = shape(8, 8, 24);
  s.bias = true;
  fake->workspace_bytes = 32;
  stapes_cublaslt_product *product = NULL, *plain = NULL;
  EXPECT(!stapes_cublaslt_product_create(library, &s, &product), "%s", stapes_cublaslt_error());
  s.bias = false;
  EXPECT(!stapes_cublaslt_product_create(library, &s, &plain), "%s", stapes_cublaslt_error());
  fake->workspace_bytes = 0;
  if (!product || !plain) return;
  char *memory = aligned_alloc(16, 4096);
  memset(memory, 0, 4096);
  char *a = memory, *weight = memory + 1024, *c = memory + 2048, *bias = memory + 3072, *workspace = memory + 3584;
  int products = fake->products;
  const struct {
    stapes_cublaslt_product *product;
    char *a, *weight, *bias, *c, *workspace;
    const char *word;
  } calls[] = {
      {product, a + 2, weight, bias, c, workspace, "16 bytes"},
      {product, a, weight + 8, bias, c, workspace, "16 bytes"},
      {product, a, weight, bias + 4, c, workspace, "16 bytes"},
      {product, a, weight, bias, c + 2, workspace, "16 bytes"},
      {product, a, weight, bias, c, workspace + 1, "16 bytes"},
      {product, a, weight, NULL, c, workspace, "wants a bias"},
      {product, a, weight, bias, c, NULL, "32 bytes"},
      {plain, a, weight, bias, c, workspace, "without a bias"},
  };
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    int status = stapes_cublaslt_product_run(calls[i].product, calls[i].a, calls[i].weight, calls[i].bias, calls[i].c,
                                             calls[i].workspace, stream());
    EXPECT(status == STAPES_CUBLASLT_INVALID, "call %zu: status %d", i, status);
    EXPECT(strstr(stapes_cublaslt_error(), calls[i].word), "call %zu: %s", i, stapes_cublaslt_error());
  }
  fake->multiply_status = 13;
  int status = stapes_cublaslt_product_run(product, a, weight, bias, c, workspace, stream());
  EXPECT(status == STAPES_CUBLASLT_FAILED, "status %d", status);
  EXPECT(!strcmp(stapes_cublaslt_error(), "cuBLASLt cannot multiply: execution failed (status 13)"), "%s",
         stapes_cublaslt_error());
  fake->multiply_status = 0;
  EXPECT(fake->products == products, "a refused product was computed");
  status = stapes_cublaslt_product_run(product, a, weight, bias, c, workspace, stream());
  EXPECT(!status, "after failures: %s", stapes_cublaslt_error());
  stapes_cublaslt_product_destroy(plain);
  stapes_cublaslt_product_destroy(product);
  free(memory);
}

static void *error_of_another_thread(void *unused) {
  (void)unused;
  return *stapes_cublaslt_error() ? (void *)1 : NULL;
}

static void check_all(const char *path) {
  char message[1024] = "?";
  stapes_cublaslt *library = stapes_cublaslt_create(path, message, sizeof message);
  EXPECT(library && !*message, "%s", message);
  if (!library) return;
  void *file = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
  fake_cublaslt_state *fake = file ? dlsym(file, "fake_cublaslt") : NULL;
  if (!fake) {
    EXPECT(fake, "%s is not the fake", path);
    return;
  }
  EXPECT(stapes_cublaslt_version(library) == 130000, "%zu", stapes_cublaslt_version(library));
  check_products(library, fake);
  check_convolution(library, 1);
  check_convolution(library, 2);
  check_shapes(library, fake);
  check_choices(library, fake);
  check_runs(library, fake);
  pthread_t thread;
  void *has_error = NULL;
  if (!pthread_create(&thread, NULL, error_of_another_thread, NULL)) pthread_join(thread, &has_error);
  EXPECT(!has_error && *stapes_cublaslt_error(), "errors are not the thread's own");
  stapes_cublaslt_destroy(library);
  EXPECT(fake->descriptors == 0 && fake->handles == 0, "%d descriptors and %d handles are left", fake->descriptors,
         fake->handles);
  dlclose(file);
}

// MARK: Opening

static void check_opens(const char *named, const char *expected) {
  char message[1024] = "?";
  stapes_cublaslt *library = stapes_cublaslt_create(*named ? named : NULL, message, sizeof message);
  EXPECT(library, "%s", message);
  if (!library) return;
  EXPECT(!*message, "a message after success: %s", message);
  EXPECT(!strcmp(stapes_cublaslt_path(library), expected), "%s, not %s", stapes_cublaslt_path(library), expected);
  stapes_cublaslt_destroy(library);
}

static void check_refuses(const char *named, char **words) {
  char message[1024] = "?", brief[8] = "?";
  stapes_cublaslt *library = stapes_cublaslt_create(*named ? named : NULL, message, sizeof message);
  EXPECT(!library, "%s was taken", stapes_cublaslt_path(library));
  for (; *words; words++) EXPECT(strstr(message, *words), "no \"%s\" in: %s", *words, message);
  library = stapes_cublaslt_create(*named ? named : NULL, brief, sizeof brief);
  EXPECT(!library && !strncmp(brief, message, 7) && !brief[7], "%.8s", brief);
  EXPECT(!stapes_cublaslt_create(*named ? named : NULL, brief, 0), "without room for a message");
}

int main(int count, char **arguments) {
  if (count == 3 && !strcmp(arguments[1], "products")) {
    check_all(arguments[2]);
  } else if (count == 4 && !strcmp(arguments[1], "opens")) {
    check_opens(arguments[2], arguments[3]);
  } else if (count >= 3 && !strcmp(arguments[1], "refuses")) {
    check_refuses(arguments[2], arguments + 3);
  } else {
    fprintf(stderr, "usage: check products FAKE | opens NAMED FILE | refuses NAMED WORD...\n");
    return 2;
  }
  if (!strcmp(arguments[1], "products")) printf("products: %d checks, %d failures\n", checks, failures);
  return failures != 0;
}
