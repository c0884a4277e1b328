#!/usr/bin/env python3
"""Measures Stapes and its peers on one processor: the same weights, files, threads and options, in turn, round after
round, each round beginning with another engine. Prints medians, the least and the greatest, and ratios of the same
round: the median of ours over theirs, so below 1 is less time or memory.

Peers: faster-whisper (int8, float32), openai-whisper (float32), Transformers (bfloat16), and whisper.cpp (q8_0, f16) if
there is a whisper-cli and its weights, ggml-MODEL.bin and ggml-MODEL-q8_0.bin. Each keeps its model loaded in a process
of its own and is warmed up; whisper-cli and ours start anew for every round, warm up, and count without loading.
openai-whisper and Transformers read weights that are converted from CTranslate2's, once.

Cases: clip, dense, beam, batch, long, cold, memory, wer. A peer counts as the best of a case if its error rate is at
most 0.5 points above that of the same engine in its most exact format: from the case wer, here or in a file given by
--with.

Use a machine on which nothing else runs.
"""

import argparse
import dataclasses
import importlib.metadata
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import cases
import engines
import report
from machine import DATA, STAPES, processor

#: OpenMP's threads spin for a fifth of a second after their work.
PAUSE_SECONDS = 0.5


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", default="tiny.en,base", help="names, with commas; their CTranslate2 form is in the cache"
    )
    parser.add_argument("--case", action="append", choices=cases.NAMES, help="may be repeated; default: all")
    parser.add_argument(
        "--compute-type", action="append", help="of ours; may be repeated; default: auto. The mark of wer needs float32 too"
    )
    parser.add_argument("--our-argument", action="append", default=[], help="as in --our-argument=--decode-graph=off")
    parser.add_argument("--engine", action="append", help="only peers whose name has this in it; may be repeated")
    parser.add_argument("--rounds", type=int, default=7, help="0 measures nothing and shows what --with names")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--manifest", default=str(DATA / "manifest.jsonl"))
    parser.add_argument("--clip", help="default: the sample of this repository")
    parser.add_argument("--dense", help="default: the first 30 s of the manifest's english_long")
    parser.add_argument("--clips", type=int, default=16, help="of 5 to 15 s, for the case batch")
    parser.add_argument(
        "--whisper-cpp", action="append", metavar="[NAME=]PROGRAM", help="may be repeated; default: whisper-cli"
    )
    parser.add_argument("--ggml", help="folder of whisper.cpp's weights; default: ggml beside the models")
    parser.add_argument(
        "--with", dest="earlier", action="append", default=[], metavar="FILE", help="an earlier --output"
    )
    parser.add_argument("--output", help="writes everything as JSON, after each case")
    parser.add_argument("--plot", help="writes a picture")
    arguments = parser.parse_args()
    arguments.case = arguments.case or cases.NAMES
    arguments.compute_type = arguments.compute_type or ["auto"]
    arguments.whisper_cpp = arguments.whisper_cpp or ["whisper-cli"]
    return arguments


