// What the parts of this target share: input.c (bytes), format.c (containers), resampler.c (samples), decode.c (the loop).
#ifndef STAPES_FFMPEG_INTERNAL_H
#define STAPES_FFMPEG_INTERNAL_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/channel_layout.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libswresample/swresample.h>

#include "stapes_ffmpeg.h"

#if LIBAVUTIL_VERSION_INT < AV_VERSION_INT(57, 24, 100)
#error "FFmpeg 5.1 or newer is needed: older ones have no AVChannelLayout"
#endif

enum { SAMPLE_RATE = 16000 };

/// Writes the calling thread's message and hands `status` back.
stapes_ffmpeg_status fail(stapes_ffmpeg_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// As `fail`, with libav's words for `code` at the end.
stapes_ffmpeg_status fail_because(stapes_ffmpeg_status status, const char *what, int code);

/// A source with a read position; `io` reads from it.
typedef struct input {
  stapes_ffmpeg_source source;
  const stapes_ffmpeg_cancellation *cancellation;
  int64_t position;
  AVIOContext *io;
} input;

int is_cancelled(const input *in);
stapes_ffmpeg_status input_open(input *in, const stapes_ffmpeg_source *source,
                                const stapes_ffmpeg_cancellation *cancellation);
void input_close(input *in);

/// Recognises the container, reads its header and the streams' parameters. `*context` needs `avformat_close_input`.
stapes_ffmpeg_status format_open(AVFormatContext **context, input *in);

/// Opens a decoder for the best audio stream and discards the other streams. `*codec` needs `avcodec_free_context`.
stapes_ffmpeg_status codec_open(AVCodecContext **codec, int *stream_index, AVFormatContext *context);

/// Turns frames of any format, rate and layout into one growing run of mono 16 kHz samples.
typedef struct resampler {
  SwrContext *swr;
  AVChannelLayout layout;  // of the frames `swr` was made for
  int format;
  int rate;
  int16_t *samples;
  int64_t count;
  int64_t capacity;
  int64_t maximum;
} resampler;

stapes_ffmpeg_status resampler_append(resampler *r, const AVFrame *frame);
/// Takes out what the filter still holds; the next frame starts a new one.
stapes_ffmpeg_status resampler_drain(resampler *r);
void resampler_free(resampler *r);

#endif
