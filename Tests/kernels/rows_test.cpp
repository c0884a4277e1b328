// Layer norm, and what treats values one by one or copies rows.
#include "check.h"

#include "elementwise.cu"
#include "layer_norm.cu"

using check::Array;
using check::Random;

template <typename Y>
static void test_layer_norm(int64_t rows, int64_t width, int64_t x_extra, int64_t y_extra, float offset) {
  Random random(rows * 1000 + width);
  const int64_t x_stride = width + x_extra, y_stride = width + y_extra;
  Array<float> x((rows - 1) * x_stride + width), gamma(width), beta(width);
  Array<Y> y((rows - 1) * y_stride + width);
  x.fill(random, offset - 1, offset + 1);
  gamma.fill(random, -2, 2);
  beta.fill(random, -1, 1);
  y.fill(random, 0, 1);
  const Array<Y> before = y;
  const stapes_layer_norm_arguments args = {x.data(), gamma.data(), beta.data(), y.data(), rows, width, x_stride,
                                            y_stride, check::TypeOf<Y>::value, 1e-5f};
  LAUNCH("layer_norm", stapes_cuda_shape_layer_norm(&args), args, {check::output(y)});
  // Float32 keeps so much of a value that far from 0, next to a deviation of about 0.6.
  const double relative = check::rounding<Y>() * 1.01, absolute = 4e-6 + fabs(offset) * 0x1p-20;
  for (int64_t row = 0; row < rows; ++row) {
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < width; ++i) mean += x[row * x_stride + i] / double(width);
    for (int64_t i = 0; i < width; ++i) variance += pow(x[row * x_stride + i] - mean, 2) / double(width);
    for (int64_t i = 0; i < y_stride && row * y_stride + i < y.count(); ++i) {
      const int64_t at = row * y_stride + i;
      if (i >= width) {
        CHECK(memcmp(&y[at], &before[at], sizeof(Y)) == 0, "layer norm wrote between rows");
        continue;
      }
      const double normal = (x[row * x_stride + i] - mean) / sqrt(variance + 1e-5f);
      const double value = normal * gamma[i] + beta[i];
      CHECK(check::is_close(to_float(y[at]), value, fabs(value) * relative + absolute),
            "layer norm %ld x %ld (%ld, %ld): %g instead of %g", long(rows), long(width), long(row), long(i),
            to_float(y[at]), value);
    }
  }
}

template <typename Y>
static void test_layer_norms() {
  for (int64_t width : {8, 64, 120, 128, 384, 512, 768, 1024, 1272, 1280, 1288, 2560}) {
    for (int64_t rows : {1, 3, 4, 9}) test_layer_norm<Y>(rows, width, rows == 3 ? 8 : 0, rows == 4 ? 16 : 0, 0);
  }
  test_layer_norm<Y>(2, 384, 0, 0, 100);
  test_layer_norm<Y>(2, 1280, 0, 0, -1000);
}

static void test_layer_norm_of_not_a_number() {
  Random random(3);
  Array<float> x(5 * 64), gamma(64), beta(64), y(5 * 64);
  x.fill(random, -1, 1), gamma.fill(random, -1, 1), beta.fill(random, -1, 1);
  x[2 * 64 + 63] = NAN;
  const stapes_layer_norm_arguments args = {x.data(), gamma.data(), beta.data(), y.data(), 5, 64, 64, 64,
                                            STAPES_FLOAT32, 1e-5f};
  LAUNCH("layer_norm", stapes_cuda_shape_layer_norm(&args), args, {check::output(y)});
  for (int i = 0; i < 5 * 64; ++i) CHECK((y[i] != y[i]) == (i / 64 == 2), "a NaN in row 2 and value %d: %g", i, y[i]);
}

