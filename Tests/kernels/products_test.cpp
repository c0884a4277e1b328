// Products: against sums in double precision, and a row's bits against the same row in other company.
#include "check.h"

#include "layer_norm.cu"
#include "product_few.cu"
#include "product_many.cu"

using check::Array;
using check::Random;

static double gelu_in_double(double x) { return 0.5 * x * (1 + erf(x * sqrt(0.5))); }

struct Case {
  int64_t m, n, k;
  bool bias, norm, gelu, accumulate;
  /// Elements between rows beyond their width; a negative one makes rows of a overlap.
  int64_t a_extra, c_extra;
};

/// A problem with its arrays. A: what rows are stored as, W: weights, C: results.
template <typename A, typename W, typename C>
struct Problem {
  Case shape;
  int64_t a_stride, c_stride;
  Array<A> a;
  Array<W> weight;
  Array<float> bias, gamma, beta;
  Array<C> c;

  Problem(const Case &shape, uint64_t seed)
      : shape(shape), a_stride(shape.k + shape.a_extra), c_stride(shape.n + shape.c_extra),
        a((shape.m - 1) * a_stride + shape.k), weight(shape.n * shape.k), bias(shape.n), gamma(shape.k), beta(shape.k),
        c((shape.m - 1) * c_stride + shape.n) {
    Random random(seed);
    a.fill(random, -2, 3);
    weight.fill(random, -0.2f, 0.2f);
    bias.fill(random, -1, 1);
    gamma.fill(random, 0.5f, 1.5f);
    beta.fill(random, -0.5f, 0.5f);
    c.fill(random, -4, 4);
  }

  stapes_cuda_product_arguments arguments() {
    stapes_cuda_product_arguments args = {};
    args.a = a.data(), args.weight = weight.data(), args.c = c.data();
    args.bias = shape.bias ? bias.data() : nullptr;
    args.gamma = shape.norm ? gamma.data() : nullptr;
    args.beta = shape.norm ? beta.data() : nullptr;
    args.m = shape.m, args.n = shape.n, args.k = shape.k, args.a_stride = a_stride, args.c_stride = c_stride;
    args.a_type = check::TypeOf<A>::value, args.c_type = check::TypeOf<C>::value;
    args.epsilon = 1e-5f, args.gelu = shape.gelu, args.accumulate = shape.accumulate;
    return args;
  }

  /// Row `row` as the product sees it.
  std::vector<double> inputs(int64_t row) const {
    std::vector<double> x(shape.k);
    for (int64_t i = 0; i < shape.k; ++i) x[i] = to_float(a[row * a_stride + i]);
    if (shape.norm) {
      double mean = 0, variance = 0;
      for (double v : x) mean += v / shape.k;
      for (double v : x) variance += (v - mean) * (v - mean) / shape.k;
      for (int64_t i = 0; i < shape.k; ++i) x[i] = (x[i] - mean) / sqrt(variance + 1e-5f) * gamma[i] + beta[i];
    }
    for (double &v : x) v = to_float(from_float<W>(static_cast<float>(v)));
    return x;
  }

  /// Compares all of c, what lies between its rows included, with what it held before.
  void compare(int line, const char *name, const Array<C> &before) const {
    int64_t wrong = 0;
    for (int64_t row = 0; row < shape.m; ++row) {
      const std::vector<double> x = inputs(row);
      for (int64_t column = 0; column < c_stride && row * c_stride + column < c.count(); ++column) {
        const int64_t at = row * c_stride + column;
        if (column >= shape.n) {
          if (memcmp(&c[at], &before[at], sizeof(C)) != 0) check::fail(line, "%s wrote between rows", name);
          continue;
        }
        double sum = 0, size = 1e-6, value = 0;
        const W *w = &weight[column * shape.k];
        for (int64_t i = 0; i < shape.k; ++i) {
          const double product = x[i] * to_float(w[i]);
          sum += product, size += fabs(product);
        }
        value = sum + (shape.bias ? bias[column] : 0);
        if (shape.gelu) value = gelu_in_double(value);
        if (shape.accumulate) value += to_float(before[at]);
        // Tensor cores cut off what a sum of 16 products cannot hold, where the host rounds it: a larger share of the
        // sum on a GPU. A few normalised inputs lie so near the middle between two numbers that they are rounded the
        // other way.
        const double tolerance = size * (1e-6 * check::on_gpu(4) + (shape.norm ? 0.02 * check::rounding<W>() : 0)) +
                                 1e-6 + fabs(value) * (check::rounding<C>() * 1.01 + 1e-6);
        if (!check::is_close(to_float(c[at]), value, tolerance)) ++wrong;
      }
    }
    if (wrong) {
      check::fail(line,
                  "%s m %ld n %ld k %ld norm %d gelu %d accumulate %d: %ld wrong, the worst of all by %g tolerances",
                  name, long(shape.m), long(shape.n), long(shape.k), shape.norm, shape.gelu, shape.accumulate,
                  long(wrong), check::current->worst);
    }
    ++check::checks;
  }
};

