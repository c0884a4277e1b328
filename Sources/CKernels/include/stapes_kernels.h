// The CPU's operations. A kernel sees pointers, shapes and strides, and nothing else of Stapes.
//
// Shape legend: T tokens (or rows) of a step, D model width, H heads, N x K a weight matrix of N outputs and K inputs.
// Strides count elements. A kernel is called once by each thread of a team with its index; the threads divide
// the work among themselves and share nothing but the output, each element of which one thread alone writes.
#ifndef STAPES_KERNELS_H
#define STAPES_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

/// Width of an attention head. Every Whisper model has 64.
#define STAPES_HEAD_WIDTH 64
/// Positions in a tile of cached keys and values; also the tokens of a page of the self arena.
#define STAPES_TILE 16
/// Columns in a panel of packed weights.
#define STAPES_PANEL 16
/// Columns in a panel of weights of twelve bits.
#define STAPES_INT16_PANEL 32
/// The most candidates for its next token that a row can be asked for.
#define STAPES_CANDIDATES 16
/// Ranges of ids that rules choose between: text, special ids, stamps.
#define STAPES_REFINED_GROUPS 3
/// The most tokens that read one sequence's keys and values together in `paged_attention`.
#define STAPES_GROUP 8

/// STAPES_FLOAT8 is E4M3: a sign, four bits of exponent with a bias of 7, three of fraction; multiples of 2^-9 below
/// 2^-6, no infinities, and one magnitude that is no number, 0x7f. It is a type of cached keys and values alone.
typedef enum { STAPES_FLOAT32 = 0, STAPES_BFLOAT16 = 1, STAPES_FLOAT16 = 2, STAPES_FLOAT8 = 3 } stapes_type;

typedef void (*stapes_kernel)(const void *_Nonnull arguments, int thread, int threads);

/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, row by row. x is float32; y has `y_type`.
typedef struct {
  const float *_Nonnull x;
  const float *_Nonnull gamma;
  const float *_Nonnull beta;
  void *_Nonnull y;
  int64_t rows, width, x_stride, y_stride;
  stapes_type y_type;
  float epsilon;
} stapes_layer_norm_arguments;

/// Reorders `weight` [N, K] into panels of 16 outputs, [ceil(N / 16), K, 16], zero-filled, as `packed_type`. `weight`
/// may lie at any address.
typedef struct {
  const void *_Nonnull weight;
  void *_Nonnull packed;
  int64_t n, k;
  stapes_type weight_type, packed_type;
} stapes_pack_arguments;

/// c = a * weight^T + bias; then GELU (the exact one, with erf) if `gelu`; then added to c if `accumulate`.
/// a is [M, K], c is [M, N]; `weight` is packed. The sum over K runs in one order whatever M is, so a row's
/// bits do not depend on the rows beside it.
typedef struct {
  const void *_Nonnull a;
  const void *_Nonnull weight;
  const float *_Nullable bias;
  void *_Nonnull c;
  int64_t m, n, k, a_stride, c_stride;
  stapes_type a_type, weight_type, c_type;
  bool gelu, accumulate;
} stapes_matmul_arguments;

/// Rounds `weight` [N, K] to int8, each output by a scale of its own: the largest weight becomes 127. In panels of 16
/// outputs and quads of 4 inputs, [ceil(N / 16), ceil(K / 4), 16, 4], zero-filled. `scales` and `corrections` (-128
/// times the sum of an output's weights) have an entry for every output of every panel. `weight` may lie at any
/// address.
typedef struct {
  const void *_Nonnull weight;
  int8_t *_Nonnull packed;
  float *_Nonnull scales;
  int32_t *_Nonnull corrections;
  int64_t n, k;
  stapes_type weight_type;
} stapes_pack_int8_arguments;

/// As `stapes_matmul_arguments` says, with weights of `stapes_pack_int8_arguments` and each row of a rounded to
/// sixteen bits by a scale of its own. Sums of integers are exact, so a row's bits do not depend on the rows beside it.
/// A row that holds an infinity or what is not a number gives what is not a number.
typedef struct {
  const void *_Nonnull a;
  const int8_t *_Nonnull weight;
  const float *_Nonnull scales;
  const int32_t *_Nonnull corrections;
  const float *_Nullable bias;
  void *_Nonnull c;
  int64_t m, n, k, a_stride, c_stride;
  stapes_type a_type, c_type;
  bool gelu, accumulate;
} stapes_matmul_int8_arguments;