template <typename T>
static void test_gelu(int64_t rows, int64_t width, int64_t stride) {
  Random random(width);
  Array<T> x((rows - 1) * stride + width);
  x.fill(random, -6, 6);
  x[0] = from_float<T>(NAN);
  const Array<T> before = x;
  const stapes_cuda_gelu_arguments args = {x.data(), rows, width, stride, check::TypeOf<T>::value};
  LAUNCH("gelu", stapes_cuda_shape_gelu(&args), args, {check::output(x)});
  for (int64_t i = 0; i < x.count(); ++i) {
    const double v = to_float(before[i]), value = i % stride < width ? 0.5 * v * (1 + erf(v * sqrt(0.5))) : v;
    CHECK(check::is_close(to_float(x[i]), value, fabs(value) * check::rounding<T>() * 1.01 + 1e-6),
          "gelu of %g: %g instead of %g", v, to_float(x[i]), value);
  }
}

static void test_add(int64_t count, int64_t skip, int64_t repeats = 1) {
  Random random(count);
  Array<float> x(count + skip), y(count * repeats + skip);
  x.fill(random, -9, 9), y.fill(random, -9, 9);
  const Array<float> before = y;
  const stapes_add_arguments args = {x.data() + skip, y.data() + skip, count, repeats};
  LAUNCH("add", stapes_cuda_shape_add(&args), args, {check::output(y)});
  for (int64_t i = 0; i < count * repeats + skip; ++i) {
    CHECK(y[i] == (i < skip ? before[i] : before[i] + x[skip + (i - skip) % count]), "add %ld at %ld", long(count),
          long(i));
  }
}

template <typename X, typename Y>
static void test_convert(int64_t count, int64_t skip) {
  Random random(count);
  Array<X> x(count + skip);
  Array<Y> y(count + skip);
  x.fill(random, -9, 9);
  y.fill(random, 0, 0);
  const float special[] = {NAN, INFINITY, -INFINITY, 1e6f, -1e6f, 65519.0f, 65520.0f, 1e-7f, -0.0f, 6e-8f};
  for (int64_t i = 0; i < 10 && i + skip < x.count(); ++i) x[i + skip] = from_float<X>(special[i]);
  const stapes_convert_arguments args = {x.data() + skip, y.data() + skip, count, check::TypeOf<X>::value,
                                         check::TypeOf<Y>::value};
  LAUNCH("convert", stapes_cuda_shape_convert(&args), args, {check::output(y)});
  for (int64_t i = skip; i < count + skip; ++i) {
    const Y expected = from_float<Y>(to_float(x[i]));
    CHECK(check::is_same(y[i], expected), "convert %g: %g", to_float(x[i]), to_float(y[i]));
  }
}

template <typename T>
static void test_random(int64_t count) {
  Array<T> y(count);
  const stapes_cuda_random_arguments args = {y.data(), count, 0.25f, 0x1.bb67aep-30f, 0xfffffff0u, 0x12345678u,
                                             check::TypeOf<T>::value};
  LAUNCH("random", stapes_cuda_shape_random(&args), args, {check::output(y)});
  for (int64_t i = 0; i < count; ++i) {
    // As GeneratedArray has it.
    uint32_t bits = 0xfffffff0u + static_cast<uint32_t>(i);
    bits = (bits ^ (bits >> 16)) * 0x85EBCA6B;
    bits = (bits ^ (bits >> 13) ^ 0x12345678u) * 0xC2B2AE35;
    bits ^= bits >> 16;
    const float product = args.scale * float(int32_t(bits) >> 8);
    const T expected = from_float<T>(args.center + product);
    CHECK(memcmp(&y[i], &expected, sizeof(T)) == 0, "random value %ld", long(i));
  }
}

