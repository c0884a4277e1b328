// Numbers of any type as vectors, and operations on whole rows: look up, gather, add, convert, and write to the cache.

INLINE int64_t bytes_of(stapes_type type) { return type == STAPES_FLOAT32 ? 4 : type == STAPES_FLOAT8 ? 1 : 2; }

/// What numbers that `load_two` gave are to be multiplied by.
INLINE float unit_of(stapes_type type) { return type == STAPES_FLOAT8 ? FLOAT8_UNIT : 1; }

/// Not of float8, which is read two vectors at a time.
INLINE vf load_as(const void *p, stapes_type type, int64_t at) {
  switch (type) {
    case STAPES_BFLOAT16:
      return vf_load_bf16((const uint16_t *)p + at);
    case STAPES_FLOAT16:
      return vf_load_f16((const uint16_t *)p + at);
    case STAPES_FLOAT8:
      __builtin_unreachable();
    case STAPES_FLOAT32:
      return vf_load((const float *)p + at);
  }
}

/// Two vectors of neighbours. Of float8 they come in 256ths.
INLINE void load_two(const void *p, stapes_type type, int64_t at, vf two[2]) {
  if (type == STAPES_FLOAT8) {
    vf_load_two_f8((const uint8_t *)p + at, two);
    return;
  }
  two[0] = load_as(p, type, at);
  two[1] = load_as(p, type, at + LANES);
}

INLINE void store_as(void *p, stapes_type type, int64_t at, vf v) {
  switch (type) {
    case STAPES_BFLOAT16:
      vf_store_bf16((uint16_t *)p + at, v);
      break;
    case STAPES_FLOAT16:
      vf_store_f16((uint16_t *)p + at, v);
      break;
    case STAPES_FLOAT8:
      vf_store_f8((uint8_t *)p + at, v);
      break;
    case STAPES_FLOAT32:
      vf_store((float *)p + at, v);
      break;
  }
}

