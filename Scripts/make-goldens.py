#!/usr/bin/env python3
"""Record what the reference engines make of the recordings: the whole path, from samples to segments and words.

    make-goldens.py MANIFEST MODEL OUTPUT SET... [--every N] [--copyable FOLDER]

MANIFEST is the recordings' manifest.jsonl. MODEL is a folder named base or tiny.en, or so with an ending after a dash:
with model.pt, as `convert-weights.py --to openai-pt` writes it, or, for the sets of faster-whisper, with CTranslate2's
model.bin. OUTPUT gets MODEL.SET.jsonl: a header line, then a line a run, everything in it. --copyable also writes the
short form of each into FOLDER, without the recordings whose origin is not stated. --every N takes each N-th run.

Made with Python 3.11 and, from PyPI: openai-whisper==20250625 faster-whisper==1.2.1 ctranslate2==4.8.1 torch==2.15.0
numpy==2.4.6 av==18.1.0 onnxruntime==1.32.0 tokenizers==0.23.3. One thread, CPU, float32.

An encoder's output is kept and used again wherever the same window comes, which changes no bit; a run's `seconds`
leave the encoder out.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import sys
import time
import warnings

PINNED = {
    "openai-whisper": "20250625",
    "faster-whisper": "1.2.1",
    "ctranslate2": "4.8.1",
    "torch": "2.15.0",
    "numpy": "2.4.6",
    "av": "18.1.0",
    "onnxruntime": "1.32.0",
    "tokenizers": "0.23.3",
}
THRESHOLDS = {"compression_ratio_threshold": 2.4, "logprob_threshold": -1.0, "no_speech_threshold": 0.6}
WHISPER_DEFAULTS = {"temperature": 0.0, "condition_on_previous_text": False}
FASTER_DEFAULTS = {"temperature": 0.0, "beam_size": 1, "condition_on_previous_text": False}
FIRST_SPECIAL = 50256  # of the English-only models; one more in the others
FULL_DIGITS, SHORT_DIGITS = 7, 5

# --- the runs of each set ---------------------------------------------------------------------------------------------

LONG = "en/longform/ljspeech-LJ001-0001-0032.flac"
HALE = "en/librispeech/1688-142285-0001.flac"
JFK = "en/jfk/jfk-inaugural.flac"
GERMAN = "de/fleurs/fleurs-de-009.flac"  # 43 s: two windows
FRENCH = "fr/fleurs/fleurs-fr-001.flac"
JAPANESE = "ja/common_voice/common_voice_ja_24511055.flac"
SILENCE = "hard/silence_digital_10s.flac"
LEAD, TRAIL, GAP = "hard/lead_silence_20s.flac", "hard/trail_silence_35s.flac", "hard/gap_silence_32s.flac"
NAMES = "Mr. Hale, Mr. Thornton, Margaret; Gutenberg, Subiaco, Schweinheim."
PLAIN = "what follows is written in small letters without any stops or commas"
CHAPTER = " ".join(["A chapter on printers, their type and ink, and on the margins of a page."] * 16)  # over 223 ids


class Recordings:
    def __init__(self, manifest, english_only):
        with open(manifest, encoding="utf-8") as file:
            entries = [json.loads(line) for line in file]
        if english_only:
            entries = [e for e in entries if e["language"] == "en"]
        self.folder = os.path.dirname(manifest)
        self.languages = {e["audio"]: e["language"] for e in entries}
        self.clean = [e["audio"] for e in entries if e["category"] not in ("hard", "format", "invalid")]
        self.hard = [e["audio"] for e in entries if e["category"] == "hard"]
        self.short = [e["audio"] for e in entries if e["category"] == "english_short"]
        self.multilingual = [e["audio"] for e in entries if e["category"] == "multilingual"]

    def has(self, audio):
        return all(part in self.languages for part in audio.split(" + "))

    def samples(self, audio):
        """Mono at 16 kHz; "A + B" is one after the other."""
        import numpy
        from faster_whisper.audio import decode_audio

        parts = [decode_audio(os.path.join(self.folder, part)) for part in audio.split(" + ")]
        return numpy.concatenate(parts)


def runs(audios, **options):
    return [(audio, options) for audio in audios]


def prompt_runs():
    start = {"clip_timestamps": [0, 75]}
    carried = {"carry_initial_prompt": True}
    conditioned = {"condition_on_previous_text": True}
    return [
        (LONG, conditioned),
        (GERMAN, conditioned),
        (LONG, start),
        (LONG, {**start, **conditioned, "beam_size": 5}),
        # Prompts of the caller.
        (HALE, {"initial_prompt": NAMES}),
        (JFK, {"initial_prompt": PLAIN}),
        (LONG, {**start, "initial_prompt": PLAIN}),
        (LONG, {**start, **conditioned, "initial_prompt": PLAIN}),
        (LONG, {**start, **carried, "initial_prompt": PLAIN}),
        (LONG, {**start, **carried, **conditioned, "initial_prompt": PLAIN}),
        (LONG, {**start, **conditioned, "initial_prompt": CHAPTER}),
        (LONG, {**start, **carried, **conditioned, "initial_prompt": CHAPTER}),
        (FRENCH, {"initial_prompt": NAMES}),
        # Prefixes, which every window gets.
        (HALE, {"prefix": "Margaret, said"}),
        (HALE, {"prefix": "Margaret, said", "initial_prompt": NAMES}),
        (HALE, {"prefix": "Margaret, said", "without_timestamps": True}),
        (HALE, {"prefix": "Margaret, said", "sample_len": 222}),
        (LONG, {"clip_timestamps": [0, 40], "prefix": "And so"}),
        # Clips.
        (LONG, {"clip_timestamps": [10, 25, 40.5, 43]}),
        (LONG, {"clip_timestamps": [20, 30, 215.125]}),
        (GERMAN, {"clip_timestamps": [5, 20, 30]}),
        (LONG, {"clip_timestamps": [10, 25, 40.5, 43], "word_timestamps": True}),
        # What is masked.
        (HALE, {"suppress_tokens": ""}),
        (LONG, {**start, "suppress_tokens": ""}),
        (SILENCE, {"suppress_tokens": "", "no_speech_threshold": None}),
        ("hard/music_brahms_12s.flac", {"suppress_tokens": "", "no_speech_threshold": None}),
        (HALE, {"suppress_tokens": "11,13"}),
        (HALE, {"suppress_tokens": "-1,11"}),
        (SILENCE, {"suppress_blank": False, "no_speech_threshold": None}),
        (LEAD, {"max_initial_timestamp": None}),
        (LEAD, {"max_initial_timestamp": 25.0}),
        (TRAIL, {"max_initial_timestamp": 0.0}),
        (LONG, {"clip_timestamps": [3, 33], "max_initial_timestamp": None}),
        # No stamps.
        (HALE, {"without_timestamps": True}),
        (LONG, {**start, "without_timestamps": True}),
        (LONG, {**start, "without_timestamps": True, "word_timestamps": True}),
        (LONG, {**start, "without_timestamps": True, **conditioned}),
        (TRAIL, {"without_timestamps": True}),
        # Few steps.
        (HALE, {"sample_len": 8}),
        (LONG, {"clip_timestamps": [0, 40], "sample_len": 24}),
        # Thresholds turned off.
        (SILENCE, {"no_speech_threshold": None}),
        (SILENCE, {"logprob_threshold": None}),
        # Words.
        (HALE, {"word_timestamps": True, "prepend_punctuations": "", "append_punctuations": ""}),
        (LONG, {**start, **conditioned, "word_timestamps": True}),
        (HALE, {"word_timestamps": True, "initial_prompt": NAMES}),
        (HALE, {"word_timestamps": True, "beam_size": 5}),
    ]


def translation_runs():
    return [
        (GERMAN, {"task": "translate"}),
        (GERMAN, {"task": "translate", "beam_size": 5}),
        (GERMAN, {"task": "translate", "word_timestamps": True}),
        (FRENCH, {"task": "translate"}),
        (FRENCH, {"task": "translate", "initial_prompt": NAMES}),
        (JAPANESE, {"task": "translate"}),
        (GERMAN, {"language": None}),
        (FRENCH, {"language": None, "task": "translate"}),
    ]


def edge_runs():
    short = [f"hard/short_{length}.flac" for length in ("1sample", "0.05s", "0.2s", "0.5s")]
    exact = [f"hard/exact_{length}.flac" for length in ("29.990s", "30.000s", "30.010s")]
    long = [LEAD, TRAIL, GAP, "hard/silence_digital_31s.flac"]
    return (
        runs(short + exact + long, word_timestamps=True)
        + runs(exact + long, condition_on_previous_text=True)
        + runs(short + exact + long, beam_size=5, word_timestamps=True)
    )


def silence_runs():
    audios = [LEAD, TRAIL, GAP, "hard/silence_digital_31s.flac", "hard/music_brahms_12s.flac", LONG]
    return runs(audios, word_timestamps=True, hallucination_silence_threshold=2.0)


def faster_runs():
    noisy = ["hard/music_brahms_12s.flac", "hard/noise_dishes_8s.flac", "hard/babble_snr5.flac"]
    pauses = [LEAD, TRAIL, GAP]
    some = [HALE, JFK, GERMAN, FRENCH]
    start, minute = {"clip_timestamps": [0, 75]}, {"clip_timestamps": [0, 60]}
    conditioned = {"condition_on_previous_text": True}
    return (
        runs([*some, *noisy, *pauses])
        + runs([*some, *noisy], beam_size=5)
        + runs([HALE, JFK, FRENCH], hotwords=NAMES)
        + [
            (LONG, minute),
            (LONG, {**minute, "hotwords": NAMES}),
            (LONG, {**minute, "hotwords": NAMES, **conditioned}),
            (LONG, {**minute, "hotwords": CHAPTER, **conditioned}),
            (LONG, {**minute, "hotwords": NAMES, "initial_prompt": PLAIN}),
            (HALE, {"hotwords": NAMES, "prefix": "Margaret, said"}),
        ]
        + runs([*some, *noisy], repetition_penalty=1.2)
        + runs([HALE, *noisy], repetition_penalty=1.2, beam_size=5)
        + runs([LONG], repetition_penalty=1.2, **minute)
        + runs([*some, *noisy], no_repeat_ngram_size=3)
        + runs([HALE, *noisy], no_repeat_ngram_size=3, beam_size=5)
        + [
            (LONG, {**start, **conditioned}),
            # A temperature of 0 is above a limit below 0: the history is dropped after every window.
            (LONG, {**start, **conditioned, "prompt_reset_on_temperature": -0.1}),
            (HALE, {"prefix": "Margaret, said"}),
            (HALE, {"prefix": "Margaret, said", "without_timestamps": True}),
            (LONG, {**minute, "prefix": "And so"}),
            (HALE, {"max_new_tokens": 20}),
        ]
        + runs([HALE, JFK, GERMAN, LEAD, TRAIL, GAP, SILENCE, *noisy], vad_filter=True)
        + runs([HALE, TRAIL, GAP], vad_filter=True, word_timestamps=True)
        + runs([f"{FRENCH} + {JFK}", f"{GERMAN} + {FRENCH}"], multilingual=True, language=None)
        + runs([LONG, GAP], batched=True)
        + runs([LONG], batched=True, without_timestamps=False)
    )


def variant_audios(recordings):
    return recordings.short[:42:4] + [JFK]  # 12


WHISPER_SETS = {
    "greedy": lambda r: runs(r.clean),
    "beam": lambda r: runs(r.clean, beam_size=5),
    "beam-variants": lambda r: runs(variant_audios(r), beam_size=5, patience=2.0)
    + runs(variant_audios(r), beam_size=5, length_penalty=0.6)
    + runs(variant_audios(r), beam_size=5, patience=2.0, length_penalty=0.6),
    "fallback": lambda r: runs(r.hard) + runs(r.hard, beam_size=5),
    "words": lambda r: runs(r.clean, word_timestamps=True),
    "words-silence": lambda r: silence_runs(),
    "prompts": lambda r: prompt_runs(),
    "translation": lambda r: translation_runs(),
    "edges": lambda r: edge_runs(),
}
LANGUAGE_SET = "languages"
FASTER_SETS = {"faster-whisper": lambda r: faster_runs()}


# --- openai/whisper ---------------------------------------------------------------------------------------------------


class WhisperReference:
    """The model with three additions that leave its results alone: a memory of encoder outputs, their seconds, and a
    record of every window decoded, results that the loop throws away included."""

    def __init__(self, folder):
        import torch
        import whisper
        import whisper.decoding

        torch.set_num_threads(1)
        self.torch, self.whisper = torch, whisper
        name = os.path.basename(os.path.abspath(folder)).split("-")[0]
        self.model = whisper.load_model(os.path.join(folder, "model.pt"), device="cpu").eval()
        self.model.set_alignment_heads(whisper._ALIGNMENT_HEADS[name])
        self.windows = []
        self.encoder_seconds = 0.0
        self.remember_encoder_outputs()
        self.record_windows(whisper.decoding)

    def remember_encoder_outputs(self):
        from whisper.model import MultiHeadAttention

        encode, outputs = self.model.encoder.forward, {}

        def remembered(mel):
            # Alignment runs the encoder with another attention, whose last bits differ.
            key = (hashlib.sha256(mel.numpy().tobytes()).digest(), mel.shape, MultiHeadAttention.use_sdpa)
            start = time.perf_counter()
            if key not in outputs:
                outputs[key] = encode(mel)
            self.encoder_seconds += time.perf_counter() - start
            return outputs[key]

        self.model.encoder.forward = remembered

    def record_windows(self, decoding):
        reference = self

        class RecordedTask(decoding.DecodingTask):
            def run(self, mel):
                gaps, candidates = [], []
                update, rank = self.decoder.update, self.sequence_ranker.rank

                def recorded_update(tokens, logits, sum_logprobs):
                    if logits.shape[0] == 1:
                        best, second = logits[0].topk(2).values.tolist()
                        gaps.append(best - second)
                    return update(tokens, logits, sum_logprobs)

                def recorded_rank(tokens, sum_logprobs):
                    for ids, total in zip(tokens[0], sum_logprobs[0]):
                        candidates.append({"tokens": ids.tolist(), "sum_logprob": float(total)})
                    return rank(tokens, sum_logprobs)

                self.decoder.update, self.sequence_ranker.rank = recorded_update, recorded_rank
                (result,) = super().run(mel)
                steps = len(result.tokens) + 1
                window = {
                    "seek": caller_variable("transcribe", "seek"),
                    "prompt": list(self.initial_tokens),
                    "tokens": result.tokens,
                    "temperature": result.temperature,
                    "sum_logprob": result.avg_logprob * steps,
                    "avg_logprob": result.avg_logprob,
                    "compression_ratio": result.compression_ratio,
                    "no_speech_prob": result.no_speech_prob,
                    "needs_fallback": needs_fallback(result),
                }
                if gaps:  # how near the nearest tie was
                    window["least_gap"] = min(gaps)
                if len(candidates) > 1:
                    window["candidates"] = candidates
                reference.windows.append(window)
                return [result]

        decoding.DecodingTask = RecordedTask

    def run(self, samples, options):
        self.windows.clear()
        self.encoder_seconds = 0.0
        start = time.perf_counter()
        result = self.whisper.transcribe(self.model, samples, fp16=False, **options)
        seconds = time.perf_counter() - start - self.encoder_seconds
        return {
            "language": result["language"],
            "text": result["text"],
            "windows": list(self.windows),
            "segments": result["segments"],
            "seconds": seconds,
        }

    def detect(self, samples, _):
        from whisper.audio import N_FRAMES, N_SAMPLES, log_mel_spectrogram, pad_or_trim

        mel = log_mel_spectrogram(samples, self.model.dims.n_mels, padding=N_SAMPLES)
        _, probabilities = self.model.detect_language(pad_or_trim(mel, N_FRAMES))
        ranked = sorted(probabilities.items(), key=lambda pair: -pair[1])
        return {"language": ranked[0][0], "probabilities": ranked[:3]}


def needs_fallback(result):
    """The rule of transcribe's decode_with_fallback, with its default thresholds."""
    improbable = result.avg_logprob < THRESHOLDS["logprob_threshold"]
    if improbable and result.no_speech_prob > THRESHOLDS["no_speech_threshold"]:
        return False
    return improbable or result.compression_ratio > THRESHOLDS["compression_ratio_threshold"]