template <typename T>
static void test_embed(int64_t rows, int64_t width) {
  Random random(width);
  Array<T> table(50 * width);
  Array<float> position_table(20 * width), y(rows * width);
  Array<int32_t> tokens(rows), positions(rows);
  table.fill(random, -1, 1), position_table.fill(random, -1, 1);
  for (int64_t row = 0; row < rows; ++row) {
    tokens[row] = row == 0 ? 49 : random.below(50);
    positions[row] = row == 0 ? 19 : random.below(20);
  }
  const stapes_embed_arguments args = {tokens.data(), positions.data(), table.data(), position_table.data(), y.data(),
                                       rows, width, check::TypeOf<T>::value};
  LAUNCH("embed", stapes_cuda_shape_embed(&args), args, {check::output(y)});
  for (int64_t i = 0; i < rows * width; ++i) {
    const float token = to_float(table[tokens[i / width] * width + i % width]);
    CHECK(y[i] == token + position_table[positions[i / width] * width + i % width], "embed at %ld", long(i));
  }
}

static void test_gather(int64_t rows, int64_t width) {
  Random random(width);
  Array<float> x(30 * width), y(rows * width);
  Array<int32_t> indices(rows);
  x.fill(random, -1, 1);
  for (int64_t row = 0; row < rows; ++row) indices[row] = row == 0 ? 29 : random.below(30);
  const stapes_gather_arguments args = {x.data(), indices.data(), y.data(), rows, width};
  LAUNCH("gather", stapes_cuda_shape_gather(&args), args, {check::output(y)});
  for (int64_t i = 0; i < rows * width; ++i) {
    CHECK(y[i] == x[indices[i / width] * width + i % width], "gather at %ld", long(i));
  }
}

static void test_feed(int64_t rows) {
  Random random(rows);
  Array<int32_t> seats(rows), tokens(rows);
  Array<stapes_sampling_state> states(rows + 1);
  for (int64_t i = 0; i <= rows; ++i) states[i].token = random.below(INT32_MAX);
  for (int64_t i = 0; i < rows; ++i) seats[i] = random.below(rows + 1);
  const stapes_feed_arguments args = {seats.data(), states.data(), tokens.data(), rows};
  LAUNCH("feed", stapes_cuda_shape_feed(&args), args, {check::output(tokens)});
  for (int64_t i = 0; i < rows; ++i) CHECK(tokens[i] == states[seats[i]].token, "feed at %ld", long(i));
}

template <typename T>
static void test_type() {
  test_gelu<T>(3, 64, 64);
  test_gelu<T>(2, 12, 16);
  test_gelu<T>(3, 7, 9);
  test_gelu<T>(300, 1536, 1536);
  for (int64_t count : {1, 3, 4, 1000, 4099, 2048 * 1024 + 5}) {
    test_convert<float, T>(count, 0);
    test_convert<T, float>(count, 0);
  }
  test_convert<float, T>(1001, 3);
  test_convert<T, float>(1001, 3);
  test_convert<T, T>(77, 0);
}

int main(int count, char **arguments) {
  check::begin("rows", count, arguments);
  test_layer_norms<float>();
  test_layer_norms<half_t>();
  test_layer_norms<bfloat_t>();
  test_layer_norm_of_not_a_number();
  test_type<half_t>();
  test_type<bfloat_t>();
  test_convert<float, float>(77, 0);
  for (int64_t count : {1, 4, 1023, 70000}) test_add(count, 0);
  test_add(1023, 1);
  // Runs of y that begin at multiples of 16 bytes, and such that do not.
  test_add(64, 0, 3);
  test_add(71, 0, 5);
  test_add(70000, 1, 2);
  for (int64_t count : {1, 1000, 600000}) {
    test_random<float>(count);
    test_random<half_t>(count);
    test_random<bfloat_t>(count);
  }
  for (int64_t width : {64, 384, 1280, 1288}) {
    for (int64_t rows : {1, 17}) {
      test_embed<float>(rows, width);
      test_embed<half_t>(rows, width);
      test_embed<bfloat_t>(rows, width);
      test_gather(rows, width);
    }
  }
  for (int64_t rows : {1, 64, 300}) test_feed(rows);
  return check::finish();
}
