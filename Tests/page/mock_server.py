"""A stand-in for `stapes serve`: the page, its models, and what a server would answer to files and to a microphone.

    mock_server.py [--port PORT] [--key KEY]

The words are canned, and the prompt says what goes another way: refuse, break, cut, wait, plain. Turns of the
microphone are told by loudness.
"""

import argparse
import array
import base64
import email
import email.policy
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

from websockets.frames import Opcode
from websockets.server import ServerProtocol

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "Sources", "StapesServer", "Page", "index.html")
POLICY = (
    "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self' ws: wss:"
)
SEGMENTS = [
    (0.0, 3.2, "And so, my fellow Americans,"),
    (3.2, 7.68, "ask not what your country can do for you,"),
    (7.68, 10.56, "ask what you can do for your country."),
]
TEXT = " ".join(text for _, _, text in SEGMENTS)
TRANSLATED = [(0.0, 10.56, "Not what the café can do for you.")]
LANGUAGES = ["en", "de", "es", "fr", "it", "ja", "ko", "pt", "ru", "zh", "yue", "haw", "jw"]
MODELS = [
    {"id": "base", "object": "model", "created": 0, "owned_by": "openai", "languages": LANGUAGES},
    {"id": "tiny.en", "object": "model", "created": 0, "owned_by": "openai", "languages": ["en"]},
]
RATE = 24000  # Hz
LOUD = 300  # of 32767: the mean of absolute values in a chunk with speech
PAUSE = 0.5  # seconds that end a turn


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, status, value, **headers):
        self.answer(status, "application/json", json.dumps(value).encode(), **headers)

    def refuse(self, status, message, **headers):
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        self.answer_json(status, {"error": error}, **headers)

    def is_known(self):
        key = self.server.key
        offered = [name.strip() for name in self.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        return (
            key is None or self.headers.get("Authorization") == f"Bearer {key}"
            or "openai-insecure-api-key." + key in offered
        )

    # --- requests ---

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/":
            with open(PAGE, "rb") as file:
                self.answer(200, "text/html; charset=utf-8", file.read(), Content_Security_Policy=POLICY)
        elif path.startswith("/v1/") and not self.is_known():
            self.refuse(401, "Give the server's API key.")
        elif path == "/v1/models":
            self.answer_json(200, {"object": "list", "data": MODELS})
        elif path == "/v1/realtime":
            Realtime(self).run()
        else:
            self.refuse(404, f"There is no {path}.")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_known():
            return self.refuse(401, "Give the server's API key.")
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = email.message_from_bytes(head + body, policy=email.policy.HTTP)
        fields = {part.get_param("name", header="Content-Disposition"): part for part in form.iter_parts()}
        texts = {name: part.get_content() for name, part in fields.items() if name != "file"}
        wrong = [
            name for name, value in dict(response_format="json", stream="true", stream_segments="true").items()
            if texts.get(name, "").strip() != value
        ]
        if wrong or not fields["file"].get_content():
            return self.refuse(400, f"Missing or wrong: {wrong or 'file'}.")
        prompt = texts.get("prompt", "").strip()
        if prompt == "refuse":
            return self.refuse(429, "The stand-in refuses this.", Retry_After="7")
        if prompt == "plain":
            return self.answer_json(200, {"text": f" {TEXT} "})
        self.stream(TRANSLATED if self.path == "/v1/audio/translations" else SEGMENTS, prompt)

    def stream(self, segments, prompt):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        if prompt == "cut":
            self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b": ping\n\n")
        try:
            for index, (start, end, text) in enumerate(segments):
                self.event(type="transcript.text.delta", delta=text if index == 0 else " " + text)
                self.event(type="transcript.text.segment", id=f"seg_{index}", start=start, end=end, text=" " + text)
                time.sleep(0.2)
                if index == 1 and prompt == "break":
                    return self.event(error={"message": "The stand-in fails halfway.", "type": "server_error"})
                if index == 1 and prompt == "cut":
                    return
                while prompt == "wait":
                    self.wfile.write(b": ping\n\n")
                    time.sleep(0.1)
            text = " ".join(text for _, _, text in segments)
            self.event(type="transcript.text.done", text=text, usage={"type": "tokens"})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            pass  # the page has gone, as it may

    def event(self, **event):
        data = f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        # In two writes, the first of which ends within a character that has several bytes.
        end = next((index for index, byte in enumerate(data) if byte >= 0x80), 8) + 1
        self.wfile.write(data[:end])
        time.sleep(0.02)
        self.wfile.write(data[end:])


