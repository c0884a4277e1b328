"""The official Python client against the server: formats, granularities, streams, errors, retries, models."""

import concurrent.futures
import json
import re
import time

import httpx2
import openai
import pytest
from conftest import ENDING, KEY, MODEL, SAMPLE, Recorder, make_client
from speech import tone, wav_of

STAMP = r"\d\d:\d\d:\d\d"
SEGMENT_FIELDS = {
    "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio",
    "no_speech_prob",
}  # fmt: skip


def spoken(text):
    return re.sub(r"[^a-z ]", "", text.lower())


def transcribe(client, file=SAMPLE, **fields):
    fields.setdefault("model", MODEL)
    return client.audio.transcriptions.create(file=file, **fields)


# --- formats ----------------------------------------------------------------------------------------------------------


def check_plain(text):
    assert ENDING in spoken(text)
    assert text == text.strip()


def check_json(answer):
    check_plain(answer.text)
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == 11


def check_text(answer):
    assert isinstance(answer, str)
    assert not answer.lstrip().startswith(("{", '"'))
    assert ENDING in spoken(answer)


def check_srt(answer):
    assert isinstance(answer, str)
    blocks = answer.strip().split("\n\n")
    for number, block in enumerate(blocks, start=1):
        lines = block.split("\n")
        assert lines[0] == str(number)
        assert re.fullmatch(rf"{STAMP},\d\d\d --> {STAMP},\d\d\d", lines[1])
        assert lines[2]


def check_vtt(answer):
    assert isinstance(answer, str)
    head, *blocks = answer.strip().split("\n\n")
    assert head == "WEBVTT"
    assert blocks
    for block in blocks:
        assert re.fullmatch(rf"{STAMP}\.\d\d\d --> {STAMP}\.\d\d\d", block.split("\n")[0])


def check_verbose(answer, task="transcribe"):
    check_plain(answer.text)
    assert answer.language == "english"
    assert isinstance(answer.duration, float) and abs(answer.duration - 11) < 0.05
    assert answer.task == task
    assert answer.segments
    for index, segment in enumerate(answer.segments):
        values = segment.model_dump()
        assert SEGMENT_FIELDS <= values.keys()
        assert all(values[name] is not None for name in SEGMENT_FIELDS)
        assert segment.id == index
        assert 0 <= segment.start <= segment.end <= 30
        assert all(isinstance(token, int) for token in segment.tokens)
    assert "".join(segment.text for segment in answer.segments).strip() == answer.text


CHECKS = {"json": check_json, "text": check_text, "srt": check_srt, "vtt": check_vtt, "verbose_json": check_verbose}


@pytest.mark.parametrize("response_format", CHECKS)
def test_transcription_in_every_format(client, response_format):
    CHECKS[response_format](transcribe(client, response_format=response_format))


def test_json_is_the_default(client):
    check_json(transcribe(client))


def test_verbose_usage_is_duration(client):
    assert transcribe(client, response_format="verbose_json").usage.type == "duration"


@pytest.mark.parametrize("response_format", CHECKS)
def test_english_only_model_does_not_translate(client, response_format):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.translations.create(file=SAMPLE, model=MODEL, response_format=response_format)
    assert caught.value.type == "invalid_request_error"


@pytest.mark.parametrize("response_format", CHECKS)
def test_translation_in_every_format(base_url, response_format):
    with make_client(base_url, max_retries=0) as client:
        answer = client.audio.translations.create(file=SAMPLE, model="base", response_format=response_format)
    if response_format == "json":
        check_plain(answer.text)
    elif response_format == "verbose_json":
        check_verbose(answer, task="translate")
    else:
        CHECKS[response_format](answer)


def test_foreign_speech_is_translated_and_transcribed(base_url, data):
    line = next(
        line
        for line in map(json.loads, (data / "manifest.jsonl").read_text().splitlines())
        if line["language"] == "de" and line["expect"] == "text"
    )
    file = data / line["audio"]
    with make_client(base_url, max_retries=0) as client:
        english = client.audio.translations.create(file=file, model="base").text
        for language in ["de", "german", openai.omit]:
            german = transcribe(client, file, model="base", language=language, response_format="verbose_json")
            assert german.language == "german"
            assert german.text != english


