#!/usr/bin/env python3
"""Write a Whisper model that CTranslate2 holds as float16 or float32 in another form.

    convert-weights.py SOURCE DESTINATION --to FORM [--dtype float16|float32] [--shards N]

Forms:
    safetensors          a Hugging Face directory: config.json, generation_config.json, model.safetensors (or N shards)
    openai-pt            one file, DESTINATION/model.pt, as openai/whisper loads it
    ctranslate2-int8     CTranslate2 with int8 matrices and float32 for the rest, as its own converter writes it
    ctranslate2-float32  CTranslate2 with float32 throughout

The float forms hold exactly the values of the source. tokenizer.json and the vocabulary are copied beside the weights.
The destination is written beside itself and renamed: it is there whole or not at all.

Needs Python 3.9 or later and numpy (`python3 -m pip install numpy`), nothing else.
"""

import argparse
import json
import os
import re
import shutil
import struct
import sys
import tempfile
import zipfile

try:
    import numpy as np
except ImportError:
    sys.exit("convert-weights: numpy is needed: python3 -m pip install numpy")

# CTranslate2's type numbers. bfloat16 (5) has no numpy type; files to convert are float16 or float32.
CT2_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
CT2_TYPE_NUMBERS = {np.dtype(name): number for number, name in CT2_TYPES.items()}
COPIED_FILES = ["tokenizer.json", "vocabulary.txt", "vocabulary.json", "preprocessor_config.json", "normalizer.json"]


class Failure(Exception):
    """Something the user can act on."""


# --- CTranslate2's model.bin ------------------------------------------------------------------------------------------


def read_ctranslate2(path):
    """The variables of a model.bin by name, in file order, and its aliases."""
    with open(path, "rb") as file:
        data = file.read()
    position = 0

    def take(form):
        nonlocal position
        (value,) = struct.unpack_from("<" + form, data, position)
        position += struct.calcsize("<" + form)
        return value

    def take_string():
        nonlocal position
        length = take("H")
        text = data[position : position + length - 1].decode()
        position += length
        return text

    try:
        version = take("I")
        if version not in (4, 5, 6):
            raise Failure(f"{path}: version {version} is not read")
        name = take_string()
        if name != "WhisperSpec":
            raise Failure(f"{path}: holds a {name}, not a WhisperSpec")
        revision = take("I")
        variables = {}
        for _ in range(take("I")):
            name = take_string()
            shape = [take("I") for _ in range(take("B"))]
            type_number, byte_count = take("B"), take("I")
            if type_number not in CT2_TYPES:
                raise Failure(f"{path}: {name} has type {type_number}, which is not read")
            values = np.frombuffer(data, CT2_TYPES[type_number], count=int(np.prod(shape)), offset=position)
            variables[name] = values.reshape(shape)
            position += byte_count
        aliases = [(take_string(), take_string()) for _ in range(take("I"))]
    except (struct.error, ValueError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: not a whole model.bin: {error}") from error
    return variables, aliases, revision


def write_ctranslate2(path, variables, aliases, revision):
    def string(text):
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    with open(path, "wb") as file:
        file.write(struct.pack("<I", 6) + string("WhisperSpec") + struct.pack("<II", revision, len(variables)))
        for name, values in sorted(variables.items()):
            file.write(string(name) + struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape))
            file.write(struct.pack("<BI", CT2_TYPE_NUMBERS[values.dtype], values.nbytes))
            file.write(np.ascontiguousarray(values).tobytes())
        file.write(struct.pack("<I", len(aliases)))
        for alias, name in aliases:
            file.write(string(alias) + string(name))


def floats(variables):
    """The same variables, in float32 where they are floats."""
    return {name: v.astype("<f4") if v.dtype.kind == "f" else v for name, v in variables.items()}


