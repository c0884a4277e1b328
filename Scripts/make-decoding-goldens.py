"""Records what openai/whisper 20250625 itself does with made-up windows, for the tests of StapesDecoding.

Usage: make-decoding-goldens.py WHISPER_SOURCE_FOLDER TESTS_FOLDER   (needs torch, tqdm, tiktoken)

Runs the reference's own logit filters, and its transcribe loop around a fake model. Its writers are run by
make-format-goldens.py.
"""

import json
import os
import random
import sys
import types

source, tests = sys.argv[1:3]
for name in ["numba", "triton"]:
    sys.modules[name] = types.ModuleType(name)
sys.modules["numba"].jit = lambda *a, **k: (lambda f: f)
sys.path.insert(0, source)

import torch  # noqa: E402
import whisper.decoding as decoding  # noqa: E402
import whisper.transcribe  # noqa: E402
import whisper.utils as utils  # noqa: E402

transcribe_module = sys.modules["whisper.transcribe"]

# Specials of a small vocabulary: 300 text ids, three languages.
EOT, SOT, FIRST_LANGUAGE, TRANSLATE, TRANSCRIBE = 300, 301, 302, 305, 306
SOT_LM, SOT_PREV, NO_SPEECH, NO_TIMESTAMPS, TS0 = 307, 308, 309, 310, 311
VOCABULARY = TS0 + 1501
BLANK = 220
NON_SPEECH = (1, 2, 7, 60, 61, 62, 299)


class Tokenizer:
    """Words w0 ... w299; id 220 is a lone space, ids from 290 stand for white space too."""

    eot, sot, translate, transcribe = EOT, SOT, TRANSLATE, TRANSCRIBE
    sot_lm, sot_prev, no_speech, no_timestamps, timestamp_begin = SOT_LM, SOT_PREV, NO_SPEECH, NO_TIMESTAMPS, TS0
    non_speech_tokens = NON_SPEECH
    language = "en"
    language_token = FIRST_LANGUAGE
    sot_sequence = (SOT, FIRST_LANGUAGE, TRANSCRIBE)
    sot_sequence_including_notimestamps = (SOT, FIRST_LANGUAGE, TRANSCRIBE, NO_TIMESTAMPS)

    def encode(self, text):
        if text == " ":
            return [BLANK]
        return [int(word[1:]) for word in text.split()]

    def decode(self, tokens):
        return "".join(self.piece(t) for t in tokens if t < EOT)

    @staticmethod
    def piece(t):
        return " " if t == BLANK else "\n" if t >= 290 else f" w{t}"


tokenizer = Tokenizer()
decoding.get_tokenizer = lambda *a, **k: tokenizer
transcribe_module.get_tokenizer = lambda *a, **k: tokenizer


class Dims:
    n_text_ctx, n_audio_ctx, n_mels = 448, 1500, 80


class FakeModel:
    dims, is_multilingual, num_languages, device = Dims(), True, 3, torch.device("cpu")
    decoder = types.SimpleNamespace(blocks=[])


def noise(state, count):
    """Integers that the Swift test makes again: a 64-bit linear congruential generator."""
    values = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values.append(state >> 40)
    return values


def logits_row(seed):
    # Multiples of 1/64 in [-8, 8), so that float32 holds them exactly; ties happen.
    return torch.tensor([(v % 1024) / 64 - 8 for v in noise(seed, VOCABULARY)], dtype=torch.float32)


def as_ranges(masked):
    ranges = []
    for i in masked:
        if ranges and ranges[-1][1] == i:
            ranges[-1][1] = i + 1
        else:
            ranges.append([i, i + 1])
    return ranges


