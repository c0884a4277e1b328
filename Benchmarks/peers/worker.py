#!/usr/bin/env python3
"""A peer that runs in Python: loads a model, then answers jobs.

    worker.py ENGINE MODEL --compute-type TYPE --threads N [--once JOB]

Jobs and answers are JSON, a line each, on standard input and standard output: job.py. With --once, prints the text of
one job and ends, as a script that somebody runs.
"""

import argparse
import dataclasses
import importlib
import json
import os
import sys

from job import Job


def decoded(text):
    fields = json.loads(text)
    return Job(**{**fields, "files": tuple(fields["files"])})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", help="a module of workers/")
    parser.add_argument("model", help="folder")
    parser.add_argument("--compute-type", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--once", metavar="JOB")
    arguments = parser.parse_args()
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module = importlib.import_module(f"workers.{arguments.engine}")
    worker = module.Worker(arguments.model, arguments.compute_type, arguments.threads)
    if arguments.once:
        print("\n".join(worker.run(decoded(arguments.once)).texts), file=answers, flush=True)
        sys.exit()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(dataclasses.asdict(worker.run(decoded(line)))), file=answers, flush=True)
