"""A server as a child process, and what the system and its own metrics say of it."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
KEY = "test-key"


class Server:
    def __init__(self, *arguments, model="tiny.en", seconds=120):
        binary = os.environ.get("STAPES_BINARY", str(REPOSITORY / ".build" / "release" / "stapes"))
        if not os.access(binary, os.X_OK):
            raise SystemExit(f"no {binary}: run Scripts/build")
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log", prefix="stapes-serve-", delete=False)
        command = [binary, "serve", "--host", "127.0.0.1", "--port", "0", "--model", model, "--api-key", KEY]
        self.process = subprocess.Popen([*command, *arguments], stderr=self.log, stdout=self.log)
        self.url = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with status {self.process.returncode}: {self.tail()}")
            found = re.search(r"listening on (http:\S+)", self.tail())
            if found:
                self.url = found[1]
                if self.get("/health/ready")[0] == 200:
                    return
            time.sleep(0.1)
        self.process.kill()
        raise SystemExit(f"the server does not become ready: {self.tail()}")

    @property
    def address(self):
        host, port = self.url.removeprefix("http://").rsplit(":", 1)
        return host, int(port)

    def tail(self, count=4000):
        with open(self.log.name, errors="replace") as file:
            return file.read()[-count:]

    def get(self, path, timeout=30):
        """Status and text; status 0 when there is no answer."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {KEY}"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def is_alive(self):
        return self.process.poll() is None

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def open_file_names(self):
        folder = pathlib.Path(f"/proc/{self.process.pid}/fd")
        names = []
        for entry in folder.iterdir():
            try:
                names.append(os.readlink(entry))
            except OSError:
                pass
        return sorted(names)

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def thread_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def gauges(self):
        """The metrics of what is in use at the moment, which are zero when nothing is."""
        kinds, values = {}, {}
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")[:4]
                kinds[name] = kind
            elif line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        used = re.compile(r"(_used|in_flight|queue_depth|queued|waiting|running|sessions|active)$")
        return {
            name: value
            for name, value in values.items()
            if used.search(name.split("{")[0]) and kinds.get(name.split("{")[0], "gauge") == "gauge"
        }

    def stop(self, seconds=60):
        """Asks it to end.

        Returns: its exit status; None when it did not end.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return bool(condition())


class Findings:
    """What went wrong, each kind with a count and its first examples."""

    def __init__(self):
        self.kinds = {}

    def add(self, kind, detail=""):
        examples = self.kinds.setdefault(kind, [0, []])
        examples[0] += 1
        if len(examples[1]) < 3:
            examples[1].append(str(detail)[:400])

    def check(self, condition, kind, detail=""):
        if not condition:
            self.add(kind, detail)

    def report(self):
        """Prints all.

        Returns: the exit status.
        """
        for kind, (count, examples) in self.kinds.items():
            print(f"FAILED: {kind} ({count} times)")
            for example in examples:
                print(f"    {example}")
        print("passed" if not self.kinds else "FAILED")
        return 1 if self.kinds else 0
