// log_mel against its definition in double precision, frame by frame.
#include "check.h"

#include "log_mel.cu"

using check::Array;
using check::Random;

static const int hop = 160, size = 400, points = 201;
static const double pi = 3.14159265358979323846;

/// Triangles of unit area, evenly spaced by a scale that is about the mel's: narrow below, wide above.
struct Filters {
  int bins;
  std::vector<std::vector<float>> rows;
  Array<stapes_cuda_mel_filter> runs;
  Array<float> weights;
  Array<float> window, roots;

  explicit Filters(int bins) : bins(bins), runs(bins), weights(count(bins)), window(size), roots(50) {
    rows = triangles(bins);
    int total = 0;
    for (int b = 0; b < bins; b++) {
      int first = 0, end = points;
      while (first < end && rows[b][first] == 0) first++;
      while (end > first && rows[b][end - 1] == 0) end--;
      runs[b] = {first, end - first, total};
      for (int p = first; p < end; p++) weights[total++] = rows[b][p];
    }
    for (int n = 0; n < size; n++) window[n] = float(0.5 - 0.5 * cos(2 * pi * n / size));
    for (int i = 0; i < 25; i++) roots[2 * i] = float(cos(2 * pi * i / 25)), roots[2 * i + 1] = float(sin(2 * pi * i / 25));
  }

  static std::vector<std::vector<float>> triangles(int bins) {
    const auto edge = [&](int i) { return 700 * (pow(1 + 8000 / 700.0, double(i) / (bins + 1)) - 1); };
    std::vector<std::vector<float>> rows(bins, std::vector<float>(points));
    for (int b = 0; b < bins; b++)
      for (int p = 0; p < points; p++) {
        const double f = 40.0 * p, low = edge(b), middle = edge(b + 1), high = edge(b + 2);
        rows[b][p] = float(fmax(0, fmin((f - low) / (middle - low), (high - f) / (high - middle))) * 2 / (high - low));
      }
    return rows;
  }
  static int64_t count(int bins) {
    int64_t total = 0;
    for (const auto &row : triangles(bins)) {
      int first = 0, end = points;
      while (first < end && row[first] == 0) first++;
      while (end > first && row[end - 1] == 0) end--;
      total += end - first;
    }
    return total;
  }
};

/// A window of the test: what its entry says.
struct Window {
  int count, lead, content;
  float loudest, amplitude;
};

static double circle(int i, double (*f)(double)) { return f(2 * pi * (i % size) / size); }

/// log10 of the mel powers of a frame, [bins].
static std::vector<double> truth(const Filters &filters, const float *samples, const Window &w, int frame) {
  static double cosine[size], sine[size];
  if (cosine[0] == 0)
    for (int i = 0; i < size; i++) cosine[i] = circle(i, cos), sine[i] = circle(i, sin);
  double x[size];
  for (int n = 0; n < size; n++) {
    const int at = abs(frame * hop - w.lead + n);
    x[n] = at < w.count ? samples[at] * (0.5 - 0.5 * cosine[n]) : 0;
  }
  double power[points];
  for (int k = 0; k < points; k++) {
    double re = 0, im = 0;
    for (int n = 0; n < size; n++) re += x[n] * cosine[k * n % size], im -= x[n] * sine[k * n % size];
    power[k] = re * re + im * im;
  }
  std::vector<double> out;
  for (const auto &row : filters.rows) {
    double mel = 0;
    for (int k = 0; k < points; k++) mel += double(row[k]) * power[k];
    out.push_back(log10(fmax(mel, 1e-10)));
  }
  return out;
}

