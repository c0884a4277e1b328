"""The servers under test, as `Scripts/check-clients` starts them, told by the environment:

STAPES_URL           a server with the English-only model; STAPES_KEY is the key it asks for.
STAPES_LIMITED_URL   the same with small limits (STAPES_MAX_UPLOAD bytes, STAPES_MAX_SECONDS of audio, one request at a
                     time, one waiting); what needs it is skipped without it.
STAPES_BASE_URL      the same with the multilingual model base; skipped likewise.
STAPES_DATA          the recordings' folder, with manifest.jsonl; skipped likewise.
"""

import os
import pathlib

import httpx2
import openai
import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "Samples" / "jfk-inaugural.flac"
ENDING = "what you can do for your country"
KEY = os.environ.get("STAPES_KEY", "test-key")
MODEL = os.environ.get("STAPES_MODEL", "tiny.en")


def address(name):
    value = os.environ.get(name, "").rstrip("/")
    if not value:
        pytest.skip(f"needs {name}")
    return value


class Recorder:
    """Counts what a client sends, retries included."""

    def __init__(self):
        self.requests = []
        self.responses = []

    def http_client(self):
        hooks = {"request": [self.requests.append], "response": [self.responses.append]}
        return openai.DefaultHttpxClient(event_hooks=hooks)


def make_client(url, recorder=None, key=KEY, **options):
    http_client = recorder.http_client() if recorder else None
    return openai.OpenAI(base_url=url + "/v1", api_key=key, http_client=http_client, timeout=120, **options)


@pytest.fixture
def url():
    return address("STAPES_URL")


@pytest.fixture
def limited_url():
    return address("STAPES_LIMITED_URL")


@pytest.fixture
def base_url():
    return address("STAPES_BASE_URL")


@pytest.fixture
def client(url):
    with make_client(url, max_retries=0) as client:
        yield client


@pytest.fixture
def raw(url):
    """HTTP without the openai package; redirects and cookies off."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=120) as client:
        yield client


@pytest.fixture
def sample():
    return SAMPLE.read_bytes()


@pytest.fixture
def data():
    folder = os.environ.get("STAPES_DATA", "")
    folder = pathlib.Path(folder) if folder else REPOSITORY.parent / "shared" / "data" / "dev"
    if not (folder / "manifest.jsonl").exists():
        pytest.skip("needs the recordings")
    return folder


@pytest.fixture
def limits(limited_url):
    return {"upload": int(os.environ["STAPES_MAX_UPLOAD"]), "seconds": float(os.environ["STAPES_MAX_SECONDS"])}


def pytest_sessionstart(session):
    if not os.environ.get("STAPES_URL"):
        raise pytest.UsageError("STAPES_URL is not set: run Scripts/check-clients")
