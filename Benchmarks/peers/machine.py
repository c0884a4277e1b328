"""Where things are, and what the machine is called."""

import os
import pathlib
import platform
import re

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
STAPES = os.environ.get("STAPES_BINARY", str(REPOSITORY / ".build" / "release" / "stapes"))
DATA = pathlib.Path(os.environ.get("STAPES_DATA") or REPOSITORY.parent / "shared" / "data" / "dev")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "stapes"
MODELS = pathlib.Path(os.environ.get("STAPES_CACHE") or CACHE / "models")


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"model name\s*:\s*(.*)", text)
    return f"{found[1] if found else platform.machine()}, {os.cpu_count()} cores"
