import os
import subprocess
import tempfile
import time

from job import Answer


class Unavailable(Exception):
    """Says what is missing."""


class Engine:
    """One program with one model in one number format.

    `warm` does a job with the model loaded and after a warm-up, `fresh` as a process of its own, `texts` for the words.
    """

    is_ours = False
    #: The engine whose error rate this one is held to; its own name where it is one itself.
    reference = None

    def __init__(self, name, model, threads):
        self.name, self.model, self.threads = name, model, threads

    @property
    def environment(self):
        threads = str(self.threads)
        return {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1"}

    def options(self, job):
        """What is set for a job, for the record."""
        raise NotImplementedError

    def warm(self, job) -> Answer:
        raise NotImplementedError

    def fresh_command(self, job):
        raise NotImplementedError

    def texts(self, job):
        return self.warm(job).texts

    def stop(self):
        """Ends what runs between the jobs."""

    def fresh(self, job):
        """From the start of a process to its end, and its peak of resident memory."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            start = time.perf_counter()
            process = subprocess.Popen(self.fresh_command(job), stdout=output, stderr=errors, env=self.environment)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            errors.seek(0)
            text = output.read().strip()
            if process.returncode or not text:
                raise RuntimeError(f"{self.name}: status {process.returncode}, no text: {errors.read()[-2000:]}")
        return Answer(wall, peak_mib=usage.ru_maxrss / 1024, texts=[text])
