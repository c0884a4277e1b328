#if defined(STAPES_FFMPEG)
#include <stdlib.h>

#include "internal.h"

// Demuxers give "try again" for data they passed over. A source of ours has all its bytes, so many in a row mean that
// nothing more comes.
enum { MOST_RETRIES = 1000 };

/// What went wrong with packets and frames that were skipped; it counts only when nothing gave samples.
typedef struct damage {
  int code;               // libav's first error
  int is_unusable_frame;  // the message of the thread says why
} damage;

static void note(damage *d, int code) {
  if (!d->code) d->code = code;
}

/// Decodes one packet, or takes out what the decoder still holds when `packet` is null.
static stapes_ffmpeg_status decode_packet(AVCodecContext *codec, const AVPacket *packet, AVFrame *frame, resampler *r,
                                          damage *d) {
  int code = avcodec_send_packet(codec, packet);
  if (code < 0 && code != AVERROR_EOF) note(d, code);
  for (;;) {
    code = avcodec_receive_frame(codec, frame);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return STAPES_FFMPEG_OK;
    if (code < 0) {
      note(d, code);
      return STAPES_FFMPEG_OK;
    }
    stapes_ffmpeg_status status = frame->nb_samples > 0 ? resampler_append(r, frame) : STAPES_FFMPEG_OK;
    av_frame_unref(frame);
    if (status == STAPES_FFMPEG_UNDECODABLE) {
      d->is_unusable_frame = 1;
    } else if (status) {
      return status;
    }
  }
}

static stapes_ffmpeg_status decode_stream(AVFormatContext *context, AVCodecContext *codec, int stream_index,
                                          const input *in, resampler *r) {
  AVPacket *packet = av_packet_alloc();
  AVFrame *frame = av_frame_alloc();
  stapes_ffmpeg_status status = STAPES_FFMPEG_OK;
  damage d = {0};
  if (!packet || !frame) status = fail(STAPES_FFMPEG_NO_MEMORY, "not enough memory");
  for (int retries = 0; !status && !is_cancelled(in) && retries < MOST_RETRIES;) {
    int code = av_read_frame(context, packet);
    if (code == AVERROR(EAGAIN)) {
      retries++;
      continue;
    }
    if (code < 0) {
      if (code != AVERROR_EOF) note(&d, code);
      break;
    }
    retries = 0;
    // An empty packet would put the decoder into draining.
    if (packet->stream_index == stream_index && packet->size > 0)
      status = decode_packet(codec, packet, frame, r, &d);
    av_packet_unref(packet);
  }
  if (!status) status = decode_packet(codec, NULL, frame, r, &d);
  if (!status) status = resampler_drain(r);
  if (!status && r->count == 0) {
    if (d.is_unusable_frame) {
      status = STAPES_FFMPEG_UNDECODABLE;
    } else if (d.code) {
      status = fail_because(STAPES_FFMPEG_UNDECODABLE, "its audio stream cannot be decoded", d.code);
    }
  }
  av_packet_free(&packet);
  av_frame_free(&frame);
  return status;
}

stapes_ffmpeg_status stapes_ffmpeg_decode(const stapes_ffmpeg_source *source, int64_t maximum_sample_count,
                                          const stapes_ffmpeg_cancellation *cancellation, stapes_ffmpeg_pcm *result) {
  *result = (stapes_ffmpeg_pcm){0};
  input in;
  AVFormatContext *context = NULL;
  AVCodecContext *codec = NULL;
  int stream_index = -1;
  resampler r = {.maximum = maximum_sample_count};

  stapes_ffmpeg_status status = input_open(&in, source, cancellation);
  if (!status) status = format_open(&context, &in);
  if (!status) status = codec_open(&codec, &stream_index, context);
  if (!status) status = decode_stream(context, codec, stream_index, &in, &r);
  // Whatever else went wrong then went wrong because of it.
  if (is_cancelled(&in)) status = fail(STAPES_FFMPEG_CANCELLED, "nobody waits for it any more");
  if (!status) {
    *result = (stapes_ffmpeg_pcm){.samples = r.samples, .sample_count = r.count};
    r.samples = NULL;
  }
  resampler_free(&r);
  avcodec_free_context(&codec);
  avformat_close_input(&context);
  input_close(&in);
  return status;
}

void stapes_ffmpeg_pcm_free(stapes_ffmpeg_pcm *pcm) {
  free(pcm->samples);
  *pcm = (stapes_ffmpeg_pcm){0};
}
#endif
