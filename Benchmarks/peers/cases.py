"""What is measured: the files, what is asked for them, and the numbers that are looked at. Knows no engine."""

import dataclasses
import json
import pathlib
import subprocess
import sys

from job import Job
from machine import CACHE, REPOSITORY

NAMES = ["clip", "dense", "beam", "batch", "long", "cold", "memory", "wer"]


@dataclasses.dataclass(frozen=True)
class Metric:
    key: str
    title: str
    unit: str
    higher_is_better: bool = False
    digits: int = 2


WALL = Metric("wall_s", "time", "s", digits=3)
ENCODE = Metric("encode_ms_per_window", "encoder", "ms a window", digits=1)
DECODE = Metric("decode_ms_per_token", "decoder", "ms a token")
SPEED = Metric("rtfx", "speed", "times real time", higher_is_better=True, digits=1)
MEMORY = Metric("peak_mib", "peak memory", "MiB", digits=0)
ERRORS = Metric("error_rate_percent", "error rate", "% of words")


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    title: str
    #: warm: the model is loaded; fresh: a process of its own; texts: words are counted, once.
    kind: str
    job: Job
    metrics: tuple[Metric, ...]
    audio_seconds: float
    references: tuple[str, ...] = ()


class Manifest:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.lines = [json.loads(line) for line in self.path.read_text().splitlines() if line.strip()]

    def category(self, *names):
        return [line for line in self.lines if line["category"] in names]

    def file(self, line):
        return str(self.path.parent / line["audio"])


def beginning(source, seconds):
    """A file with the first seconds of another, kept in the cache."""
    target = CACHE / "bench-peers" / f"{pathlib.Path(source).stem}-{seconds}s.wav"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        script = pathlib.Path(__file__).parent / "workers" / "cut.py"
        subprocess.run([sys.executable, script, source, str(seconds), target], check=True)
    return str(target)


def of(arguments):
    """The cases by name."""
    manifest = Manifest(arguments.manifest)
    clip = (arguments.clip or str(REPOSITORY / "Samples" / "jfk-inaugural.flac"),)
    short = [line for line in manifest.category("english_short") if 5 <= line["duration"] <= 15][: arguments.clips]
    long = manifest.category("english_long")[0]
    dense = arguments.dense or beginning(manifest.file(long), 30)
    scored = [line for line in manifest.category("english_short", "english_long") if line["expect"] == "text"]
    cases = [
        Case("clip", "11 s clip, greedy", "warm", Job(clip, parts=True), (WALL, ENCODE, DECODE), 11),
        Case("dense", "30 s of dense speech, greedy", "warm", Job((dense,), parts=True), (WALL, ENCODE, DECODE), 30),
        Case("beam", "11 s clip, beam 5", "warm", Job(clip, beam=5), (WALL,), 11),
        Case(
            "batch", f"{len(short)} short clips at once", "warm",
            Job(tuple(manifest.file(line) for line in short), batch=8), (SPEED,),
            sum(line["duration"] for line in short),
        ),
        Case(
            "long", f"{long['duration']:.0f} s file", "warm",
            Job((manifest.file(long),), batch=8, long=True, warm_up=clip[0]), (SPEED,), long["duration"],
        ),
        Case("cold", "11 s clip, from start to text", "fresh", Job(clip), (WALL,), 11),
        Case("memory", "11 s clip, whole process", "fresh", Job(clip), (MEMORY,), 11),
        Case(
            "wer", f"errors in {len(scored)} recordings, greedy", "texts",
            Job(tuple(manifest.file(line) for line in scored), timestamps=True), (ERRORS,),
            sum(line["duration"] for line in scored), tuple(line["text"] for line in scored),
        ),
    ]  # fmt: skip
    return {case.name: case for case in cases}