/// Rounds `weight` [N, K] to twelve bits, each output by a scale of its own: the largest weight becomes 2047. In panels
/// of 32 outputs and pairs of inputs, [ceil(N / 32), ceil(K / 2), 32, 2], zero-filled. `scales` has an entry for every
/// output of every panel. `weight` may lie at any address.
typedef struct {
  const void *_Nonnull weight;
  int16_t *_Nonnull packed;
  float *_Nonnull scales;
  int64_t n, k;
  stapes_type weight_type;
} stapes_pack_int16_arguments;

/// As `stapes_matmul_arguments` says, in float32, with weights of `stapes_pack_int16_arguments` and each row of a
/// rounded to twelve bits by a scale of its own. A row's bits do not depend on the rows beside it. A row that holds an
/// infinity or what is not a number gives what is not a number.
typedef struct {
  const float *_Nonnull a;
  const int16_t *_Nonnull weight;
  const float *_Nonnull scales;
  const float *_Nullable bias;
  float *_Nonnull c;
  int64_t m, n, k, a_stride, c_stride;
  bool gelu, accumulate;
} stapes_matmul_int16_arguments;

/// y[t] = table[tokens[t]] + position_table[positions[t]], both [*, D]; y is float32. `table` may lie at any address.
typedef struct {
  const int32_t *_Nonnull tokens;
  const int32_t *_Nonnull positions;
  const void *_Nonnull table;
  const float *_Nonnull position_table;
  float *_Nonnull y;
  int64_t rows, width;
  stapes_type table_type;
} stapes_embed_arguments;

/// y[i] = x[indices[i]], rows of float32.
typedef struct {
  const float *_Nonnull x;
  const int32_t *_Nonnull indices;
  float *_Nonnull y;
  int64_t rows, width;
} stapes_gather_arguments;

/// y += x, `count` float32 values; so for each of `repeats` runs of y, one after the other, with the same x.
typedef struct {
  const float *_Nonnull x;
  float *_Nonnull y;
  int64_t count, repeats;
} stapes_add_arguments;

/// y = x, `count` values from `x_type` to `y_type`, one of which is float32. As for caches, what is too large for float16
/// becomes 65504 and for float8 448, infinities too.
typedef struct {
  const void *_Nonnull x;
  void *_Nonnull y;
  int64_t count;
  stapes_type x_type, y_type;
} stapes_convert_arguments;

/// Where an arena keeps the keys and values of one layer. Page p of head h begins at
/// `keys + p * page_stride + h * head_stride`, likewise `values`. Inside, tiles of 16 positions follow each other:
/// a tile of keys is [64 dimensions, 16 positions], a tile of values [16 positions, 64 dimensions].
typedef struct {
  void *_Nonnull keys;
  void *_Nonnull values;
  int64_t page_stride, head_stride;
  /// Tiles in a page: 1 in the self arena, those of a whole window in the cross arena.
  int64_t tiles_per_page;
  int64_t heads;
  stapes_type type;
} stapes_kv_layer;

/// Writes row t of `key` and `value` [T, H * 64] to slot `slots[t]` (page * positions a page + position in it).
/// They are float32, or of the cache's type, or 16-bit for a cache of float8. For a cache of float16 what is too large
/// becomes 65504, for one of float8 448, infinities too.
typedef struct {
  stapes_kv_layer cache;
  const void *_Nonnull key;
  const void *_Nonnull value;
  const int32_t *_Nonnull slots;
  int64_t rows, key_stride, value_stride;
  stapes_type type;
} stapes_store_kv_arguments;

/// Attention of each token's query over the first `lengths[t]` cached positions of its sequence.
/// Tokens come in groups that read the same sequence: group g holds `group_counts[g]` (0 to 8) tokens from
/// `group_firsts[g]` on, and its pages stand in row `group_rows[g]` of `page_table` [sequences, page_table_stride].
typedef struct {
  stapes_kv_layer cache;
  const void *_Nonnull query;
  void *_Nonnull output;
  const int32_t *_Nonnull group_firsts;
  const int32_t *_Nonnull group_counts;
  const int32_t *_Nonnull group_rows;
  const int32_t *_Nonnull lengths;
  const int32_t *_Nonnull page_table;
  int64_t groups, page_table_stride, query_stride, output_stride;
  /// The longest of `lengths`, which bounds the scratch memory.
  int64_t longest;
  float scale;
  /// Of queries and output; the cache has a type of its own.
  stapes_type type;
} stapes_paged_attention_arguments;