class Realtime:
    """A realtime session over the connection of a request."""

    def __init__(self, handler):
        self.handler, self.connection = handler, handler.connection
        self.protocol = ServerProtocol(subprotocols=["realtime"], select_subprotocol=self.select, max_size=None)
        self.detects_turns = handler.server.detects_turns
        self.is_set = False
        self.heard = 0.0  # seconds
        self.silence = 0.0
        self.item = None  # the open turn: its number
        self.told = 0  # how many segments of the open turn were told
        self.count = 0

    @staticmethod
    def select(_, offered):
        return "realtime" if "realtime" in offered else None

    def run(self):
        lines = [self.handler.requestline, *(f"{name}: {value}" for name, value in self.handler.headers.items())]
        self.protocol.receive_data(("\r\n".join(lines) + "\r\n\r\n").encode())
        (request,) = self.protocol.events_received()
        self.protocol.send_response(self.protocol.accept(request))
        self.flush()
        self.handler.close_connection = True
        query = urllib.parse.parse_qs(self.handler.path.partition("?")[2])
        if query.get("intent") != ["transcription"]:
            self.send("error", error={"message": f"No such intent: {query}"})
        self.send("session.created", session={"type": "transcription"})
        try:
            while data := self.connection.recv(65536):
                self.protocol.receive_data(data)
                for frame in self.protocol.events_received():
                    if frame.opcode is Opcode.TEXT:
                        self.take(json.loads(frame.data))
                self.flush()
        except OSError:
            pass  # the page has gone

    def flush(self):
        for data in self.protocol.data_to_send():
            if data:
                self.connection.sendall(data)

    def send(self, kind, **event):
        self.protocol.send_text(json.dumps({"type": kind, "event_id": "event", **event}).encode())
        self.flush()

    def fail(self, event, message, code=None, param=None):
        error = {"message": message, "code": code, "param": param, "event_id": event.get("event_id")}
        self.send("error", error=error)

    def take(self, event):
        match event["type"]:
            case "session.update":
                sound = event["session"]["audio"]["input"]
                if sound["format"] != {"type": "audio/pcm", "rate": RATE} or "model" not in sound["transcription"]:
                    return self.fail(event, f"Not what the page should ask for: {sound}")
                self.is_set = True  # what was sent on top of settings that are refused counts all the same
                if bool(sound["turn_detection"]) != self.detects_turns:
                    return self.fail(event, "Turns are not detected.", param="session.audio.input.turn_detection")
                self.send("session.updated", session=event["session"])
            case "input_audio_buffer.append":
                samples = array.array("h", base64.b64decode(event["audio"]))
                if not self.is_set or len(samples) > RATE // 10:
                    return self.fail(event, f"Sound before the settings, or too much: {len(samples)} samples")
                if self.handler.server.heard is not None:
                    self.handler.server.heard.extend(samples)
                self.hear(samples)
            case "input_audio_buffer.commit":
                if not self.detects_turns and self.heard:
                    self.item = "item_whole"
                if self.item is None:
                    return self.fail(event, "There is nothing to commit.", "input_audio_buffer_commit_empty")
                self.end()
            case other:
                self.fail(event, f"There is no {other}.")

    def hear(self, samples):
        seconds = len(samples) / RATE
        is_loud = sum(map(abs, samples)) > LOUD * len(samples)
        self.silence = 0.0 if is_loud else self.silence + seconds
        if is_loud and self.item is None and self.detects_turns:
            self.item, self.told, self.began = f"item_{self.count}", 0, self.heard
            self.count += 1
            self.send("input_audio_buffer.speech_started", item_id=self.item, audio_start_ms=round(self.heard * 1000))
        self.heard += seconds
        if self.item is None:
            return
        if self.told < len(SEGMENTS) and self.heard - self.began > self.told + 1:
            text = SEGMENTS[self.told][2]
            self.tell("delta", delta=text if self.told == 0 else " " + text)
            self.told += 1
        if self.silence >= PAUSE:
            end = round((self.heard - self.silence) * 1000)
            self.send("input_audio_buffer.speech_stopped", item_id=self.item, audio_end_ms=end)
            self.end()

    def tell(self, what, **event):
        kind = f"conversation.item.input_audio_transcription.{what}"
        self.send(kind, item_id=self.item, content_index=0, **event)

    def end(self):
        self.send("input_audio_buffer.committed", item_id=self.item, previous_item_id=None)
        time.sleep(0.3)
        self.tell("completed", transcript=TEXT, usage={"type": "duration", "seconds": 1})
        self.item = None


class MockServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port=0, key=None, detects_turns=True):
        super().__init__(("127.0.0.1", port), Handler)
        self.key = key
        self.detects_turns = detects_turns
        self.heard = None  # an array of samples, to keep what the microphone heard

    def url(self, host):
        return f"http://{host}:{self.server_address[1]}/"

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, address)

    def stop(self):
        self.shutdown()
        self.server_close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--key")
    arguments = parser.parse_args()
    server = MockServer(arguments.port, arguments.key)
    print(server.url("localhost"))
    server.serve_forever()
