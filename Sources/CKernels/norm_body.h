// Layer normalisation. Mean and variance are taken in two passes over the row, which stays in the first cache.

static void LEVEL(layer_norm)(const void *arguments, int thread, int threads) {
  const stapes_layer_norm_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
  int64_t width = a->width, whole = width - width % LANES;
  for (int64_t row = begin; row < end; row++) {
    const float *x = a->x + row * a->x_stride;
    vf sum = vf_splat(0);
    for (int64_t i = 0; i < whole; i += LANES) sum += vf_load(x + i);
    float total = vf_sum(sum);
    for (int64_t i = whole; i < width; i++) total += x[i];
    float mean = total / (float)width;

    vf square = vf_splat(0);
    for (int64_t i = 0; i < whole; i += LANES) {
      vf d = vf_load(x + i) - mean;
      square += d * d;
    }
    float variance = vf_sum(square);
    for (int64_t i = whole; i < width; i++) variance += (x[i] - mean) * (x[i] - mean);
    float scale = 1.0f / sqrtf(variance / (float)width + a->epsilon);

    if (a->y_type == STAPES_BFLOAT16) {
      uint16_t *y = (uint16_t *)a->y + row * a->y_stride;
      for (int64_t i = 0; i < whole; i += LANES)
        vf_store_bf16(y + i, (vf_load(x + i) - mean) * scale * vf_load(a->gamma + i) + vf_load(a->beta + i));
      for (int64_t i = whole; i < width; i++)
        y[i] = bf16_from_float((x[i] - mean) * scale * a->gamma[i] + a->beta[i]);
    } else {
      float *y = (float *)a->y + row * a->y_stride;
      for (int64_t i = 0; i < whole; i += LANES)
        vf_store(y + i, (vf_load(x + i) - mean) * scale * vf_load(a->gamma + i) + vf_load(a->beta + i));
      for (int64_t i = whole; i < width; i++) y[i] = (x[i] - mean) * scale * a->gamma[i] + a->beta[i];
    }
  }
}
