#!/usr/bin/env python3
"""Holds the server under mixed load for a time: plain requests in all formats, streams, realtime sessions, slow
writers, clients that hang up while they send, wait or read, and files that are none.

Passes when the server lives, answers no 5xx but 503, refuses what is to be refused, and afterwards has nothing in use:
the gauges of /metrics are zero, its open files are as before, its memory has grown by no more than --growth since the
end of the warm-up. Prints the memory over time. A broken connection that was not ours to break counts as a failure.
"""

import argparse
import asyncio
import base64
import collections
import json
import os
import pathlib
import random
import statistics
import time

import websockets.asyncio.client
from server import KEY, REPOSITORY, Findings, Server, wait_for
from speech import pcm_of

SAMPLE = REPOSITORY / "Samples" / "jfk-inaugural.flac"
BEHAVIOURS = {
    "plain": 40, "stream": 14, "hang up in upload": 8, "hang up while waiting": 8, "hang up in stream": 6,
    "slow writer": 6, "realtime": 8, "hang up in realtime": 4, "look around": 6,
}  # fmt: skip
FORMATS = ["json", "json", "json", "text", "srt", "vtt", "verbose_json"]
ACCEPTABLE_REFUSALS = (429, 503)


class File:
    def __init__(self, name, data, is_refused=False):
        self.name = name
        self.data = data
        self.is_refused = is_refused


