import json
import subprocess

from engines.engine import Engine
from job import Answer
from machine import MODELS, STAPES


class Stapes(Engine):
    is_ours = True

    def __init__(self, model, compute_type, arguments):
        super().__init__(f"Stapes {compute_type}", model, arguments.threads)
        self.compute_type = compute_type
        self.reference = "Stapes float32"
        self.extra = arguments.our_argument

    def engine_options(self):
        options = ["--model", str(MODELS / self.model), "--compute-type", self.compute_type]
        return [*options, "--threads", str(self.threads), *self.extra]

    def options(self, job):
        options = ["--beam-size", str(job.beam), "--no-fallback", "--no-condition-on-previous-text"]
        options += ["--no-timestamps"] if not job.timestamps else []
        options += ["--batched"] if job.long else []
        if job.batch > 1:
            # Rows are admitted as others end, so all files may be there at once.
            options += ["--batch-size", str(job.batch if job.long else len(job.files))]
        return options

    def warm(self, job):
        """bench transcribe loads, does the job once to warm up, and once for the time."""
        command = [STAPES, "bench", "transcribe", *job.files, "--language", "en", "--repeat", "1", "--json"]
        report = self.report(command + self.options(job) + self.engine_options())
        run = report["runs"][0]
        answer = Answer(run["wall_seconds"], windows=run["windows"], tokens=run["tokens"])
        answer.encode_ms_per_window = run["encode_seconds"] * 1000 / run["windows"]
        answer.prefill_ms = run["prefill_seconds"] * 1000 / run["windows"]
        steps = run["tokens"] + run["windows"]
        answer.decode_ms_per_token = (run["prefill_seconds"] + run["decode_seconds"]) * 1000 / steps
        return answer

    def fresh_command(self, job):
        command = [STAPES, "transcribe", *job.files, "--language", "en", "--quiet", "--output-format", "txt"]
        return command + ["--output-dir", "-"] + self.options(job) + self.engine_options()

    def error_rate(self, manifest, categories, job):
        """Its own count. Exit status 3 says that a line did not do what it should, which is not asked here."""
        command = [STAPES, "bench", "wer", "--manifest", manifest, "--category", *categories, "--json", "--quiet"]
        return self.report(command + self.options(job) + self.engine_options(), {0, 3})

    def report(self, command, statuses=frozenset({0})):
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment)
        if done.returncode not in statuses:
            raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)
