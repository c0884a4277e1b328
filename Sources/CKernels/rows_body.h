// Operations on whole rows: look up, gather, add, convert, and write to the cache.

/// `source` may be of any alignment: the embedding is read where it lies in the model's file.
INLINE void row_to_float(const void *source, stapes_type type, int64_t offset, int64_t count, float *y) {
  if (type == STAPES_FLOAT32) {
    memcpy(y, (const char *)source + offset * (int64_t)sizeof(float), (size_t)count * sizeof(float));
    return;
  }
  const char *x = (const char *)source + offset * 2;
  for (int64_t i = 0; i < count; i++) {
    if (type == STAPES_BFLOAT16) {
      uint16_t h;
      memcpy(&h, x + i * 2, sizeof h);
      y[i] = float_from_bf16(h);
    } else {
      _Float16 h;
      memcpy(&h, x + i * 2, sizeof h);
      y[i] = (float)h;
    }
  }
}

static void LEVEL(embed)(const void *arguments, int thread, int threads) {
  const stapes_embed_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
  for (int64_t row = begin; row < end; row++) {
    float *y = a->y + row * a->width;
    row_to_float(a->table, a->table_type, a->tokens[row] * a->width, a->width, y);
    const float *position = a->position_table + a->positions[row] * a->width;
    for (int64_t i = 0; i < a->width; i++) y[i] += position[i];
  }
}

static void LEVEL(gather)(const void *arguments, int thread, int threads) {
  const stapes_gather_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
  for (int64_t row = begin; row < end; row++)
    memcpy(a->y + row * a->width, a->x + a->indices[row] * a->width, (size_t)a->width * sizeof(float));
}

static void LEVEL(add)(const void *arguments, int thread, int threads) {
  const stapes_add_arguments *a = arguments;
  int64_t begin, end;
  share(a->count, thread, threads, &begin, &end);
  for (int64_t i = begin; i < end; i++) a->y[i] += a->x[i];
}

static void LEVEL(convert)(const void *arguments, int thread, int threads) {
  const stapes_convert_arguments *a = arguments;
  int64_t begin, end;
  share(a->count, thread, threads, &begin, &end);
  if (a->y_type == STAPES_FLOAT32) {
    memcpy((float *)a->y + begin, a->x + begin, (size_t)(end - begin) * sizeof(float));
    return;
  }
  uint16_t *y = a->y;
  int64_t i = begin;
  for (; i + LANES <= end; i += LANES) vf_store_bf16(y + i, vf_load(a->x + i));
  for (; i < end; i++) y[i] = bf16_from_float(a->x[i]);
}

#define SAME(to, from) to = from
#define SAME_ROW(to, from) memcpy(to, from, STAPES_HEAD_WIDTH * sizeof *(to))
#define ROUNDED(to, from) to = bf16_from_float(from)
#define ROUNDED_ROW(to, from) \
  for (int d = 0; d < STAPES_HEAD_WIDTH; d += LANES) vf_store_bf16((to) + d, vf_load((from) + d))
#define STORE_KV(T, S, COPY_KEY, COPY_VALUES)                                                                \
  for (int64_t row = begin; row < end; row++) {                                                              \
    int64_t page = a->slots[row] / positions, position = a->slots[row] % positions;                          \
    int64_t tile = position / STAPES_TILE, lane = position % STAPES_TILE;                                    \
    for (int64_t head = 0; head < a->cache.heads; head++) {                                                  \
      int64_t base = page * a->cache.page_stride + head * a->cache.head_stride +                             \
                     tile * STAPES_TILE * STAPES_HEAD_WIDTH;                                                 \
      T *keys = (T *)a->cache.keys + base + lane;                                                            \
      T *values = (T *)a->cache.values + base + lane * STAPES_HEAD_WIDTH;                                    \
      const S *k = (const S *)a->key + row * a->key_stride + head * STAPES_HEAD_WIDTH;                       \
      const S *v = (const S *)a->value + row * a->value_stride + head * STAPES_HEAD_WIDTH;                   \
      for (int d = 0; d < STAPES_HEAD_WIDTH; d++) COPY_KEY(keys[d * STAPES_TILE], k[d]);                     \
      COPY_VALUES(values, v);                                                                                \
    }                                                                                                        \
  }

static void LEVEL(store_kv)(const void *arguments, int thread, int threads) {
  const stapes_store_kv_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
  int64_t positions = a->cache.tiles_per_page * STAPES_TILE;
  if (a->type == STAPES_BFLOAT16) {
    STORE_KV(uint16_t, uint16_t, SAME, SAME_ROW)
  } else if (a->cache.type == STAPES_BFLOAT16) {
    STORE_KV(uint16_t, float, ROUNDED, ROUNDED_ROW)
  } else {
    STORE_KV(float, float, SAME, SAME_ROW)
  }
}

static void LEVEL(copy_pages)(const void *arguments, int thread, int threads) {
  const stapes_copy_pages_arguments *a = arguments;
  int64_t begin, end;
  share(a->count, thread, threads, &begin, &end);
  for (int64_t i = begin; i < end; i++)
    memcpy((char *)a->pages + a->to[i] * a->page_bytes, (const char *)a->pages + a->from[i] * a->page_bytes,
           (size_t)a->page_bytes);
}