/// Attention of every position of a window over every position of the same window, without a mask: [windows, frames,
/// H * 64] each, the windows one after the other; fewer than 2^31 values with what lies between rows. Scores are formed in
/// blocks and never stand in memory whole.
typedef struct {
  const void *_Nonnull query;
  const void *_Nonnull key;
  const void *_Nonnull value;
  void *_Nonnull output;
  int64_t windows, frames, heads, stride, output_stride;
  float scale;
  stapes_type type;
} stapes_encoder_attention_arguments;

/// Computes the likeliest logits again, which a product with rounded weights gave: in each of three ranges of ids the
/// first 32, as far as they lie within 12 of the first, become inputs[row] . table[id] in float32. `table` [vocabulary,
/// width] may lie at any address.
typedef struct {
  float *_Nonnull logits;
  const float *_Nonnull inputs;
  const void *_Nonnull table;
  int64_t rows, width, logits_stride, input_stride;
  /// One past the last id of each range; the first begins at 0.
  int64_t group_ends[STAPES_REFINED_GROUPS];
  stapes_type table_type;
} stapes_refine_arguments;

// A sequence that samples has a seat: its rules, and what it has sampled so far as the rules need it. Both live on the
// device, so that one step can follow another without the host. Seat 0 is reserved: rows of padding sit there.

/// What a sequence asks of the choice of its tokens; fixed while it lives. All zeros ask nothing: the likeliest id.
typedef struct {
  uint64_t seed;
  /// 0 takes the likeliest token; above, one is drawn from the distribution at this temperature.
  float temperature;
  int32_t end_of_text;
  /// The id of a lone space; negative if the vocabulary has none.
  int32_t blank;
  int32_t no_timestamps;
  /// The latest stamp that a window may begin with, as an id.
  int32_t last_initial_timestamp;
  /// The latest stamp of all, as an id.
  int32_t last_timestamp;
  /// Flags: the rules about stamps; no blank and no end at the beginning; the seat's list of suppressed ids.
  int32_t timestamps, suppresses_blank, suppresses_list;
  /// How many of the likeliest tokens are wanted, up to STAPES_CANDIDATES: the host then decides and sets the state.
  /// 0 leaves the decision to the kernel.
  int32_t candidates;
  /// Logits of ids that were sampled before are divided by it if positive, multiplied if negative; 0 and 1 do nothing.
  float repetition_penalty;
  /// No run of so many ids may come twice; 0 allows all.
  int32_t unrepeated_run;
} stapes_sampling_rules;

/// What the rules need to know of the tokens sampled so far. All zeros is a sequence that has sampled none.
typedef struct {
  /// The last one, which the next step is fed with.
  int32_t token;
  int32_t count;
  /// There is a token before the last, and it is text.
  int32_t follows_text;
  /// The last stamp, as an id; 0 if there was none.
  int32_t last_timestamp;
} stapes_sampling_state;

/// Masks each row of logits [vocabulary] by its seat's rules and chooses a token: its id, the lowest among equals, and
/// its log-probability among the ids that are left, whatever the temperature. The state of the seat goes on by that
/// token, unless the seat asks for candidates: then the host chooses. The logits are overwritten. A row without a
/// finite logit gives -1 and leaves its state; a row of seat 0 gives 0.
typedef struct {
  float *_Nonnull logits;
  /// [rows]; each seat but 0 at most once.
  const int32_t *_Nonnull seats;
  /// [seats]
  const stapes_sampling_rules *_Nonnull rules;
  /// [seats]
  stapes_sampling_state *_Nonnull states;
  /// The ids sampled so far, `history_stride` a seat; the state says how many there are.
  int32_t *_Nonnull history;
  /// Bit sets of `suppressed_stride` 64-bit words, one a seat.
  const uint64_t *_Nonnull suppressed;
  int32_t *_Nonnull tokens;
  float *_Nonnull log_probabilities;
  /// [rows, STAPES_CANDIDATES], the likeliest first, -1 where no more are left; written only where a seat asks for it.
  int32_t *_Nonnull candidates;
  float *_Nonnull candidate_log_probabilities;
  int64_t rows, vocabulary, logits_stride, suppressed_stride, history_stride;
  int32_t timestamp_begin;
} stapes_select_arguments;

/// tokens[r] = the last token of seat `seats[r]`: what was chosen is what the next step begins with.
typedef struct {
  const int32_t *_Nonnull seats;
  const stapes_sampling_state *_Nonnull states;
  int32_t *_Nonnull tokens;
  int64_t rows;
} stapes_feed_arguments;

/// pages[to[i]] = pages[from[i]], `page_bytes` each. No page is both copied from and to.
typedef struct {
  void *_Nonnull pages;
  const int32_t *_Nonnull from;
  const int32_t *_Nonnull to;
  int64_t count, page_bytes;
} stapes_copy_pages_arguments;

