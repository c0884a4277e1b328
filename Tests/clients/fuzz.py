#!/usr/bin/env python3
"""Sends the server what no client should send: mutated and truncated forms, weird boundaries, endless names, wrong
lengths, two lengths, smuggled and pipelined requests, random bytes, methods, paths and fields, invalid UTF-8, broken
WebSocket handshakes and frames.

Passes when the server lives, answers no 500 and nothing that is no HTTP, takes no request out of another's body, says
/health/live within a second, still transcribes, frees everything and ends with status 0. What broke it is written to
the folder that is printed. A seed repeats the bytes that are sent, thread by thread.
"""

import argparse
import base64
import os
import pathlib
import random
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from server import KEY, REPOSITORY, Findings, Server, wait_for
from speech import tone, wav_of

ROUTES = [
    "/v1/audio/transcriptions", "/v1/audio/translations", "/v1/models", "/v1/models/tiny.en", "/v1/realtime?model=m",
    "/health/live", "/health/ready", "/metrics", "/openapi.json", "/", "/v1", "/v1/audio",
]  # fmt: skip
FORMS = ROUTES[:2]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PRI", "get", "X" * 300, "G\tT"]
NAMES = [
    "model", "language", "prompt", "response_format", "temperature", "timestamp_granularities[]", "stream", "include[]",
    "chunking_strategy", "chunking_strategy[type]", "chunking_strategy[threshold]", "hotwords", "beam_size",
    "vad_filter", "keywords[]", "languages[]", "known_speaker_names[]", "seed", "patience", "", "file", "a[b][c]",
]  # fmt: skip
VALUES = [
    "tiny.en", "whisper-1", "", "0", "-1", "1e999", "NaN", "0x10", "true", "null", "[]", "{}", '{"type":', "verbose_json",
    "srt", "word", "segment", "auto", "server_vad", "9" * 400, "a" * 70000, "\u0000", "\u202e\ufeff", "\U0001f600" * 50,
    "../../etc/passwd", "%s%n%x", "' OR 1=1", "<script>", "en,de", "yue", "{" * 3000, "[" * 3000,
]  # fmt: skip
FIELDS = [
    "Content-Type: application/json", "Content-Type: multipart/form-data", "Content-Type: multipart/form-data; boundary=",
    "Content-Type: multipart/form-data; boundary=\"", "Content-Encoding: gzip", "Expect: 100-continue", "Expect: x",
    "Range: bytes=0-", "Connection: close", "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
    "Transfer-Encoding: gzip", "Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999999999999",
    "Content-Length: 5, 5", "Host: a\r\nHost: b", "X: " + "y" * 20000, "A" * 9000 + ": b", "Origin: http://evil",
    "Authorization: Bearer", "Authorization: Basic eA==", "X-Request-Id: " + "z" * 5000, "x-request-id: a\tb",
    "Cookie: " + "c=d; " * 900, "No colon", " folded: x", "Bad Name: x", "\x00: x", "X: \xff\xfe", "X:\r\n folded",
]  # fmt: skip
BOUNDARIES = ["b", "b" * 70, "b" * 5000, "b'()+_,-./:=?", "--", "\r\n", "\xff", " ", '"q"', "0" * 200]


