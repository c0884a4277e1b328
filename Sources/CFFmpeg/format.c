#if defined(STAPES_FFMPEG)
// Containers and codecs, and what of them is let in.
#include <pthread.h>
#include <string.h>

#include "internal.h"

// Containers of sound or film that hold their data themselves. Formats that name other files or addresses (hls, concat,
// dash, sdp, ...) are left out, and so are raw formats whose probe takes almost any bytes for its own (amrnb).
static const char accepted_formats[] =
    "wav,w64,aiff,caf,au,voc,nistsphere,flac,mp3,aac,loas,amr,ac3,eac3,dts,ogg,matroska,webm,mov,mp4,m4a,"
    "3gp,3g2,mj2,asf,avi,flv,mpeg,mpegts,ape,tta,wv";

// The names of all audio decoders, with commas. Reading stream parameters may otherwise run video decoders, which this
// target has no use for and which are the larger part of what a hostile file could reach.
static char *accepted_codecs;

static void prepare(void) {
  av_log_set_level(AV_LOG_QUIET);
  size_t length = 0;
  void *cursor = NULL;
  for (const AVCodec *codec; (codec = av_codec_iterate(&cursor));)
    if (av_codec_is_decoder(codec) && codec->type == AVMEDIA_TYPE_AUDIO) length += strlen(codec->name) + 1;
  char *end = accepted_codecs = av_malloc(length + 1);
  if (!end) return;
  cursor = NULL;
  for (const AVCodec *codec; (codec = av_codec_iterate(&cursor));) {
    if (!av_codec_is_decoder(codec) || codec->type != AVMEDIA_TYPE_AUDIO) continue;
    size_t size = strlen(codec->name);
    memcpy(end, codec->name, size);
    end[size] = ',';
    end += size + 1;
  }
  *end = 0;
}

static int refuse_to_open(AVFormatContext *context, AVIOContext **io, const char *url, int flags,
                          AVDictionary **options) {
  (void)context, (void)url, (void)flags, (void)options;
  *io = NULL;
  return AVERROR(EPERM);
}

stapes_ffmpeg_status format_open(AVFormatContext **context, input *in) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prepare);

  // Recognised by content alone: names of uploads are missing or wrong, and a file must mean the same from memory.
  const AVInputFormat *format = NULL;
  int code = av_probe_input_buffer2(in->io, &format, "", NULL, 0, 0);
  if (code < 0 || !format) {
    if (code == AVERROR(ENOMEM)) return fail(STAPES_FFMPEG_NO_MEMORY, "not enough memory");
    return fail(STAPES_FFMPEG_NOT_RECOGNISED, "not a recognised audio format");
  }
  if (!av_match_list(format->name, accepted_formats, ','))
    return fail(STAPES_FFMPEG_NOT_ACCEPTED, "'%s' is not an accepted audio format", format->name);

  AVFormatContext *opened = avformat_alloc_context();
  if (!opened || !accepted_codecs) {
    avformat_free_context(opened);
    return fail(STAPES_FFMPEG_NO_MEMORY, "not enough memory");
  }
  opened->pb = in->io;
  opened->io_open = refuse_to_open;
  AVDictionary *options = NULL;
  av_dict_set(&options, "protocol_whitelist", "none", 0);
  av_dict_set(&options, "format_whitelist", accepted_formats, 0);
  av_dict_set(&options, "codec_whitelist", accepted_codecs, 0);
  code = avformat_open_input(&opened, "", format, &options);  // frees the context when it fails
  av_dict_free(&options);
  if (code < 0) return fail_because(STAPES_FFMPEG_NOT_RECOGNISED, "broken header", code);

  // A stream without full parameters may still decode, so a failure here only counts if the decoder fails, too.
  avformat_find_stream_info(opened, NULL);
  *context = opened;
  return STAPES_FFMPEG_OK;
}

stapes_ffmpeg_status codec_open(AVCodecContext **codec, int *stream_index, AVFormatContext *context) {
  const AVCodec *decoder = NULL;
  int index = av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, -1, -1, &decoder, 0);
  if (index == AVERROR_DECODER_NOT_FOUND) return fail(STAPES_FFMPEG_UNDECODABLE, "no decoder for its audio codec");
  if (index < 0 || !decoder) return fail(STAPES_FFMPEG_NO_AUDIO, "it has no audio stream");
  for (unsigned i = 0; i < context->nb_streams; i++)
    context->streams[i]->discard = (int)i == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;

  AVStream *stream = context->streams[index];
  AVCodecContext *opened = avcodec_alloc_context3(decoder);
  if (!opened) return fail(STAPES_FFMPEG_NO_MEMORY, "not enough memory");
  int code = avcodec_parameters_to_context(opened, stream->codecpar);
  opened->pkt_timebase = stream->time_base;  // without it the samples of encoder delay are not cut off
  opened->thread_count = 1;
  if (code >= 0) code = avcodec_open2(opened, decoder, NULL);
  if (code < 0) {
    avcodec_free_context(&opened);
    return fail_because(STAPES_FFMPEG_UNDECODABLE, "its audio stream cannot be decoded", code);
  }
  *codec = opened;
  *stream_index = index;
  return STAPES_FFMPEG_OK;
}
#endif