template <typename W>
static const char *few_name(int tiles) {
  static char name[32];
  snprintf(name, sizeof name, "product_few%d%s", tiles, check::TypeOf<W>::suffix);
  return name;
}
template <typename W>
static const char *many_name() {
  static char name[32];
  snprintf(name, sizeof name, "product_many%s", check::TypeOf<W>::suffix);
  return name;
}

/// As product_few is launched, but for the tiles of a block.
static stapes_cuda_shape shape_of_tiles(const stapes_cuda_product_arguments &args, int tiles) {
  stapes_cuda_shape shape = stapes_cuda_shape_product_few(&args);
  shape.shared_bytes += 8 * 128 * 4 * 4;
  shape.grid[1] = unsigned((args.m + 16 * tiles - 1) / (16 * tiles));
  return shape;
}

template <typename A, typename W, typename C>
static void test(const Case &shape, bool many) {
  Problem<A, W, C> problem(shape, shape.m * 31 + shape.n * 7 + shape.k);
  const Array<C> before = problem.c;
  const stapes_cuda_product_arguments args = problem.arguments();
  // As many tiles as the rows have: chosen for so few outputs, it would nearly always be one.
  const int tiles = shape.m <= 16 ? 1 : shape.m <= 32 ? 2 : 4;
  const char *name = many ? many_name<W>() : few_name<W>(tiles);
  LAUNCH(name, many ? stapes_cuda_shape_product_many(&args) : shape_of_tiles(args, tiles), args,
         {check::output(problem.c)});
  problem.compare(__LINE__, name, before);
}

/// The first `m` rows of a problem from row `first` on, with `strips` strips a block (0: as the shape has it).
template <typename A, typename W, typename C>
static Array<C> part(Problem<A, W, C> &problem, int64_t first, int64_t m, int tiles, int strips) {
  Array<C> c(m * problem.c_stride);
  stapes_cuda_product_arguments args = problem.arguments();
  args.a = problem.a.data() + first * problem.a_stride;
  args.c = c.data(), args.m = m, args.accumulate = false;
  stapes_cuda_shape shape = tiles ? shape_of_tiles(args, tiles) : stapes_cuda_shape_product_few(&args);
  if (strips) shape.grid[0] = unsigned(((args.n + 7) / 8 + strips - 1) / strips);
  LAUNCH(few_name<W>(tiles ? tiles : stapes_cuda_product_few_tiles(m, args.n)), shape, args, {check::output(c)});
  return c;
}

template <typename A, typename W, typename C>
static void test_company(const Case &shape) {
  Problem<A, W, C> problem(shape, 5);
  const Array<C> all = part(problem, 0, shape.m, 0, 0);
  const size_t row_bytes = shape.n * sizeof(C);
  const auto same = [&](const Array<C> &c, int64_t first, int64_t m, const char *what, int tiles, int strips) {
    for (int64_t row = 0; row < m; ++row) {
      CHECK(memcmp(&c[row * problem.c_stride], &all[(first + row) * problem.c_stride], row_bytes) == 0,
            "row %ld, %s (%d rows from %ld, tiles %d, strips %d): other bits", long(row), what, int(m), long(first),
            tiles, strips);
    }
  };
  for (int64_t row = 0; row < shape.m; row += 7) same(part(problem, row, 1, 0, 0), row, 1, "alone", 0, 0);
  for (int64_t m : {2, 3, 15, 16, 17, 32, 33}) {
    if (m <= shape.m) same(part(problem, shape.m - m, m, 0, 0), shape.m - m, m, "in other company", 0, 0);
  }
  for (int tiles : {1, 2, 4}) {
    // No more strips than a block computes.
    for (int strips = 1; strips <= (tiles == 4 ? 2 : 4); ++strips) {
      same(part(problem, 0, shape.m, tiles, strips), 0, shape.m, "forced", tiles, strips);
    }
  }
}