class Fuzzer:
    def __init__(self, server, seed, findings, folder):
        self.server = server
        self.random = random.Random(seed)
        self.findings = findings
        self.folder = folder
        self.statuses = {}
        self.sound = wav_of(tone(0.3, rate=8000), rate=8000)
        self.count = 0
        self.makers = [
            self.form, self.form, self.form, self.mutated_form, self.mutated_form, self.truncated_form, self.any_request,
            self.any_request, self.smuggled, self.pipelined, self.noise, self.mutated_request, self.handshake,
            self.frames, self.chunked,
        ]  # fmt: skip

    # --- what is sent ---------------------------------------------------------------------------------------------

    def head(self, method, path, *fields, key=True):
        lines = [f"{method} {path} HTTP/1.1", "Host: x"]
        if key:
            lines.append(f"Authorization: Bearer {KEY}")
        return ("\r\n".join([*lines, *fields]) + "\r\n\r\n").encode("latin-1", "replace")

    def parts(self, boundary):
        pick = self.random
        boundary = boundary.encode("latin-1")
        fields = [(name, pick.choice(VALUES)) for name in pick.choices(NAMES, k=pick.randrange(6))]
        if pick.random() < 0.7:
            fields.append(("model", "tiny.en"))
        parts = []
        for name, value in fields:
            name = pick.choice([name, name, name, name * 2000, name + '"', name + "\\", name + "\r\nX: y"])
            parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode())
        if pick.random() < 0.8:
            disposition = pick.choice([
                'form-data; name="file"; filename="a.wav"', "form-data; name=file; filename=a.wav",
                'form-data; name="file"; filename*=UTF-8\'\'%ff', 'form-data; name="file"', "attachment", "",
                'form-data; name="file"; filename="' + "n" * 9000 + '"', 'form-data; filename="x"', "form-data; ;;=;",
                'form-data; name="file"; filename="../../\x01\u202e"',
            ])  # fmt: skip
            extra = pick.choice(["", "", "\r\nContent-Type: audio/wav", "\r\nContent-Transfer-Encoding: base64", "\r\nX"])
            data = pick.choice([self.sound, self.sound, b"", self.sound[:44], pick.randbytes(500), b"\r\n--" + boundary])
            parts.append(f"Content-Disposition: {disposition}{extra}\r\n\r\n".encode() + data)
        if pick.random() < 0.05:
            parts *= pick.choice([2, 300])
        pick.shuffle(parts)
        body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
        return body + pick.choice([b"--" + boundary + b"--\r\n"] * 6 + [b"", b"--" + boundary, b"--", b"\r\n"])

    def form_parts(self):
        pick = self.random
        boundary = pick.choice(BOUNDARIES) if pick.random() < 0.3 else "b0undary"
        body = self.parts(boundary)
        return body, f"Content-Type: multipart/form-data; boundary={boundary}"

    def form(self):
        body, media = self.form_parts()
        return self.head("POST", self.random.choice(FORMS), media, f"Content-Length: {len(body)}") + body

    def mutated_form(self):
        body, media = self.form_parts()
        body = self.mutate(body)
        return self.head("POST", self.random.choice(FORMS), media, f"Content-Length: {len(body)}") + body

    def truncated_form(self):
        whole = self.form()
        return whole[: self.random.randrange(len(whole) + 1)]

    def chunked(self):
        body, media = self.form_parts()
        message = self.head("POST", self.random.choice(FORMS), media, "Transfer-Encoding: chunked")
        while body:
            size = self.random.randrange(1, 4000)
            piece, body = body[:size], body[size:]
            message += f"{len(piece):x}{self.random.choice(['', '', ';e=1', ' '])}\r\n".encode() + piece + b"\r\n"
        message += self.random.choice([b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"-1\r\n", b"zz\r\n", b"ffffffffffffffff\r\n"])
        return message if self.random.random() < 0.8 else self.mutate(message)

    def any_request(self):
        pick = self.random
        path = pick.choice(ROUTES)
        path = pick.choice([
            path, path, path, path + "/", path + "?" + "a" * 9000, path + "%00", path + "/../..", "//" + path, "*",
            "http://evil" + path, path.upper(), "/v1/models/" + "%2F" * 100, "/v1/models/%ff%fe", "/" + "a" * 9000,
            "", path + " HTTP/1.0\r\nX: y", path + "#f", "/v1/models/\u00e9",
        ])  # fmt: skip
        body = pick.choice([b"", b"x" * 10, b'{"model":"tiny.en"}'])
        fields = pick.choices(FIELDS, k=pick.randrange(4)) + ([f"Content-Length: {len(body)}"] if body else [])
        return self.head(pick.choice(METHODS), path, *fields, key=pick.random() < 0.8) + body

    def smuggled(self):
        """A request in the body of another, where two readings of the length differ."""
        hidden = self.head("GET", "/v1/models/smuggled")
        lengths = self.random.choice([
            ["Content-Length: 5", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", "Content-Length: 5"],
            [f"Content-Length: {len(hidden) + 5}", "Content-Length: 5"], ["Transfer-Encoding: xchunked", "Content-Length: 5"],
            ["Transfer-Encoding : chunked", "Content-Length: 5"], ["Transfer-Encoding: chunked, identity", "Content-Length: 5"],
            ["Transfer-Encoding:\x0bchunked", "Content-Length: 5"], ["Content-Length: +5"], ["Content-Length: 0x5"],
        ])  # fmt: skip
        return self.head("POST", self.random.choice(FORMS), *lengths) + b"0\r\n\r\n" + hidden

    def pipelined(self):
        pick = self.random
        requests = [self.head("GET", pick.choice(ROUTES[2:])) for _ in range(pick.randrange(2, 40))]
        if pick.random() < 0.5:
            requests.insert(pick.randrange(len(requests)), self.form())
        return b"".join(requests)

    def noise(self):
        pick = self.random
        return pick.choice([
            pick.randbytes(pick.randrange(1, 3000)), b"\x16\x03\x01\x02\x00\x01\x00" + pick.randbytes(300),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + pick.randbytes(60), b"\r\n" * pick.randrange(1, 3000),
            b"GET /" + b"a" * 100000, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000, b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n",
        ])  # fmt: skip

    def mutated_request(self):
        return self.mutate(self.random.choice([self.form, self.any_request, self.pipelined])())

    def handshake(self, *further):
        pick = self.random
        fields = [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: " + base64.b64encode(pick.randbytes(16)).decode(),
        ]  # fmt: skip
        if not further:
            fields = pick.choices([*fields, "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 7", "Upgrade: x",
                                   "Sec-WebSocket-Protocol: " + "p," * 2000, "Sec-WebSocket-Extensions: permessage-deflate"],
                                  k=pick.randrange(7))  # fmt: skip
        return self.head("GET", "/v1/realtime?model=tiny.en&intent=transcription", *fields)

    def frames(self):
        """A right handshake, and frames after it, some of them right."""
        pick = self.random
        message = self.handshake(True)
        for _ in range(pick.randrange(1, 20)):
            payload = pick.choice([
                b'{"type":"input_audio_buffer.append","audio":"' + base64.b64encode(pick.randbytes(4800)) + b'"}',
                b'{"type":"input_audio_buffer.commit"}', b'{"type":"input_audio_buffer.clear"}', b"{", b"\xff\xfe", b"",
                b'{"type":"session.update","session":{"audio":{"input":{"format":{"type":"audio/pcm","rate":1}}}}}',
                b'{"type":"input_audio_buffer.append","audio":"%%%"}', b"[" * 5000, pick.randbytes(100),
                b'{"type":"session.update","session":{"type":"transcription","audio":{"input":{"turn_detection":null}}}}',
                b'{"type":"transcription_session.update","session":{"input_audio_format":7}}', b"9" * 5000,
            ])  # fmt: skip
            first = pick.choice([0x81, 0x81, 0x81, 0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8A, 0xF1, 0x83])
            mask = pick.randbytes(4)
            masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
            length = len(payload) if pick.random() < 0.95 else pick.choice([0, 2**31, 2**63, 2**64 - 1])
            size = struct.pack("!BBH", first, 0x80 | 126, length) if length < 65536 else struct.pack(
                "!BBQ", first, 0x80 | 127, length)  # fmt: skip
            message += size + (mask + masked if pick.random() < 0.97 else payload)
        return message

    def mutate(self, data):
        pick = self.random
        data = bytearray(data)
        for _ in range(pick.choice([1, 1, 2, 5, 30])):
            if not data:
                break
            at = pick.randrange(len(data))
            match pick.randrange(5):
                case 0:
                    data[at] = pick.randrange(256)
                case 1:
                    del data[at : at + pick.choice([1, 2, 50])]
                case 2:
                    data[at:at] = pick.choice([b"\r\n", b"\n", b"\x00", b"--", b'"', b"\r\n\r\n", pick.randbytes(9)])
                case 3:
                    data[at:at] = data[at : at + pick.randrange(200)]
                case 4:
                    data[at] ^= 1 << pick.randrange(8)
        return bytes(data)

    # --- what comes back ------------------------------------------------------------------------------------------

    def send(self, message):
        """All that the server says until it is silent for long enough, or closes."""
        pick = self.random
        answer = b""
        with socket.create_connection(self.server.address, timeout=10) as connection:
            try:
                pieces = pick.choice([1, 1, 1, 2, 10])
                step = len(message) // pieces + 1
                for start in range(0, len(message), step):
                    connection.sendall(message[start : start + step])
                if pick.random() < 0.3:
                    connection.shutdown(socket.SHUT_WR)
                silence = pick.choice([0.0, 0.05, 0.5])
                while select.select([connection], [], [], silence)[0]:
                    piece = connection.recv(1 << 16)
                    if not piece or len(answer) > 1 << 22:
                        break
                    answer += piece
            except OSError:
                pass  # The server may close on such a client at any time.
        return answer

    def step(self):
        maker = self.random.choice(self.makers)
        message = maker()
        self.count += 1
        try:
            answer = self.send(message)
        except OSError as error:
            self.broke("no connection", maker, message, repr(error))
            return
        if answer and not answer.startswith(b"HTTP/1."):
            self.broke("no HTTP", maker, message, answer[:200])
        heads = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d\d\d) ", answer)]
        for status in heads:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status >= 500 and status not in (501, 503, 505):
                self.broke(f"status {status}", maker, message, answer[:400])
        if maker == self.smuggled and (len(heads) > 1 or b"smuggled" in answer):
            self.broke("smuggled request", maker, message, answer[:400])

    def broke(self, kind, maker, message, detail):
        path = pathlib.Path(self.folder) / f"{kind.replace(' ', '-')}-{threading.get_native_id()}-{self.count}.bin"
        path.write_bytes(message)
        self.findings.add(kind, f"{maker.__name__}, {path}: {detail}")

    def run(self, end):
        while time.monotonic() < end and self.server.is_alive():
            self.step()


