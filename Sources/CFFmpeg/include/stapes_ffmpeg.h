// Audio in any container and codec FFmpeg's libraries read -> mono 16 kHz 16-bit samples.
//
// Why a shim: libav's macros and variadic functions (AVERROR, AV_CHANNEL_LAYOUT_MONO, av_opt_set) cannot be imported
// into Swift, and its structs change between major versions. Nothing of libav shows in this header, so that this is the
// only target that is compiled against it. It can go when Swift imports such C.
#ifndef STAPES_FFMPEG_H
#define STAPES_FFMPEG_H

#include <stdint.h>

#pragma clang assume_nonnull begin

#ifdef __cplusplus
extern "C" {
#endif

typedef enum stapes_ffmpeg_status {
  STAPES_FFMPEG_OK = 0,
  STAPES_FFMPEG_NO_MEMORY,
  /// No demuxer takes the bytes for its own, or the container's header is broken.
  STAPES_FFMPEG_NOT_RECOGNISED,
  /// The format is known but not accepted: playlists, subtitles, pictures, device inputs.
  STAPES_FFMPEG_NOT_ACCEPTED,
  STAPES_FFMPEG_NO_AUDIO,
  /// The stream's codec or its parameters cannot be decoded, or every packet was bad.
  STAPES_FFMPEG_UNDECODABLE,
  STAPES_FFMPEG_TOO_LONG,
  STAPES_FFMPEG_CANCELLED,
} stapes_ffmpeg_status;

/// Where encoded bytes come from: `bytes` when not null, else the seekable file descriptor `file`, which stays open.
typedef struct stapes_ffmpeg_source {
  const uint8_t *_Nullable bytes;
  int64_t byte_count;
  int file;
} stapes_ffmpeg_source;

/// Asked with every read and every packet whether to give up; not 0 is yes.
typedef struct stapes_ffmpeg_cancellation {
  int (*is_cancelled)(const void *context);
  const void *context;
} stapes_ffmpeg_cancellation;

/// Mono samples at 16 kHz. `samples` is null when there are none; free it with `stapes_ffmpeg_pcm_free`.
typedef struct stapes_ffmpeg_pcm {
  int16_t *_Nullable samples;
  int64_t sample_count;
} stapes_ffmpeg_pcm;

/// Decodes the best audio stream of `source` on the calling thread, as
/// `ffmpeg -i SOURCE -f s16le -ac 1 -ar 16000 -` does. Single bad packets are skipped.
/// The source is all that is read: whatever it says, no other file and no network address is opened.
/// Gives `STAPES_FFMPEG_TOO_LONG` as soon as more than `maximum_sample_count` samples came out.
/// On any status but OK, `result` is empty and `stapes_ffmpeg_message` says what was wrong.
stapes_ffmpeg_status stapes_ffmpeg_decode(const stapes_ffmpeg_source *source, int64_t maximum_sample_count,
                                          const stapes_ffmpeg_cancellation *cancellation, stapes_ffmpeg_pcm *result);

void stapes_ffmpeg_pcm_free(stapes_ffmpeg_pcm *pcm);

/// The calling thread's last failure in words; valid until its next call.
const char *stapes_ffmpeg_message(void);

#ifdef __cplusplus
}
#endif

#pragma clang assume_nonnull end

#endif
