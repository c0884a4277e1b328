// FlashInfer's own planning code, compiled into the library, run against the fake runtime. What a plan says is read
// back from the device's memory and followed as the kernels follow it.
#include "support.h"

#include <flashinfer/attention/scheduler.cuh>

#include <algorithm>
#include <thread>

using namespace tests;
using flashinfer::DecodePlanInfo;
using flashinfer::GetPtrFromBaseOffset;
using flashinfer::PrefillPlanInfo;

namespace {

constexpr int head_counts[] = {6, 8, 20};  // tiny, base, large
constexpr int page_sizes[] = {1, 16};
constexpr int batch_sizes[] = {1, 2, 3, 5, 8, 16, 31, 40, 64, 100, 140};

DecodePlanInfo decode_info(const stapes_flashinfer_plan &plan) {
  DecodePlanInfo info;
  info.FromVector(std::vector<int64_t>(plan.numbers, plan.numbers + 10));
  return info;
}

PrefillPlanInfo prefill_info(const stapes_flashinfer_plan &plan) {
  PrefillPlanInfo info;
  info.FromVector(std::vector<int64_t>(plan.numbers, plan.numbers + 15));
  return info;
}

const int32_t *ints_at(const stapes_flashinfer_plan &plan, int64_t offset) {
  return GetPtrFromBaseOffset<int32_t>(plan.ints, offset);
}

/// Counts how often each page of each row is read.
struct Pages {
  std::vector<std::vector<int>> reads;
  int page_size;

  Pages(const std::vector<int> &lengths, int page_size) : page_size(page_size) {
    for (int length : lengths) reads.emplace_back((length + page_size - 1) / page_size, 0);
  }

  /// Reads positions start ..< end.
  void read(int row, int start, int end) {
    for (int page = start / page_size; page * page_size < end; ++page) ++reads[row][page];
  }

