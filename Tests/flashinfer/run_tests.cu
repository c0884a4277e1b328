// What a run launches, followed on the host: the fake runtime hands over the kernels' parameters.
#include "device.h"
#include "followed_kernels.h"

using namespace tests;

namespace {

template <typename Element>
constexpr stapes_flashinfer_type type_of =
    std::is_same_v<Element, __half> ? STAPES_FLASHINFER_FLOAT16 : STAPES_FLASHINFER_BFLOAT16;
/// Chunks and output are rounded to the element's type.
template <typename Element>
constexpr float tolerance = std::is_same_v<Element, __half> ? 4e-3f : 3e-2f;

/// Plans for what the device holds.
template <typename Element>
stapes_flashinfer_plan plan(
    Device<Element> &device, const stapes_flashinfer_shape &shape, bool prefill, Workspace &memory) {
  stapes_flashinfer_plan plan = {};
  if (prefill) {
    EXPECT_OK(stapes_flashinfer_prefill_plan(
        &shape, device.qo_indptr.data(), device.indptr.data(), shape.graph ? device.tokens : device.qo_indptr.back(),
        &memory.value, nullptr, &plan));
  } else {
    EXPECT_OK(stapes_flashinfer_decode_plan(&shape, device.indptr.data(), &memory.value, nullptr, &plan));
  }
  return plan;
}

/// Runs a plan, and keeps what was launched.
template <typename Element>
Recording<Element> run(Device<Element> &device, const stapes_flashinfer_plan &plan, bool causal) {
  Recording<Element> recording;
  fake::runtime.on_launch = [&](const fake::Launch &launch, void **arguments) { recording.add(launch, arguments); };
  const stapes_flashinfer_arguments arguments = device.arguments();
  cudaStream_t stream = reinterpret_cast<cudaStream_t>(0x77);
  fake::runtime.copies.clear();
  if (plan.kind == 2) {
    EXPECT_OK(stapes_flashinfer_prefill_run(&plan, &arguments, device.qo_indptr.data(), causal, stream));
  } else {
    EXPECT_OK(stapes_flashinfer_decode_run(&plan, &arguments, stream));
  }
  fake::runtime.on_launch = nullptr;
  EXPECT(fake::runtime.copies.empty());
  for (const fake::Launch &launch : recording.launches) EXPECT(launch.stream == stream);
  return recording;
}

void expect_error(float error, float limit, const stapes_flashinfer_shape &shape) {
  expect(
      error <= limit,
      "error " + std::to_string(error) + " (batch " + std::to_string(shape.batch) + ", page " +
          std::to_string(shape.page_size) + (shape.graph ? ", graph)" : ")"),
      __FILE__, __LINE__);
}

template <typename Element>
void decode_everywhere(int batch, int heads) {
  Random random(11);
  for (int page_size : {1, 16}) {
    for (bool graph : {false, true}) {
      const stapes_flashinfer_shape shape = make_shape(batch, heads, page_size, graph, type_of<Element>);
      Workspace memory(shape, 0);
      Device<Element> device(batch, heads, page_size, batch, page_size == 1, random);
      for (int maximum : {9, maximum_encoder_length}) {
        device.fill(random_lengths(random, batch, maximum), std::vector<int>(batch, 1));
        memory.poison();
        const stapes_flashinfer_plan made = plan(device, shape, false, memory);
        const Recording<Element> recording = run(device, made, false);
        EXPECT(recording.launches.size() == (made.numbers[9] ? 2u : 1u));
        recording.replay();
        expect_error(device.error(false), tolerance<Element>, shape);
      }
    }
  }
}

template <typename Element>
void prefill_everywhere(int batch, int most_queries) {
  Random random(12);
  for (int page_size : {1, 16}) {
    for (bool graph : {false, true}) {
      for (bool causal : {false, true}) {
        const stapes_flashinfer_shape shape = make_shape(batch, 2, page_size, graph, type_of<Element>);
        const int tokens = batch * most_queries;
        Workspace memory(shape, tokens);
        Device<Element> device(batch, 2, page_size, tokens, page_size == 1, random);
        std::vector<int> queries = random_lengths(random, batch, most_queries);
        std::vector<int> lengths = random_lengths(random, batch, causal ? 400 : maximum_encoder_length);
        for (int row = 0; causal && row < batch; ++row) lengths[row] = std::max(lengths[row], queries[row]);
        device.fill(lengths, queries);
        memory.poison();
        const stapes_flashinfer_plan made = plan(device, shape, true, memory);
        const Recording<Element> recording = run(device, made, causal);
        EXPECT(recording.launches.size() == (made.numbers[14] ? 2u : 1u));
        EXPECT(contains(recording.launches.at(0).kernel, causal ? "MaskModeE1E" : "MaskModeE0E"));
        recording.replay();
        expect_error(device.error(causal), tolerance<Element>, shape);
      }
    }
  }
}

TEST(decodeRunAttendsToEveryRowWhole) {
  decode_everywhere<__half>(3, 6);
  decode_everywhere<__nv_bfloat16>(3, 6);
}

TEST(decodeRunOfABatchThatFillsTheGPULaunchesOneKernel) {
  fake::runtime.multiprocessors = 2;
  const stapes_flashinfer_shape shape = make_shape(6, 2, 16, true);
  Random random(13);
  Workspace memory(shape, 0);
  Device<__half> device(6, 2, 16, 6, true, random);
  device.fill(random_lengths(random, 6, maximum_encoder_length), std::vector<int>(6, 1));
  const Recording<__half> recording = run(device, plan(device, shape, false, memory), false);
  EXPECT(recording.launches.size() == 1);
  recording.replay();
  expect_error(device.error(false), tolerance<__half>, shape);
}

TEST(prefillRunAttendsToEveryRequestWhole) {
  prefill_everywhere<__half>(3, 4);
  prefill_everywhere<__half>(2, 40);
  prefill_everywhere<__half>(2, 224);
  prefill_everywhere<__nv_bfloat16>(3, 4);
}

TEST(capturedDecodeRunIsReplayedAfterOtherPlans) {
  Random random(14);
  for (int page_size : {1, 16}) {
    const stapes_flashinfer_shape shape = make_shape(5, 6, page_size, true);
    Workspace memory(shape, 0);
    Device<__half> device(5, 6, page_size, 5, true, random);
    device.fill(std::vector<int>(5, maximum_encoder_length), std::vector<int>(5, 1));
    const stapes_flashinfer_plan captured = plan(device, shape, false, memory);
    const Recording<__half> graph = run(device, captured, false);
    EXPECT(graph.launches.size() == 2);
    for (int live : {5, 1, 3, 4}) {
      // Rows join and leave; the others are padding of one position.
      std::vector<int> lengths = random_lengths(random, 5, maximum_encoder_length);
      std::fill(lengths.begin() + live, lengths.end(), 1);
      device.fill(lengths, std::vector<int>(5, 1));
      EXPECT(same_bytes(plan(device, shape, false, memory), captured));
      graph.replay();
      expect_error(device.error(false), tolerance<__half>, shape);
    }
    // Without a new plan, a replay over longer rows is wrong.
    device.fill(std::vector<int>(5, maximum_encoder_length), std::vector<int>(5, 1));
    graph.replay();
    EXPECT(device.error(false) > 2 * tolerance<__half>);
  }
}

TEST(capturedPrefillRunIsReplayedAfterOtherPlans) {
  Random random(15);
  for (bool causal : {false, true}) {
    const stapes_flashinfer_shape shape = make_shape(4, 2, 16, true);
    const int tokens = 64;
    Workspace memory(shape, tokens);
    Device<__half> device(4, 2, 16, tokens, true, random);
    device.fill(std::vector<int>(4, maximum_decoder_length), std::vector<int>(4, 16));
    const stapes_flashinfer_plan captured = plan(device, shape, true, memory);
    const Recording<__half> graph = run(device, captured, causal);
    EXPECT(graph.launches.size() == 2);
    for (int live : {4, 1, 3}) {
      std::vector<int> queries = random_lengths(random, 4, 16), lengths = random_lengths(random, 4, 300);
      for (int row = 0; row < 4; ++row) {
        if (row >= live) queries[row] = 0;
        lengths[row] = row < live ? std::max(lengths[row], queries[row]) : 1;
      }
      device.fill(lengths, queries);
      EXPECT(same_bytes(plan(device, shape, true, memory), captured));
      graph.replay();
      expect_error(device.error(causal), tolerance<__half>, shape);
    }
  }
}

TEST(launchesInGraphModeHaveOneGridWhateverTheLengths) {
  Random random(16);
  for (bool prefill : {false, true}) {
    for (int batch : {1, 4, 40}) {
      const stapes_flashinfer_shape shape = make_shape(batch, 20, 16, true);
      const int tokens = prefill ? batch * 4 : batch;
      Workspace memory(shape, tokens);
      Device<__half> device(batch, 20, 16, tokens, true, random);
      device.fill(std::vector<int>(batch, 1), std::vector<int>(batch, 1));
      std::vector<fake::Launch> captured;
      for (int round = 0; round < 20; ++round) {
        const auto sums = running_sums(random_lengths(random, batch, maximum_encoder_length), 16);
        const auto queries = prefill ? random_lengths(random, batch, 4) : std::vector<int>(batch, 1);
        const auto query_sums = running_sums(queries, 1);
        std::copy(sums.begin(), sums.end(), device.indptr.begin());
        std::copy(query_sums.begin(), query_sums.end(), device.qo_indptr.begin());
        const std::vector<fake::Launch> now = run(device, plan(device, shape, prefill, memory), prefill).launches;
        if (round == 0) captured = now;
        EXPECT(now.size() == captured.size());
        for (size_t i = 0; i < now.size(); ++i) {
          EXPECT(now[i].kernel == captured[i].kernel);
          EXPECT(std::memcmp(&now[i].grid, &captured[i].grid, sizeof(dim3)) == 0);
          EXPECT(std::memcmp(&now[i].block, &captured[i].block, sizeof(dim3)) == 0);
          EXPECT(now[i].shared_bytes == captured[i].shared_bytes);
        }
      }
    }
  }
}

TEST(argumentsThatTheKernelsCannotReadAreErrors) {
  Random random(17);
  const stapes_flashinfer_shape shape = make_shape(2, 6, 16, false);
  Workspace memory(shape, 2);
  Device<__half> device(2, 6, 16, 2, true, random);
  device.fill({20, 30}, {1, 1});
  const stapes_flashinfer_plan good = plan(device, shape, false, memory);
  const auto expect_refused = [&](const char *part, auto change) {
    stapes_flashinfer_arguments arguments = device.arguments();
    stapes_flashinfer_plan plan = good;
    change(arguments, plan);
    EXPECT(stapes_flashinfer_decode_run(&plan, &arguments, nullptr) != 0);
    const std::string message = stapes_flashinfer_error();
    expect(contains(message, part), message, __FILE__, __LINE__);
  };
  using Arguments = stapes_flashinfer_arguments;
  using Plan = stapes_flashinfer_plan;
  expect_refused("null", [](Arguments &a, Plan &) { a.q = nullptr; });
  expect_refused("side by side", [](Arguments &a, Plan &) { a.output_row_stride *= 2; });
  expect_refused("aligned", [](Arguments &a, Plan &) { a.k = static_cast<const char *>(a.k) + 2; });
  expect_refused("multiple of 8", [](Arguments &a, Plan &) { a.page_stride += 1; });
  expect_refused("does not fit", [](Arguments &a, Plan &) { a.head_stride = int64_t(1) << 32; });
  expect_refused("overlap", [](Arguments &a, Plan &) { a.q_row_stride = 64; });
  expect_refused("another kind", [](Arguments &, Plan &p) { p.kind = 2; });
  expect_refused("another kind", [](Arguments &, Plan &p) { p = {}; });
  EXPECT(fake::runtime.launches.empty());

  fake::runtime.launch_status = cudaErrorIllegalAddress;
  expect_refused("illegal memory access", [](Arguments &, Plan &) {});
  EXPECT(cudaGetLastError() == cudaSuccess);
}

}  // namespace
