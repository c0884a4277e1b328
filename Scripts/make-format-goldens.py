"""Records what openai/whisper 20250625 and whisper.cpp themselves write, for the tests of StapesFormats.

Usage: make-format-goldens.py WHISPER_SOURCE_FOLDER WHISPER_CPP_SOURCE_FOLDER TESTS_FOLDER   (needs c++)

Of the first only `whisper/utils.py` is loaded, of the second the two functions that write CSV and LRC are compiled.
"""

import copy
import importlib.util
import io
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile

whisper, whisper_cpp, tests = sys.argv[1:4]
spec = importlib.util.spec_from_file_location("utils", os.path.join(whisper, "whisper", "utils.py"))
utils = importlib.util.module_from_spec(spec)
spec.loader.exec_module(utils)

TEXTS = [
    " Hello there.", "", " tab\there", ' quote " and \\ back', " a --> b", " ----> c", " -->\u0301 mark", "  wide\u3000 ",
    " new\nline", " \u4f60\u597d", " \x01\x1f\x7f\u2028", "\x1c edge \x1f", " \U0001f600 smile", " two\n \n\nparts",
    " zero\0byte", " returned\r\ntwice\rhere",
]


def harmless(text, extension):
    """A text that the reference can write without breaking the file; all but a few of the texts are so already."""
    if extension == "json":
        return text
    text = text.replace("\0", "\ufffd")
    if extension == "tsv":
        return re.sub(r"[\r\n]", " ", text)
    if extension in ["srt", "vtt"]:
        text = re.sub(r"--+>", "->", text)
        text = re.sub(r"\n\s*\n", "\n", re.sub(r"\r\n?", "\n", text.strip()))
    return text


def written(result, extension, **layout):
    result = copy.deepcopy(result)
    for segment in result["segments"]:
        segment["text"] = harmless(segment["text"], extension)
    writer, file = utils.get_writer(extension, "."), io.StringIO()
    writer.write_result(result, file, **layout)
    return file.getvalue()


def segment(rng, index, start, end, text):
    value = dict(
        id=index, seek=rng.randrange(10**6), start=start, end=end, text=text,
        tokens=[rng.randrange(51865) for _ in range(rng.randrange(1, 4))] if text else [],
        temperature=rng.choice([0.0, 0.2, 1.0]), avg_logprob=-rng.random() * 3, compression_ratio=rng.random() * 3,
        no_speech_prob=rng.choice([rng.random(), 1e-5 * rng.random(), 1e-12]),
    )
    if not text:
        value["words"] = []
    return value


def whole(segments, language="en"):
    return dict(text="".join(s["text"] for s in segments), segments=segments, language=language)


def format_cases():
    rng = random.Random(5)
    cases = []
    for count in [0, 1, 2, 20, 40]:
        segments, time = [], 0.0
        for index in range(count):
            start, time = time, time + rng.choice([0.02, 1.0, 7.72, 29.98, 400.5, 0.0005])
            segments.append(segment(rng, index, start, time, TEXTS[index % len(TEXTS)]))
        cases.append(whole(segments))
    blank = dict(segment(rng, 0, 0.0, 30.0, ""), no_speech_prob=0.5)
    cases.append(whole([blank, dict(blank, id=1, start=30.0)], "de"))
    cases.append(spoken(rng, 6))
    recorded = []
    for result in cases:
        outputs = {name: written(result, name) for name in ["txt", "vtt", "srt", "tsv", "json"]}
        outputs["json_unescaped"] = json.dumps(result, ensure_ascii=False)
        recorded.append(dict(result=result, outputs=outputs))
    return recorded


WORDS = [
    " a", " the", " speech", " \u00e9t\u00e9", " e\u0301te\u0301", " incomprehensibilities", " well,", ' "quoted"', " it's",
    "-like", "\u4f60\u597d", "\u3002", " 3", ".5", " \U0001f44d\U0001f3fd", "\u00a0wide\u3000", "  two", " end. ",
]


def spoken(rng, count, words=WORDS, longest=12):
    """Segments of words with times, among them pauses of just 3 s and of more, and segments without words."""
    segments, time = [], rng.choice([0.0, 0.0, 2.48, 3599.0])
    for index in range(count):
        timed = []
        for _ in range(rng.choice([0, 1, rng.randrange(1, longest), rng.randrange(1, longest)])):
            start = round(time + rng.choice([0, 0, 0, 0.02, 0.3, 3.0, 3.02, 10.5]), 2)
            time = round(start + rng.choice([0, 0.02, 0.14, 0.5, 1.24]), 2)
            timed.append(dict(word=rng.choice(words), start=start, end=time, probability=rng.random()))
        begin, end = (timed[0]["start"], timed[-1]["end"]) if timed else (time, time)
        value = segment(rng, index, begin, end, "".join(word["word"] for word in timed))
        value["words"] = timed
        segments.append(value)
    return whole(segments)