static void test(int bins, int frames, const std::vector<Window> &windows) {
  const Filters filters(bins);
  Random random(bins * 1000 + frames);
  const int64_t stride = int64_t(frames) * hop + 240, feature_stride = int64_t(frames) * bins + 16;
  const int64_t count = int64_t(windows.size());
  // What stands past a window's samples is no number, and stays out.
  Array<float> samples(count * stride), features(count * feature_stride);
  Array<int32_t> entries(4 * count);
  for (int64_t w = 0; w < count; w++) {
    const Window &one = windows[w];
    for (int i = 0; i < one.count; i++) {
      // A tone that the noise does not hide, so that power lies in few points.
      samples[w * stride + i] =
          one.amplitude * (random.uniform(-0.1f, 0.1f) + 0.8f * float(sin(0.05 * double(i) * (1 + double(i) / 3e5))));
    }
    entries[4 * w] = one.count, entries[4 * w + 1] = one.lead, entries[4 * w + 2] = one.content;
    memcpy(&entries[4 * w + 3], &one.loudest, sizeof(float));
  }
  const Array<float> before = features;
  const stapes_cuda_log_mel_arguments args = {
      samples.data(), entries.data(), filters.window.data(), filters.roots.data(), filters.runs.data(),
      filters.weights.data(), features.data(), count, frames, bins, stride, feature_stride};
  LAUNCH("log_mel", stapes_cuda_shape_log_mel(&args), args, {check::output(features)});
  for (int64_t w = 0; w < count; w++) {
    const Window &one = windows[w];
    const float *got = features.data() + w * feature_stride;
    const float silence = (fmaxf(-10.0f, one.loudest - 8) + 4) * 0.25f;
    for (int f = 0; f < frames; f++) {
      if (one.content < 0) {
        CHECK(memcmp(got + f * bins, before.data() + w * feature_stride + f * bins, bins * sizeof(float)) == 0,
              "log_mel wrote to a window that was given features");
        continue;
      }
      const bool silent = f * hop - one.lead >= one.count && f * hop >= one.lead;
      if (f >= one.content || silent) {
        for (int b = 0; b < bins; b++) {
          const float wanted = f >= one.content ? 0.0f : silence;
          CHECK(got[f * bins + b] == wanted, "log_mel: window %d, frame %d: %g instead of %g", int(w), f,
                got[f * bins + b], wanted);
        }
        continue;
      }
      const std::vector<double> wanted = truth(filters, samples.data() + w * stride, one, f);
      for (int b = 0; b < bins; b++) {
        const double value = (fmax(wanted[b], one.loudest - 8.0) + 4) / 4;
        // Power that is small beside the frame's largest is the rest of larger numbers in float32.
        CHECK(check::is_close(got[f * bins + b], value, check::on_gpu(2) * 2e-5),
              "log_mel: window %d, frame %d, bin %d: %g instead of %g", int(w), f, b, got[f * bins + b], value);
      }
    }
    for (int64_t i = int64_t(frames) * bins; i < feature_stride; i++) {
      CHECK(memcmp(&got[i], &before[w * feature_stride + i], sizeof(float)) == 0, "log_mel wrote between windows");
    }
  }
}

int main(int count, char **arguments) {
  check::begin("mel", count, arguments);
  const int all = 40 * hop + 240;
  // Loudest values stand 8 decades above what decides: little of a window is below its floor.
  test(80, 40,
       {{all, 0, 40, 2, 1},        // all of it audio
        {all - 200, 200, 40, 2, 1},  // the beginning of a file
        {40 * hop, 40, 39, 2, 1},   // its second frame
        {all, 0, 17, 3, 0.5f},      // frames past the content
        {1234, 0, 40, 2, 1},        // the end of a file, and silence
        {1234, 0, 9, 2, 1},
        {0, 0, 40, 2, 1},           // nothing but silence
        {0, 200, 40, -10, 1},       // of a silent file
        {1, 200, 3, 1, 1},          // a file of one sample
        {150, 200, 40, 1, 1},       // shorter than its reflection
        {all, 0, 0, 2, 1},          // nothing
        {all, 0, -1, 2, 1},         // its features are given
        {all, 0, 40, 9, 1}});       // a loud file: nearly all of it is floor
  test(128, 24, {{24 * hop + 240, 0, 24, 2, 1}, {2000, 200, 24, 0, 1e-2f}});
  test(8, 1, {{400, 0, 1, 2, 1}, {399, 0, 1, 2, 1}, {240, 200, 1, 2, 1}});
  for (int frames : {7, 8, 9, 16}) test(16, frames, {{frames * hop + 100, 0, frames, 2, 1}, {77, 0, frames - 1, 2, 1}});
  if (!check::options.quick) test(80, 3000, {{3000 * hop + 240, 0, 3000, 2, 1}, {90000, 200, 3000, 2, 1}});
  return check::finish();
}
