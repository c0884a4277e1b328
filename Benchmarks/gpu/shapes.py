"""Models of published shapes with random weights, as folders in Hugging Face's form, without anything but Python.

Their text is known beforehand: the decoder's positions hold, much enlarged, the embedding of the token that comes next,
so that such a model says the words it was given and ends there, whatever it hears, on every device. So a decode is as
long as is wished, the likeliest token is sure, and the work is that of the real model.
"""

import json
import pathlib
import random
import struct

#: width, layers of the encoder and of the decoder, rows of the token embedding, mel bands
SHAPES = {
    "micro": (64, 2, 2, 51865, 80),
    "tiny": (384, 4, 4, 51865, 80),
    "base": (512, 6, 6, 51865, 80),
    "small": (768, 12, 12, 51865, 80),
    "turbo": (1280, 32, 4, 51866, 128),
    "large-v3": (1280, 32, 32, 51866, 128),
}
SOURCE_POSITIONS, TARGET_POSITIONS = 1500, 448
#: Position of the last token of the prompt: start, language, task, no times.
LAST_OF_PROMPT = 3
#: How much larger than an embedding a position is; what the layers add has to stay far below.
LOUDNESS = 128.0
#: Elements of the random numbers that are repeated; odd, so that no two rows of a matrix are the same.
BLOCK = 4_194_301
END = 50257


class RandomBlocks:
    """float16 numbers of either sign, of about a magnitude of 2 ** exponent."""

    def __init__(self, seed):
        self.bytes = random.Random(seed).randbytes(2 * BLOCK)
        self.blocks = {}
        self.start = 0

    def block(self, exponent):
        if exponent not in self.blocks:
            # The upper byte: a sign, five bits of exponent, two of the fraction. Three binades in turn.
            table = bytes(byte & 0x83 | (exponent + 15 - (byte >> 2 & 0x1F) % 3) << 2 for byte in range(256))
            numbers = bytearray(self.bytes)
            numbers[1::2] = numbers[1::2].translate(table)
            self.blocks[exponent] = bytes(numbers)
        return self.blocks[exponent]

    def parts(self, count, exponent):
        """`count` numbers as bytes, in parts; each call goes on at another place."""
        block = self.block(exponent)
        self.start = (self.start + 1_000_003) % BLOCK
        position = self.start
        while count > 0:
            part = block[2 * position : 2 * min(position + count, BLOCK)]
            yield part
            count -= len(part) // 2
            position = 0


def exponent_of(inputs):
    """So that what goes through a matrix keeps its size."""
    exponent = 0
    while 4.0 ** (exponent - 1) > 1 / inputs:
        exponent -= 1
    return exponent


def tensors(width, encoder_layers, decoder_layers, vocabulary, bands):
    """Names, shapes and what they hold: an exponent, or `one` or `zero`."""
    through, wide, quiet = exponent_of(width), exponent_of(4 * width), exponent_of(width) - 4
    # The likeliest logit is about width * 2 ** embedding, the others a root of the width less.
    embedding = -3 if width >= 384 else 0

    def norm(name):
        yield f"{name}.weight", [width], "one"
        yield f"{name}.bias", [width], "zero"

    def linear(name, rows, columns, exponent, bias=True):
        yield f"{name}.weight", [rows, columns], exponent
        if bias:
            yield f"{name}.bias", [rows], "zero"

    def attention(name):
        yield from linear(f"{name}.q_proj", width, width, through)
        yield from linear(f"{name}.k_proj", width, width, through, bias=False)
        yield from linear(f"{name}.v_proj", width, width, through)
        yield from linear(f"{name}.out_proj", width, width, quiet)
        yield from norm(f"{name}_layer_norm")

    def feed_forward(name):
        yield from linear(f"{name}.fc1", 4 * width, width, through)
        yield from linear(f"{name}.fc2", width, 4 * width, wide - 4)
        yield from norm(f"{name}.final_layer_norm")

    yield "model.encoder.conv1.weight", [width, bands, 3], exponent_of(3 * bands)
    yield "model.encoder.conv1.bias", [width], "zero"
    yield "model.encoder.conv2.weight", [width, width, 3], exponent_of(3 * width)
    yield "model.encoder.conv2.bias", [width], "zero"
    yield "model.encoder.embed_positions.weight", [SOURCE_POSITIONS, width], -2
    for layer in range(encoder_layers):
        yield from attention(f"model.encoder.layers.{layer}.self_attn")
        yield from feed_forward(f"model.encoder.layers.{layer}")
    yield from norm("model.encoder.layer_norm")
    yield "model.decoder.embed_tokens.weight", [vocabulary, width], embedding
    yield "model.decoder.embed_positions.weight", [TARGET_POSITIONS, width], embedding
    for layer in range(decoder_layers):
        yield from attention(f"model.decoder.layers.{layer}.self_attn")
        yield from attention(f"model.decoder.layers.{layer}.encoder_attn")
        yield from feed_forward(f"model.decoder.layers.{layer}")
    yield from norm("model.decoder.layer_norm")