def measure(case, contestants, rounds):
    """Answers by engine, a list in the order of the rounds. An engine that fails is left out from then on."""
    answers = {engine.name: [] for engine in contestants}
    errors = {}

    def one(engine, record):
        if engine.name in errors:
            return
        time.sleep(PAUSE_SECONDS)
        try:
            answer = engine.fresh(case.job) if case.kind == "fresh" else engine.warm(case.job)
        except (RuntimeError, OSError, subprocess.SubprocessError) as cause:
            errors[engine.name] = str(cause)
            print(f"{engine.name} fails: {cause}", file=sys.stderr)
            return
        if record:
            # The texts are the same in every round.
            kept = (
                dataclasses.asdict(answer) if not answers[engine.name] else dataclasses.asdict(answer) | {"texts": None}
            )
            answers[engine.name].append(kept | {"rtfx": case.audio_seconds / answer.wall_s})

    if case.kind == "fresh":
        for engine in contestants:
            one(engine, record=False)
    for number in range(rounds):
        print(f"{case.name}, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        first = number % len(contestants)
        for engine in contestants[first:] + contestants[:first]:
            one(engine, record=True)
    return {name: rows for name, rows in answers.items() if name not in errors}, errors


def count_errors(case, contestants, manifest):
    """Answers by engine: ours as `bench wer` counts them, theirs as workers/score.py does, which counts ours too."""
    answers, errors, texts = {}, {}, {}
    for engine in contestants:
        print(f"{case.name}: {engine.name}", file=sys.stderr, flush=True)
        try:
            if engine.is_ours:
                counted = engine.error_rate(manifest, ["english_short", "english_long"], case.job)
                answers[engine.name] = [{key: counted[key] for key in ("errors", "words", "error_rate")}]
                texts[engine.name] = [result.get("text") or "" for result in counted["results"]]
            else:
                texts[engine.name] = engine.texts(case.job)
        except (RuntimeError, OSError, subprocess.SubprocessError) as cause:
            errors[engine.name] = str(cause)
            print(f"{engine.name} fails: {cause}", file=sys.stderr)
    script = pathlib.Path(__file__).parent / "workers" / "score.py"
    given = json.dumps({"references": case.references, "texts": texts})
    scored = json.loads(
        subprocess.run([sys.executable, script], input=given, text=True, check=True, capture_output=True).stdout
    )
    for name, counts in scored.items():
        answer = answers.setdefault(name, [dict(counts)])[0]
        answer |= {"scored_by_jiwer": counts, "texts": texts[name], "error_rate_percent": answer["error_rate"] * 100}
    return answers, errors


def versions(arguments):
    names = ["faster-whisper", "ctranslate2", "openai-whisper", "transformers", "torch"]
    found = {name: importlib.metadata.version(name) for name in names}
    for program in [STAPES, *(build.rpartition("=")[2] for build in arguments.whisper_cpp)]:
        try:
            done = subprocess.run([program, "--version"], capture_output=True, text=True)
            found[program] = done.stdout.strip().splitlines()[0]
        except (OSError, IndexError):
            pass
    return found


def write(result, path):
    if path:
        pathlib.Path(path).write_text(json.dumps(result, indent=1) + "\n")


def main():
    arguments = options()
    # So that the processes of the engines end as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    result = {
        "machine": processor(), "load": os.getloadavg()[0], "versions": versions(arguments),
        "arguments": vars(arguments), "models": {},
    }  # fmt: skip
    for path in arguments.earlier:
        for model, measured in json.loads(pathlib.Path(path).read_text())["models"].items():
            result["models"].setdefault(model, {}).update(measured)
    every = cases.of(arguments)
    chosen = [every[name] for name in cases.NAMES if name in arguments.case] if arguments.rounds else []
    for model in arguments.model.split(",") if chosen else []:
        contestants = engines.of(model, arguments)
        measured = result["models"].setdefault(model, {})
        try:
            for case in chosen:
                shared = next((one for one in chosen if one.job == case.job and one.kind == case.kind), case)
                load = os.getloadavg()[0]
                if shared is not case:
                    rounds, errors = measured[shared.name]["rounds"], measured[shared.name]["errors"]
                elif case.kind == "texts":
                    rounds, errors = count_errors(case, contestants, arguments.manifest)
                else:
                    rounds, errors = measure(case, contestants, arguments.rounds)
                measured[case.name] = {
                    "title": case.title,
                    "job": dataclasses.asdict(case.job),
                    "metrics": [dataclasses.asdict(metric) for metric in case.metrics],
                    "options": {engine.name: engine.options(case.job) for engine in contestants},
                    "ours": [engine.name for engine in contestants if engine.is_ours],
                    "reference": {engine.name: engine.reference for engine in contestants},
                    "load": [load, os.getloadavg()[0]],
                    "rounds": rounds,
                    "errors": errors,
                }
                write(result, arguments.output)
        finally:
            for engine in contestants:
                engine.stop()
    result["table"] = report.table(result["models"])
    print(report.text(result))
    write(result, arguments.output)
    if arguments.plot:
        import plot  # after the measurements: a process starts with its parent's size as its peak

        plot.draw(result, arguments.plot)


if __name__ == "__main__":
    main()