def caller_variable(function, variable):
    frame = sys._getframe(1)
    while frame and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame.f_locals[variable] if frame else None


# --- faster-whisper ---------------------------------------------------------------------------------------------------


class FasterReference:
    def __init__(self, folder):
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self.model = WhisperModel(folder, device="cpu", compute_type="float32", cpu_threads=1)
        self.batched = BatchedInferencePipeline(self.model)

    def run(self, samples, options):
        options = dict(options)
        batched = options.pop("batched", False)
        if batched:
            options.pop("condition_on_previous_text")
            options["batch_size"] = 4
        start = time.perf_counter()
        segments, info = (self.batched if batched else self.model).transcribe(samples, **options)
        segments = list(segments)
        seconds = time.perf_counter() - start
        record = {
            "language": info.language,
            "text": "".join(s.text for s in segments),
            "segments": [self.segment(s) for s in segments],
            "seconds": seconds,
        }
        if batched or options.get("vad_filter"):
            record["duration_after_vad"] = info.duration_after_vad
            record["speech"] = self.speech(samples, info.vad_options)
        return record

    @staticmethod
    def segment(segment):
        names = ["seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio"]
        record = {name: getattr(segment, name) for name in [*names, "no_speech_prob"]}
        if segment.words is not None:
            record["words"] = [vars(word) if hasattr(word, "__dict__") else word._asdict() for word in segment.words]
        return record

    @staticmethod
    def speech(samples, vad_options):
        from faster_whisper.vad import get_speech_timestamps

        return [[part["start"], part["end"]] for part in get_speech_timestamps(samples, vad_options)]