def random_history(rng, lawful):
    length = rng.choice([0, 1, 2, 3, rng.randrange(40)])
    if not lawful:
        return [rng.choice([rng.randrange(300), TS0 + rng.randrange(1501)]) for _ in range(length)]
    tokens, stamp = [], rng.randrange(51)
    while len(tokens) < length:
        tokens += [TS0 + stamp] + [rng.randrange(300) for _ in range(rng.randrange(1, 6))]
        stamp = min(1500, stamp + rng.randrange(1, 200))
        tokens.append(TS0 + stamp)
    return tokens[:length]


def filter_cases():
    rng = random.Random(1)
    cases = []
    for index in range(200):
        suppress = rng.choice(["-1", "", "5,6,7", "-1,9", "250"])
        options = decoding.DecodingOptions(
            language="en",
            # The reference drops the filter for an empty list, ours keeps the specials: asked for explicitly here.
            suppress_tokens=suppress if suppress else [SOT],
            suppress_blank=rng.random() < 0.8,
            without_timestamps=rng.random() < 0.2,
            max_initial_timestamp=rng.choice([1.0, 1.0, None, 0.0, 0.5, 2.345, 30.0]),
            fp16=False,
        )
        task = decoding.DecodingTask(FakeModel(), options)
        sampled = random_history(rng, lawful=rng.random() < 0.7)
        tokens = torch.tensor([list(task.initial_tokens) + sampled])
        boost = rng.choice([0.0, 0.0, 3.0, -6.0])
        logits = logits_row(index)
        logits[TS0:] += boost
        plain = torch.zeros(1, VOCABULARY)
        # Without the mass rule: constant logits that make text likelier than all stamps together.
        plain[:, :TS0] = 100.0
        filtered = logits[None].clone()
        for f in task.logit_filters:
            f.apply(plain, tokens)
            f.apply(filtered, tokens)
        decoder = decoding.GreedyDecoder(0.0, EOT)
        total = torch.zeros(1)
        chosen, _ = decoder.update(tokens, filtered, total)
        cases.append(
            dict(
                seed=index,
                boost=boost,
                sampled=sampled,
                suppress=None if suppress == "-1" else [int(s) for s in suppress.split(",") if s],
                suppressBlank=options.suppress_blank,
                timestamps=not options.without_timestamps,
                maximumInitialTimestamp=options.max_initial_timestamp,
                masked=as_ranges(torch.isinf(plain[0]).nonzero().flatten().tolist()),
                token=chosen[0, -1].item(),
                logProbability=total.item(),
                noSpeech=logits.softmax(dim=-1)[NO_SPEECH].item(),
            )
        )
    return cases


class Endless(Exception):
    pass


def window_tokens(rng, lawful, size):
    kind = rng.randrange(8)
    if not lawful:
        return [rng.choice([rng.randrange(300), TS0 + rng.randrange(1501)]) for _ in range(rng.randrange(12))]
    if kind == 0:
        return [TS0 + rng.randrange(51)] + [rng.randrange(300) for _ in range(rng.randrange(10))]
    if kind == 1:
        return [TS0 + rng.randrange(2), rng.randrange(290, 300)]
    tokens, stamp = [], rng.randrange(51)
    for _ in range(rng.randrange(1, 6)):
        words = [rng.randrange(300) for _ in range(rng.randrange(1, 30))]
        if rng.random() < 0.1:
            words = [BLANK]
        tokens += [TS0 + stamp] + words
        stamp = min(1500, stamp + rng.randrange(1, 400))
        tokens.append(TS0 + stamp)
    if kind == 2:
        tokens += [TS0 + stamp]
    elif kind == 3:
        tokens += [TS0 + stamp] + [rng.randrange(300) for _ in range(5)]
    return tokens


