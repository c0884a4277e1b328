import contextlib
import dataclasses
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from engines.engine import Engine, Unavailable
from job import Answer
from machine import CACHE, MODELS, REPOSITORY

WORKER = pathlib.Path(__file__).resolve().parents[1] / "worker.py"
PACKAGES = {"faster_whisper": "faster_whisper", "openai_whisper": "whisper", "hugging_face": "transformers"}
OPTIONS = {
    "faster_whisper": "temperature 0.0, condition_on_previous_text False, the rest as it comes; "
    "batches: BatchedInferencePipeline, files joined and named by clip_timestamps; long: the pipeline with its VAD",
    "openai_whisper": "temperature 0.0, fp16 False, condition_on_previous_text False, the rest as it comes; "
    "batches and long: one window after the other; long: with times, which lead it on",
    "hugging_face": "do_sample False, condition_on_prev_tokens False, no thresholds; attention as it comes; "
    "batches: features stacked; long: its sequential form, with times",
}


def weights(model, form):
    """The folder of the model in a form, which is made once from CTranslate2's and kept."""
    source = MODELS / model
    if not (source / "model.bin").exists():
        raise Unavailable(f"no {source}/model.bin: Scripts/fetch-model {model}")
    if form == "ctranslate2":
        return source
    folder = CACHE / "converted" / f"{model}-{form}"
    if not folder.exists():
        command = [sys.executable, REPOSITORY / "Scripts" / "convert-weights.py", source, folder, "--to", form]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return folder


class InPython(Engine):
    """A peer of workers/, in a process that keeps its model between the jobs."""

    def __init__(self, model, name, module, form, compute_type, reference, arguments):
        super().__init__(name, model, arguments.threads)
        if importlib.util.find_spec(PACKAGES[module]) is None:
            raise Unavailable(f"{name}: no package {PACKAGES[module]}")
        self.module, self.reference = module, reference
        self.command = [sys.executable, str(WORKER), module, str(weights(model, form))]
        self.command += ["--compute-type", compute_type, "--threads", str(self.threads)]
        self.process = None

    def options(self, job):
        return OPTIONS[self.module]

    def start(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=self.environment,
        )
        self.warmed = set()
        self.line()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise RuntimeError(f"{self.name}: ended: {self.log.read()[-3000:]}")
        return line

    def ask(self, job):
        if self.process is None:
            self.start()
        print(json.dumps(dataclasses.asdict(job)), file=self.process.stdin, flush=True)
        return Answer(**json.loads(self.line()))

    def warm(self, job):
        """The first time a job comes it is done once more before."""
        if self.process is None or job not in self.warmed:
            self.ask(job)
            self.warmed.add(job)
        return self.ask(job)

    def texts(self, job):
        return self.ask(job).texts

    def fresh_command(self, job):
        return [*self.command, "--once", json.dumps(dataclasses.asdict(job))]

    def stop(self):
        if self.process is None:
            return
        # A worker that is gone has closed its end.
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.kill(self.process.pid, 9)
            self.process.wait()
        self.process = None
