"""Realtime transcription over a WebSocket, with the official client and by hand, in the present and the beta shape."""

import base64
import json

import openai
import pytest
import websockets.sync.client
from conftest import ENDING, KEY, MODEL, SAMPLE, make_client
from speech import pcm_of
from test_openai_client import spoken

SECONDS = 60
ITEM = "conversation.item.input_audio_transcription."
NO_TURNS = {
    "type": "transcription",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": MODEL, "language": "en"},
            "turn_detection": None,
        }
    },
}


def sound(rate=24000):
    samples = pcm_of(SAMPLE, rate)
    if samples is None:
        pytest.skip("needs ffmpeg")
    return samples


def pieces(samples, byte_count=24000):
    for start in range(0, len(samples), byte_count):
        yield base64.b64encode(samples[start : start + byte_count]).decode()


class Session:
    """A session over plain JSON frames."""

    def __init__(self, url, subprotocols=None, headers=None, query=None):
        self.connection = websockets.sync.client.connect(
            "ws" + url.removeprefix("http") + "/v1/realtime?" + (query or f"model={MODEL}&intent=transcription"),
            additional_headers={"Authorization": f"Bearer {KEY}"} if headers is None else headers,
            subprotocols=subprotocols,
            max_size=1 << 24,
        )
        self.socket = self.connection.__enter__()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.__exit__(None, None, None)

    def send(self, **event):
        self.socket.send(json.dumps(event))

    def receive(self):
        event = json.loads(self.socket.recv(timeout=SECONDS))
        assert event["event_id"], event
        return event

    def until(self, kind, refuses=("error",)):
        """All events to the first of a kind, which is the last of them."""
        events = []
        while not events or events[-1]["type"] != kind:
            events.append(self.receive())
            assert events[-1]["type"] == kind or events[-1]["type"] not in refuses, events[-1]
        return events

    def say(self, samples):
        for piece in pieces(samples):
            self.send(type="input_audio_buffer.append", audio=piece)


def check_item(events):
    """One item's events: increments, and what they add up to."""
    completed = events[-1]
    deltas = [event["delta"] for event in events if event["type"] == ITEM + "delta"]
    assert completed["content_index"] == 0
    assert "".join(deltas) == completed["transcript"]
    assert completed["usage"]["type"] in ("tokens", "duration")
    return completed


def test_official_client_transcribes(url):
    client = make_client(url)
    kinds = []
    with client.realtime.connect(model=MODEL, extra_query={"intent": "transcription"}) as connection:
        created = connection.recv()
        assert created.type == "session.created"
        assert created.session.type == "transcription"
        connection.session.update(session=NO_TURNS)
        updated = connection.recv()
        assert updated.type == "session.updated"
        assert updated.session.audio.input.transcription.language == "en"
        for piece in pieces(sound()):
            connection.input_audio_buffer.append(audio=piece)
        connection.input_audio_buffer.commit()
        text = ""
        for event in connection:
            kinds.append(event.type)
            assert event.type != "error", event
            if event.type == ITEM + "delta":
                text += event.delta
            if event.type == ITEM + "completed":
                assert event.transcript == text
                break
    assert ENDING in spoken(text)
    assert "input_audio_buffer.committed" in kinds
    assert kinds.index("input_audio_buffer.committed") < kinds.index(ITEM + "completed")


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_every_rate(url, rate):
    with Session(url) as session:
        assert session.receive()["type"] == "session.created"
        form = json.loads(json.dumps(NO_TURNS))
        form["audio"]["input"]["format"]["rate"] = rate
        session.send(type="session.update", session=form)
        assert session.until("session.updated")[-1]["session"]["audio"]["input"]["format"]["rate"] == rate
        session.say(sound(rate))
        session.send(type="input_audio_buffer.commit")
        transcript = check_item(session.until(ITEM + "completed"))["transcript"]
    assert ENDING in spoken(transcript) or rate == 8000


