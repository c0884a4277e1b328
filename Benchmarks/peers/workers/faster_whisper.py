import time

import faster_whisper
import numpy as np
from faster_whisper.audio import decode_audio, pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from job import Answer

OPTIONS = {"language": "en", "temperature": 0.0}
OPTIONS_NOTE = "temperature 0.0, condition_on_previous_text False, the rest as it comes"


class Worker:
    def __init__(self, model, compute_type, threads):
        self.model = faster_whisper.WhisperModel(model, device="cpu", compute_type=compute_type, cpu_threads=threads)
        self.pipeline = faster_whisper.BatchedInferencePipeline(self.model)

    def run(self, job):
        start = time.perf_counter()
        if job.long:
            results = [self.long(job)]
        elif job.batch > 1:
            results = [self.side_by_side(job)]
        else:
            results = [self.one_by_one(path, job) for path in job.files]
        wall = time.perf_counter() - start
        segments = [segment for result in results for segment in result]
        # Segments of one window share its seek, but two files may have windows at the same place.
        windows = sum(len({segment.seek for segment in result}) for result in results)
        answer = Answer(wall, windows=windows, tokens=sum(len(segment.tokens) for segment in segments))
        if len(results) == len(job.files):
            answer.texts = ["".join(segment.text for segment in result).strip() for result in results]
        if job.parts:
            self.time_parts(job, answer)
        return answer

    def one_by_one(self, path, job):
        segments, _ = self.model.transcribe(
            path, beam_size=job.beam, without_timestamps=not job.timestamps, condition_on_previous_text=False, **OPTIONS
        )
        return list(segments)

    def long(self, job):
        """Its own way with long files: what is speech, packed into windows, decoded side by side."""
        segments, _ = self.pipeline.transcribe(
            job.files[0], beam_size=job.beam, batch_size=job.batch, without_timestamps=not job.timestamps, **OPTIONS
        )
        return list(segments)

    def side_by_side(self, job):
        """The pipeline takes one recording, so the files are joined, and each is named as a clip of it."""
        audio = [decode_audio(path) for path in job.files]
        ends = np.cumsum([len(one) for one in audio])
        clips = [{"start": (end - len(one)) / 16000, "end": end / 16000} for one, end in zip(audio, ends)]
        segments, _ = self.pipeline.transcribe(
            np.concatenate(audio), clip_timestamps=clips, vad_filter=False, beam_size=job.beam, batch_size=job.batch,
            without_timestamps=not job.timestamps, **OPTIONS,
        )  # fmt: skip
        return list(segments)

    def time_parts(self, job, answer):
        """encode and generate of one window in calls of their own, as transcribe makes them."""
        tokenizer = Tokenizer(
            self.model.hf_tokenizer, self.model.model.is_multilingual, task="transcribe", language="en"
        )
        prompt = self.model.get_prompt(tokenizer, [], without_timestamps=not job.timestamps)
        features = pad_or_trim(self.model.feature_extractor(decode_audio(job.files[0]))[..., :-1])
        start = time.perf_counter()
        encoded = self.model.encode(features)
        middle = time.perf_counter()
        result = self.model.model.generate(
            encoded, [prompt], beam_size=job.beam, max_length=self.model.max_length, sampling_temperature=0.0,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]), return_scores=True, return_no_speech_prob=True,
        )[0]  # fmt: skip
        end = time.perf_counter()
        answer.encode_ms_per_window = (middle - start) * 1000
        answer.decode_ms_per_token = (end - middle) * 1000 / (len(result.sequences_ids[0]) + 1)
