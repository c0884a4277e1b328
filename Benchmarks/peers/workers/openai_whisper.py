import pathlib
import time

import torch
import whisper

from job import Answer
from workers.audio import decode

OPTIONS = {"language": "en", "temperature": 0.0, "fp16": False, "condition_on_previous_text": False, "verbose": None}


class Worker:
    def __init__(self, model, compute_type, threads):
        torch.set_num_threads(threads)
        self.model = whisper.load_model(str(pathlib.Path(model) / "model.pt"), device="cpu")

    def run(self, job):
        start = time.perf_counter()
        # One file after the other: it has no batches. Times lead it through a long file.
        results = [
            self.transcribe(path, job, without_timestamps=not (job.timestamps or job.long)) for path in job.files
        ]
        wall = time.perf_counter() - start
        segments = [segment for result in results for segment in result["segments"]]
        answer = Answer(wall, tokens=sum(len(segment["tokens"]) for segment in segments))
        answer.windows = sum(len({segment["seek"] for segment in result["segments"]}) for result in results)
        answer.texts = [result["text"].strip() for result in results]
        if job.parts:
            self.time_parts(job, answer)
        return answer

    def transcribe(self, path, job, without_timestamps):
        beam = job.beam if job.beam > 1 else None
        return self.model.transcribe(decode(path), beam_size=beam, without_timestamps=without_timestamps, **OPTIONS)

    @torch.inference_mode()
    def time_parts(self, job, answer):
        """The encoder, and decoding of what it gave, in calls of their own."""
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(decode(job.files[0])), self.model.dims.n_mels)
        start = time.perf_counter()
        encoded = self.model.encoder(mel[None])
        middle = time.perf_counter()
        options = whisper.DecodingOptions(
            language="en",
            fp16=False,
            without_timestamps=not job.timestamps,
            beam_size=job.beam if job.beam > 1 else None,
        )
        result = self.model.decode(encoded[0], options)
        end = time.perf_counter()
        answer.encode_ms_per_window = (middle - start) * 1000
        answer.decode_ms_per_token = (end - middle) * 1000 / (len(result.tokens) + 1)
