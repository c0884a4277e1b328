#if defined(STAPES_FFMPEG)
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

static _Thread_local char message[256];

const char *stapes_ffmpeg_message(void) { return message; }

stapes_ffmpeg_status fail(stapes_ffmpeg_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return status;
}

stapes_ffmpeg_status fail_because(stapes_ffmpeg_status status, const char *what, int code) {
  if (code == AVERROR(ENOMEM)) return fail(STAPES_FFMPEG_NO_MEMORY, "not enough memory");
  char words[AV_ERROR_MAX_STRING_SIZE] = {0};
  av_strerror(code, words, sizeof words);
  return fail(status, "%s: %s", what, words);
}
#endif
