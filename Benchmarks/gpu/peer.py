#!/usr/bin/env python3
"""Measures Transformers on a folder of weights: windows a second through the encoder, and a decode step, eager and with
a static cache, which Transformers compiles and captures on a GPU. Prints a JSON object a measurement, as it comes, so
that what was measured before a time limit is not lost.

A step is the difference of two generations of different length, divided by the tokens between: encoder and prompt drop
out, what Transformers does around the model for each token stays in.
"""

import argparse
import json
import logging
import statistics
import sys
import time
import warnings

try:
    import torch
    import transformers
    from transformers import GenerationConfig, WhisperForConditionalGeneration
except ImportError as cause:
    sys.exit(f"peer: {cause}")

FRAMES = 3000


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a folder in Hugging Face's form")
    parser.add_argument("--device", default="cuda", help="cuda or cpu, where float32 is used")
    parser.add_argument("--rows", default="1,32", help="sequences of a step, with commas")
    parser.add_argument("--windows", default="1,32", help="windows at once through the encoder, with commas")
    parser.add_argument("--short", type=int, default=8, help="tokens of the shorter generation")
    parser.add_argument("--long", type=int, default=72, help="tokens of the longer one; the model must not end before")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mode", action="append", choices=["encoder", "eager", "static"], help="default: all")
    arguments = parser.parse_args()
    if arguments.short >= arguments.long:
        parser.error("--short has to be less than --long")
    arguments.mode = arguments.mode or ["encoder", "eager", "static"]
    return arguments


class Peer:
    def __init__(self, arguments):
        self.arguments = arguments
        self.device = torch.device(arguments.device)
        self.dtype = torch.float16 if self.device.type == "cuda" else torch.float32
        model = WhisperForConditionalGeneration.from_pretrained(arguments.model, dtype=self.dtype)
        self.model = model.eval().to(self.device)
        configuration = self.model.config
        first_language = configuration.decoder_start_token_id + 1
        # 99 languages, or 100 in the vocabulary of large-v3: then the two tasks and four more.
        translate = first_language + 99 + (configuration.vocab_size > 51865)
        self.settings = {
            "decoder_start_token_id": configuration.decoder_start_token_id,
            "bos_token_id": configuration.bos_token_id,
            "eos_token_id": configuration.eos_token_id,
            "pad_token_id": configuration.pad_token_id,
            "prev_sot_token_id": translate + 3,
            "no_timestamps_token_id": translate + 5,
            "is_multilingual": True,
            "lang_to_id": {"<|en|>": first_language},
            "task_to_id": {"translate": translate, "transcribe": translate + 1},
            "max_length": configuration.max_target_positions,
        }
        torch.manual_seed(1)

    def features(self, count):
        shape = (count, self.model.config.num_mel_bins, FRAMES)
        return torch.rand(shape, device=self.device).to(self.dtype)

    def seconds(self, body):
        """The median; before each the device is idle."""
        times = []
        for _ in range(self.arguments.rounds):
            self.wait()
            begin = time.perf_counter()
            body()
            self.wait()
            times.append(time.perf_counter() - begin)
        return statistics.median(times)

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    @torch.inference_mode()
    def encoder(self, count):
        features = self.features(count)
        encoder = self.model.model.encoder
        encoder(features)
        seconds = self.seconds(lambda: encoder(features))
        return {"windows": count, "ms_per_window": 1000 * seconds / count, "windows_per_s": count / seconds}

    @torch.inference_mode()
    def step(self, rows, cache):
        features = self.features(rows)
        # The same limit for both, so that a static cache has the same size and is compiled once.
        self.model.generation_config = GenerationConfig(
            **self.settings, **({"cache_implementation": "static"} if cache == "static" else {})
        )

        def generate(tokens):
            output = self.model.generate(
                features, language="en", task="transcribe", do_sample=False, num_beams=1, return_timestamps=False,
                min_new_tokens=tokens, max_new_tokens=tokens,
            )  # fmt: skip
            if output.shape[1] < tokens:
                raise RuntimeError(f"{output.shape[1]} tokens came instead of {tokens}")

        short, long = self.arguments.short, self.arguments.long
        generate(long)
        generate(short)
        long_seconds = self.seconds(lambda: generate(long))
        seconds = (long_seconds - self.seconds(lambda: generate(short))) / (long - short)
        return {
            "rows": rows, "step_ms": 1000 * seconds, "tokens_per_s": rows / seconds if seconds > 0 else None,
            "generation_s": long_seconds, "generation_tokens": long,
        }  # fmt: skip


def main():
    arguments = options()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)

    def say(**fields):
        print(json.dumps(fields), flush=True)

    peer = Peer(arguments)
    name = torch.cuda.get_device_name(peer.device) if peer.device.type == "cuda" else "cpu"
    say(
        kind="versions", torch=torch.__version__, transformers=transformers.__version__, device=name,
        dtype=str(peer.dtype).removeprefix("torch."),
    )  # fmt: skip
    plans = []
    if "encoder" in arguments.mode:
        plans += [("encoder", count, lambda count=count: peer.encoder(count)) for count in numbers(arguments.windows)]
    for cache in ("eager", "static"):
        if cache in arguments.mode:
            plans += [
                (cache, rows, lambda rows=rows, cache=cache: peer.step(rows, cache)) for rows in numbers(arguments.rows)
            ]
    failed = False
    for kind, count, body in plans:
        try:
            say(kind=kind, **body())
        except Exception as cause:  # torch.compile fails in many ways; the next measurement may do
            failed = True
            first = (str(cause).splitlines() or [""])[0]
            say(kind=kind, count=count, error=f"{type(cause).__name__}: {first}")
    return 1 if failed else 0


def numbers(text):
    return [int(word) for word in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