def test_items_follow_each_other(url):
    with Session(url) as session:
        session.receive()
        session.send(type="session.update", session=NO_TURNS)
        session.until("session.updated")
        previous = None
        for _ in range(2):
            session.say(sound()[: 24000 * 2 * 4])
            session.send(type="input_audio_buffer.commit")
            committed = session.until("input_audio_buffer.committed")[-1]
            assert committed.get("previous_item_id") == previous
            previous = committed["item_id"]
            assert session.until(ITEM + "completed")[-1]["item_id"] == previous


def test_server_finds_turns(url):
    with Session(url) as session:
        session.receive()
        form = json.loads(json.dumps(NO_TURNS))
        form["audio"]["input"]["turn_detection"] = {"type": "server_vad", "silence_duration_ms": 600}
        session.send(type="session.update", session=form)
        answer = session.receive()
        if answer["type"] == "error":
            pytest.skip("the server has no voice activity detection: " + answer["error"]["message"])
        session.say(sound() + bytes(24000 * 2 * 3))
        events = session.until(ITEM + "completed")
        started = next(event for event in events if event["type"] == "input_audio_buffer.speech_started")
        stopped = next(event for event in events if event["type"] == "input_audio_buffer.speech_stopped")
        assert 0 <= started["audio_start_ms"] < stopped["audio_end_ms"] <= 14000
        assert started["item_id"] == stopped["item_id"]


def test_beta_shape(url):
    with Session(url, headers={"Authorization": f"Bearer {KEY}", "OpenAI-Beta": "realtime=v1"}) as session:
        assert session.receive()["type"].endswith("session.created")
        session.send(
            type="transcription_session.update",
            session={
                "input_audio_format": "pcm16",
                "input_audio_transcription": {"model": MODEL, "language": "en", "prompt": ""},
                "turn_detection": None,
            },
        )
        assert session.receive()["type"] in ("transcription_session.updated", "session.updated")
        session.say(sound())
        session.send(type="input_audio_buffer.commit")
        assert ENDING in spoken(check_item(session.until(ITEM + "completed"))["transcript"])


def test_errors_leave_the_session_open(url):
    with Session(url) as session:
        session.receive()
        session.send(type="session.update", session=NO_TURNS)
        session.until("session.updated")
        session.send(type="input_audio_buffer.commit", event_id="mine")
        error = session.receive()
        assert error["type"] == "error"
        assert error["error"]["event_id"] == "mine" and error["error"]["message"]
        for frame in [
            "no json", "[]", "{}", '{"type":7}', '{"type":"nothing.such"}',
            '{"type":"input_audio_buffer.append"}', '{"type":"input_audio_buffer.append","audio":"***"}',
            '{"type":"session.update","session":{"audio":{"input":{"format":{"type":"audio/gsm"}}}}}',
        ]:  # fmt: skip
            session.socket.send(frame)
            assert session.receive()["type"] == "error", frame
        session.send(type="input_audio_buffer.clear")
        assert session.receive()["type"] == "input_audio_buffer.cleared"
        session.say(sound()[: 24000 * 2 * 3])
        session.send(type="input_audio_buffer.commit")
        session.until(ITEM + "completed")


def test_cleared_sound_is_gone(url):
    with Session(url) as session:
        session.receive()
        session.send(type="session.update", session=NO_TURNS)
        session.until("session.updated")
        session.say(sound())
        session.send(type="input_audio_buffer.clear")
        session.until("input_audio_buffer.cleared")
        session.send(type="input_audio_buffer.commit")
        assert session.receive()["type"] == "error"


def test_browser_gives_the_key_as_subprotocol(url):
    with Session(url, ["realtime", f"openai-insecure-api-key.{KEY}"], headers={}) as session:
        assert session.receive()["type"] == "session.created"
        assert session.socket.subprotocol == "realtime"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_wrong_key_is_refused_before_the_upgrade(url, headers):
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        Session(url, headers=headers)
    assert caught.value.response.status_code == 401


def test_wrong_key_in_the_official_client(url):
    with pytest.raises((websockets.exceptions.InvalidStatus, openai.OpenAIError)):
        with make_client(url, key="wrong").realtime.connect(model=MODEL, extra_query={"intent": "transcription"}):
            pass
