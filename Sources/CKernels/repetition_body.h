// Rules that look at all ids sampled so far (faster-whisper's; the reference has none).

/// CTranslate2's RepetitionPenalty: an id counts once however often it came.
INLINE void penalise(float *logits, const int32_t *history, int64_t count, float penalty) {
  for (int64_t i = 0; i < count; i++) {
    bool seen = false;
    for (int64_t j = 0; j < i && !seen; j++) seen = history[j] == history[i];
    if (seen) continue;
    float *logit = logits + history[i];
    *logit = *logit < 0 ? *logit * penalty : *logit / penalty;
  }
}

/// CTranslate2's NoRepeatNgram: forbids every id that would complete a run of `run` ids that came before.
INLINE void forbid_repeated(float *logits, const int32_t *history, int64_t count, int64_t run) {
  int64_t context = run - 1;
  for (int64_t first = 0; first + context < count; first++) {
    bool same = true;
    for (int64_t i = 0; i < context && same; i++) same = history[first + i] == history[count - context + i];
    if (same) logits[history[first + context]] = -INFINITY;
  }
}