@pytest.mark.parametrize("response_format, media", [
    ("json", "application/json"), ("verbose_json", "application/json"), ("text", "text/plain"),
    ("srt", "text/plain|application/x-subrip"), ("vtt", "text/vtt"),
])  # fmt: skip
def test_content_type_names_the_format_whatever_is_accepted(raw, sample, response_format, media):
    for accept in ["application/json", "*/*", "text/html"]:
        answer = raw.post(
            "/v1/audio/transcriptions",
            data={"model": MODEL, "response_format": response_format},
            files={"file": ("a.flac", sample)},
            headers={"Accept": accept},
        )
        assert answer.status_code == 200
        assert re.fullmatch(rf"({media})(; ?charset=utf-8)?", answer.headers["content-type"].lower())


# --- granularities ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("granularities, segments, words", [
    (["word"], False, True), (["segment"], True, False), (["word", "segment"], True, True),
    (["segment", "word"], True, True), ([], True, False),
])  # fmt: skip
def test_granularities(client, granularities, segments, words):
    answer = transcribe(client, response_format="verbose_json", timestamp_granularities=granularities)
    assert bool(answer.segments) == segments
    assert bool(answer.words) == words
    if not segments:
        assert answer.segments is None
    if not words:
        assert answer.words is None
    else:
        assert spoken(" ".join(word.word for word in answer.words)) == spoken(answer.text)
        assert all(word.word == word.word.strip() for word in answer.words)
        stamps = [stamp for word in answer.words for stamp in (word.start, word.end)]
        assert stamps == sorted(stamps)


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt"])
def test_words_need_verbose_json(client, response_format):
    with pytest.raises(openai.BadRequestError) as caught:
        transcribe(client, response_format=response_format, timestamp_granularities=["word"])
    assert "timestamp_granularities" in (caught.value.param or "")


@pytest.mark.parametrize("name, values", [
    ("timestamp_granularities", ["word", "segment"]), ("timestamp_granularities", ["word,segment"]),
    ("timestamp_granularities[]", ["word,segment"]),
])  # fmt: skip
def test_other_spellings_of_granularities(raw, sample, name, values):
    answer = raw.post(
        "/v1/audio/transcriptions",
        data={"model": MODEL, "response_format": "verbose_json", name: values},
        files={"file": ("a.flac", sample)},
    ).json()
    assert answer["words"] and answer["segments"]


# --- forms ------------------------------------------------------------------------------------------------------------


def multipart(parts, boundary="b0undary"):
    """Parts in their order: (name, value) or (name, bytes, further head lines)."""
    body = b""
    for name, value, *lines in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += "".join(lines) + "\r\n\r\n"
        else:
            head, value = head + "\r\n\r\n", value.encode()
        body += head.encode() + value + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


@pytest.mark.parametrize("file_first", [True, False])
@pytest.mark.parametrize("head", [
    '; filename="a.flac"\r\nContent-Type: audio/flac', '; filename="blob"\r\nContent-Type: application/octet-stream',
    '; filename="wrong.mp3"\r\nContent-Type: audio/mpeg', '; filename="a.flac"',
])  # fmt: skip
def test_file_may_come_first_or_last_under_any_name(raw, sample, file_first, head):
    file, fields = ("file", sample, head), [("model", MODEL), ("response_format", "text")]
    answer = raw.post(
        "/v1/audio/transcriptions",
        content=multipart([file, *fields] if file_first else [*fields, file]),
        headers={"Content-Type": "multipart/form-data; boundary=b0undary"},
    )
    assert answer.status_code == 200, answer.text
    check_text(answer.text)


def test_chunked_upload_is_taken(raw, sample):
    body = multipart([("model", MODEL), ("file", sample, '; filename="a.flac"')])
    answer = raw.post(
        "/v1/audio/transcriptions",
        content=(body[start : start + 5000] for start in range(0, len(body), 5000)),
        headers={"Content-Type": "multipart/form-data; boundary=b0undary"},
    )
    assert answer.status_code == 200, answer.text


def test_extensions_come_as_fields(client):
    extra = {"hotwords": "Americans", "beam_size": 2, "vad_filter": True, "language": "en"}
    check_json(transcribe(client, extra_body=extra))


