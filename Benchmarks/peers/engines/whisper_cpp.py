import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from engines.engine import Engine, Unavailable
from job import Answer
from machine import CACHE

TIMING = re.compile(r"(\w+) time =\s*([\d.]+) ms(?: /\s*(\d+) runs)?")


class WhisperCpp(Engine):
    """whisper-cli, a process a job. It is given a file more before the others: that one is the warm-up, and the time
    runs from the line with which the next begins to the timings at the end. What it prints of its parts is the mean
    with the warm-up in it."""

    def __init__(self, model, kind, build, arguments):
        label, _, program = build.rpartition("=")
        name = f"whisper.cpp {kind}" + (f" {label}" if label else "")
        super().__init__(name, model, arguments.threads)
        self.program = shutil.which(program)
        if self.program is None:
            raise Unavailable(f"{name}: no program {program}")
        folder = pathlib.Path(arguments.ggml or CACHE / "ggml")
        self.weights = folder / f"ggml-{model}{'' if kind == 'f16' else '-' + kind}.bin"
        if not self.weights.exists():
            raise Unavailable(f"{name}: no {self.weights}")
        self.reference = f"whisper.cpp f16 {label}".rstrip()

    def options(self, job):
        options = ["--no-fallback", "--max-context", "0", "--beam-size", str(job.beam), "--best-of", "1"]
        # Times lead it through a long file.
        return options + ([] if job.timestamps or job.long else ["--no-timestamps"])

    def command(self, files, job):
        command = [self.program, "--model", str(self.weights), "--threads", str(self.threads), "--language", "en"]
        return command + ["--no-gpu"] + self.options(job) + [part for path in files for part in ("--file", path)]

    def fresh_command(self, job):
        return self.command(job.files, job)

    def warm(self, job):
        command = self.command([job.warm_up or job.files[0], *job.files], job)
        moments = []
        timings = {}
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True, env=self.environment)
            for line in process.stderr:
                now = time.perf_counter()
                found = TIMING.search(line)
                if " processing '" in line:
                    moments.append(now)
                elif found:
                    timings.setdefault(found[1], (now, float(found[2]), int(found[3] or 1)))
            if process.wait() or len(moments) != len(job.files) + 1:
                raise RuntimeError(f"{' '.join(command)}: status {process.returncode}")
        answer = Answer(timings["load"][0] - moments[1])
        windows = timings["encode"][2]
        # Greedy, each token is a decode. With beams a step counts as so many batches; the prompt adds a few.
        tokens = timings["decode"][2] if job.beam == 1 else timings["batchd"][2] // windows // job.beam * windows
        steps = tokens + windows
        # The warm-up is a short file, of one window. How many of the tokens are its own is known where it is the same.
        answer.windows = windows - 1
        answer.tokens = tokens // 2 if windows == 2 else None
        answer.encode_ms_per_window = timings["encode"][1] / windows
        answer.decode_ms_per_token = sum(timings[part][1] for part in ("sample", "decode", "batchd", "prompt")) / steps
        return answer

    def texts(self, job):
        with tempfile.TemporaryDirectory() as folder:
            outputs = [str(pathlib.Path(folder) / str(number)) for number in range(len(job.files))]
            command = self.command(job.files, job) + ["--output-txt"]
            command += [part for path in outputs for part in ("--output-file", path)]
            subprocess.run(command, check=True, capture_output=True, env=self.environment)
            return [" ".join(pathlib.Path(path + ".txt").read_text().split()) for path in outputs]