def quantized(variables):
    """int8 rows and one scale a row (value = byte / scale) for linears, convolutions and the token embedding.

    Rows are divided by their own largest magnitude; a row of zeros gets scale 1. Convolutions count one output
    channel as a row.
    """
    result = {}
    for name, values in floats(variables).items():
        if not name.endswith("/weight") or values.ndim < 2:
            result[name] = values
            continue
        rows = values.reshape(values.shape[0], -1)
        largest = np.abs(rows).max(axis=1)
        largest[largest == 0] = 127
        scale = (np.float32(127) / largest).astype("<f4")
        result[name] = np.rint(rows * scale[:, None]).astype("<i1").reshape(values.shape)
        result[name + "_scale"] = scale
    return result


# --- OpenAI's names ---------------------------------------------------------------------------------------------------


def openai_state(variables):
    """The weights under OpenAI's names; fused matrices are split, and the key's bias, always zero, is left out."""
    state = {}

    def linear(target, source, part=0, parts=1, bias=True):
        for kind in ["weight", "bias"] if bias else ["weight"]:
            state[f"{target}.{kind}"] = np.split(variables[f"{source}/{kind}"], parts)[part]
        if not bias and np.any(np.split(variables[f"{source}/bias"], parts)[part]):
            raise Failure(f"{source}: the bias of the keys is not zero")

    def norm(target, source):
        state[f"{target}.weight"] = variables[f"{source}/gamma"]
        state[f"{target}.bias"] = variables[f"{source}/beta"]

    def attention(target, source, is_cross):
        if is_cross:
            linear(f"{target}.query", f"{source}/linear_0")
            linear(f"{target}.key", f"{source}/linear_1", 0, 2, bias=False)
            linear(f"{target}.value", f"{source}/linear_1", 1, 2)
            linear(f"{target}.out", f"{source}/linear_2")
        else:
            linear(f"{target}.query", f"{source}/linear_0", 0, 3)
            linear(f"{target}.key", f"{source}/linear_0", 1, 3, bias=False)
            linear(f"{target}.value", f"{source}/linear_0", 2, 3)
            linear(f"{target}.out", f"{source}/linear_1")
        norm(f"{target}_ln", f"{source}/layer_norm")

    linear("encoder.conv1", "encoder/conv1")
    linear("encoder.conv2", "encoder/conv2")
    state["decoder.token_embedding.weight"] = variables["decoder/embeddings/weight"]
    for stack in ["encoder", "decoder"]:
        state[f"{stack}.positional_embedding"] = variables[f"{stack}/position_encodings/encodings"]
        for layer in range(layer_count(variables, stack)):
            target, source = f"{stack}.blocks.{layer}", f"{stack}/layer_{layer}"
            attention(f"{target}.attn", f"{source}/self_attention", is_cross=False)
            if stack == "decoder":
                attention(f"{target}.cross_attn", f"{source}/attention", is_cross=True)
            linear(f"{target}.mlp.0", f"{source}/ffn/linear_0")
            linear(f"{target}.mlp.2", f"{source}/ffn/linear_1")
            norm(f"{target}.mlp_ln", f"{source}/ffn/layer_norm")
    norm("encoder.ln_post", "encoder/layer_norm")
    norm("decoder.ln", "decoder/layer_norm")
    return state


def layer_count(variables, stack):
    matches = (re.match(rf"{stack}/layer_(\d+)/", name) for name in variables)
    return len({match[1] for match in matches if match})