  std::string problem() const {
    for (size_t row = 0; row < reads.size(); ++row) {
      for (size_t page = 0; page < reads[row].size(); ++page) {
        if (reads[row][page] != 1) {
          return "page " + std::to_string(page) + " of row " + std::to_string(row) + " is read " +
                 std::to_string(reads[row][page]) + " times";
        }
      }
    }
    return "";
  }
};

/// What would go wrong if `plan` decoded rows of these lengths; empty if nothing would.
std::string decode_problem(const stapes_flashinfer_plan &plan, const std::vector<int> &lengths) {
  if (plan.kind != 1) return "there is no plan";
  const DecodePlanInfo info = decode_info(plan);
  const int32_t *rows = ints_at(plan, info.request_indices_offset);
  const int32_t *chunks = ints_at(plan, info.kv_tile_indices_offset);
  const int32_t *first_blocks = ints_at(plan, info.o_indptr_offset);
  const int64_t chunk = *ints_at(plan, info.kv_chunk_size_ptr_offset);
  const bool *valid = info.split_kv && info.enable_cuda_graph
                          ? GetPtrFromBaseOffset<bool>(plan.ints, info.block_valid_mask_offset)
                          : nullptr;
  const int batch = static_cast<int>(lengths.size());
  if (chunk <= 0 || chunk % plan.shape.page_size != 0) return "a chunk is no number of pages";

  Pages pages(lengths, plan.shape.page_size);
  int64_t live = 0;
  for (int64_t block = 0; block < info.padded_batch_size; ++block) {
    if (valid && !valid[block]) continue;
    if (live++ != block) return "a block without work comes before one with work";
    const int row = rows[block];
    if (row < 0 || row >= batch) return "a block has no row";
    const int length = lengths[row];
    if (!info.split_kv) {
      // The kernel reads the whole row, whatever was planned; a longer row was not planned for.
      if (length > chunk) return "a row is longer than its one chunk";
      if (block != row) return "a block writes to another row";
      pages.read(row, 0, length);
      continue;
    }
    const int64_t start = chunks[block] * chunk;
    if (start < 0 || start >= length) return "a block starts past the end of its row";
    if (first_blocks[row] + chunks[block] != block) return "the merge reads another block";
    pages.read(row, static_cast<int>(start), static_cast<int>(std::min<int64_t>(start + chunk, length)));
  }
  if (info.split_kv && first_blocks[batch] != live) return "the merge reads blocks without work";
  return pages.problem();
}

std::string prefill_problem(
    const stapes_flashinfer_plan &plan, const std::vector<int> &queries, const std::vector<int> &lengths) {
  if (plan.kind != 2) return "there is no plan";
  const PrefillPlanInfo info = prefill_info(plan);
  const int32_t *requests = ints_at(plan, info.request_indices_offset);
  const int32_t *tiles = ints_at(plan, info.qo_tile_indices_offset);
  const int32_t *chunks = ints_at(plan, info.kv_tile_indices_offset);
  const int32_t *first_slots = ints_at(plan, info.o_indptr_offset);
  const int32_t *merged = info.split_kv ? ints_at(plan, info.merge_indptr_offset) : nullptr;
  const int64_t chunk = *ints_at(plan, info.kv_chunk_size_ptr_offset);
  const bool *valid = info.enable_cuda_graph
                          ? GetPtrFromBaseOffset<bool>(plan.ints, info.block_valid_mask_offset)
                          : nullptr;
  const int batch = static_cast<int>(lengths.size());
  const std::vector<int32_t> first_query = running_sums(queries, 1);
  if (chunk <= 0 || chunk % plan.shape.page_size != 0) return "a chunk is no number of pages";
  if (info.enable_cuda_graph && *ints_at(plan, info.total_num_rows_offset) != first_query.back()) {
    return "the merge counts other rows";
  }

  // One set of pages for each tile of each request.
  std::vector<std::vector<int>> tile_lengths;
  for (int request = 0; request < batch; ++request) {
    const int count = (queries[request] + info.cta_tile_q - 1) / info.cta_tile_q;
    tile_lengths.emplace_back(count, lengths[request]);
  }
  std::vector<Pages> pages;
  for (const auto &lengths_of_tiles : tile_lengths) pages.emplace_back(lengths_of_tiles, plan.shape.page_size);

  int64_t live = 0;
  for (int64_t block = 0; block < info.padded_batch_size; ++block) {
    if (valid && !valid[block]) continue;
    if (live++ != block) return "a block without work comes before one with work";
    const int request = requests[block], tile = tiles[block];
    if (request < 0 || request >= batch) return "a block has no request";
    if (tile < 0 || tile >= static_cast<int>(tile_lengths[request].size())) return "a block has no queries";
    const int length = lengths[request];
    if (!info.split_kv) {
      if (length > chunk) return "a request is longer than its one chunk";
      if (first_slots[request] != first_query[request]) return "a block writes to other rows";
      pages[request].read(tile, 0, length);
      continue;
    }
    const int64_t start = chunks[block] * chunk;
    if (start < 0 || start >= length) return "a block starts past the end of its request";
    pages[request].read(tile, static_cast<int>(start), static_cast<int>(std::min<int64_t>(start + chunk, length)));
    // The kernel counts the chunks of a request anew, from its length.
    const int64_t count = (length + chunk - 1) / chunk;
    const int64_t end = std::min<int64_t>((tile + 1) * info.cta_tile_q, queries[request]);
    for (int64_t query = tile * info.cta_tile_q; query < end; ++query) {
      const int64_t row = first_query[request] + query, slot = first_slots[request] + query * count + chunks[block];
      if (merged[row + 1] - merged[row] != count) return "the merge reads another number of chunks";
      if (merged[row] + chunks[block] != slot) return "the merge reads another chunk";
      const int64_t bytes = plan.shape.heads * head_width * 2;
      if (info.v_offset + (slot + 1) * bytes > info.s_offset) return "a chunk lies past its memory";
    }
  }
  for (const Pages &each : pages) {
    if (const std::string problem = each.problem(); !problem.empty()) return problem;
  }
  return "";
}

stapes_flashinfer_plan plan_decode(
    const stapes_flashinfer_shape &shape, const std::vector<int> &lengths, const Workspace &workspace) {
  stapes_flashinfer_plan plan = {};
  const std::vector<int32_t> indptr = running_sums(lengths, shape.page_size);
  EXPECT_OK(stapes_flashinfer_decode_plan(&shape, indptr.data(), &workspace.value, nullptr, &plan));
  return plan;
}

stapes_flashinfer_plan plan_prefill(
    const stapes_flashinfer_shape &shape, const std::vector<int> &queries, const std::vector<int> &lengths, int tokens,
    const Workspace &workspace) {
  stapes_flashinfer_plan plan = {};
  const std::vector<int32_t> qo_indptr = running_sums(queries, 1), kv_indptr = running_sums(lengths, shape.page_size);
  EXPECT_OK(stapes_flashinfer_prefill_plan(
      &shape, qo_indptr.data(), kv_indptr.data(), tokens, &workspace.value, nullptr, &plan));
  return plan;
}

int sum(const std::vector<int> &values) {
  int sum = 0;
  for (int value : values) sum += value;
  return sum;
}

void expect_problem_free(const std::string &problem, const stapes_flashinfer_shape &shape) {
  expect(
      problem.empty(),
      problem + " (batch " + std::to_string(shape.batch) + ", heads " + std::to_string(shape.heads) + ", page " +
          std::to_string(shape.page_size) + (shape.graph ? ", graph)" : ")"),
      __FILE__, __LINE__);
}

/// Calls `body` with every shape of the tests.
template <typename Body>
void for_each_shape(Body body) {
  for (int heads : head_counts) {
    for (int page_size : page_sizes) {
      for (bool graph : {false, true}) {
        for (int batch : batch_sizes) body(make_shape(batch, heads, page_size, graph));
      }
    }
  }
}

TEST(decodePlanReadsEveryPageOnce) {
  Random random(1);
  int cut = 0, whole = 0;
  for_each_shape([&](stapes_flashinfer_shape shape) {
    // Sizes asked for once must do for every batch up to this one.
    stapes_flashinfer_shape largest = shape;
    largest.batch = batch_sizes[std::size(batch_sizes) - 1];
    Workspace workspace(largest, 0);
    for (int round = 0; round < 12; ++round) {
      shape.type = round % 2 ? STAPES_FLASHINFER_BFLOAT16 : STAPES_FLASHINFER_FLOAT16;
      std::vector<int> lengths =
          random_lengths(random, shape.batch, round % 4 < 2 ? maximum_encoder_length : maximum_decoder_length);
      if (round >= 8) std::fill(lengths.begin() + pick(random, 1, shape.batch), lengths.end(), 1);
      workspace.poison();
      const stapes_flashinfer_plan plan = plan_decode(shape, lengths, workspace);
      expect_problem_free(decode_problem(plan, lengths), shape);
      ++(decode_info(plan).split_kv ? cut : whole);
    }
  });
  EXPECT(cut > 100);
  EXPECT(whole > 100);
}

TEST(decodePlanOfFullLengthsReadsEveryPageOnce) {
  for_each_shape([](stapes_flashinfer_shape shape) {
    Workspace workspace(shape, 0);
    for (int length : {1, 15, 16, 17, 127, 128, 129, maximum_decoder_length, maximum_encoder_length}) {
      const std::vector<int> lengths(shape.batch, length);
      expect_problem_free(decode_problem(plan_decode(shape, lengths, workspace), lengths), shape);
    }
  });
}

TEST(crossPlanFromDecoderLengthsIsFoundWrong) {
  Random random(2);
  for_each_shape([&](stapes_flashinfer_shape shape) {
    Workspace workspace(shape, 0);
    const std::vector<int> decoder_lengths = random_lengths(random, shape.batch, 9);
    const std::vector<int> encoder_lengths(shape.batch, maximum_encoder_length);
    const stapes_flashinfer_plan plan = plan_decode(shape, decoder_lengths, workspace);
    EXPECT(decode_problem(plan, decoder_lengths).empty());
    EXPECT(!decode_problem(plan, encoder_lengths).empty());
  });
}

TEST(crossPlanFromDecoderLengthsInGraphSkipsPages) {
  // What the mistake does in a replay: every row is attended to up to the first chunk only.
  const stapes_flashinfer_shape shape = make_shape(4, 6, 16, true);
  Workspace workspace(shape, 0);
  const stapes_flashinfer_plan plan = plan_decode(shape, {5, 5, 5, 5}, workspace);
  EXPECT(decode_problem(plan, std::vector<int>(4, 1500)) == "page 8 of row 0 is read 0 times");
}

TEST(decodePlansInGraphModeAreEqualWhateverTheLengths) {
  Random random(3);
  for (int heads : head_counts) {
    for (int page_size : page_sizes) {
      for (int batch : batch_sizes) {
        const stapes_flashinfer_shape shape = make_shape(batch, heads, page_size, true);
        Workspace workspace(shape, 0);
        const stapes_flashinfer_plan captured =
            plan_decode(shape, std::vector<int>(batch, maximum_encoder_length), workspace);
        for (int round = 0; round < 60; ++round) {
          std::vector<int> lengths = random_lengths(random, batch, maximum_encoder_length);
          const int live = pick(random, 0, batch);
          std::fill(lengths.begin() + live, lengths.end(), 1);
          const stapes_flashinfer_plan plan = plan_decode(shape, lengths, workspace);
          EXPECT(same_bytes(plan, captured));
          // The offsets are the captured ones, and what they lead to is new.
          expect_problem_free(decode_problem(captured, lengths), shape);
        }
      }
    }
  }
}

TEST(prefillPlanReadsEveryPageOnceForEveryQuery) {
  Random random(4);
  int cut = 0, whole = 0, tiles[129] = {};
  for_each_shape([&](stapes_flashinfer_shape shape) {
    for (int most_queries : {1, 4, 30, 224}) {
      Workspace workspace(shape, shape.batch * most_queries);
      for (int round = 0; round < 4; ++round) {
        std::vector<int> queries = random_lengths(random, shape.batch, most_queries);
        if (round == 3) queries[pick(random, 0, shape.batch - 1)] = shape.batch > 1 ? 0 : 1;
        std::vector<int> lengths = random_lengths(random, shape.batch, maximum_encoder_length);
        const int tokens = shape.graph ? shape.batch * most_queries : sum(queries);
        workspace.poison();
        const stapes_flashinfer_plan plan = plan_prefill(shape, queries, lengths, tokens, workspace);
        expect_problem_free(prefill_problem(plan, queries, lengths), shape);
        ++(prefill_info(plan).split_kv ? cut : whole);
        ++tiles[prefill_info(plan).cta_tile_q];
      }
    }
  });
  EXPECT(cut > 100);
  EXPECT(whole > 100);
  EXPECT(tiles[16] > 0 && tiles[64] > 0 && tiles[128] > 0);
}

TEST(prefillPlanOfUnevenRequestsFitsTheSizesAskedFor) {
  // One long request among short ones has small tiles, and many.
  for (int heads : head_counts) {
    for (int batch : {2, 16, 100, 300}) {
      for (int longest : {1, 100, 15 * batch}) {
        stapes_flashinfer_shape shape = make_shape(batch, heads, 16, false);
        std::vector<int> queries(batch, 1), lengths(batch, maximum_encoder_length);
        queries[0] = longest;
        Workspace workspace(shape, sum(queries));
        expect_problem_free(
            prefill_problem(plan_prefill(shape, queries, lengths, sum(queries), workspace), queries, lengths), shape);
        shape.graph = true;
        expect_problem_free(
            prefill_problem(plan_prefill(shape, queries, lengths, sum(queries), workspace), queries, lengths), shape);
      }
    }
  }
}

TEST(prefillPlansInGraphModeAreEqualWhateverTheLengths) {
  Random random(5);
  for (int heads : head_counts) {
    for (int page_size : page_sizes) {
      for (int batch : {1, 3, 8, 40}) {
        for (int tokens : {batch, batch * 4, batch * 224}) {
          const stapes_flashinfer_shape shape = make_shape(batch, heads, page_size, true);
          Workspace workspace(shape, tokens);
          const stapes_flashinfer_plan captured = plan_prefill(
              shape, std::vector<int>(batch, tokens / batch), std::vector<int>(batch, maximum_encoder_length), tokens,
              workspace);
          for (int round = 0; round < 20; ++round) {
            std::vector<int> lengths = random_lengths(random, batch, maximum_encoder_length);
            std::vector<int> queries = random_lengths(random, batch, tokens / batch);
            // Padding: requests without queries, with one page of one position.
            const int live = pick(random, 1, batch);
            std::fill(lengths.begin() + live, lengths.end(), 1);
            std::fill(queries.begin() + live, queries.end(), 0);
            const stapes_flashinfer_plan plan = plan_prefill(shape, queries, lengths, tokens, workspace);
            EXPECT(same_bytes(plan, captured));
            expect_problem_free(prefill_problem(captured, queries, lengths), shape);
          }
        }
      }
    }
  }
}

TEST(selfAndCrossPlansLiveSideBySide) {
  Random random(6);
  for (bool graph : {false, true}) {
    const stapes_flashinfer_shape shape = make_shape(16, 8, 16, graph);
    Workspace self_memory(shape, 0), cross_memory(shape, 0);
    const std::vector<int> self_lengths = random_lengths(random, 16, maximum_decoder_length);
    const std::vector<int> cross_lengths = random_lengths(random, 16, maximum_encoder_length);
    const stapes_flashinfer_plan self_plan = plan_decode(shape, self_lengths, self_memory);
    const std::vector<unsigned char> before = self_memory.ints;
    const stapes_flashinfer_plan cross_plan = plan_decode(shape, cross_lengths, cross_memory);
    EXPECT(self_memory.ints == before);
    EXPECT(decode_problem(self_plan, self_lengths).empty());
    EXPECT(decode_problem(cross_plan, cross_lengths).empty());
    EXPECT(!decode_problem(self_plan, cross_lengths).empty());
  }
}

TEST(planCopiesOnceFromPageLockedMemory) {
  cudaStream_t stream = reinterpret_cast<cudaStream_t>(0x1234);
  for (bool graph : {false, true}) {
    const stapes_flashinfer_shape shape = make_shape(3, 6, 16, graph);
    Workspace workspace(shape, 12);
    const std::vector<int32_t> kv_indptr = {0, 94, 188, 282}, qo_indptr = {0, 4, 8, 12};
    stapes_flashinfer_plan plan = {};
    for (bool prefill : {false, true}) {
      fake::runtime.copies.clear();
      if (prefill) {
        EXPECT_OK(stapes_flashinfer_prefill_plan(
            &shape, qo_indptr.data(), kv_indptr.data(), 12, &workspace.value, stream, &plan));
      } else {
        EXPECT_OK(stapes_flashinfer_decode_plan(&shape, kv_indptr.data(), &workspace.value, stream, &plan));
      }
      EXPECT(fake::runtime.copies.size() == 1);
      const fake::Copy &copy = fake::runtime.copies.at(0);
      EXPECT(copy.source == workspace.value.host_ints);
      EXPECT(copy.target == workspace.value.ints);
      EXPECT(copy.kind == cudaMemcpyHostToDevice);
      EXPECT(copy.stream == stream);
      EXPECT(copy.bytes > 0 && copy.bytes <= static_cast<size_t>(workspace.value.sizes.int_bytes));
      EXPECT(fake::runtime.launches.empty());
    }
  }
}

void expect_refused(int32_t status, const std::string &part) {
  EXPECT(status != 0);
  const std::string message = stapes_flashinfer_error();
  expect(message.find(part) != std::string::npos, "'" + message + "' does not say '" + part + "'", __FILE__, __LINE__);
}

TEST(tooSmallAWorkspaceIsAnError) {
  const stapes_flashinfer_shape shape = make_shape(4, 8, 16, true);
  const stapes_flashinfer_sizes sizes = Workspace::ask(shape, 0);
  const std::vector<int32_t> indptr = {0, 94, 188, 282, 376};
  stapes_flashinfer_plan plan = {};
  for (int64_t less : {int64_t(1), sizes.int_bytes / 2, sizes.int_bytes}) {
    Workspace workspace({sizes.float_bytes, sizes.int_bytes - less});
    expect_refused(
        stapes_flashinfer_decode_plan(&shape, indptr.data(), &workspace.value, nullptr, &plan), "workspace buffer");
    EXPECT(plan.kind == 0);
  }
  for (int64_t less : {int64_t(1), sizes.float_bytes}) {
    Workspace workspace({sizes.float_bytes - less, sizes.int_bytes});
    expect_refused(
        stapes_flashinfer_decode_plan(&shape, indptr.data(), &workspace.value, nullptr, &plan), "workspace buffer");
    const std::vector<int32_t> queries = {0, 1, 2, 3, 4};
    expect_refused(
        stapes_flashinfer_prefill_plan(
            &shape, queries.data(), indptr.data(), 4, &workspace.value, nullptr, &plan),
        "workspace buffer");
  }
  EXPECT(fake::runtime.copies.empty());
}

TEST(batchThatMakesNoSenseIsAnError) {
  const stapes_flashinfer_shape shape = make_shape(2, 8, 16, true);
  Workspace workspace(shape, 8);
  stapes_flashinfer_plan plan = {};
  const std::vector<int32_t> good = {0, 3, 5}, queries = {0, 4, 8};
  const auto plan_with = [&](stapes_flashinfer_shape shape, std::vector<int32_t> indptr) {
    return stapes_flashinfer_decode_plan(&shape, indptr.data(), &workspace.value, nullptr, &plan);
  };
  EXPECT(plan_with(shape, good) == 0);
  expect_refused(plan_with(make_shape(0, 8, 16, true), good), "batch is empty");
  expect_refused(plan_with(make_shape(-1, 8, 16, true), good), "batch is empty");
  expect_refused(plan_with(make_shape(2, 0, 16, true), good), "no heads");
  expect_refused(plan_with(make_shape(2, 8, 0, true), good), "page size");
  expect_refused(plan_with(make_shape(2, 8, 16, true, static_cast<stapes_flashinfer_type>(7)), good), "element type");
  expect_refused(plan_with(shape, {0, 3, 3}), "row without pages");
  expect_refused(plan_with(shape, {0, 3, 2}), "row without pages");
  expect_refused(plan_with(shape, {1, 3, 5}), "start at 0");

  const auto prefill_with = [&](std::vector<int32_t> queries, int tokens, bool graph) {
    const stapes_flashinfer_shape shape = make_shape(2, 8, 16, graph);
    return stapes_flashinfer_prefill_plan(
        &shape, queries.data(), good.data(), tokens, &workspace.value, nullptr, &plan);
  };
  EXPECT(prefill_with(queries, 8, true) == 0);
  EXPECT(prefill_with(queries, 8, false) == 0);
  expect_refused(prefill_with(queries, 7, true), "room for");
  expect_refused(prefill_with({0, 1, 1}, 1, true), "fewer query rows than requests");
  expect_refused(prefill_with(queries, 9, false), "tokens differ");
  expect_refused(prefill_with({0, 4, 3}, 3, false), "falls");
  expect_refused(prefill_with({0, 0, 0}, 0, false), "no tokens");

  stapes_flashinfer_workspace unaligned = workspace.value;
  unaligned.ints = static_cast<char *>(unaligned.ints) + 8;
  expect_refused(stapes_flashinfer_decode_plan(&shape, good.data(), &unaligned, nullptr, &plan), "aligned");
  stapes_flashinfer_sizes sizes = {};
  const stapes_flashinfer_shape empty = make_shape(0, 8, 16, true);
  expect_refused(stapes_flashinfer_workspace_sizes(&empty, 0, &sizes), "batch is empty");
}

TEST(failedCopyIsAnErrorAndLeavesNoneBehind) {
  const stapes_flashinfer_shape shape = make_shape(2, 8, 16, true);
  Workspace workspace(shape, 0);
  const std::vector<int32_t> indptr = {0, 3, 5};
  stapes_flashinfer_plan plan = {};
  fake::runtime.copy_status = cudaErrorIllegalAddress;
  expect_refused(
      stapes_flashinfer_decode_plan(&shape, indptr.data(), &workspace.value, nullptr, &plan),
      "illegal memory access");
  EXPECT(cudaGetLastError() == cudaSuccess);
  fake::runtime.copy_status = cudaSuccess;
  EXPECT_OK(stapes_flashinfer_decode_plan(&shape, indptr.data(), &workspace.value, nullptr, &plan));
}

TEST(messageBelongsToItsThread) {
  const stapes_flashinfer_shape empty = make_shape(0, 8, 16, true), headless = make_shape(1, 0, 16, true);
  stapes_flashinfer_sizes sizes = {};
  EXPECT(stapes_flashinfer_workspace_sizes(&empty, 0, &sizes) != 0);
  std::thread([&] {
    EXPECT(std::string(stapes_flashinfer_error()).empty());
    EXPECT(stapes_flashinfer_workspace_sizes(&headless, 0, &sizes) != 0);
  }).join();
  EXPECT(std::string(stapes_flashinfer_error()) == "workspace sizes: the batch is empty");
}

TEST(versionIsTheHeaders) {
  EXPECT(stapes_flashinfer_abi() == STAPES_FLASHINFER_ABI);
  EXPECT(std::string(stapes_flashinfer_version()).substr(0, 4) == "0.7.");
}

}  // namespace
