"""Records what faster-whisper 1.2.1 itself makes of speech and silence, for the tests of StapesAudio.

Usage: make-vad-goldens.py [--cases COUNT] GOLDENS_FOLDER RECORDING...   (needs faster-whisper 1.2.1)

Runs its network over the recordings, and its functions that cut, pack and map back over made-up probabilities and
chunks. Recordings are named by the path given, which is relative to the repository for the goldens kept there.
"""

import argparse
import json
import os
import random
import types

import faster_whisper
import numpy as np
from faster_whisper import transcribe, vad
from faster_whisper.audio import decode_audio

assert faster_whisper.__version__ == "1.2.1", faster_whisper.__version__


class Noise:
    """Integers that the Swift test makes again: a 64-bit linear congruential generator."""

    def __init__(self, seed):
        self.state = seed

    def next(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 40) % bound


def made_up_probabilities(seed, count, longest_run):
    """Runs of speech, silence, something between, and noise; multiples of 1/64, so that thresholds are met exactly."""
    noise, values = Noise(seed), []
    while len(values) < count:
        low, width = [(32, 33), (0, 22), (20, 16), (0, 65)][noise.next(4)]
        for _ in range(1 + noise.next(longest_run)):
            values.append((low + noise.next(width)) / 64)
    return np.array(values[:count], dtype=np.float32)


def random_options(rng):
    return dict(
        threshold=rng.choice([0.5, 0.5, 0.5, 0.3, 0.75, 0.1, 0.005]),
        neg_threshold=rng.choice([None, None, 0.25, 0.5, 0.75]),
        min_speech_duration_ms=rng.choice([0, 0, 250, 1000]),
        max_speech_duration_s=rng.choice([None, 30, 10, 5, 2.5, 0.5]),
        min_silence_duration_ms=rng.choice([2000, 160, 100, 0, 500, 98]),
        speech_pad_ms=rng.choice([400, 400, 0, 30, 33, 2000]),
    )


def timestamps(audio, options):
    """Ranges of samples by faster-whisper's own function."""
    known = {k: v for k, v in options.items() if v is not None}
    return [[s["start"], s["end"]] for s in vad.get_speech_timestamps(audio, vad.VadOptions(**known))]


def recording_case(path):
    audio = decode_audio(path)
    padded = np.pad(audio, (0, 512 - audio.shape[0] % 512))
    rng = random.Random(path)
    options = [dict(min_silence_duration_ms=160, max_speech_duration_s=30)] + [random_options(rng) for _ in range(5)]
    return dict(
        path=path,
        sampleCount=len(audio),
        probabilities=[round(float(p), 6) for p in vad.get_vad_model()(padded).ravel()],
        speech=[dict(options=names(o), ranges=timestamps(audio, o)) for o in [{}] + options],
    )


def names(options):
    swift = dict(
        threshold="threshold", neg_threshold="silenceThreshold", min_speech_duration_ms="minimumSpeechMilliseconds",
        max_speech_duration_s="maximumSpeechSeconds", min_silence_duration_ms="minimumSilenceMilliseconds",
        speech_pad_ms="paddingMilliseconds",
    )
    defaults = dict(
        threshold=0.5, min_speech_duration_ms=0, min_silence_duration_ms=2000, speech_pad_ms=400,
    )
    return {swift[k]: v for k, v in (defaults | options).items() if v is not None}


def cut_case(seed):
    rng = random.Random(seed)
    count, longest_run = rng.choice([1, 2, 30, 300, 1500]), rng.choice([2, 10, 60, 200])
    sample_count = count * 512 - rng.randrange(1, 513)
    options = random_options(rng)
    probabilities = made_up_probabilities(seed, count, longest_run)
    original = vad.get_vad_model
    vad.get_vad_model = lambda: lambda audio: probabilities
    ranges = timestamps(np.zeros(sample_count, dtype=np.float32), options)
    vad.get_vad_model = original
    return dict(
        seed=seed, frames=count, longestRun=longest_run, sampleCount=sample_count, options=names(options),
        ranges=ranges,
    )


def random_chunks(rng, longest):
    chunks, end = [], 0
    for _ in range(rng.choice([1, 2, 5, 15])):
        start = end + rng.choice([0, 1, rng.randrange(100_000)])
        end = start + rng.choice([1, 512, 16_000, rng.randrange(1, longest)])
        chunks.append(dict(start=start, end=end))
    return chunks


def map_case(seed):
    rng = random.Random(seed)
    chunks = random_chunks(rng, 480_000)
    ends = (np.cumsum([c["end"] - c["start"] for c in chunks]) / 16_000).tolist()
    times = []
    for _ in range(12):
        near = rng.choice([0.0, *ends, round(rng.uniform(0, ends[-1] + 5), 3)])
        times.append(max(0.0, near + rng.choice([0.0, 0.0, 0.005, 0.02, -0.02, round(rng.uniform(-2, 2), 3)])))
    times += [round(time, 2) for time in times]
    pairs = [sorted(rng.sample(times, 2)) for _ in range(12)]
    # Times of words come out of numpy's arrays there, so numpy rounds them; those of segments are Python's.
    word = lambda s, e: types.SimpleNamespace(start=np.float64(s), end=np.float64(e))  # noqa: E731
    segment = lambda s, e, w: types.SimpleNamespace(start=s, end=e, words=w)  # noqa: E731
    given = [segment(s, e, None) for s, e in pairs] + [segment(s, e, [word(s, e)]) for s, e in pairs]
    mapped = list(transcribe.restore_speech_timestamps(given, chunks, 16_000))
    return dict(
        chunks=[[c["start"], c["end"]] for c in chunks],
        times=pairs,
        segments=[[s.start, s.end] for s in mapped[: len(pairs)]],
        words=[[s.start, s.end] for s in mapped[len(pairs) :]],
    )


def pack_case(seed):
    rng = random.Random(seed)
    seconds = rng.choice([30, 30, 10])
    chunks = random_chunks(rng, seconds * 16_000 + 1)
    # A sample's value is its index, so that what is in a window can be told.
    audio = np.arange(chunks[-1]["end"], dtype=np.float64)
    windows, metadata = vad.collect_chunks(audio, chunks, max_duration=seconds)
    packed = []
    for window, data in zip(windows, metadata):
        breaks = [0, *(np.flatnonzero(np.diff(window) != 1) + 1).tolist(), len(window)]
        packed.append(
            dict(
                offset=data["offset"], duration=data["duration"],
                runs=[[int(window[a]), int(window[b - 1]) + 1] for a, b in zip(breaks, breaks[1:])],
            )
        )
    return dict(seconds=seconds, chunks=[[c["start"], c["end"]] for c in chunks], windows=packed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=30)
    parser.add_argument("folder")
    parser.add_argument("recordings", nargs="*")
    arguments = parser.parse_args()
    seeds = range(arguments.cases)
    golden = dict(
        recordings=[recording_case(path) for path in arguments.recordings],
        # With 1598 one frame ends a pause and begins the next.
        cuts=[cut_case(seed) for seed in [*seeds, 1598]],
        maps=[map_case(seed) for seed in seeds],
        packs=[pack_case(seed) for seed in seeds],
    )
    path = os.path.join(arguments.folder, "voice-activity.json")
    with open(path, "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")
    print(path, os.path.getsize(path))


main()