def test_wrong_extension_is_refused(client):
    with pytest.raises(openai.BadRequestError) as caught:
        transcribe(client, extra_body={"beam_size": "many"})
    assert caught.value.param == "beam_size"


def test_prompt_temperature_and_chunking_are_taken(client):
    check_plain(transcribe(client, prompt="A speech.", temperature=0).text)
    assert transcribe(client, temperature=0.2).text
    check_plain(transcribe(client, chunking_strategy="auto").text)
    check_plain(
        transcribe(
            client,
            chunking_strategy={
                "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
            },
        ).text
    )  # fmt: skip


def test_keywords_and_languages_are_taken(client):
    check_plain(transcribe(client, extra_body={"keywords": ["Americans"], "languages": ["en"]}).text)


def test_speakers_are_refused(client):
    with pytest.raises(openai.BadRequestError) as caught:
        transcribe(client, known_speaker_names=["a"], known_speaker_references=["data:audio/wav;base64,AA=="])
    assert "known_speaker" in caught.value.param


def test_logprobs(client):
    answer = transcribe(client, include=["logprobs"])
    assert answer.logprobs
    assert all(entry.token and entry.logprob <= 0 for entry in answer.logprobs)
    assert spoken("".join(entry.token for entry in answer.logprobs)).strip() == spoken(answer.text)
    assert all(bytes(int(b) for b in entry.bytes).decode("utf-8", "replace") for entry in answer.logprobs)
    assert transcribe(client).logprobs is None
    with pytest.raises(openai.BadRequestError):
        transcribe(client, include=["logprobs"], response_format="verbose_json")


# --- streams ----------------------------------------------------------------------------------------------------------


def test_stream_deltas_are_the_text(client):
    events = list(transcribe(client, stream=True))
    assert {event.type for event in events} == {"transcript.text.delta", "transcript.text.done"}
    *deltas, done = events
    assert done.type == "transcript.text.done"
    assert "".join(event.delta for event in deltas) == done.text
    assert done.text == transcribe(client).text
    usage = done.usage
    assert usage.type == "tokens"
    assert usage.input_tokens is not None and usage.output_tokens > 0
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


def test_stream_with_logprobs(client):
    events = list(transcribe(client, stream=True, include=["logprobs"]))
    assert any(event.logprobs for event in events if event.type == "transcript.text.delta")


@pytest.mark.parametrize("response_format", ["verbose_json", "srt", "vtt"])
def test_stream_of_other_formats_is_refused(client, response_format):
    with pytest.raises(openai.BadRequestError):
        list(transcribe(client, stream=True, response_format=response_format))


