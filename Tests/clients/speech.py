"""Sound as a realtime session takes it."""

import io
import math
import shutil
import struct
import subprocess
import wave


def wav_of(samples, rate=16000):
    """16-bit mono WAV of floats."""
    pcm = struct.pack(f"<{len(samples)}h", *(int(max(-1, min(1, x)) * 32767) for x in samples))
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return output.getvalue()


def tone(seconds, rate=16000, frequency=440):
    return [0.3 * math.sin(2 * math.pi * frequency * i / rate) for i in range(int(seconds * rate))]


def pcm_of(path, rate=24000):
    """16-bit little-endian mono samples of a file, through ffmpeg; None without it."""
    if not shutil.which("ffmpeg"):
        return None
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-ac", "1", "-ar", str(rate), "-"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