# --- records ----------------------------------------------------------------------------------------------------------


def rounded(value, digits):
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item, digits) for item in value]
    if hasattr(value, "item"):  # numpy's numbers
        value = value.item()
    return round(value, digits) if isinstance(value, float) else value


def may_be_copied(audio):
    """Whether the origin of the recordings is stated, and allows copies."""
    return not re.search(r"/(picovoice|coqui)/", audio)


def short_form(record):
    """Without what can be derived: windows hold their segments, and their ids only where the segments lack some."""
    if "segments" not in record:
        return record
    short = {key: record[key] for key in ("audio", "language", "options", "text", "duration_after_vad", "speech")
             if key in record}
    windows = [short_window(w) for w in record.get("windows", [])]
    if not windows:  # faster-whisper's, known by their segments alone
        names = ("seek", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob")
        for segment in record["segments"]:
            window = {name: segment[name] for name in names}
            if not windows or windows[-1] != window:
                windows.append(window)
    for window in windows:
        window["segments"] = []
    for segment in record["segments"]:
        # The last of the windows there: the result that was kept.
        window = [w for w in windows if w["seek"] == segment["seek"]][-1]
        kept = {name: segment[name] for name in ("start", "end", "tokens")}
        if "words" in segment:
            kept["words"] = [[w["word"], w["start"], w["end"], w["probability"]] for w in segment["words"]]
        window["segments"].append(kept)
    for window in windows:
        if window.get("tokens") == [token for segment in window["segments"] for token in segment["tokens"]]:
            del window["tokens"]
        if window["temperature"] == 0:
            del window["temperature"]
    short["windows"] = windows
    return short


def short_window(window):
    names = ("seek", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob", "least_gap")
    short = {name: window[name] for name in names if name in window}
    if any(token < FIRST_SPECIAL for token in window["prompt"]):
        short["prompt"] = window["prompt"]
    if window["needs_fallback"]:
        short["needs_fallback"] = True
    if "candidates" in window:
        short["candidates"] = [[len(c["tokens"]), c["sum_logprob"]] for c in window["candidates"]]
    return short


def write_line(file, value, digits):
    text = json.dumps(rounded(value, digits), ensure_ascii=False, separators=(",", ":"))
    file.write(text + "\n")
    file.flush()


def installed():
    versions = {name: importlib.metadata.version(name) for name in PINNED}
    for name, version in versions.items():
        if version.split("+")[0] != PINNED[name]:
            print(f"make-goldens: {name} is {version}, not {PINNED[name]}", file=sys.stderr)
    return versions


def record_set(name, chosen, recordings, reference, arguments, header):
    stem = f"{header['model']}.{name}.jsonl"
    path = os.path.join(arguments.output, stem)
    defaults = header["options"]
    start = time.perf_counter()
    with open(path + ".partial", "w", encoding="utf-8") as file:
        write_line(file, header, FULL_DIGITS)
        for audio, options in chosen:
            whole = {"language": recordings.languages[audio.split(" + ")[0]], **defaults, **options}
            run = reference.detect if name == LANGUAGE_SET else reference.run
            try:
                result = run(recordings.samples(audio), whole)
            except Exception as error:  # what the reference refuses is a result too
                result = {"error": f"{type(error).__name__}: {error}"}
            write_line(file, {"audio": audio, "options": options, **result}, FULL_DIGITS)
    os.rename(path + ".partial", path)
    if arguments.copyable:
        with open(path, encoding="utf-8") as full:
            records = [json.loads(line) for line in full]
        with open(os.path.join(arguments.copyable, stem), "w", encoding="utf-8") as file:
            write_line(file, header, SHORT_DIGITS)
            for record in records[1:]:
                if may_be_copied(record["audio"]):
                    write_line(file, short_form(record), SHORT_DIGITS)
    print(f"{stem}: {len(chosen)} runs, {time.perf_counter() - start:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest")
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("sets", nargs="+", choices=[*WHISPER_SETS, LANGUAGE_SET, *FASTER_SETS], metavar="SET")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--copyable", metavar="FOLDER")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for folder in filter(None, [arguments.output, arguments.copyable]):
        os.makedirs(folder, exist_ok=True)

    name = os.path.basename(os.path.abspath(arguments.model)).split("-")[0]
    recordings = Recordings(arguments.manifest, english_only=name.endswith(".en"))
    versions = installed()
    references = {}
    for set_name in arguments.sets:
        faster = set_name in FASTER_SETS
        if faster not in references:
            references[faster] = (FasterReference if faster else WhisperReference)(arguments.model)
        if set_name == LANGUAGE_SET:
            chosen = runs(recordings.multilingual + recordings.short[:42:4] + [LEAD, SILENCE])
        else:
            chosen = (FASTER_SETS if faster else WHISPER_SETS)[set_name](recordings)
        chosen = [(audio, options) for audio, options in chosen if recordings.has(audio)][:: arguments.every]
        used = ["faster-whisper", "ctranslate2", "onnxruntime", "tokenizers"] if faster else ["openai-whisper", "torch"]
        header = {
            "set": set_name,
            "model": name,
            "made_by": {package: versions[package] for package in [*used, "numpy", "av"]},
            "compute": "float32, CPU, 1 thread",
            "options": FASTER_DEFAULTS if faster else WHISPER_DEFAULTS,
        }
        if arguments.every > 1:
            header["every"] = arguments.every
        record_set(set_name, chosen, recordings, references[faster], arguments, header)


if __name__ == "__main__":
    main()
