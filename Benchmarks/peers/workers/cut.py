#!/usr/bin/env python3
"""cut.py SOURCE SECONDS TARGET.wav: the beginning of a recording, mono, 16 kHz, 16 bits."""

import pathlib
import sys
import wave

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from workers.audio import SAMPLE_RATE, decode  # noqa: E402

source, seconds, target = sys.argv[1:]
samples = decode(source)[: int(float(seconds) * SAMPLE_RATE)]
with wave.open(target, "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(SAMPLE_RATE)
    file.writeframes((samples * 32768).astype("<i2").tobytes())
