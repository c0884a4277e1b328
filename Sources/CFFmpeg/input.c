#if defined(STAPES_FFMPEG)
// Bytes for the demuxer. Memory and files both come through our own callbacks, so libav never sees a name it could
// take for an address, and containers that keep their index at the end (m4a) can seek in either.
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

enum { BUFFER_BYTES = 64 * 1024 };

int is_cancelled(const input *in) { return in->cancellation->is_cancelled(in->cancellation->context); }

static int read_some(void *opaque, uint8_t *buffer, int size) {
  input *in = opaque;
  if (is_cancelled(in)) return AVERROR_EXIT;
  if (in->source.bytes) {
    int64_t left = in->source.byte_count - in->position;
    if (left <= 0) return AVERROR_EOF;
    if (size > left) size = (int)left;
    memcpy(buffer, in->source.bytes + in->position, (size_t)size);
  } else {
    ssize_t got;
    do got = pread(in->source.file, buffer, (size_t)size, in->position);
    while (got < 0 && errno == EINTR);
    if (got < 0) return AVERROR(errno);
    if (got == 0) return AVERROR_EOF;
    size = (int)got;
  }
  in->position += size;
  return size;
}

static int64_t seek_to(void *opaque, int64_t offset, int whence) {
  input *in = opaque;
  whence &= ~AVSEEK_FORCE;
  if (whence == AVSEEK_SIZE) return in->source.byte_count;
  // Positions past the end are legal, as in a file: the next read gives the end.
  if (whence == SEEK_CUR) {
    if (__builtin_add_overflow(offset, in->position, &offset)) return AVERROR(EINVAL);
  } else if (whence == SEEK_END) {
    if (__builtin_add_overflow(offset, in->source.byte_count, &offset)) return AVERROR(EINVAL);
  } else if (whence != SEEK_SET) {
    return AVERROR(EINVAL);
  }
  if (offset < 0) return AVERROR(EINVAL);
  in->position = offset;
  return offset;
}

stapes_ffmpeg_status input_open(input *in, const stapes_ffmpeg_source *source,
                                const stapes_ffmpeg_cancellation *cancellation) {
  *in = (input){.source = *source, .cancellation = cancellation};
  uint8_t *buffer = av_malloc(BUFFER_BYTES);
  if (buffer) in->io = avio_alloc_context(buffer, BUFFER_BYTES, 0, in, read_some, NULL, seek_to);
  if (in->io) return STAPES_FFMPEG_OK;
  av_free(buffer);
  return fail(STAPES_FFMPEG_NO_MEMORY, "not enough memory");
}

void input_close(input *in) {
  // Probing may have exchanged the buffer, so the one to free is the context's.
  if (in->io) av_freep(&in->io->buffer);
  avio_context_free(&in->io);
}
#endif