/// Scores of some heads' cross-attention, before softmax, for word times: scores[h, t, p] = scale * query of token t in
/// head heads[h] times the key of position p of page `page`, [count, tokens, positions].
typedef struct {
  stapes_kv_layer cache;
  const void *_Nonnull query;
  const int32_t *_Nonnull heads;
  float *_Nonnull scores;
  int64_t count, tokens, positions, query_stride;
  int32_t page;
  float scale;
  stapes_type type;
} stapes_cross_scores_arguments;

/// probabilities[r] = softmax of row r of `logits` over the ids below `limit`, at the id tokens[r] (0 from there on).
typedef struct {
  const float *_Nonnull logits;
  const int32_t *_Nonnull tokens;
  float *_Nonnull probabilities;
  int64_t rows, logits_stride, limit;
} stapes_token_probability_arguments;

typedef enum { STAPES_GENERIC = 0, STAPES_AVX2 = 1, STAPES_AVX512 = 2, STAPES_AVX512_BF16 = 3 } stapes_level;

/// The kernels of one instruction level.
typedef struct {
  const char *_Nonnull name;
  /// Whether float16 is widened in hardware: elsewhere it is read, but slowly.
  bool widens_float16;
  stapes_kernel _Nonnull layer_norm;
  stapes_kernel _Nonnull pack;
  stapes_kernel _Nonnull matmul;
  stapes_kernel _Nonnull pack_int8;
  stapes_kernel _Nonnull matmul_int8;
  stapes_kernel _Nonnull embed;
  stapes_kernel _Nonnull gather;
  stapes_kernel _Nonnull add;
  stapes_kernel _Nonnull convert;
  stapes_kernel _Nonnull store_kv;
  stapes_kernel _Nonnull paged_attention;
  stapes_kernel _Nonnull encoder_attention;
  stapes_kernel _Nonnull refine;
  stapes_kernel _Nonnull select;
  stapes_kernel _Nonnull feed;
  stapes_kernel _Nonnull copy_pages;
  stapes_kernel _Nonnull cross_scores;
  stapes_kernel _Nonnull token_probability;
} stapes_kernels;

/// The kernels of `level`, or null where this processor or this build lacks it.
const stapes_kernels *_Nullable stapes_kernels_at(stapes_level level);

/// The highest level that this processor has.
stapes_level stapes_best_level(void);

/// Whether this processor multiplies bfloat16 in hardware (avx512_bf16).
bool stapes_has_bfloat16(void);

/// Whether it does so faster than it multiplies float32, vector by vector: AMD's do, Intel's take longer for it.
bool stapes_has_fast_bfloat16(void);

/// What is multiplied in pairs of 16-bit integers: `stapes_pack_int16_arguments`, `stapes_matmul_int16_arguments` and
/// `stapes_encoder_attention_arguments` in float32.
typedef struct {
  stapes_kernel _Nonnull pack;
  stapes_kernel _Nonnull matmul;
  stapes_kernel _Nonnull encoder_attention;
} stapes_int16_kernels;

/// Null where this processor has no instruction for it (avx512_vnni).
const stapes_int16_kernels *_Nullable stapes_int16_kernels_here(void);

/// Whether float16 holds all of `count` values of float32 exactly, which may lie at any address.
bool stapes_fits_float16(const void *_Nonnull values, int64_t count);

/// Processors that this process may use: those of its affinity, and no more than its control group pays for.
int stapes_usable_processors(void);

/// The threads that run kernels: the caller's and `threads - 1` more. They wait for work with a short spin, then park.
typedef struct stapes_team stapes_team;

/// Null when there is no memory. It may have fewer threads than asked for.
stapes_team *_Nullable stapes_team_create(int threads);
void stapes_team_destroy(stapes_team *_Nonnull team);
int stapes_team_threads(const stapes_team *_Nonnull team);

/// Runs `kernel` on every thread of the team and returns when all are done. One caller at a time.
void stapes_team_run(stapes_team *_Nonnull team, stapes_kernel _Nonnull kernel, const void *_Nonnull arguments);

/// A recorded call.
typedef struct {
  stapes_kernel _Nonnull kernel;
  const void *_Nonnull arguments;
} stapes_call;

/// Runs `count` calls in order. The team comes together once for all of them and meets between two calls.
void stapes_team_replay(stapes_team *_Nonnull team, const stapes_call *_Nonnull calls, int64_t count);

#endif
