#!/usr/bin/env python3
"""Puts the table of a run of Scripts/gpu-check into docs/Benchmarks.md, between two lines that mark its place, or at
the end if there are none. Only what was measured is written; marks that were missed, and rows that wait, are named.
"""

import argparse
import json
import pathlib
import sys

from machine import REPOSITORY

BEGIN, END = "<!-- gpu-check: written by Benchmarks/gpu/report.py -->", "<!-- /gpu-check -->"
DOCUMENT = REPOSITORY / "docs" / "Benchmarks.md"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="JSON that Scripts/gpu-check wrote")
    parser.add_argument("--into", default=str(DOCUMENT), help="default: docs/Benchmarks.md; - prints instead")
    return parser.parse_args()


def hardware(result):
    gpus = result["hardware"]["gpus"]
    names = ", ".join(f"{gpu['name']} (driver {gpu['driver_version']}, {gpu['memory.total']})" for gpu in gpus)
    return f"{names or 'no GPU'}; {result['hardware']['processor']}"


def section(result, name):
    measured = [row for row in result["table"] if row["measured"] is not None]
    waiting = [row["row"] for row in result["table"] if row["measured"] is None]
    lines = [
        "## On a GPU", "",
        f"{result['date'][:10]}, {hardware(result)}; {result['version']}; device {result['device']}.",
        f"`Scripts/gpu-check`, {result['seconds']:.0f} s; everything is in `docs/benchmarks/{name}`.", "",
        "| what | measured | mark |", "|---|---|---|",
    ]  # fmt: skip
    for row in measured:
        value = f"{row['measured']:.{row['digits']}f} {row['unit']}".strip()
        reached = {None: "", True: ", reached", False: ", missed"}[row["reached"]]
        lines.append(f"| {row['row']} | {value} | {(row['mark'] or '-') + reached} |")
    if waiting:
        lines += ["", f"Not measured: {'; '.join(waiting)}."]
    for status in ("failed", "timed out", "dropped", "not in this build"):
        names = [step for step, record in result["steps"].items() if record["status"] == status]
        if names:
            lines += ["", f"Steps {status}: {', '.join(names)}."]
    return "\n".join(lines)


def main():
    arguments = options()
    path = pathlib.Path(arguments.result)
    result = json.loads(path.read_text())
    if result["dry_run"]:
        sys.exit(f"report: {path} is of a dry run, which measures nothing")
    if not result["hardware"]["gpus"]:
        sys.exit(f"report: {path} is of a machine without a GPU")
    if not any(row["measured"] is not None for row in result["table"]):
        sys.exit(f"report: nothing was measured in {path}")
    text = f"{BEGIN}\n{section(result, path.name)}\n{END}\n"
    if arguments.into == "-":
        print(text, end="")
        return
    document = pathlib.Path(arguments.into)
    old = document.read_text()
    if BEGIN in old and END in old:
        head, _, rest = old.partition(BEGIN)
        text = head + text + rest.partition(END)[2].lstrip("\n")
    else:
        text = old.rstrip("\n") + "\n\n" + text
    document.write_text(text)


if __name__ == "__main__":
    main()
