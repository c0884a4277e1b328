#!/usr/bin/env python3
"""Counts wrong words. Standard input: {"references": [...], "texts": {name: [...]}}; standard output: {name: counts}.

Both sides pass through openai-whisper's EnglishTextNormalizer; words are compared by jiwer, over all texts together.
"""

import json
import sys

import jiwer
from whisper.normalizers import EnglishTextNormalizer

normalize = EnglishTextNormalizer()
given = json.load(sys.stdin)
references = [normalize(text) for text in given["references"]]
result = {}
for name, texts in given["texts"].items():
    counts = jiwer.process_words(references, [normalize(text) for text in texts])
    errors = counts.substitutions + counts.deletions + counts.insertions
    words = counts.substitutions + counts.deletions + counts.hits
    result[name] = {"errors": errors, "words": words, "error_rate": errors / words}
json.dump(result, sys.stdout)