def recordings(limit_seconds):
    folder = pathlib.Path(os.environ.get("STAPES_DATA") or REPOSITORY.parent / "shared" / "data" / "dev")
    if not (folder / "manifest.jsonl").exists():
        print("the recordings are not there: the sample and broken copies of it are sent")
        data = SAMPLE.read_bytes()
        broken = [File("half.flac", data[: len(data) // 2]), File("empty.wav", b"", True), File("x.wav", b"x", True)]
        return [File("sample.flac", data), *broken]
    files = []
    for line in map(json.loads, (folder / "manifest.jsonl").read_text().splitlines()):
        if line.get("duration") is None or line["duration"] <= limit_seconds:
            data = (folder / line["audio"]).read_bytes()
            files.append(File(line["audio"], data, line["expect"] == "error"))
    return files


class HungUp(Exception):
    """By us."""


class Client:
    def __init__(self, soak, number):
        self.soak = soak
        self.random = random.Random(soak.arguments.seed * 1000 + number)
        self.reader = self.writer = None

    async def run(self):
        while time.monotonic() < self.soak.end:
            behaviour = self.random.choices(list(BEHAVIOURS), BEHAVIOURS.values())[0]
            self.soak.counts[behaviour] += 1
            try:
                async with asyncio.timeout(600):
                    await self.act(behaviour)
            except HungUp:
                self.drop()
            except TimeoutError:
                self.soak.findings.add("no answer in 600 s", behaviour)
                self.drop()
            except (OSError, asyncio.IncompleteReadError, websockets.exceptions.WebSocketException) as error:
                self.soak.findings.add("broken connection", f"{behaviour}: {error!r}")
                self.drop()
        self.drop()

    async def act(self, behaviour):
        if "realtime" in behaviour:
            await self.realtime(hangs_up=behaviour != "realtime")
        elif behaviour == "look around":
            path = self.random.choice(["/health/live", "/health/ready", "/metrics", "/v1/models", "/", "/openapi.json"])
            status, _ = await self.exchange("GET", path, b"", "text/plain")
            self.soak.saw(behaviour + " " + path, status, status == 200 or status in ACCEPTABLE_REFUSALS)
        else:
            await self.transcribe(behaviour)

    # --- HTTP -----------------------------------------------------------------------------------------------------

    def drop(self):
        if self.writer:
            if self.random.random() < 0.5:
                self.writer.transport.abort()
            else:
                self.writer.close()
        self.reader = self.writer = None

    async def send(self, method, path, body, media, cut=None, pause=0.0):
        if self.writer and (self.reader.at_eof() or self.random.random() < 0.1):
            self.drop()
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection(*self.soak.server.address, limit=1 << 20)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: {media}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        message = head.encode() + body
        if cut is not None:
            self.writer.write(message[: int(len(message) * cut)])
            await self.writer.drain()
            await asyncio.sleep(self.random.random())
            raise HungUp
        if pause:
            for start in range(0, len(message), len(message) // 20 + 1):
                self.writer.write(message[start : start + len(message) // 20 + 1])
                await self.writer.drain()
                await asyncio.sleep(pause / 20)
        else:
            self.writer.write(message)
            await self.writer.drain()

    async def head(self):
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = text.split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        return int(lines[0].split(" ")[1]), fields

    async def body(self, fields):
        """Pieces of the body as they come."""
        if "chunked" in fields.get("transfer-encoding", ""):
            while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readuntil(b"\r\n")
        elif "content-length" in fields:
            yield await self.reader.readexactly(int(fields["content-length"]))
        else:
            yield await self.reader.read()
            self.drop()
        if "close" in fields.get("connection", ""):
            self.drop()

    async def exchange(self, *message, **how):
        await self.send(*message, **how)
        status, fields = await self.head()
        return status, b"".join([piece async for piece in self.body(fields)])

    async def transcribe(self, behaviour):
        file = self.random.choice(self.soak.files)
        streams = behaviour in ("stream", "hang up in stream")
        fields = {"model": "tiny.en", "response_format": "json" if streams else self.random.choice(FORMATS)}
        if streams:
            fields["stream"] = "true"
        body, media = form(fields, file, is_first=self.random.random() < 0.5)
        message = ("POST", "/v1/audio/transcriptions", body, media)
        if behaviour == "hang up in upload":
            await self.send(*message, cut=self.random.random())
        if behaviour == "hang up while waiting":
            await self.send(*message)
            await asyncio.sleep(self.random.random() * 2)
            raise HungUp
        try:
            await self.send(*message, pause=self.random.random() * 10 if behaviour == "slow writer" else 0)
        except ConnectionError:
            pass  # A refusal may come before everything is sent; it can be read all the same.
        status, head = await self.head()
        pieces = []
        async for piece in self.body(head):
            pieces.append(piece)
            if behaviour == "hang up in stream":
                raise HungUp
        self.soak.answered(file, fields, status, b"".join(pieces))
        if status in ACCEPTABLE_REFUSALS:
            await asyncio.sleep(min(2.0, float(head.get("retry-after", 0.5))))

    # --- realtime -------------------------------------------------------------------------------------------------

    async def realtime(self, hangs_up):
        if self.soak.pcm is None:
            return
        url = "ws" + self.soak.server.url.removeprefix("http") + "/v1/realtime?model=tiny.en&intent=transcription"
        headers = {"Authorization": f"Bearer {KEY}"}
        try:
            socket = await websockets.asyncio.client.connect(url, additional_headers=headers, max_size=1 << 24)
        except websockets.exceptions.InvalidStatus as refusal:
            status = refusal.response.status_code
            self.soak.saw("realtime", status, status in ACCEPTABLE_REFUSALS)
            return
        try:
            detection = self.random.choice([None, {"type": "server_vad", "silence_duration_ms": 400}])
            session = {"type": "transcription", "audio": {"input": {"turn_detection": detection}}}
            await socket.send(json.dumps({"type": "session.update", "session": session}))
            piece = 24000  # half a second
            count = self.random.randrange(2, 24)
            for start in range(0, piece * count, piece):
                audio = base64.b64encode(self.soak.pcm[start : start + piece]).decode()
                await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
                await asyncio.sleep(self.random.random() * 0.1)
                if hangs_up and self.random.random() < 0.1:
                    socket.transport.abort()
                    raise HungUp
            if detection is None:
                await socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
            deadline = time.monotonic() + (120 if detection is None else 2)
            while time.monotonic() < deadline:
                try:
                    async with asyncio.timeout(deadline - time.monotonic()):
                        event = json.loads(await socket.recv())
                except TimeoutError:
                    break
                self.soak.events[event["type"]] += 1
                if event["type"] == "error" and detection is None:
                    self.soak.findings.add("error event", event)
                if event["type"].endswith((".completed", ".failed")) and detection is None:
                    break
            else:
                if detection is None:
                    self.soak.findings.add("no transcript in 120 s", "realtime")
        finally:
            if socket.state is not websockets.State.CLOSED:
                async with asyncio.timeout(20):
                    await socket.close()


def form(fields, file, is_first):
    boundary = "soak-b0undary-7f3a91"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    name = file.name.rsplit("/", 1)[-1]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    part = head.encode() + file.data + b"\r\n"
    parts = [part, *parts] if is_first else [*parts, part]
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


class Soak:
    def __init__(self, arguments):
        self.arguments = arguments
        self.findings = Findings()
        self.counts = collections.Counter()
        self.statuses = collections.Counter()
        self.events = collections.Counter()
        self.texts = collections.defaultdict(collections.Counter)
        self.memory = []
        self.slowest_health = 0.0
        self.files = recordings(arguments.longest)
        self.pcm = pcm_of(SAMPLE)
        if self.pcm is None:
            print("no ffmpeg: no realtime sessions")
        self.server = Server(*arguments.server_argument)

    def saw(self, what, status, is_right):
        self.statuses[status] += 1
        self.findings.check(is_right, f"status {status}", what)

    def answered(self, file, fields, status, body):
        what = f"{file.name} {fields}: {body[:200]!r}"
        # In a stream a refusal may come after the head.
        refused_in_stream = fields.get("stream") and status == 200 and b'"error"' in body
        if file.is_refused:
            is_right = status == 400 or refused_in_stream
        else:
            is_right = status == 200 and not refused_in_stream
        self.saw(what, status, is_right or status in ACCEPTABLE_REFUSALS)
        if status == 200 and fields["response_format"] == "json" and "stream" not in fields:
            self.texts[file.name][json.loads(body)["text"]] += 1

    async def watch(self):
        start = time.monotonic()
        while time.monotonic() < self.end:
            if not self.server.is_alive():
                self.findings.add("the server has gone", self.server.tail())
                self.end = 0
                return
            before = time.monotonic()
            status, _ = await asyncio.to_thread(self.server.get, "/health/live", 10)
            self.slowest_health = max(self.slowest_health, time.monotonic() - before)
            self.findings.check(status == 200, "/health/live under load", status)
            sample = (time.monotonic() - start, self.server.resident_bytes(), self.server.open_files())
            self.memory.append(sample)
            print(f"{sample[0]:7.1f} s  {sample[1] / 2**20:8.1f} MiB  {sample[2]:4} files", flush=True)
            await asyncio.sleep(self.arguments.interval)

    async def run(self):
        await self.warm_up()
        files = self.server.open_files()
        names = self.server.open_file_names()
        self.end = time.monotonic() + self.arguments.seconds
        clients = [Client(self, number).run() for number in range(self.arguments.clients)]
        await asyncio.gather(self.watch(), *clients)
        if self.server.is_alive():
            self.look_for_leaks(files, names)
        status = self.server.stop()
        self.findings.check(status == 0, "exit status after SIGTERM", f"{status}: {self.server.tail()}")
        self.summary()
        return self.findings.report()

    async def warm_up(self):
        """Every pool has its threads and files before they are counted."""
        for path in ["/", "/metrics", "/v1/models", "/health/ready", "/openapi.json"]:
            await asyncio.to_thread(self.server.get, path)
        client = Client(self, -1)
        # The clock by which a stream sends its comments is opened with the first of them.
        for fields in [{"model": "tiny.en"}, {"model": "tiny.en", "stream": "true"}]:
            body, media = form(fields, File("sample.flac", SAMPLE.read_bytes()), is_first=False)
            status, text = await client.exchange("POST", "/v1/audio/transcriptions", body, media)
            self.findings.check(status == 200, "the first request", text)
        client.drop()
        await asyncio.sleep(1)

    def look_for_leaks(self, files_before, names_before):
        def idle():
            return all(value == 0 for value in self.server.gauges().values())

        wait_for(idle, 60)
        gauges = self.server.gauges()
        print("gauges:", gauges)
        for part in ["cross_blocks_used", "self_pages_used"]:
            self.findings.check(any(part in name for name in gauges), "missing gauge", part)
        for name, value in gauges.items():
            self.findings.check(value == 0, "in use after the end", f"{name} {value}")
        wait_for(lambda: self.server.open_files() <= files_before, 90)
        files = self.server.open_files()
        print(f"open files: {files_before} before, {files} after; {self.server.thread_count()} threads")
        names = self.server.open_file_names()
        for name in names_before:
            if name in names:
                names.remove(name)
        self.findings.check(files <= files_before, "open files", f"{files_before} before, {files} after: {names}")
        after = [sample for sample in self.memory if sample[0] >= self.arguments.warm_up]
        if len(after) < 8:
            print("too short to judge the memory")
            return
        quarter = max(2, len(after) // 4)
        early = statistics.median(sample[1] for sample in after[:quarter])
        late = statistics.median(sample[1] for sample in after[-quarter:])
        growth = late / early - 1
        print(f"memory: {early / 2**20:.1f} MiB after the warm-up, {late / 2**20:.1f} MiB at the end, {growth:+.2%}")
        self.findings.check(growth <= self.arguments.growth, "memory grows", f"{growth:+.2%}")

    def summary(self):
        print("requests:", dict(self.counts))
        print("statuses:", dict(sorted(self.statuses.items())))
        print("realtime events:", dict(self.events))
        several = {name: len(texts) for name, texts in self.texts.items() if len(texts) > 1}
        print(f"files with several texts: {len(several)} of {len(self.texts)} {several or ''}")
        print(f"slowest /health/live: {self.slowest_health * 1000:.0f} ms")
        if self.arguments.same_texts:
            self.findings.check(not several, "files with several texts", several)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--warm-up", type=float, help="seconds before memory is judged; default: a quarter of all")
    parser.add_argument("--interval", type=float, default=5, help="seconds between samples of the memory")
    parser.add_argument("--growth", type=float, default=0.05, help="of the memory, as a fraction")
    parser.add_argument("--longest", type=float, default=60, help="no recordings longer than this, in seconds")
    parser.add_argument("--same-texts", action="store_true", help="fail when a file got several texts")
    parser.add_argument(
        "--server-argument", action="append", default=[], metavar="ARGUMENT",
        help="for 'stapes serve', as in --server-argument=--queue-limit=64; may be repeated",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.warm_up is None:
        arguments.warm_up = arguments.seconds / 4
    print(f"seed {arguments.seed}")
    raise SystemExit(asyncio.run(Soak(arguments).run()))


if __name__ == "__main__":
    main()