def dimensions(variables):
    """OpenAI's ModelDimensions."""
    width, mels, _ = variables["encoder/conv1/weight"].shape
    heads = {
        stack: int(variables.get(f"{stack}/num_heads", np.array(width // 64))) for stack in ["encoder", "decoder"]
    }
    return {
        "n_mels": mels,
        "n_audio_ctx": variables["encoder/position_encodings/encodings"].shape[0],
        "n_audio_state": width,
        "n_audio_head": heads["encoder"],
        "n_audio_layer": layer_count(variables, "encoder"),
        "n_vocab": variables["decoder/embeddings/weight"].shape[0],
        "n_text_ctx": variables["decoder/position_encodings/encodings"].shape[0],
        "n_text_state": width,
        "n_text_head": heads["decoder"],
        "n_text_layer": layer_count(variables, "decoder"),
    }


# --- Hugging Face -----------------------------------------------------------------------------------------------------

HUGGING_FACE_PATTERNS = [
    (r"^(encoder|decoder)\.", r"model.\1."),
    (r"\.blocks\.", ".layers."),
    (r"\.cross_attn_ln\.", ".encoder_attn_layer_norm."),
    (r"\.attn_ln\.", ".self_attn_layer_norm."),
    (r"\.mlp_ln\.", ".final_layer_norm."),
    (r"\.cross_attn\.", ".encoder_attn."),
    (r"\.attn\.", ".self_attn."),
    (r"\.query\.", ".q_proj."),
    (r"\.key\.", ".k_proj."),
    (r"\.value\.", ".v_proj."),
    (r"(_attn)\.out\.", r"\1.out_proj."),
    (r"\.mlp\.0\.", ".fc1."),
    (r"\.mlp\.2\.", ".fc2."),
    (r"\.(ln_post|ln)\.", ".layer_norm."),
    (r"\.token_embedding\.", ".embed_tokens."),
    (r"\.positional_embedding$", ".embed_positions.weight"),
]


def hugging_face_name(name):
    for pattern, replacement in HUGGING_FACE_PATTERNS:
        name = re.sub(pattern, replacement, name)
    return name


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, values in tensors.items():
        header[name] = {
            "dtype": {2: "F16", 4: "F32"}[values.itemsize],
            "shape": list(values.shape),
            "data_offsets": [offset, offset + values.nbytes],
        }
        offset += values.nbytes
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(np.ascontiguousarray(values).tobytes())


def write_hugging_face(directory, variables, settings, shards, dtype):
    tensors = {hugging_face_name(name): v for name, v in openai_state(variables).items()}
    if shards == 1:
        write_safetensors(os.path.join(directory, "model.safetensors"), tensors)
    else:
        write_shards(directory, tensors, shards)
    sizes = dimensions(variables)
    write_json(
        os.path.join(directory, "config.json"),
        {
            "architectures": ["WhisperForConditionalGeneration"],
            "model_type": "whisper",
            "activation_function": "gelu",
            "scale_embedding": False,
            "torch_dtype": dtype,
            "d_model": sizes["n_audio_state"],
            "num_mel_bins": sizes["n_mels"],
            "vocab_size": sizes["n_vocab"],
            "max_source_positions": sizes["n_audio_ctx"],
            "max_target_positions": sizes["n_text_ctx"],
            "encoder_layers": sizes["n_audio_layer"],
            "encoder_attention_heads": sizes["n_audio_head"],
            "encoder_ffn_dim": variables["encoder/layer_0/ffn/linear_0/weight"].shape[0],
            "decoder_layers": sizes["n_text_layer"],
            "decoder_attention_heads": sizes["n_text_head"],
            "decoder_ffn_dim": variables["decoder/layer_0/ffn/linear_0/weight"].shape[0],
        },
    )
    write_json(
        os.path.join(directory, "generation_config.json"),
        {
            "alignment_heads": settings.get("alignment_heads"),
            "suppress_tokens": settings.get("suppress_ids"),
            "begin_suppress_tokens": settings.get("suppress_ids_begin"),
        },
    )


def write_shards(directory, tensors, count):
    """About equal shards in file order, and the index that says which tensor is where."""
    total = sum(values.nbytes for values in tensors.values())
    shards = [{} for _ in range(count)]
    written = 0
    for name, values in tensors.items():
        shards[min(written * count // total, count - 1)][name] = values
        written += values.nbytes
    shards = [shard for shard in shards if shard]
    weight_map = {}
    for index, shard in enumerate(shards, start=1):
        file_name = f"model-{index:05}-of-{len(shards):05}.safetensors"
        write_safetensors(os.path.join(directory, file_name), shard)
        weight_map.update({name: file_name for name in shard})
    write_json(
        os.path.join(directory, "model.safetensors.index.json"),
        {"metadata": {"total_size": total}, "weight_map": weight_map},
    )


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


# --- OpenAI's .pt -----------------------------------------------------------------------------------------------------


def pickled(dims, state):
    """The pickle inside a .pt file, written opcode by opcode: torch is not needed to refer to its functions."""
    out = bytearray(b"\x80\x02")

    def text(value):
        data = value.encode()
        out.extend(b"X" + struct.pack("<I", len(data)) + data)

    def number(value):
        out.extend(b"J" + struct.pack("<i", value))

    def integers(values):
        out.extend(b"(")
        for value in values:
            number(value)
        out.extend(b"t")

    def tensor(index, values):
        out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((")
        text("storage")
        out.extend(b"ctorch\n" + {2: b"HalfStorage", 4: b"FloatStorage"}[values.itemsize] + b"\n")
        text(str(index))
        text("cpu")
        number(values.size)
        out.extend(b"tQ")  # persistent id: the storage
        number(0)
        integers(values.shape)
        integers(stride // values.itemsize for stride in values.strides)
        out.extend(b"\x89ccollections\nOrderedDict\n)RtR")  # requires_grad, hooks; call

    out.extend(b"}(")
    text("dims")
    out.extend(b"}(")
    for name, value in dims.items():
        text(name)
        number(value)
    out.extend(b"u")
    text("model_state_dict")
    out.extend(b"}(")
    for index, (name, values) in enumerate(state.items()):
        text(name)
        tensor(index, values)
    out.extend(b"uu.")
    return bytes(out)


def write_openai(path, variables):
    state = {name: np.ascontiguousarray(v) for name, v in openai_state(variables).items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickled(dimensions(variables), state))
        archive.writestr("archive/byteorder", "little")
        for index, values in enumerate(state.values()):
            archive.writestr(f"archive/data/{index}", values.tobytes())
        archive.writestr("archive/version", "3\n")


# --- the command ------------------------------------------------------------------------------------------------------


def convert(source, target, form, dtype, shards):
    variables, aliases, revision = read_ctranslate2(os.path.join(source, "model.bin"))
    if any(v.dtype == np.int8 and v.ndim for v in variables.values()):
        raise Failure(f"{source}: holds int8 weights; start from a float16 or float32 model")
    with open(os.path.join(source, "config.json"), encoding="utf-8") as file:
        settings = json.load(file)
    wanted = floats(variables) if dtype == "float32" else variables
    if form == "safetensors":
        write_hugging_face(target, wanted, settings, shards, dtype)
    elif form == "openai-pt":
        write_openai(os.path.join(target, "model.pt"), wanted)
    else:
        converted = quantized(variables) if form == "ctranslate2-int8" else floats(variables)
        write_ctranslate2(os.path.join(target, "model.bin"), converted, aliases, revision)
        shutil.copy(os.path.join(source, "config.json"), target)
    for name in COPIED_FILES:
        if os.path.exists(os.path.join(source, name)):
            shutil.copy(os.path.join(source, name), target)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="a CTranslate2 directory, float16 or float32")
    parser.add_argument("destination", help="the directory to make; it must not exist")
    parser.add_argument(
        "--to", required=True, choices=["safetensors", "openai-pt", "ctranslate2-int8", "ctranslate2-float32"]
    )
    parser.add_argument(
        "--dtype", choices=["float16", "float32"], default="float32", help="for safetensors and openai-pt"
    )
    parser.add_argument("--shards", type=int, default=1, metavar="N", help="files to split safetensors into")
    options = parser.parse_args()
    destination = os.path.abspath(options.destination)
    if os.path.exists(destination):
        sys.exit(f"convert-weights: {destination} exists; remove it first")
    if options.shards < 1:
        parser.error("--shards must be at least 1")

    os.makedirs(os.path.dirname(destination), exist_ok=True)
    staging = tempfile.mkdtemp(prefix=".convert-", dir=os.path.dirname(destination))
    try:
        convert(options.source, staging, options.to, options.dtype, options.shards)
        os.chmod(staging, 0o755)
        os.rename(staging, destination)
    except (Failure, OSError, KeyError) as error:
        what = f"no variable {error}" if isinstance(error, KeyError) else error
        sys.exit(f"convert-weights: {what}")
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    print(destination)


if __name__ == "__main__":
    main()