/// A row that holds a NaN is NaN; the others do not notice.
template <typename A, typename W, typename C>
static void test_not_a_number(const Case &shape) {
  Problem<A, W, C> problem(shape, 6);
  const Array<C> clean = part(problem, 0, shape.m, 0, 0);
  const int64_t bad = shape.m / 2;
  problem.a[bad * problem.a_stride + 3] = from_float<A>(NAN);
  const Array<C> c = part(problem, 0, shape.m, 0, 0);
  for (int64_t row = 0; row < shape.m; ++row) {
    for (int64_t column = 0; column < shape.n; ++column) {
      const int64_t at = row * problem.c_stride + column;
      const bool good = row == bad ? to_float(c[at]) != to_float(c[at]) : memcmp(&c[at], &clean[at], sizeof(C)) == 0;
      CHECK(good, "row %ld, column %ld with a NaN in row %ld", long(row), long(column), long(bad));
    }
  }
}

/// The norm inside a product has the bits of a layer norm before it.
template <typename W>
static void test_norm_apart(int64_t m, int64_t n, int64_t k) {
  Problem<float, W, float> problem({m, n, k, true, true, false, false, 16, 0}, 7);
  const Array<float> inside = part(problem, 0, m, 0, 0);
  Array<W> normal(m * k);
  Array<float> c(m * n);
  const stapes_layer_norm_arguments norm = {problem.a.data(), problem.gamma.data(), problem.beta.data(), normal.data(),
                                            m, k, problem.a_stride, k, check::TypeOf<W>::value, 1e-5f};
  LAUNCH("layer_norm", stapes_cuda_shape_layer_norm(&norm), norm, {check::output(normal)});
  stapes_cuda_product_arguments args = problem.arguments();
  args.a = normal.data(), args.a_stride = k, args.a_type = check::TypeOf<W>::value, args.gamma = args.beta = nullptr;
  args.c = c.data();
  LAUNCH(few_name<W>(stapes_cuda_product_few_tiles(m, n)), stapes_cuda_shape_product_few(&args), args,
         {check::output(c)});
  CHECK(memcmp(c.data(), inside.data(), c.bytes()) == 0, "m %ld k %ld: the norm inside has other bits", long(m),
        long(k));
}

/// Blocks of 64 and of 128 outputs, and a row in other company.
template <typename W, typename C>
static void test_many_company(const Case &shape) {
  Problem<W, W, C> problem(shape, 8);
  const auto run = [&](int64_t first, int64_t m, int width) {
    Array<C> c(m * problem.c_stride);
    stapes_cuda_product_arguments args = problem.arguments();
    args.a = problem.a.data() + first * problem.a_stride, args.c = c.data(), args.m = m, args.accumulate = false;
    stapes_cuda_shape grid = stapes_cuda_shape_product_many(&args);
    grid.grid[0] = unsigned((args.n + width - 1) / width);
    LAUNCH(many_name<W>(), grid, args, {check::output(c)});
    return c;
  };
  const Array<C> narrow = run(0, shape.m, 64), wide = run(0, shape.m, 128), alone = run(shape.m - 1, 1, 128);
  for (int64_t row = 0; row < shape.m; ++row) {
    const int64_t at = row * problem.c_stride;
    CHECK(memcmp(&narrow[at], &wide[at], shape.n * sizeof(C)) == 0, "row %ld depends on a block's width", long(row));
  }
  CHECK(memcmp(&alone[0], &wide[(shape.m - 1) * problem.c_stride], shape.n * sizeof(C)) == 0, "the last row alone");
}

/// Several products in one launch, as a convolution over several windows is: each has the bits that it has alone.
template <typename W, typename C>
static void test_batch(const Case &shape, int64_t batch, int64_t gap) {
  Problem<W, W, C> problem(shape, 9);
  stapes_cuda_product_arguments args = problem.arguments();
  // Every other one begins where rows of the one before end: their inputs overlap, their outputs do not.
  args.m = shape.m / 2, args.batch = batch, args.a_batch_stride = shape.m / 4 * problem.a_stride;
  args.c_batch_stride = (args.m + gap) * problem.c_stride;
  Array<C> together(batch * args.c_batch_stride), apart = together;
  const Array<C> before = together;
  // The last one's inputs end within a.
  if ((batch - 1) * (shape.m / 4) + args.m > shape.m) check::fail(__LINE__, "inputs past the end");
  args.c = together.data();
  LAUNCH(many_name<W>(), stapes_cuda_shape_product_many(&args), args, {check::output(together)});
  for (int64_t i = 0; i < batch; ++i) {
    stapes_cuda_product_arguments one = args;
    one.batch = 0;
    one.a = problem.a.data() + i * args.a_batch_stride, one.c = apart.data() + i * args.c_batch_stride;
    LAUNCH(many_name<W>(), stapes_cuda_shape_product_many(&one), one, {check::output(apart)});
  }
  CHECK(memcmp(together.data(), apart.data(), together.bytes()) == 0, "m %ld n %ld k %ld: %ld at once have other bits",
        long(args.m), long(shape.n), long(shape.k), long(batch));
  CHECK(memcmp(together.data(), before.data(), together.bytes()) != 0, "nothing was computed");
}

