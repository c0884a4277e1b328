#!/usr/bin/env python3
"""A minimal OpenAI-compatible server over faster-whisper, to be measured beside ours by the same client.

    faster_whisper_server.py --model FOLDER [--port 0] [--threads 2] [--workers 1] [--compute-type int8]
                             [--beam-size 1] [--no-fallback]

FOLDER is a model in CTranslate2's form. Prints `listening on http://127.0.0.1:PORT` to standard error. It has
transcriptions in json, text and verbose_json, models, and /health/ready; no more than a measurement needs. Uploads are
parsed by python-multipart and served by uvicorn, as the servers in use do it. Each request is decoded on a thread of
its own; --workers of them run inside CTranslate2 at a time, each with --threads threads.

Form fields besides OpenAI's: beam_size, vad_filter. Text is not conditioned on the window before.

Packages: requirements.txt beside this file.
"""

import argparse
import asyncio
import concurrent.futures
import io
import math
import socket
import sys

import faster_whisper
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

LADDER = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


def error(status, message, code=None):
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return JSONResponse(body, status_code=status)


class Server:
    def __init__(self, arguments):
        self.arguments = arguments
        self.model = faster_whisper.WhisperModel(
            arguments.model,
            device="cpu",
            compute_type=arguments.compute_type,
            cpu_threads=arguments.threads,
            num_workers=arguments.workers,
        )
        # As many requests as wait for a worker may have their features computed meanwhile.
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=arguments.workers + 1)

    def transcribe(self, data, options):
        segments, info = self.model.transcribe(io.BytesIO(data), condition_on_previous_text=False, **options)
        return list(segments), info

    async def transcriptions(self, request):
        form = await request.form()
        upload = form.get("file")
        if upload is None or isinstance(upload, str):
            return error(400, "the form has no file")
        answer = form.get("response_format", "json")
        if answer not in ("json", "text", "verbose_json"):
            return error(400, f"response_format '{answer}' is not supported")
        temperature = float(form.get("temperature", 0))
        english_only = not self.model.model.is_multilingual
        options = {
            "language": "en" if english_only else form.get("language"),
            "beam_size": int(form.get("beam_size", self.arguments.beam_size)),
            "temperature": LADDER if temperature == 0 and not self.arguments.no_fallback else temperature,
            "vad_filter": form.get("vad_filter", "false") == "true",
            "initial_prompt": form.get("prompt"),
        }
        data = await upload.read()
        loop = asyncio.get_running_loop()
        try:
            segments, info = await loop.run_in_executor(self.pool, self.transcribe, data, options)
        except Exception as cause:  # whatever the decoder says of broken audio
            return error(400, f"the audio cannot be decoded: {cause}", "audio_decode_error")
        text = "".join(segment.text for segment in segments).strip()
        if answer == "text":
            return PlainTextResponse(text + "\n")
        body = {"text": text, "usage": {"type": "duration", "seconds": math.ceil(info.duration)}}
        if answer == "verbose_json":
            body |= {"task": "transcribe", "language": info.language, "duration": info.duration}
            body["segments"] = [
                {
                    "id": index,
                    "seek": segment.seek,
                    "start": segment.start,
                    "end": segment.end,
                    "text": segment.text,
                    "tokens": segment.tokens,
                    "temperature": segment.temperature,
                    "avg_logprob": segment.avg_logprob,
                    "compression_ratio": segment.compression_ratio,
                    "no_speech_prob": segment.no_speech_prob,
                }
                for index, segment in enumerate(segments)
            ]
        return JSONResponse(body)

    async def models(self, request):
        name = self.arguments.model.rstrip("/").rsplit("/", 1)[-1]
        model = {"id": name, "object": "model", "created": 0, "owned_by": "faster-whisper"}
        return JSONResponse({"object": "list", "data": [model]})

    def routes(self):
        return [
            Route("/v1/audio/transcriptions", self.transcriptions, methods=["POST"]),
            Route("/v1/models", self.models),
            Route("/health/ready", lambda request: JSONResponse({"status": "ready"})),
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--compute-type", default="int8")
    parser.add_argument("--beam-size", type=int, default=1)
    parser.add_argument("--no-fallback", action="store_true")
    arguments = parser.parse_args()
    app = Starlette(routes=Server(arguments).routes())
    listener = socket.create_server((arguments.host, arguments.port), backlog=256)
    print(f"listening on http://{arguments.host}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=60)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