def write_weights(path, shape, seed):
    numbers = RandomBlocks(seed)
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    plan = list(tensors(*shape))
    for name, dimensions, _ in plan:
        count = 1
        for dimension in dimensions:
            count *= dimension
        header[name] = {"dtype": "F16", "shape": dimensions, "data_offsets": [offset, offset + 2 * count]}
        offset += 2 * count
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, _, content in plan:
            begin, end = header[name]["data_offsets"]
            count = (end - begin) // 2
            if content == "one":
                file.write(b"\x00\x3c" * count)
            elif content == "zero":
                file.write(bytes(2 * count))
            else:
                for part in numbers.parts(count, content):
                    file.write(part)


def vocabulary(english, size):
    """Lines of a vocabulary of this size, made of the English one's."""
    end = english.index("<|endoftext|>")
    lines = english[:end] + (["\u0120stapes"] if size > len(english) else []) + english[end:]
    if size > len(lines):
        lines.insert(lines.index("<|translate|>"), "<|yue|>")
    if len(lines) != size:
        raise ValueError(f"a vocabulary of {size} lines is wanted, {len(lines)} came out")
    return lines


def words(lines, count):
    """Ids of different words that are a token each, with the space before them."""
    end = lines.index("<|endoftext|>")
    found = [
        number for number, line in enumerate(lines[:end])
        if len(line) > 5 and line[0] == "\u0120" and line[1:].isascii() and line[1:].isalpha() and line[1:].islower()
    ]  # fmt: skip
    step = len(found) // count
    return [found[number * step] for number in range(count)]


def write(directory, name, english, seed=1):
    """Writes the model `name` unless it is there. `english` is the folder of an English model."""
    directory = pathlib.Path(directory)
    shape = width, encoder_layers, decoder_layers, size, bands = SHAPES[name]
    if (directory / "vocabulary.txt").exists():
        return directory
    directory.mkdir(parents=True, exist_ok=True)
    write_weights(directory / "model.safetensors", shape, seed)
    configuration = {
        "model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"], "d_model": width,
        "encoder_layers": encoder_layers, "encoder_attention_heads": max(width // 64, 1), "encoder_ffn_dim": 4 * width,
        "decoder_layers": decoder_layers, "decoder_attention_heads": max(width // 64, 1), "decoder_ffn_dim": 4 * width,
        "vocab_size": size, "num_mel_bins": bands, "max_source_positions": SOURCE_POSITIONS,
        "max_target_positions": TARGET_POSITIONS, "activation_function": "gelu", "scale_embedding": False,
        "tie_word_embeddings": True, "decoder_start_token_id": END + 1, "bos_token_id": END, "eos_token_id": END,
        "pad_token_id": END, "dropout": 0.0, "torch_dtype": "float16",
    }  # fmt: skip
    (directory / "config.json").write_text(json.dumps(configuration, indent=1) + "\n")
    lines = vocabulary(pathlib.Path(english, "vocabulary.txt").read_text().rstrip("\n").split("\n"), size)
    (directory / "vocabulary.txt").write_text("\n".join(lines) + "\n")
    return directory


def say(directory, count):
    """Makes the model end after `count` words, and gives its text."""
    directory = pathlib.Path(directory)
    lines = (directory / "vocabulary.txt").read_text().rstrip("\n").split("\n")
    tokens = words(lines, count) if count else []
    with open(directory / "model.safetensors", "r+b") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))

        def place(name):
            return 8 + length + header[name]["data_offsets"][0]

        width = header["model.decoder.embed_tokens.weight"]["shape"][1]

        def loud(token):
            file.seek(place("model.decoder.embed_tokens.weight") + 2 * width * token)
            row = struct.unpack(f"<{width}e", file.read(2 * width))
            return struct.pack(f"<{width}e", *(LOUDNESS * value for value in row))

        end = loud(END)
        rows = [loud(token) for token in tokens]
        rows += [end] * (TARGET_POSITIONS - LAST_OF_PROMPT - len(rows))
        file.seek(place("model.decoder.embed_positions.weight") + 2 * width * LAST_OF_PROMPT)
        file.write(b"".join(rows))
    return "".join(lines[token] for token in tokens).replace("\u0120", " ").strip()
