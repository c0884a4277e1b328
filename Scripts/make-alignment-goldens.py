"""Records what openai/whisper 20250625 itself does with made-up attention, for the tests of word times.

Usage: make-alignment-goldens.py WHISPER_SOURCE_FOLDER TESTS_FOLDER   (needs torch, numba, tqdm, tiktoken)

Runs the reference's own word splitting, alignment and transcribe loop around a fake model, whose attention and logits
the Swift test makes again from seeds.
"""

import json
import os
import random
import sys
import types

source, tests = sys.argv[1:3]
sys.modules["triton"] = types.ModuleType("triton")
sys.path.insert(0, source)

import torch  # noqa: E402
import whisper.decoding as decoding  # noqa: E402
import whisper.timing as timing  # noqa: E402
import whisper.tokenizer  # noqa: E402
import whisper.transcribe  # noqa: E402
import whisper.utils as utils  # noqa: E402

transcribe_module = sys.modules["whisper.transcribe"]

# Specials of a small vocabulary: 300 text ids, three languages.
EOT, SOT, FIRST_LANGUAGE, TRANSLATE, TRANSCRIBE = 300, 301, 302, 305, 306
SOT_LM, SOT_PREV, NO_SPEECH, NO_TIMESTAMPS, TS0 = 307, 308, 309, 310, 311
POSITIONS, HEADS = 1500, 3


