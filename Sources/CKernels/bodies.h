// Every kernel body, for one instruction level. The including file says `VECTOR_BYTES` and `LEVEL(name)`.
#pragma clang fp contract(fast)
#include "vector.h"

#include "include/stapes_kernels.h"

#include "scratch.h"

// In this order: later bodies use the blocks of earlier ones.
#include "rows_body.h"
#include "norm_body.h"
#include "matmul_body.h"
#include "int8_body.h"
#include "attention_body.h"
#include "encoder_attention_body.h"
#include "sample_body.h"
#include "repetition_body.h"
#include "select_body.h"
#include "refine_body.h"
#include "alignment_body.h"
#include "mel_body.h"
#include "vad_body.h"

const stapes_kernels LEVEL(stapes_kernels) = {
    .name = LEVEL_NAME,
#if defined(__aarch64__)
    .widens_float16 = true,
#else
    .widens_float16 = VECTOR_BYTES >= 32,
#endif
    .layer_norm = LEVEL(layer_norm),
    .pack = LEVEL(pack),
    .matmul = LEVEL(matmul),
    .pack_int8 = LEVEL(pack_int8),
    .matmul_int8 = LEVEL(matmul_int8),
    .embed = LEVEL(embed),
    .gather = LEVEL(gather),
    .add = LEVEL(add),
    .convert = LEVEL(convert),
    .store_kv = LEVEL(store_kv),
    .paged_attention = LEVEL(paged_attention),
    .encoder_attention = LEVEL(encoder_attention),
    .refine = LEVEL(refine),
    .select = LEVEL(select),
    .feed = LEVEL(feed),
    .copy_pages = LEVEL(copy_pages),
    .cross_scores = LEVEL(cross_scores),
    .token_probability = LEVEL(token_probability),
};
