"""The engines, each as something that does a job: see engine.py. `engines.of` makes them."""

import sys

from engines.engine import Unavailable
from engines.in_python import InPython
from engines.stapes import Stapes
from engines.whisper_cpp import WhisperCpp

#: Name, module of workers/, form of the weights, compute type, and the engine whose error rate tells what its number
#: format costs: its own in float32, or the one with the same kernels that is next to it.
PYTHON_PEERS = [
    ("faster-whisper int8", "faster_whisper", "ctranslate2", "int8", "faster-whisper float32"),
    ("faster-whisper float32", "faster_whisper", "ctranslate2", "float32", "faster-whisper float32"),
    ("openai-whisper float32", "openai_whisper", "openai-pt", "float32", "openai-whisper float32"),
    ("Transformers bfloat16", "hugging_face", "safetensors", "bfloat16", "openai-whisper float32"),
]


def of(model, arguments):
    """The engines that can run here. Says on standard error which cannot."""
    makers = [lambda kind=kind: Stapes(model, kind, arguments) for kind in arguments.compute_type]
    makers += [lambda peer=peer: InPython(model, *peer, arguments) for peer in PYTHON_PEERS]
    for build in arguments.whisper_cpp:
        for kind in ("q8_0", "f16"):
            makers.append(lambda build=build, kind=kind: WhisperCpp(model, kind, build, arguments))
    engines = []
    for make in makers:
        try:
            engine = make()
        except Unavailable as cause:
            print(f"left out: {cause}", file=sys.stderr)
            continue
        if not arguments.engine or engine.is_ours or any(word in engine.name for word in arguments.engine):
            engines.append(engine)
    return engines
