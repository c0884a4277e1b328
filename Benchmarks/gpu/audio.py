"""WAV files for measurements, made of others."""

import pathlib
import wave

RATE = 16_000
WINDOW = 30 * RATE


def samples(path):
    """The bytes of 16-bit samples at 16 kHz, mono."""
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
            raise ValueError(f"{path}: not 16 bits, 16 kHz and one channel")
        return file.readframes(file.getnframes())


def write(path, data):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data)


def windows(clips, directory, count):
    """`count` files of just 30 s, no two alike, cut from the clips one after the other. Those that are there stay."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{number:04}.wav" for number in range(count)]
    if all(path.exists() for path in paths):
        return paths
    speech = b"".join(samples(clip) for clip in clips)
    total = len(speech) // 2
    speech += speech[: 2 * WINDOW]
    for number, path in enumerate(paths):
        # A prime number of samples: the cuts repeat only after as many windows as there are samples.
        start = number * 160_001 % total
        write(path, speech[2 * start : 2 * (start + WINDOW)] if total >= WINDOW else (speech * 30)[: 2 * WINDOW])
    return paths
