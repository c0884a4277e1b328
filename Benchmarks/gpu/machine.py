"""The machine, its GPU, and what runs on it."""

import os
import pathlib
import platform
import re
import shutil
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PACK = REPOSITORY / "Kernels" / "build" / "gpu-check"


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"model name\s*:\s*(.*)", text)
    return f"{found[1] if found else platform.machine()}, {os.cpu_count()} cores"


def gpus():
    """Name, driver and memory of each GPU as nvidia-smi has them; none without it."""
    if not shutil.which("nvidia-smi"):
        return []
    keys = ["name", "driver_version", "memory.total", "clocks.max.sm", "power.limit", "compute_cap"]
    command = ["nvidia-smi", f"--query-gpu={','.join(keys)}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return []
    if done.returncode:
        return []
    return [dict(zip(keys, (field.strip() for field in line.split(",")))) for line in done.stdout.splitlines()]


def describe(device):
    return {
        "processor": processor(),
        "system": f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver())}",
        "gpus": gpus() if device.startswith("cuda") else [],
    }


def free_bytes(folder):
    return shutil.disk_usage(folder).free
