#!/usr/bin/env python3
"""Everything that is asked of a GPU, in one go: correctness first, then speed beside the marks and beside Transformers.

Takes what Scripts/pack-gpu-check packed; needs no Swift, no network and no Python package (Transformers is measured
where there is one). Each step has a limit of its own, and a step that fails stops none of the others. When the time
runs short the least important steps are dropped. Prints one table and writes everything as JSON.
"""

import argparse
import datetime
import json
import lzma
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import machine
import marks
import steps
from failure import Failure

#: What the program is asked for, by the names that the steps use: to be changed here alone.
COMMANDS = {
    "doctor": ["doctor"],
    "invariants": ["bench", "invariants"],
    "forced": ["bench", "forced"],
    "wer": ["bench", "wer"],
    "decode": ["bench", "decode"],
    "encode": ["bench", "encode"],
    "transcribe": ["bench", "transcribe"],
    "load": ["bench", "serve"],
    "serve": ["serve"],
}
#: The backends of attention on a GPU.
BACKENDS = ["native", "flashinfer"]
GRACE_SECONDS = 5


def options():
    parser = argparse.ArgumentParser(
        prog="gpu-check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", default=str(machine.REPOSITORY / "docs" / "benchmarks"), help="folder of the JSON")
    parser.add_argument("--budget", type=float, default=540, metavar="SECONDS", help="for all; default: 540")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--pack", default=str(machine.PACK), help="what was brought; default: Kernels/build/gpu-check")
    parser.add_argument("--work", help="folder for what is unpacked and made; default: a temporary one")
    parser.add_argument("--stapes", help="a program to take instead of the one that was brought")
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has torch and transformers")
    parser.add_argument(
        "--only", action="append", metavar="WORD", help="only steps with this in their name; may be repeated"
    )
    parser.add_argument("--dry-run", action="store_true", help="the whole script on the processor, with tiny models")
    arguments = parser.parse_args()
    if arguments.dry_run:
        arguments.device = "cpu"
    return arguments


class Check:
    """What all steps share."""

    def __init__(self, arguments, work):
        self.arguments = arguments
        self.work = work
        self.pack = pathlib.Path(arguments.pack)
        self.device = arguments.device
        self.is_dry = arguments.dry_run
        self.has_gpu = self.device.startswith("cuda")
        self.deadline = time.monotonic() + arguments.budget
        #: When the step under way has to be over.
        self.limit = self.deadline
        self.results = {}
        self.stapes = None
        self.known = None

    def remaining(self):
        return min(self.limit, self.deadline) - time.monotonic()

    def unpack(self):
        self.data = self.work / "data"
        archive = self.pack / "data.tar.xz"
        if not archive.exists():
            raise Failure(f"{archive} is not there: Scripts/pack-gpu-check makes it")
        with tarfile.open(archive) as tar:
            tar.extractall(self.data, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        self.clips = self.data / "dev"
        self.model = self.data / "tiny.en-int8"
        self.kernels = self.data / "kernels"
        self.reference = json.loads((self.data / "reference.json").read_text())
        self.stapes = self.work / "stapes"
        if self.arguments.stapes:
            self.stapes.unlink(missing_ok=True)
            self.stapes.symlink_to(pathlib.Path(self.arguments.stapes).resolve())
        else:
            self.decompress("stapes.xz").chmod(0o755)
        # The program looks for its libraries beside itself.
        for library in self.pack.glob("*.so.xz"):
            self.decompress(library.name)

    def decompress(self, name):
        target = self.work / name.removesuffix(".xz")
        with lzma.open(self.pack / name) as packed, open(target, "wb") as plain:
            shutil.copyfileobj(packed, plain)
        return target

    def command(self, name, *rest):
        words = COMMANDS[name]
        if words[0] == "bench" and words[1] not in self.bench_commands():
            raise Failure(f"this build has no `stapes {' '.join(words)}`", "not in this build")
        return [str(self.stapes), *words, *map(str, rest)]

    def bench_commands(self):
        if self.known is None:
            done = subprocess.run([self.stapes, "bench", "--help"], capture_output=True, text=True, timeout=60)
            _, _, listed = done.stdout.partition("SUBCOMMANDS:")
            self.known = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line.split()]
        return self.known

    def run(self, command, statuses=(0,), log=None):
        """What the command prints. It is ended with all its children when the time is over."""
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            out, errors = process.communicate(timeout=max(self.remaining(), 1))
        except subprocess.TimeoutExpired:
            end(process)
            out, errors = process.communicate()
            if log is not None:
                log.append(out)
            raise Failure(f"{words_of(command)}: not done in time", "timed out") from None
        if log is not None:
            log.append(out)
        if process.returncode not in statuses:
            last = (errors.strip().splitlines() or out.strip().splitlines() or ["no message"])[-1]
            raise Failure(f"{words_of(command)}: status {process.returncode}: {last[:400]}")
        return out

    def json(self, name, *rest, statuses=(0,)):
        out = self.run(self.command(name, *rest, "--json"), statuses)
        try:
            return json.loads(out)
        except ValueError as cause:
            raise Failure(f"stapes {' '.join(COMMANDS[name])} printed no JSON: {cause}") from None