def test_stream_on_the_wire(raw, sample):
    fields = {"model": MODEL, "stream": "true"}
    with raw.stream("POST", "/v1/audio/transcriptions", data=fields, files={"file": ("a.flac", sample)}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-request-id"]
        text = "".join(answer.iter_text())
    for frame in text.strip().split("\n\n"):
        assert all(line.startswith(("data: ", ":")) for line in frame.split("\n")), frame


def test_stream_of_broken_audio_is_an_error_not_an_empty_stream(client):
    with pytest.raises(openai.APIError):
        list(transcribe(client, ("a.wav", b"no audio at all"), stream=True))


# --- errors -----------------------------------------------------------------------------------------------------------


def refusal(client, kind, **fields):
    with pytest.raises(kind) as caught:
        transcribe(client, **fields)
    assert caught.value.request_id
    body = caught.value.body
    assert {"message", "type", "param", "code"} <= body.keys() and body["message"]
    return caught.value


def test_missing_file(raw):
    answer = raw.post("/v1/audio/transcriptions", data={"model": MODEL}, files={"other": b"x"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "file"


def test_missing_model(raw, sample):
    answer = raw.post("/v1/audio/transcriptions", files={"file": ("a.flac", sample)})
    # Whoever has one model need not name it.
    assert answer.status_code == 200


@pytest.mark.parametrize("fields, param", [
    ({"response_format": "docx"}, "response_format"), ({"language": "klingon"}, "language"),
    ({"temperature": 7}, "temperature"), ({"timestamp_granularities": ["letter"]}, "timestamp_granularities"),
    ({"include": ["secrets"]}, "include"), ({"response_format": "diarized_json"}, "response_format"),
    ({"chunking_strategy": "never"}, "chunking_strategy"),
])  # fmt: skip
def test_bad_field_is_named(client, fields, param):
    error = refusal(client, openai.BadRequestError, **fields)
    assert error.type == "invalid_request_error"
    assert error.param.startswith(param)


@pytest.mark.parametrize("file, code", [
    (("a.wav", b"this is no audio"), "audio_decode_error"), (("a.mp3", bytes(range(256)) * 20), "audio_decode_error"),
])  # fmt: skip
def test_undecodable_audio(client, file, code):
    error = refusal(client, openai.BadRequestError, file=file)
    assert (error.type, error.code) == ("invalid_request_error", code)


def test_empty_file(client):
    error = refusal(client, openai.BadRequestError, file=("a.wav", b""))
    assert error.code in ("audio_too_short", "audio_decode_error")


def test_no_bytes_are_too_short(client):
    assert refusal(client, openai.BadRequestError, file=("a.wav", b"")).code == "audio_too_short"


def test_audio_without_samples_has_no_text(client):
    assert transcribe(client, file=("a.wav", wav_of([]))).text == ""


def test_invalid_recordings(client, data):
    for line in map(json.loads, (data / "manifest.jsonl").read_text().splitlines()):
        if line["category"] == "invalid":
            file = data / line["audio"]
            if line["expect"] == "error":
                refusal(client, openai.BadRequestError, file=file)
            else:
                transcribe(client, file=file)


@pytest.mark.parametrize("key", ["wrong", KEY + "x", KEY[:-1], KEY.upper()])
def test_wrong_key_is_401_on_every_route(raw, sample, key):
    headers = {"Authorization": f"Bearer {key}"}
    answers = [
        raw.get("/v1/models", headers=headers),
        raw.get(f"/v1/models/{MODEL}", headers=headers),
        *(
            raw.post(path, data={"model": MODEL}, files={"file": ("a.flac", sample)}, headers=headers)
            for path in ["/v1/audio/transcriptions", "/v1/audio/translations"]
        ),
        raw.get("/v1/realtime?model=m&intent=transcription", headers=headers),
    ]
    for answer in answers:
        assert answer.status_code == 401, answer.url
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert answer.headers["x-request-id"]


def test_missing_and_malformed_keys(url):
    for headers in [{}, {"Authorization": KEY}, {"Authorization": f"Basic {KEY}"}, {"Authorization": "Bearer"}]:
        assert httpx2.get(url + "/v1/models", headers=headers).status_code == 401


def test_wrong_key_in_the_client(url):
    with make_client(url, key="wrong") as client:
        error = refusal(client, openai.AuthenticationError)
    assert error.code == "invalid_api_key"


def test_health_needs_no_key(url):
    for path in ["/health/live", "/health/ready"]:
        assert httpx2.get(url + path).status_code == 200


def test_unknown_model(client):
    error = refusal(client, openai.NotFoundError, model="no/such-model")
    assert error.code == "model_not_found"


def test_unknown_route_and_method(raw):
    answer = raw.get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"
    answer = raw.get("/v1/audio/transcriptions")
    assert answer.status_code in (404, 405)
    assert answer.json()["error"]["message"]


def test_form_that_is_none(raw):
    for body, media in [
        (b"{}", "application/json"), (b"model=m", "application/x-www-form-urlencoded"), (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=b"), (b"", "multipart/form-data; boundary=b"),
    ]:  # fmt: skip
        answer = raw.post("/v1/audio/transcriptions", content=body, headers={"Content-Type": media})
        assert answer.status_code in (400, 415), (media, answer.text)
        assert answer.json()["error"]["message"]


# --- limits and retries -----------------------------------------------------------------------------------------------


def test_bad_request_is_not_retried(url):
    recorder = Recorder()
    with make_client(url, recorder) as client:
        refusal(client, openai.BadRequestError, file=("a.wav", b"no audio"))
    assert len(recorder.requests) == 1


def test_body_over_the_limit_is_413_and_not_retried(limited_url, limits):
    recorder = Recorder()
    with make_client(limited_url, recorder) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            transcribe(client, ("a.wav", wav_of(tone(limits["seconds"])) + bytes(limits["upload"])))
    error = caught.value
    assert error.status_code == 413
    assert error.type == "server_error"
    assert re.match(r"Maximum content size limit \(\d+\) exceeded", error.body["message"])
    assert len(recorder.requests) == 1


def test_chunked_body_over_the_limit_is_413(limited_url, limits):
    def pieces():
        yield multipart([("model", MODEL), ("file", b"", '; filename="a.wav"')])[:-16]
        for _ in range(limits["upload"] // 10000 + 2):
            yield bytes(10000)

    with httpx2.Client(headers={"Authorization": f"Bearer {KEY}"}) as client:
        try:
            answer = client.post(
                limited_url + "/v1/audio/transcriptions",
                content=pieces(),
                headers={"Content-Type": "multipart/form-data; boundary=b0undary"},
            )
        except httpx2.WriteError:
            pytest.skip("the connection was closed before the answer was read")
    assert answer.status_code == 413


def test_too_many_seconds_of_audio_are_refused(limited_url, limits):
    file = ("a.wav", wav_of([0.0] * int((limits["seconds"] + 5) * 8000), rate=8000))
    assert len(file[1]) < limits["upload"]
    with make_client(limited_url, max_retries=0) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            transcribe(client, file)
    assert caught.value.status_code in (400, 413)


def test_full_queue_is_429_with_retry_after(limited_url):
    """One request runs and one waits; of many more at once some must be turned away, at once."""

    def attempt(_):
        with make_client(limited_url, max_retries=0) as client:
            start = time.monotonic()
            try:
                return "ok", transcribe(client).text, time.monotonic() - start
            except openai.RateLimitError as error:
                return "full", error, time.monotonic() - start

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        results = list(pool.map(attempt, range(16)))
    refused = [result for result in results if result[0] == "full"]
    assert refused and len(refused) < len(results)
    for _, error, _ in refused:
        assert float(error.response.headers["retry-after"]) >= 0
        assert (error.type, error.code) == ("rate_limit_error", "queue_full")
        assert error.request_id
    # The server is as before afterwards.
    time.sleep(2)
    assert attempt(0)[0] == "ok"


def test_retries_get_through_a_full_queue(limited_url):
    recorder = Recorder()

    def attempt(_):
        with make_client(limited_url, recorder, max_retries=20) as client:
            return transcribe(client).text

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        texts = list(pool.map(attempt, range(6)))
    assert len(set(texts)) == 1
    assert len(recorder.requests) >= 6


# --- models and heads -------------------------------------------------------------------------------------------------


def test_models(client):
    models = client.models.list().data
    assert MODEL in [model.id for model in models]
    for model in models:
        assert model.object == "model"
        assert isinstance(model.created, int)
        assert model.owned_by
        assert client.models.retrieve(model.id).id == model.id


def test_model_ids_with_slashes(client, raw):
    for name in ["openai/whisper-none", "a/b/c"]:
        with pytest.raises(openai.NotFoundError) as caught:
            client.models.retrieve(name)
        assert caught.value.code == "model_not_found"
        assert raw.get(f"/v1/models/{name}").json()["error"]["code"] == "model_not_found"


def test_whisper_1_is_the_model(client):
    check_json(transcribe(client, model="whisper-1"))
    assert client.models.retrieve("whisper-1").object == "model"


def test_every_answer_has_a_request_id(raw, sample):
    answers = [
        raw.get("/v1/models"),
        raw.get("/v1/models/none"),
        raw.get("/nothing"),
        raw.post("/v1/audio/transcriptions", content=b"x"),
        raw.post("/v1/audio/transcriptions", data={"model": MODEL}, files={"file": ("a.flac", sample)}),
        raw.post("/v1/audio/translations", data={"model": "none"}, files={"file": ("a.flac", sample)}),
    ]
    identifiers = [answer.headers["x-request-id"] for answer in answers]
    assert all(identifiers) and len(set(identifiers)) == len(identifiers)
    assert all(answer.status_code < 500 for answer in answers)


def test_many_at_once_say_what_one_says(client, url):
    alone = transcribe(client).text

    def attempt(_):
        with make_client(url) as client:
            return transcribe(client).text

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(attempt, range(16))) == {alone}
