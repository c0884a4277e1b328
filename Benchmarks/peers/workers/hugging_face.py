import json
import pathlib
import time

import torch
from tokenizers import Tokenizer
from transformers import GenerationConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from job import Answer
from workers.audio import SAMPLE_RATE, decode

TYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


class Worker:
    def __init__(self, model, compute_type, threads):
        torch.set_num_threads(threads)
        self.type = TYPES[compute_type]
        self.model = WhisperForConditionalGeneration.from_pretrained(model, dtype=self.type).eval()
        self.extractor = WhisperFeatureExtractor(feature_size=self.model.config.num_mel_bins)
        self.tokenizer = Tokenizer.from_file(str(pathlib.Path(model) / "tokenizer.json"))
        self.end = self.tokenizer.token_to_id("<|endoftext|>")
        self.model.generation_config = self.generation_config(model)
        self.encode_seconds, self.encoded_windows = 0.0, 0
        self.model.model.encoder.register_forward_pre_hook(self.encoder_begins)
        self.model.model.encoder.register_forward_hook(self.encoder_ends)

    def generation_config(self, model):
        """What the converted file says, and what the published ones say of the vocabulary."""
        written = json.loads((pathlib.Path(model) / "generation_config.json").read_text())
        token = self.tokenizer.token_to_id
        settings = {
            "suppress_tokens": written["suppress_tokens"],
            "begin_suppress_tokens": written["begin_suppress_tokens"],
            "decoder_start_token_id": token("<|startoftranscript|>"),
            "bos_token_id": self.end,
            "eos_token_id": self.end,
            "pad_token_id": self.end,
            "no_timestamps_token_id": token("<|notimestamps|>"),
            "prev_sot_token_id": token("<|startofprev|>"),
            "max_length": self.model.config.max_target_positions,
            "max_initial_timestamp_index": 50,
            "is_multilingual": self.model.config.vocab_size > 51864,
        }
        if settings["is_multilingual"]:
            settings["lang_to_id"] = {"<|en|>": token("<|en|>")}
            settings["task_to_id"] = {"transcribe": token("<|transcribe|>"), "translate": token("<|translate|>")}
        return GenerationConfig(**settings)

    def encoder_begins(self, *_):
        self.began = time.perf_counter()

    def encoder_ends(self, module, arguments, output):
        self.encode_seconds += time.perf_counter() - self.began
        self.encoded_windows += output.last_hidden_state.shape[0]

    def run(self, job):
        self.encode_seconds, self.encoded_windows = 0.0, 0
        generate_seconds = 0.0
        rows = []
        start = time.perf_counter()
        for first in range(0, len(job.files), job.batch):
            audio = [decode(path) for path in job.files[first : first + job.batch]]
            inputs = self.inputs(audio)
            began = time.perf_counter()
            rows += self.generate(inputs, job)
            generate_seconds += time.perf_counter() - began
        texts = [self.tokenizer.decode(row).strip() for row in rows]
        wall = time.perf_counter() - start
        # With the token that ends each window: a step was made for it.
        tokens = sum(len(row) for row in rows)
        answer = Answer(wall, windows=self.encoded_windows, tokens=tokens, texts=texts)
        answer.encode_ms_per_window = self.encode_seconds * 1000 / self.encoded_windows
        answer.decode_ms_per_token = (generate_seconds - self.encode_seconds) * 1000 / (tokens + self.encoded_windows)
        return answer

    def inputs(self, audio):
        if len(audio) == 1 and len(audio[0]) > 30 * SAMPLE_RATE:
            inputs = self.extractor(
                audio, sampling_rate=SAMPLE_RATE, return_tensors="pt", truncation=False, padding="longest",
                return_attention_mask=True,
            )  # fmt: skip
        else:
            inputs = self.extractor(audio, sampling_rate=SAMPLE_RATE, return_tensors="pt", return_attention_mask=True)
        inputs["input_features"] = inputs["input_features"].to(self.type)
        return inputs

    @torch.inference_mode()
    def generate(self, inputs, job):
        """Token ids of each row's text, without the special ones."""
        is_long = inputs["input_features"].shape[-1] > 3000
        options = {"language": "en", "task": "transcribe"} if self.model.generation_config.is_multilingual else {}
        options |= {"condition_on_prev_tokens": False} if is_long else {}
        output = self.model.generate(
            inputs["input_features"], attention_mask=inputs["attention_mask"], num_beams=job.beam, do_sample=False,
            return_timestamps=job.timestamps or is_long, **options,
        )  # fmt: skip
        return [[token for token in row.tolist() if token < self.end] for row in output]