/// `source` may be of any alignment: the embedding is read where it lies in the model's file.
INLINE void row_to_float(const void *source, stapes_type type, int64_t offset, int64_t count, float *y) {
  if (type == STAPES_FLOAT32) {
    memcpy(y, (const char *)source + offset * (int64_t)sizeof(float), (size_t)count * sizeof(float));
    return;
  }
  int64_t i = 0;
  if (type == STAPES_FLOAT8) {
    const uint8_t *x = (const uint8_t *)source + offset;
    for (; i < count; i += 2 * LANES) {
      int64_t left = count - i < 2 * LANES ? count - i : 2 * LANES;
      uint8_t codes[2 * LANES] = {0};
      memcpy(codes, x + i, (size_t)left);
      vf two[2];
      vf_load_two_f8(codes, two);
      two[0] *= FLOAT8_UNIT;
      two[1] *= FLOAT8_UNIT;
      memcpy(y + i, two, (size_t)left * sizeof *y);
    }
    return;
  }
  // Vectors of two-byte numbers ask for an alignment of two, which a file does not promise.
  const char *x = (const char *)source + offset * 2;
  for (; i + LANES <= count; i += LANES) {
    uint16_t halves[LANES];
    memcpy(halves, x + i * 2, sizeof halves);
    vf_store(y + i, type == STAPES_BFLOAT16 ? vf_load_bf16(halves) : vf_load_f16(halves));
  }
  for (; i < count; i++) {
    uint16_t h;
    memcpy(&h, x + i * 2, sizeof h);
    y[i] = type == STAPES_BFLOAT16 ? float_from_bf16(h) : float_from_f16(h);
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
  for (int64_t r = 0; r < a->repeats; r++)
    for (int64_t i = begin; i < end; i++) a->y[r * a->count + i] += a->x[i];
}

static void LEVEL(convert)(const void *arguments, int thread, int threads) {
  const stapes_convert_arguments *a = arguments;
  int64_t begin, end;
  share(a->count, thread, threads, &begin, &end);
  if (a->y_type == STAPES_FLOAT32) {
    row_to_float(a->x, a->x_type, begin, end - begin, (float *)a->y + begin);
    return;
  }
  int64_t i = begin, size = bytes_of(a->y_type);
  for (; i + LANES <= end; i += LANES) store_as(a->y, a->y_type, i, vf_load((const float *)a->x + i));
  float rest[LANES] = {0};
  char rounded[VECTOR_BYTES];
  memcpy(rest, (const float *)a->x + i, (size_t)(end - i) * sizeof *rest);
  store_as(rounded, a->y_type, 0, vf_load(rest));
  memcpy((char *)a->y + i * size, rounded, (size_t)((end - i) * size));
}

/// One row of keys and values to one slot of the cache. Both types are constants wherever this is inlined.
INLINE void store_row(const stapes_store_kv_arguments *a, int64_t row, const stapes_type type, const stapes_type cached) {
  int64_t positions = a->cache.tiles_per_page * STAPES_TILE;
  int64_t page = a->slots[row] / positions, position = a->slots[row] % positions;
  int64_t tile = position / STAPES_TILE, lane = position % STAPES_TILE;
  for (int64_t head = 0; head < a->cache.heads; head++) {
    int64_t base = page * a->cache.page_stride + head * a->cache.head_stride + tile * STAPES_TILE * STAPES_HEAD_WIDTH;
    int64_t keys = base + lane, values = base + lane * STAPES_HEAD_WIDTH;
    int64_t from_key = row * a->key_stride + head * STAPES_HEAD_WIDTH;
    int64_t from_value = row * a->value_stride + head * STAPES_HEAD_WIDTH;
    if (type == cached && type != STAPES_FLOAT32) {
      const uint16_t *k = (const uint16_t *)a->key + from_key, *v = (const uint16_t *)a->value + from_value;
      for (int d = 0; d < STAPES_HEAD_WIDTH; d++) ((uint16_t *)a->cache.keys)[keys + d * STAPES_TILE] = k[d];
      memcpy((uint16_t *)a->cache.values + values, v, STAPES_HEAD_WIDTH * sizeof *v);
      continue;
    }
    for (int d = 0; d < STAPES_HEAD_WIDTH; d += LANES) {
      store_as(a->cache.values, cached, values + d, load_as(a->value, type, from_value + d));
      char lanes[VECTOR_BYTES];
      store_as(lanes, cached, 0, load_as(a->key, type, from_key + d));
      for (int i = 0; i < LANES; i++)
        memcpy((char *)a->cache.keys + (keys + (d + i) * STAPES_TILE) * bytes_of(cached),
               lanes + i * bytes_of(cached), (size_t)bytes_of(cached));
    }
  }
}

static void LEVEL(store_kv)(const void *arguments, int thread, int threads) {
  const stapes_store_kv_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
#define STORE(TYPE, CACHED)                                            \
  if (a->type == TYPE && a->cache.type == CACHED) {                    \
    for (int64_t row = begin; row < end; row++) store_row(a, row, TYPE, CACHED); \
  }
  STORE(STAPES_FLOAT32, STAPES_FLOAT32)
  STORE(STAPES_FLOAT32, STAPES_BFLOAT16)
  STORE(STAPES_FLOAT32, STAPES_FLOAT16)
  STORE(STAPES_BFLOAT16, STAPES_BFLOAT16)
  STORE(STAPES_FLOAT32, STAPES_FLOAT8)
  STORE(STAPES_BFLOAT16, STAPES_FLOAT8)
#undef STORE
}

static void LEVEL(copy_pages)(const void *arguments, int thread, int threads) {
  const stapes_copy_pages_arguments *a = arguments;
  int64_t begin, end;
  share(a->count, thread, threads, &begin, &end);
  for (int64_t i = begin; i < end; i++)
    memcpy((char *)a->pages + a->to[i] * a->page_bytes, (const char *)a->pages + a->from[i] * a->page_bytes,
           (size_t)a->page_bytes);
}