def end(process):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(GRACE_SECONDS)
            return
        except subprocess.TimeoutExpired:
            pass


def words_of(command):
    """The program and what it was asked for, without options and files."""
    words = [pathlib.Path(word).name if "/" in str(word) else str(word) for word in command[:3]]
    return " ".join(word for word in words if not word.startswith("-"))


def reserve(step, later):
    """Seconds that more important steps after this one are expected to take."""
    return sum(one.seconds for one in later if one.importance < step.importance)


def take(check, step, later):
    """One step's record."""
    left = check.deadline - time.monotonic()
    if step.needs_gpu and not check.has_gpu:
        return {"status": "no GPU", "seconds": 0}
    if left - reserve(step, later) < step.seconds:
        return {"status": "dropped", "seconds": 0, "error": f"{max(left, 0):.0f} s are left, for more important steps"}
    begin = time.monotonic()
    check.limit = begin + min(step.limit, left)
    record = {"status": "done"}
    try:
        result = step.body(check)
    except Failure as cause:
        record = {"status": cause.status, "error": str(cause)}
        result = cause.partial
    except Exception as cause:  # a step must not end the others
        record = {"status": "failed", "error": f"{type(cause).__name__}: {cause}"}
        result = None
    if result is not None:
        check.results[step.name] = record["result"] = result
    record["seconds"] = round(time.monotonic() - begin, 1)
    return record


def number(value, digits):
    # Without the minus of a zero.
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def text(table):
    rows = [("row", "measured", "mark", "reached")]
    for row in table:
        reached = {None: "", True: "yes", False: "no"}[row["reached"]]
        unit = row["unit"] if row["measured"] is not None else ""
        measured = f"{number(row['measured'], row['digits'])} {unit}".strip()
        rows.append((row["row"], measured, row["mark"] or "", reached))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def write(report, folder, work):
    folder.mkdir(parents=True, exist_ok=True)
    name = "dry-run" if report["dry_run"] else "gpu"
    path = folder / f"{name}-{report['date'][:10]}-{report['date'][11:16].replace(':', '')}.json"
    partial = path.with_suffix(".partial")
    # Where things lay says nothing, least of all in a temporary folder.
    partial.write_text(json.dumps(report, indent=1).replace(f"{work}/", "") + "\n")
    partial.replace(path)
    return path


def main():
    arguments = options()
    # So that what was started ends as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    date = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    if arguments.device.startswith("cuda") and shutil.which("nvidia-smi"):
        subprocess.run(["timeout", "60", "nvidia-smi"])
    hardware = machine.describe(arguments.device)
    print(json.dumps(hardware), flush=True)
    work = pathlib.Path(arguments.work) if arguments.work else pathlib.Path(tempfile.mkdtemp(prefix="gpu-check-"))
    work.mkdir(parents=True, exist_ok=True)
    report = {
        "date": date, "dry_run": arguments.dry_run, "device": arguments.device, "hardware": hardware,
        "budget_seconds": arguments.budget, "steps": {},
    }  # fmt: skip
    begin = time.monotonic()
    try:
        check = Check(arguments, work)
        try:
            check.unpack()
            report["version"] = check.run([str(check.stapes), "--version"]).strip()
        except (Failure, OSError, ValueError, KeyError, lzma.LZMAError, tarfile.TarError) as cause:
            print(f"gpu-check: {cause}", file=sys.stderr)
            return 1
        report["packed"] = check.reference.get("packed")
        chosen = steps.all_of(check, BACKENDS)
        if arguments.only:
            chosen = [step for step in chosen if any(word in step.name for word in arguments.only)]
        path = None
        for position, step in enumerate(chosen):
            record = take(check, step, chosen[position + 1 :])
            report["steps"][step.name] = record
            error = f": {record['error']}" if "error" in record else ""
            print(f"{time.monotonic() - begin:6.1f} s  {step.name}: {record['status']}{error}", flush=True)
            report["seconds"] = round(time.monotonic() - begin, 1)
            report["table"] = marks.table(check.results)
            # After each, so that an end from outside loses nothing.
            path = write(report, pathlib.Path(arguments.out), work)
    finally:
        if not arguments.work:
            shutil.rmtree(work, ignore_errors=True)
    if arguments.dry_run:
        print("\nA dry run, on the processor and mostly with models of a width of 64: the numbers mean nothing.")
    print(f"\n{text(report.get('table', []))}")
    for status in ("failed", "timed out", "not in this build", "no GPU", "dropped"):
        names = [name for name, record in report["steps"].items() if record["status"] == status]
        if names:
            print(f"\n{status}: {', '.join(names)}")
    print(f"\n{path}")
    bad = [record for record in report["steps"].values() if record["status"] in ("failed", "timed out")]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
