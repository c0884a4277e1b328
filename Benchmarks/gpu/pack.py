#!/usr/bin/env python3
"""Packs what a GPU machine is brought: see Scripts/pack-gpu-check. Needs PyAV, to make WAV of the recordings."""

import argparse
import datetime
import io
import json
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import wave

import av

import machine

MAXIMUM_BYTES = 60 << 20
RATE = 16_000
#: The words for reference: the processor's float32, the weights as packed.
REFERENCE = ["--compute-type", "float32", "--beam-size", "1", "--no-fallback", "--quiet", "--json"]
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def options():
    parser = argparse.ArgumentParser(prog="pack-gpu-check", description=__doc__)
    parser.add_argument("--stapes", required=True, help="the program to pack, stripped")
    parser.add_argument("--processor-stapes", help="the program that makes the references; default: the same")
    parser.add_argument("--model", default="tiny.en", help="default: tiny.en")
    parser.add_argument("--manifest", default=str(manifest_folder() / "manifest.jsonl"))
    parser.add_argument(
        "--category", action="append", help="of the manifest; default: english_short, english_single_word"
    )
    parser.add_argument("--kernels", help="a folder of the kernels' test programs, packed as it is")
    parser.add_argument("--out", default=str(machine.PACK))
    arguments = parser.parse_args()
    arguments.category = arguments.category or ["english_short", "english_single_word"]
    return arguments


def manifest_folder():
    return pathlib.Path(os.environ.get("STAPES_DATA") or machine.REPOSITORY.parent / "shared" / "data") / "dev"


def samples(path):
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path), metadata_errors="ignore") as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return b"".join(frame.to_ndarray().tobytes() for frame in frames)


def recordings(manifest, categories, folder):
    """The lines of the manifest, with names of the WAV files that are written."""
    manifest = pathlib.Path(manifest)
    lines = []
    for text in manifest.read_text().splitlines():
        line = json.loads(text)
        if line["category"] not in categories or line["expect"] != "text":
            continue
        target = (folder / line["audio"]).with_suffix(".wav")
        target.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(target), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples(manifest.parent / line["audio"]))
        lines.append({**line, "audio": str(pathlib.Path(line["audio"]).with_suffix(".wav"))})
    if not lines:
        sys.exit(f"pack-gpu-check: {manifest} has no line of {', '.join(categories)}")
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return lines


def output(*command, statuses=(0,)):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode not in statuses:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        sys.exit(f"pack-gpu-check: {pathlib.Path(command[0]).name} {command[1]} {command[2]}: {last}")
    return done.stdout


def has_command(program, name):
    return f"  {name} " in subprocess.run([program, "bench", "--help"], capture_output=True, text=True).stdout


def references(program, model, folder, data):
    """What the processor makes of the recordings in float32."""
    manifest = folder / "manifest.jsonl"
    report = json.loads(
        output(program, "bench", "wer", "--manifest", manifest, "--model", model, *REFERENCE, statuses=(0, 3))
    )
    texts = {one["audio"]: one["text"] for one in report["results"]}
    if has_command(program, "forced"):
        output(
            program, "bench", "forced", "--manifest", manifest, "--model", model, "--compute-type", "float32",
            "--record", data / "forced.json", "--json",
        )  # fmt: skip
    else:
        print("pack-gpu-check: this build has no `stapes bench forced`: no steps are packed", file=sys.stderr)
    reference = {
        "packed": {
            "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "version": output(program, "--version").strip(),
            "processor": machine.processor(),
        },
        "wer": {"errors": report["errors"], "words": report["words"], "files": report["files"], "texts": texts},
    }
    (data / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
    return reference


def archive(data, path):
    """The same bytes for the same content."""

    def plain(entry):
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    # Files of a kind side by side, which suits the compression.
    files = sorted((file for file in data.rglob("*") if file.is_file()), key=lambda file: (file.suffix, file))
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for file in files:
            tar.add(file, file.relative_to(data), filter=plain)
    with lzma.open(path, "wb", format=lzma.FORMAT_XZ, filters=FILTERS) as packed:
        packed.write(held.getvalue())


def compress(source, target):
    with open(source, "rb") as plain, lzma.open(target, "wb", filters=FILTERS) as packed:
        shutil.copyfileobj(plain, packed)


def main():
    arguments = options()
    out = pathlib.Path(arguments.out)
    shutil.rmtree(out, ignore_errors=True)
    data = out / "data"
    folder = data / "dev"
    folder.mkdir(parents=True)
    program = arguments.processor_stapes or arguments.stapes
    lines = recordings(arguments.manifest, set(arguments.category), folder)
    model = data / "tiny.en-int8"
    output(program, "models", "quantize", arguments.model, model, "--type", "int8", "--quiet")
    # tokenizer.json holds the vocabulary as well.
    reference = references(program, model, folder, data)
    if arguments.kernels:
        shutil.copytree(arguments.kernels, data / "kernels")
    archive(data, out / "data.tar.xz")
    shutil.rmtree(data)
    compress(arguments.stapes, out / "stapes.xz")
    library = machine.REPOSITORY / "Kernels" / "build" / "libstapes_flashinfer.so"
    if library.exists():
        compress(library, out / f"{library.name}.xz")
    else:
        print(f"pack-gpu-check: {library} is not there: packed without FlashInfer", file=sys.stderr)
    total = 0
    for file in sorted(out.iterdir()):
        total += file.stat().st_size
        print(f"{file.stat().st_size / (1 << 20):6.1f} MiB  {file.name}")
    counts = reference["wer"]
    seconds = sum(line["duration"] for line in lines)
    print(f"{total / (1 << 20):6.1f} MiB in {out}: {len(lines)} recordings, {seconds:.0f} s,")
    print(f"{counts['errors']} errors in {counts['words']} words on the processor in float32")
    if total > MAXIMUM_BYTES:
        sys.exit(f"pack-gpu-check: more than {MAXIMUM_BYTES >> 20} MiB: leave out categories")


if __name__ == "__main__":
    main()