def layout_cases():
    rng = random.Random(11)
    product = list(itertools.product([None, 1, 12, 42], [None, 1, 2], [None, 1, 3], [False, True]))
    cases = [(spoken(rng, 4), "srt", product), (spoken(rng, 4), "vtt", product)]
    for index in range(30):
        some = [
            (
                rng.choice([None, rng.randrange(1, 60)]), rng.choice([None, rng.randrange(1, 5)]),
                rng.choice([None, rng.randrange(1, 9)]), rng.random() < 0.3,
            )
            for _ in range(4)
        ]
        cases.append((spoken(rng, rng.randrange(0, 9)), ["srt", "vtt"][index % 2], some))
    # Longer than the 1000 characters that the reference breaks a line at when no width is asked for.
    cases.append((spoken(rng, 6, longest=300), "vtt", [(None, None, None, False), (None, 2, None, False)]))
    odd = [" ", "", " x\ny", " x\n", "\nx", " \n x", " x \n", " x\r", " -", "->"]
    cases += [(spoken(rng, 5, odd), "srt", rng.sample(product, 6)) for _ in range(20)]
    recorded = []
    for result, extension, layouts in cases:
        outputs = []
        for width, count, words, highlight in layouts:
            layout = dict(
                max_line_width=width, max_line_count=count, max_words_per_line=words, highlight_words=highlight
            )
            texts = [text for _, _, text in utils.get_writer(extension, ".").iterate_result(result, **layout)]
            if any("-->" in text or "\r" in text or re.search(r"(^|\n)\s*\n\s*\S", text) for text in texts):
                # The reference's file is broken here; ours differs on purpose.
                continue
            outputs.append(dict(**layout, output=written(result, extension, **layout)))
        if outputs:
            recorded.append(dict(result=result, format=extension, layouts=outputs))
    return recorded


HARNESS = r"""
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>
struct line { int64_t t0, t1; std::string text; };
struct whisper_context { std::vector<line> lines; };
struct whisper_params { bool diarize = false; };
static int whisper_full_n_segments(whisper_context * c) { return c->lines.size(); }
static const char * whisper_full_get_segment_text(whisper_context * c, int i) { return c->lines[i].text.c_str(); }
static int64_t whisper_full_get_segment_t0(whisper_context * c, int i) { return c->lines[i].t0; }
static int64_t whisper_full_get_segment_t1(whisper_context * c, int i) { return c->lines[i].t1; }
static std::string estimate_diarization_speaker(std::vector<std::vector<float>>, int64_t, int64_t, bool = false) {
    return "";
}
%s
int main(int argc, char ** argv) {
    whisper_context context;
    for (line l; std::cin >> l.t0 >> l.t1 && std::cin.get() == '\t' && std::getline(std::cin, l.text);)
        context.lines.push_back(l);
    std::ofstream csv(argv[1]), lrc(argv[2]);
    output_csv(&context, csv, whisper_params(), {});
    output_lrc(&context, lrc, whisper_params(), {});
}
"""


def whisper_cpp_cases():
    with open(os.path.join(whisper_cpp, "examples", "cli", "cli.cpp")) as file:
        source = file.read()
    names = ["char \\* escape_double_quotes_in_csv", "void output_csv", "void output_lrc"]
    functions = [re.search(rf"^static {name}\(.*?^}}", source, re.M | re.S).group() for name in names]
    rng = random.Random(7)
    recorded = []
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "write")
        subprocess.run(
            ["c++", "-x", "c++", "-w", "-o", program, "-"], input=HARNESS % "\n".join(functions), text=True, check=True
        )
        outputs = [os.path.join(folder, name) for name in ["csv", "lrc"]]
        for count in [0, 1, 40]:
            segments, time = [], 0
            for index in range(count):
                start, time = time, time + rng.choice([1, 2, 100, 772, 2998, 40050, 370000])
                # whisper.cpp counts in hundredths of a second.
                text = re.sub(r"[\r\n\0]", "", TEXTS[index % len(TEXTS)])
                segments.append(segment(rng, index, start / 100, time / 100, text))
            lines = "".join(
                f"{round(s['start'] * 100)} {round(s['end'] * 100)}\t{s['text']}\n" for s in segments
            )
            subprocess.run([program, *outputs], input=lines.encode(), check=True)
            texts = [open(path, newline="", encoding="utf-8").read() for path in outputs]
            recorded.append(dict(result=whole(segments), outputs=dict(csv=texts[0], lrc=texts[1])))
    return recorded


def record(name, value):
    path = os.path.join(tests, "StapesFormatsTests", "Goldens", name)
    with open(path, "w") as file:
        json.dump(value, file, separators=(",", ":"))
        file.write("\n")
    print(path, len(value), os.path.getsize(path))


record("formats.json", format_cases())
record("layouts.json", layout_cases())
record("whisper-cpp.json", whisper_cpp_cases())
