#if defined(STAPES_FFMPEG)
#include <stdlib.h>

#include "internal.h"

// Rates outside make the filter bank or the output of one frame absurdly large; no recording has them.
enum { LOWEST_RATE = 1000, HIGHEST_RATE = 768000 };

static stapes_ffmpeg_status reserve(resampler *r, int64_t space) {
  if (r->capacity - r->count >= space) return STAPES_FFMPEG_OK;
  int64_t capacity = r->capacity + r->capacity / 2;
  if (capacity < r->count + space) capacity = r->count + space;
  int16_t *grown = realloc(r->samples, (size_t)capacity * sizeof *grown);
  if (!grown) return fail(STAPES_FFMPEG_NO_MEMORY, "not enough memory for its samples");
  r->samples = grown;
  r->capacity = capacity;
  return STAPES_FFMPEG_OK;
}

/// Runs the filter over `frame`, or over what it still holds when `frame` is null.
static stapes_ffmpeg_status convert(resampler *r, const AVFrame *frame) {
  const uint8_t **data = frame ? (const uint8_t **)frame->extended_data : NULL;
  int input_count = frame ? frame->nb_samples : 0;
  for (;;) {
    int64_t space = swr_get_out_samples(r->swr, input_count);
    if (space < 256) space = 256;
    // One sample above the maximum is enough to know; the filter keeps what finds no room.
    int64_t room = r->maximum + 1 - r->count;
    if (space > room) space = room;
    stapes_ffmpeg_status status = reserve(r, space);
    if (status) return status;
    uint8_t *out = (uint8_t *)(r->samples + r->count);
    int made = swr_convert(r->swr, &out, (int)space, data, input_count);
    if (made < 0) return fail_because(STAPES_FFMPEG_UNDECODABLE, "resampling failed", made);
    r->count += made;
    if (r->count > r->maximum)
      return fail(STAPES_FFMPEG_TOO_LONG, "longer than %g seconds", (double)r->maximum / SAMPLE_RATE);
    if (frame || made == 0) return STAPES_FFMPEG_OK;
  }
}

static stapes_ffmpeg_status configure(resampler *r, const AVFrame *frame, const AVChannelLayout *layout) {
  if (frame->sample_rate < LOWEST_RATE || frame->sample_rate > HIGHEST_RATE)
    return fail(STAPES_FFMPEG_UNDECODABLE, "unusable sample rate of %d Hz", frame->sample_rate);
  if (layout->order == AV_CHANNEL_ORDER_UNSPEC)
    return fail(STAPES_FFMPEG_UNDECODABLE, "unknown layout of %d channels", layout->nb_channels);
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
  int code = swr_alloc_set_opts2(&r->swr, &mono, AV_SAMPLE_FMT_S16, SAMPLE_RATE, (AVChannelLayout *)layout,
                                 frame->format, frame->sample_rate, 0, NULL);
  if (code >= 0) code = swr_init(r->swr);
  if (code >= 0) code = av_channel_layout_copy(&r->layout, layout);
  if (code < 0) {
    swr_free(&r->swr);
    return fail_because(STAPES_FFMPEG_UNDECODABLE, "its audio cannot be resampled", code);
  }
  r->format = frame->format;
  r->rate = frame->sample_rate;
  return STAPES_FFMPEG_OK;
}

stapes_ffmpeg_status resampler_append(resampler *r, const AVFrame *frame) {
  // WAV frames leave the layout open. The default must be filled in before the comparison, or every frame would look
  // like a change and start a new filter.
  AVChannelLayout layout = {0};
  if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&layout, frame->ch_layout.nb_channels);
  } else if (av_channel_layout_copy(&layout, &frame->ch_layout) < 0) {
    return fail(STAPES_FFMPEG_NO_MEMORY, "not enough memory");
  }
  stapes_ffmpeg_status status = STAPES_FFMPEG_OK;
  int same = r->swr && r->format == frame->format && r->rate == frame->sample_rate &&
             av_channel_layout_compare(&r->layout, &layout) == 0;
  if (!same) {
    status = resampler_drain(r);
    if (!status) status = configure(r, frame, &layout);
  }
  av_channel_layout_uninit(&layout);
  return status ? status : convert(r, frame);
}

stapes_ffmpeg_status resampler_drain(resampler *r) {
  stapes_ffmpeg_status status = r->swr ? convert(r, NULL) : STAPES_FFMPEG_OK;
  swr_free(&r->swr);
  av_channel_layout_uninit(&r->layout);
  return status;
}

void resampler_free(resampler *r) {
  swr_free(&r->swr);
  av_channel_layout_uninit(&r->layout);
  free(r->samples);
  *r = (resampler){0};
}
#endif