template <typename W>
static void test_type() {
  // m, n, k, bias, norm, gelu, accumulate, a_extra, c_extra
  for (int64_t m : {1, 2, 3, 15, 16, 17, 33, 64, 70}) {
    test<W, W, float>({m, 64, 240, true, false, false, false, 0, 0}, false);
    test<float, W, W>({m, 10, 64, m % 2 == 0, true, true, false, 8, 2}, false);
    test<W, W, float>({m, 8, 384, false, false, false, true, 16, 0}, false);
    test<float, W, float>({m, 10, 72, true, false, true, true, 0, 3}, false);
    test<float, W, float>({m, 17, 8, true, true, false, true, 0, 0}, false);
  }
  test<W, W, float>({1, 64, 5120, true, false, false, true, 0, 0}, false);
  test<W, W, W>({3, 64, 1536, true, false, true, true, 0, 0}, false);
  test<float, W, float>({1, 1537, 1280, true, true, false, false, 0, 0}, false);
  test<float, W, W>({2, 24, 1288, true, true, true, false, 0, 0}, false);
  test<float, W, float>({17, 1537, 240, false, true, false, false, 0, 7}, false);
  test<float, W, W>({33, 1537, 64, true, true, true, false, 0, 1}, false);
  test<W, W, W>({64, 130, 1280, true, false, true, false, 0, 0}, false);
  // So many outputs that a block has two and four strips.
  test<float, W, float>({1, 2051, 64, true, true, false, false, 0, 0}, false);
  test<float, W, float>({5, 4100, 64, true, true, false, false, 0, 0}, false);
  test<W, W, W>({20, 4100, 72, true, false, true, false, 0, 0}, false);

  test_company<float, W, float>({64, 37, 328, true, true, true, false, 0, 0});
  test_company<float, W, W>({37, 64, 1280, true, false, false, false, 8, 0});
  test_company<W, W, float>({64, 20, 640, true, false, false, false, 0, 5});
  test_not_a_number<float, W, float>({35, 12, 264, true, true, false, false, 0, 0});
  test_not_a_number<W, W, W>({9, 12, 72, true, false, true, false, 0, 0});
  test_norm_apart<W>(19, 24, 384);
  test_norm_apart<W>(3, 24, 1280);
  test_norm_apart<W>(2, 16, 1400);

  for (int64_t m : {1, 17, 127, 128, 129, 300}) {
    test<W, W, float>({m, 64, 240, true, false, false, true, 0, 0}, true);
    test<W, W, W>({m, 130, 64, true, false, true, false, 8, 0}, true);
    test<W, W, W>({m, 11, 8, false, false, false, true, 0, 0}, true);
  }
  test<W, W, float>({260, 197, 1280, true, false, true, true, 0, 1}, true);
  // Rows that overlap, as those of a convolution do.
  test<W, W, W>({150, 64, 240, true, false, true, false, -160, 0}, true);
  test<W, W, float>({1100, 1100, 72, true, false, false, false, -64, 0}, true);
  test_many_company<W, float>({131, 192, 328, true, false, false, false, 0, 0});
  test_many_company<W, W>({131, 200, 64, true, false, true, false, 0, 1});
  test_batch<W, W>({300, 130, 72, true, false, true, false, 8, 0}, 3, 2);
  test_batch<W, float>({24, 70, 64, true, false, true, false, 0, 2}, 2, 0);
  test_batch<W, float>({520, 1100, 24, true, false, false, false, 0, 0}, 3, 1);
}

int main(int count, char **arguments) {
  check::begin("products", count, arguments);
  test_type<half_t>();
  test_type<bfloat_t>();
  return check::finish();
}