def make_pieces():
    rng = random.Random(3)
    syllables = ["an", "be", "ci", "do", "fu", "ga", "hé", "ï", "jo", "ku", "la", "ß", "no", "ö", "pi"]
    pieces = [("" if i % 3 == 0 else " ") + rng.choice(syllables) + rng.choice(syllables) for i in range(180)]
    pieces += list(".。,，!！?？:：”)]}、\"'“¿([{-") + [" " + c for c in "\"'“¿([{-.(✓"]
    pieces += ["...", "?!", "()", " (", "--", " ", "  ", "\n", "\u3000", ".\n", "'s", " 'm", "\u0301", " \u0301"]
    pieces += list("你好世界日本語の一二三ไทย") + ["\ufffd", " \ufffd"]
    pieces = [piece.encode() for piece in pieces]
    for text in ["語", "é", "😀", "—", "\ufffd"]:
        whole = text.encode()
        pieces += [whole[:cut] for cut in range(1, len(whole))] + [whole[cut:] for cut in range(1, len(whole))]
        pieces += [bytes([byte]) for byte in whole]
    pieces += [b" \xe6", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\xe3\x81"]
    assert len(pieces) <= EOT, len(pieces)
    pieces += [b" x%d" % i for i in range(len(pieces), EOT)]
    return pieces


PIECES = make_pieces()
WHOLE = [i for i, piece in enumerate(PIECES) if "\ufffd" not in piece.decode(errors="replace")]
SPOKEN = [i for i in WHOLE if i < 180]


class Tokenizer:
    eot, sot, translate, transcribe = EOT, SOT, TRANSLATE, TRANSCRIBE
    sot_lm, sot_prev, no_speech, no_timestamps, timestamp_begin = SOT_LM, SOT_PREV, NO_SPEECH, NO_TIMESTAMPS, TS0
    non_speech_tokens = ()
    language, language_token = "en", FIRST_LANGUAGE
    sot_sequence = (SOT, FIRST_LANGUAGE, TRANSCRIBE)
    sot_sequence_including_notimestamps = (SOT, FIRST_LANGUAGE, TRANSCRIBE, NO_TIMESTAMPS)
    split_to_word_tokens = whisper.tokenizer.Tokenizer.split_to_word_tokens
    split_tokens_on_unicode = whisper.tokenizer.Tokenizer.split_tokens_on_unicode
    split_tokens_on_spaces = whisper.tokenizer.Tokenizer.split_tokens_on_spaces

    def encode(self, text):
        return [5]

    def decode(self, tokens):
        return self.decode_with_timestamps([t for t in tokens if t < EOT])

    def decode_with_timestamps(self, tokens):
        return b"".join(PIECES[t] if t < EOT else b"<|endoftext|>" for t in tokens).decode(errors="replace")


tokenizer = Tokenizer()
decoding.get_tokenizer = lambda *a, **k: tokenizer
transcribe_module.get_tokenizer = lambda *a, **k: tokenizer


def noise(state, count):
    """Integers that the Swift test makes again: a 64-bit linear congruential generator."""
    values = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values.append(state >> 40)
    return values


class Attention(torch.nn.Module):
    def forward(self, scores):
        return None, scores


class FakeModel:
    """Two layers of two heads, three of which align; what they yield is set window by window."""

    is_multilingual, num_languages, device = True, 3, torch.device("cpu")
    dims = types.SimpleNamespace(n_text_ctx=448, n_audio_ctx=POSITIONS, n_mels=80, n_text_layer=2)
    alignment_heads = torch.tensor([[False, True], [True, True]]).to_sparse()

    def __init__(self):
        self.decoder = types.SimpleNamespace(blocks=[types.SimpleNamespace(cross_attn=Attention()) for _ in range(2)])

    def __call__(self, mel, tokens):
        tokens = tokens[0].tolist()
        scores = self.scores(len(tokens))
        for layer, heads in enumerate([[0, 0], [1, 2]]):
            self.decoder.blocks[layer].cross_attn(scores[heads][None])
        logits = torch.zeros(1, len(tokens), TS0 + 1501)
        for row in range(3, len(tokens) - 2):
            index = row - 3
            values = [(v % 1024) / 128 - 4 for v in noise(self.window["seed"] + 7000 + row, EOT)]
            values[tokens[row + 1]] += 3 if self.window["low"][0] <= index < self.window["low"][1] else 12
            logits[0, row, :EOT] = torch.tensor(values)
        return logits

    def scores(self, count):
        """Noise in multiples of 1/64, and a peak of seven positions for every token."""
        window = self.window
        scores = torch.empty(HEADS, count, POSITIONS)
        for head in range(HEADS):
            for token in range(count):
                same = window.get("constant") and head == 0
                row = noise(window["seed"] + 1000 * head + (0 if same else token), POSITIONS)
                row = torch.tensor([(v % 256) / 64 for v in row])
                if not same:
                    peak = ([0, 0, 0] + window["peaks"] + [POSITIONS])[token]
                    row[max(0, peak - 3) : peak + 4] += 8
                low, high = window.get("floor", [0, 0])
                row[low:high] = -200
                scores[head, token] = row
        return scores


def random_peaks(rng, count, limit):
    """Rising positions, never two in one place: which of several ids in one place comes first hangs on rounding."""
    position, peaks = rng.randrange(min(60, limit)), []
    for _ in range(count + 1):
        peaks.append(position)
        position += rng.choice([9, 12, 14, 17, 20, 25, 30, rng.randrange(2, 9), rng.choice([20, 60, 120, 200])])
    return peaks if peaks[-1] < limit else [peak * limit // position for peak in peaks]


def split_cases():
    rng, cases = random.Random(1), []
    for index in range(140):
        tokenizer.language = rng.choice(["en", "ja"])
        ids = range(EOT) if index % 2 else WHOLE if index % 4 else range(230, EOT)
        tokens = [rng.choice(ids) for _ in range(rng.randrange(14))]
        try:
            words, groups = tokenizer.split_to_word_tokens(tokens + [EOT])
        except IndexError:
            continue
        cases.append(dict(language=tokenizer.language, tokens=tokens, words=words, counts=[len(g) for g in groups]))
    return cases


captured = []
reference_dtw = timing.dtw


def capturing_dtw(x):
    path = reference_dtw(x)
    captured.append((-x, path))
    return path


def matrix_cases():
    rng, cases = random.Random(2), []
    model = FakeModel()
    timing.dtw = capturing_dtw
    tokenizer.language = "en"
    shapes = [(1, 2), (2, 4), (3, 6), (1, 7), (5, 8), (2, 9), (4, 14), (7, 30), (3, 41), (10, 60), (6, 33), (0, 0)]
    for index, (count, frames) in enumerate(shapes * 2):
        if count == 0:
            continue
        window = dict(seed=50_000 * (index + 1), peaks=random_peaks(rng, count, frames // 2), low=[0, rng.randrange(3)])
        if index == 9:
            window["constant"] = True
        if index == 18:
            window["floor"] = [5, 7]
        if index == 19:
            window["floor"] = [9, 16]
        model.window = window
        text = [rng.choice(SPOKEN) for _ in range(count)]
        words = timing.find_alignment(model, tokenizer, text, torch.zeros(80, 3000), frames)
        matrix, path = captured.pop()
        cases.append(
            window
            | dict(
                text=text, frames=frames,
                matrix=[None if v != v else float(f"{v:.7g}") for v in matrix.flatten().tolist()],
                rows=path[0].tolist(), columns=path[1].tolist(),
                words=[[w.word, float(w.start), float(w.end), float(w.probability)] for w in words],
            )
        )
    timing.dtw = reference_dtw
    return cases


class Endless(Exception):
    pass


def random_window(rng, size, lawful):
    """Segments whose stamps lie about where their words do."""
    limit = size // 2
    if not lawful:
        tokens = [rng.choice([rng.choice(WHOLE), TS0 + rng.randrange(1501)]) for _ in range(rng.randrange(12))]
        count = sum(t < EOT for t in tokens)
        return tokens, random_peaks(rng, count, max(1, limit))
    tokens, peaks = [], random_peaks(rng, rng.randrange(1, 2 + min(35, limit // 15)), max(1, limit))
    index, stamp = 0, 0
    near = lambda p: max(stamp, min(limit, 1500, p + rng.choice([0, 0, 1, -2, 10, -30, 60, -60])))  # noqa: E731
    while index + 1 < len(peaks):
        end = min(len(peaks) - 1, index + rng.randrange(1, 12))
        stamp = near(peaks[index])
        words = [rng.choice(SPOKEN if rng.random() < 0.75 else WHOLE) for _ in range(end - index)]
        tokens += [TS0 + stamp] + words
        stamp = near(peaks[end])
        tokens.append(TS0 + stamp)
        index = end
    kind = rng.randrange(4)
    if kind == 0:
        tokens.append(tokens[-1])
    elif kind == 1:
        tokens = tokens[:-1]
    return tokens, peaks


def is_foreign(tokens):
    """A window that begins with text and holds a pair of stamps: ours differs on purpose."""
    pairs = any(a >= TS0 and b >= TS0 for a, b in zip(tokens, tokens[1:]))
    return pairs and tokens[0] < TS0


def coverage(cases):
    """How often the rules about made-up text took effect."""
    windows = [(case, window) for case in cases for window in case["windows"]]
    spoken = [w for w in windows if w[1]["noSpeech"] <= 0.6 or w[1]["sum"] > -1.0 * (len(w[1]["tokens"]) + 1)]
    dropped = [w for w in spoken if not any(s["seek"] == w[1]["seek"] for s in w[0]["segments"])]
    words = [word for case in cases for s in case["segments"] for word in s["words"]]
    return dict(windows=len(windows), silent=len(windows) - len(spoken), dropped=len(dropped), words=len(words))


def file_case(seed):
    rng = random.Random(seed)
    content = rng.choice([0, 30, 1500, 3000, rng.randrange(9000), rng.randrange(9000)])
    tokenizer.language = rng.choice(["en", "en", "ja"])
    options = dict(
        condition_on_previous_text=rng.random() < 0.5,
        hallucination_silence_threshold=rng.choice([None, 0.3, 1.0, 2.0]),
        clip_timestamps=rng.choice([[], [], [2.5], [1.0, content / 200, content / 150]]),
        without_timestamps=rng.random() < 0.1,
    )
    if rng.random() < 0.2:
        options |= dict(prepend_punctuations="(", append_punctuations=".,")
    windows = []
    model = FakeModel()

    def decode(segment, decode_options):
        if len(windows) > 9:
            raise Endless
        tokens, peaks = random_window(rng, sizes[-1], lawful=rng.random() < 0.85)
        low = rng.randrange(max(1, len(peaks)))
        low = rng.choice([[0, 0], [0, 0], [0, rng.randrange(12)], [low, low + 12], [0, 99]])
        model.window = dict(
            tokens=tokens, sum=rng.choice([-0.3, -0.9, -1.5]) * (len(tokens) + 1),
            noSpeech=rng.choice([0.1, 0.2, 0.7]), temperature=rng.choice([0.0, 0.2, 1.0]), seek=seeks[-1],
            size=sizes[-1], seed=seed * 10**6 + len(windows) * 10**4, peaks=peaks, low=low,
        )
        windows.append(model.window)
        text = tokenizer.decode(tokens).strip()
        return decoding.DecodingResult(
            audio_features=None, language="en", tokens=tokens, text=text,
            avg_logprob=model.window["sum"] / (len(tokens) + 1), no_speech_prob=model.window["noSpeech"],
            temperature=model.window["temperature"], compression_ratio=utils.compression_ratio(text),
        )

    seeks, sizes = [], []

    def pad_or_trim(mel, length):
        seeks.append(int(mel[0, 0]))
        sizes.append(mel.shape[-1])
        return mel

    model.decode = decode
    transcribe_module.log_mel_spectrogram = lambda *a, **k: torch.arange(content + 3000.0)[None]
    transcribe_module.pad_or_trim = pad_or_trim
    language = tokenizer.language
    try:
        result = transcribe_module.transcribe(
            model, None, language=language, temperature=0.0, fp16=False, word_timestamps=True, **options
        )
    except (Endless, RuntimeError, IndexError, ValueError) as error:
        print("skipped", seed, type(error).__name__, error)
        return None
    # In a window of a single position the reference has words begin before it.
    if any(is_foreign(window["tokens"]) or window["size"] < 4 for window in windows):
        return None
    names = dict(
        condition_on_previous_text="conditionOnPreviousText", clip_timestamps="clipTimestamps",
        hallucination_silence_threshold="hallucinationSilence", without_timestamps="withoutTimestamps",
        prepend_punctuations="prepended", append_punctuations="appended",
    )
    segments = [
        dict(
            seek=s["seek"], start=float(s["start"]), end=float(s["end"]), tokens=s["tokens"],
            words=[w["word"] for w in s["words"]],
            times=[[float(w["start"]), float(w["end"]), float(f"{w['probability']:.9g}")] for w in s["words"]],
        )
        for s in result["segments"]
    ]
    settings = {names[key]: value for key, value in options.items()} | dict(contentFrames=content, language=language)
    return dict(options=settings, windows=windows, segments=segments, text=result["text"])


files = [case for case in map(file_case, range(68)) if case]
value = dict(
    pieces=[piece.hex() for piece in PIECES], splits=split_cases(), matrices=matrix_cases(), files=files,
)
path = os.path.join(tests, "StapesDecodingTests", "Goldens", "alignment.json")
with open(path, "w") as file:
    json.dump(value, file, separators=(",", ":"), ensure_ascii=False)
    file.write("\n")
print(path, {name: (len(part), len(json.dumps(part))) for name, part in value.items()}, os.path.getsize(path))
print(coverage(files))