def transcribes(server):
    """Whether a right request is answered."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ntiny.en\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'
        + (REPOSITORY / "Samples" / "jfk-inaugural.flac").read_bytes()
        + b"\r\n--b--\r\n"
    )
    head = (
        f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = b""
    try:
        with socket.create_connection(server.address, timeout=120) as connection:
            connection.sendall(head.encode() + body)
            while piece := connection.recv(1 << 16):
                answer += piece
    except OSError:
        pass
    status = answer[9:12]
    return status in (b"429", b"503") or status == b"200" and b"country" in answer


def watch(server, end, findings):
    slowest = 0.0
    while time.monotonic() < end:
        if not server.is_alive():
            findings.add("the server has gone", server.tail())
            return
        start = time.monotonic()
        status, _ = server.get("/health/live", timeout=20)
        seconds = time.monotonic() - start
        slowest = max(slowest, seconds)
        findings.check(status == 200 and seconds < 1, "/health/live", f"status {status} after {seconds:.2f} s")
        findings.check(transcribes(server), "a right request is not answered")
        time.sleep(5)
    print(f"slowest /health/live: {slowest * 1000:.0f} ms")


def fuzz(server, arguments, findings):
    files = server.open_files()
    end = time.monotonic() + arguments.seconds
    folder = tempfile.mkdtemp(prefix="stapes-fuzz-")
    print(f"what breaks it goes to {folder}")
    fuzzers = [Fuzzer(server, arguments.seed + index, findings, folder) for index in range(arguments.threads)]
    threads = [threading.Thread(target=fuzzer.run, args=[end]) for fuzzer in fuzzers]
    for thread in threads:
        thread.start()
    watch(server, end, findings)
    for thread in threads:
        thread.join()
    statuses = {}
    for fuzzer in fuzzers:
        for status, count in fuzzer.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    print(f"{sum(fuzzer.count for fuzzer in fuzzers)} cases, answers: {dict(sorted(statuses.items()))}")
    if server.is_alive():
        wait_for(lambda: not any(server.gauges().values()) and server.open_files() <= files, 120)
        for name, value in server.gauges().items():
            findings.check(value == 0, "in use after the end", f"{name} {value}")
        after = server.open_files()
        print(f"open files: {files} before, {after} after")
        findings.check(after <= files, "open files", f"{files} before, {after} after")


def schemathesis(server, arguments, findings):
    """The server's own description of itself, and requests made after it."""
    command = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", server.url + "/openapi.json",
        "--header", f"Authorization: Bearer {KEY}", "--seed", str(arguments.seed), "--max-examples", "50",
        "--checks", "not_a_server_error,content_type_conformance,response_schema_conformance", "--request-timeout", "120",
    ]  # fmt: skip
    status = subprocess.run(command, cwd=tempfile.mkdtemp(prefix="stapes-schemathesis-")).returncode
    findings.check(status == 0, "schemathesis", f"status {status}")
    findings.check(server.is_alive(), "the server has gone", server.tail())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--schemathesis", action="store_true", help="instead, test what /openapi.json promises")
    parser.add_argument(
        "--server-argument", action="append", default=[], metavar="ARGUMENT",
        help="for 'stapes serve', as in --server-argument=--queue-limit=64; may be repeated",
    )  # fmt: skip
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    findings = Findings()
    server = Server(*arguments.server_argument)
    findings.check(transcribes(server), "the first request is not answered")
    (schemathesis if arguments.schemathesis else fuzz)(server, arguments, findings)
    status = server.stop()
    findings.check(status == 0, "exit status after SIGTERM", f"{status}: {server.tail()}")
    raise SystemExit(findings.report())


if __name__ == "__main__":
    main()
