#!/usr/bin/env python3
"""Measures `stapes serve` and faster_whisper_server.py in turn with `stapes bench serve`, round after round, and prints
the medians and their ratio. Both are up all the time, so that neither is measured on a colder machine; who comes first
changes from round to round. Both get the same files in the same order and the same form fields, and the same threads.

Use a machine on which nothing else runs: the client and the servers share its cores.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile
import time

from machine import DATA, MODELS, STAPES, processor

KEYS = ["req_per_s", "rtfx", "windows_per_s", "latency_p50_s", "latency_p95_s", "latency_p99_s", "error_rate"]


class Server:
    def __init__(self, name, command):
        self.name = name
        log = tempfile.NamedTemporaryFile("w", prefix=f"{name}-", suffix=".log", delete=False)
        self.process = subprocess.Popen(command, stderr=log, stdout=log)
        for _ in range(1200):
            text = pathlib.Path(log.name).read_text(errors="replace")
            found = re.search(r"listening on (http:\S+)", text)
            if found or self.process.poll() is not None:
                break
            time.sleep(0.1)
        if not found:
            raise SystemExit(f"{name} does not start: {text[-2000:]}")
        self.url = found[1]

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def measure(server, arguments):
    command = [STAPES, "bench", "serve", "--url", server.url, "--manifest", arguments.manifest, "--json"]
    command += ["--model", arguments.model, "--concurrency", arguments.concurrency, "--seed", str(arguments.seed)]
    command += ["--duration", str(arguments.duration)]
    for category in arguments.category:
        command += ["--category", category]
    for field in arguments.field:
        command += ["--field", field]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)["rows"]


def medians(rounds):
    """Row by row over the rounds."""
    rows = []
    for same in zip(*rounds):
        row = {"concurrency": same[0]["concurrency"]}
        row["failed"] = sum(one["failed"] for one in same)
        row["differing"] = sum(one["differing"] for one in same)
        for key in KEYS:
            values = [one[key] for one in same if one[key] is not None]
            row[key] = statistics.median(values) if values else None
            row[key + "_spread"] = [min(values), max(values)] if values else None
        rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny.en", help="its CTranslate2 form has to be in the cache")
    parser.add_argument("--manifest", default=str(DATA / "manifest.jsonl"))
    parser.add_argument("--category", action="append", default=[])
    parser.add_argument("--concurrency", default="1,8,32")
    parser.add_argument("--duration", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer-workers", type=int, default=1, help="they share the threads")
    parser.add_argument("--compute-type", default="int8", help="of the peer; ours by --our-argument")
    parser.add_argument("--field", action="append", help="default: beam_size=1")
    parser.add_argument("--our-argument", action="append", default=[], help="as in --our-argument=--compute-type=int8")
    parser.add_argument("--output", help="writes everything as JSON")
    arguments = parser.parse_args()
    arguments.category = arguments.category or ["english_short"]
    arguments.field = ["beam_size=1"] if arguments.field is None else arguments.field

    ours = [STAPES, "serve", "--host", "127.0.0.1", "--port", "0", "--model", arguments.model]
    ours += ["--threads", str(arguments.threads), *arguments.our_argument]
    peer = [os.environ["STAPES_PEER_PYTHON"], str(pathlib.Path(__file__).parent / "faster_whisper_server.py")]
    peer += ["--model", str(MODELS / arguments.model), "--compute-type", arguments.compute_type]
    peer += ["--threads", str(max(1, arguments.threads // arguments.peer_workers))]
    peer += ["--workers", str(arguments.peer_workers)]
    servers = []
    rounds = {"stapes": [], "faster-whisper": []}
    try:
        servers.append(Server("stapes", ours))
        servers.append(Server("faster-whisper", peer))
        for number in range(arguments.rounds):
            for server in servers if number % 2 == 0 else servers[::-1]:
                print(f"round {number + 1}: {server.name}", flush=True)
                rounds[server.name].append(measure(server, arguments))
        memory = {server.name: server.peak_bytes() for server in servers}
    finally:
        for server in servers:
            server.stop()

    result = {name: medians(rows) for name, rows in rounds.items()}
    print(f"\n{processor()}, load {os.getloadavg()[0]:.2f}; medians of {arguments.rounds} rounds, ours over the peer's")
    for our_row, peer_row in zip(result["stapes"], result["faster-whisper"]):
        print(f"\n{our_row['concurrency']} workers; failed {our_row['failed']} and {peer_row['failed']}")
        for key in KEYS:
            mine, theirs = our_row[key], peer_row[key]
            if mine is not None and theirs is not None:
                ratio = f"{mine / theirs:.3f}" if theirs else "-"
                print(f"  {key:14} {mine:10.4f} {theirs:10.4f}  {ratio}")
    print("\npeak memory: " + ", ".join(f"{name} {bytes / 2**20:.0f} MiB" for name, bytes in memory.items()))
    if arguments.output:
        everything = {
            "machine": processor(), "arguments": vars(arguments), "commands": {"stapes": ours, "faster-whisper": peer},
            "medians": result, "rounds": rounds, "peak_rss_bytes": memory,
        }  # fmt: skip
        pathlib.Path(arguments.output).write_text(json.dumps(everything, indent=2) + "\n")


if __name__ == "__main__":
    main()