def seek_case(seed):
    rng = random.Random(seed)
    lawful = seed % 4 != 0
    content = rng.choice([0, 1, 50, 1116, 2999, 3000, 3001, 6000, 12345, rng.randrange(40000)])
    words = lambda n: " ".join(f"w{rng.randrange(300)}" for _ in range(n))  # noqa: E731
    options = dict(
        condition_on_previous_text=rng.random() < 0.7,
        initial_prompt=rng.choice([None, None, "", words(5), words(100), words(223), words(230), "  " + words(3)]),
        carry_initial_prompt=rng.random() < 0.4,
        no_speech_threshold=rng.choice([0.6, 0.6, None]),
        logprob_threshold=rng.choice([-1.0, -1.0, None]),
        clip_timestamps=[],
        prefix=rng.choice([None, None, "", words(3)]),
        without_timestamps=rng.random() < 0.2,
        sample_len=rng.choice([None, None, 220]),
    )
    if rng.random() < 0.5:
        points = sorted(rng.uniform(0, content / 100) for _ in range(rng.randrange(6)))
        if rng.random() < 0.2:
            rng.shuffle(points)
        options["clip_timestamps"] = points
    windows, jobs, sizes = [], [], []

    def pad_or_trim(mel, length):
        sizes.append(mel.shape[-1])
        return mel

    class Model(FakeModel):
        def decode(self, segment, decode_options):
            task = decoding.DecodingTask(self, decode_options)
            tokens = window_tokens(rng, lawful, sizes[-1])
            if len(windows) > 100:
                raise Endless
            window = dict(
                tokens=tokens,
                sum=rng.choice([-0.3, -0.9, -1.0, -1.5]) * (len(tokens) + 1),
                noSpeech=rng.choice([0.1, 0.2, 0.5, 0.7, 0.9]),
                temperature=rng.choice([0.0, 0.0, 0.2, 0.4, 0.6, 1.0]),
            )
            windows.append(window)
            jobs.append(
                dict(
                    size=sizes[-1],
                    prompt=list(task.initial_tokens),
                    sampleBegin=task.sample_begin,
                    sotIndex=task.sot_index,
                )
            )
            text = tokenizer.decode(tokens).strip()
            return decoding.DecodingResult(
                audio_features=None,
                language="en",
                tokens=tokens,
                text=text,
                avg_logprob=window["sum"] / (len(tokens) + 1),
                no_speech_prob=window["noSpeech"],
                temperature=window["temperature"],
                compression_ratio=utils.compression_ratio(text),
            )

    transcribe_module.log_mel_spectrogram = lambda *a, **k: torch.zeros(1, content + 3000)
    transcribe_module.pad_or_trim = pad_or_trim
    try:
        result = transcribe_module.transcribe(
            Model(), None, language="en", temperature=0.0, fp16=False, **options
        )
    except (Endless, RuntimeError):
        return None
    if any(s["start"] < s["seek"] / 100 - 1e-6 for s in result["segments"]):
        # A window that begins with text and holds a pair of stamps: ours differs on purpose.
        return None
    for segment in result["segments"]:
        segment.pop("words", None)
    names = dict(
        condition_on_previous_text="conditionOnPreviousText", initial_prompt="initialPrompt",
        carry_initial_prompt="carryInitialPrompt", no_speech_threshold="noSpeechThreshold",
        logprob_threshold="logProbabilityThreshold", clip_timestamps="clipTimestamps", prefix="prefix",
        without_timestamps="withoutTimestamps", sample_len="sampleLength",
    )
    settings = {names[key]: value for key, value in options.items()} | dict(contentFrames=content)
    return dict(options=settings, windows=windows, jobs=jobs, result=result)


def record(module, name, value):
    path = os.path.join(tests, module, "Goldens", name)
    with open(path, "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")
    print(path, len(value), os.path.getsize(path))


record("StapesDecodingTests", "filters.json", filter_cases())
cases = [case for case in map(seek_case, range(300)) if case]
record("StapesDecodingTests", "seek.json", cases[:70])
ratios = ["", "a", "hello " * 40, "你好" * 30, "The quick brown fox.", "x" * 5000]
record("StapesDecodingTests", "ratios.json", [[t, utils.compression_ratio(t)] for t in ratios])
