"""The steps of the check, in the order in which they run. Knows no mark."""

import contextlib
import dataclasses
import json
import pathlib
import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request

import audio
import shapes
from failure import Failure

#: Without the ladder of temperatures, so that every window is decoded once.
GREEDY = ["--beam-size", "1", "--no-fallback"]
#: Nothing but the decode: no text before as a prompt, no window taken for silence.
PLAIN = [*GREEDY, "--language", "en", "--no-timestamps", "--no-condition-on-previous-text"]
PLAIN += ["--no-speech-threshold", "None"]
#: Tokens of a window: 3.3 a second of speech.
TOKENS = 100
#: Tokens of a short clip.
SHORT_TOKENS = 16
#: Shapes that are measured with features of the host as well: the quickest, and that of a dry run.
HOST_FEATURES = ("tiny", "base", "micro")
PEER = pathlib.Path(__file__).parent / "peer.py"


@dataclasses.dataclass(frozen=True)
class Step:
    name: str
    body: object
    #: What it is expected to take, and what it may take at most.
    seconds: float
    limit: float
    #: The least important, with the greatest number, are dropped first.
    importance: int
    needs_gpu: bool = False


def all_of(check, backends):
    shape = (lambda name: "micro") if check.is_dry else (lambda name: name)
    speed = ("tiny",) if check.is_dry else ("tiny", "base", "turbo", "large-v3")
    every = ("tiny",) if check.is_dry else ("tiny", "base", "small", "turbo", "large-v3")
    steps = [
        Step("doctor", doctor, 5, 60, 0),
        Step("vectors", vectors, 60, 150, 0, needs_gpu=True),
        Step("invariants", invariants, 15, 90, 0),
        Step("wer", wer, 25, 120, 1),
        Step("forced", forced, 15, 60, 1),
    ]
    if not check.has_gpu:
        steps.append(Step("decode tiny cpu", lambda c: decode(c, "tiny", "cpu"), 10, 120, 2))
    if "flashinfer" in backends:
        steps.append(Step("invariants flashinfer", invariants_of_flashinfer, 15, 90, 1, needs_gpu=True))
    steps.append(Step("kernel times", kernel_times, 40, 100, 3, needs_gpu=True))
    for number, backend in enumerate(backends):
        for name in speed:
            steps.append(
                Step(
                    f"decode {name} {backend}", lambda c, n=name, b=backend: decode(c, n, b),
                    30 if name == "large-v3" else 12, 75, 2 if number == 0 else 4, needs_gpu=True,
                )
            )  # fmt: skip
    for name in speed:
        steps.append(
            Step(
                f"decode {name} native early", lambda c, n=name: decode_early(c, n), 20 if name == "large-v3" else 6, 45,
                3, needs_gpu=True,
            )
        )  # fmt: skip
    if "native" in backends:
        steps.append(
            Step(
                f"decode {speed[-1]} native float8",
                lambda c: decode(c, speed[-1], "native", "--cross-kv-type", "float8"), 30, 75, 4, needs_gpu=True,
            )
        )  # fmt: skip
    seconds = {"tiny": 12, "base": 12, "small": 15, "turbo": 25, "large-v3": 45}
    for name in speed:
        steps.append(
            Step(
                f"encode {name}", lambda c, n=name: encode(c, n), 30 if name == "large-v3" else 12, 75, 2,
                needs_gpu=True,
            )
        )  # fmt: skip
    for name in every:
        steps.append(
            Step(
                f"windows {name}", lambda c, n=name: windows(c, shape(n)), seconds[name], 4 * seconds[name],
                3 if name in ("turbo", "large-v3") else 4,
            )
        )  # fmt: skip
    for mode in ("graph", "eager"):
        steps.append(
            Step(f"http {mode}", lambda c, m=mode: http(c, shape("base"), m), 30, 75, 3 if mode == "graph" else 5)
        )
    for name in speed:
        importance = 5 if name in ("turbo", "large-v3") else 6
        steps.append(Step(f"peer {name}", lambda c, n=name: peer(c, shape(n)), 35, 75, importance))
    return steps


# --- Correctness ------------------------------------------------------------------------------------------------------


def doctor(check):
    found = check.json("doctor", "--device", check.device, "--model", check.model)
    # What else lies in the home folder is nobody's business.
    return {key: value for key, value in found.items() if key not in ("model_cache", "models")}


def vectors(check):
    """The programs that hold the kernels against plain loops, one after the other."""
    programs = []
    for program in sorted(check.kernels.glob("*_test")):
        report = check.work / f"{program.name}.json"
        check.run(
            [str(program), "--gpu", str(check.kernels / "stapes_kernels.fatbin"), "--json", str(report)],
            statuses=(0, 1, 124),
        )
        programs.append(json.loads(report.read_text()))
    if not programs:
        raise Failure(f"{check.kernels} has no test programs: Scripts/pack-gpu-check packs them")
    failed = sum(one["failures"] + (one["ended"] != "done") for one in programs)
    return {"failed": failed, "checks": sum(one["checks"] for one in programs), "programs": programs}


def kernel_times(check):
    """Microseconds of every kernel at Whisper's shapes."""
    report = check.work / "kernel_times.json"
    check.run(
        [
            str(check.kernels / "kernel_times"), "--gpu", str(check.kernels / "stapes_kernels.fatbin"), "--json",
            str(report),
        ],
        statuses=(0, 124),
    )  # fmt: skip
    return json.loads(report.read_text())


def invariants(check, *rest):
    """The rules of captured steps, on a small model of random weights."""
    return check.json("invariants", "--device", check.device, *rest, statuses=(0, 1))


def invariants_of_flashinfer(check):
    return invariants(check, "--attention-backend", "flashinfer")


def errors(check, *rest):
    return check.json(
        "wer", "--manifest", check.clips / "manifest.jsonl", "--model", check.model, "--device", check.device, *GREEDY,
        # Texts are compared: none may depend on the windows that are encoded with it.
        "--deterministic", "--quiet", *rest, statuses=(0, 3),
    )  # fmt: skip


def wer(check):
    """The texts in batches, then alone and without graphs, which have to be the same."""
    batched = errors(check, "--batch-size", "16")
    reference = check.reference["wer"]
    more = batched["errors"] - reference["errors"]
    texts = {one["audio"]: one["text"] for one in batched["results"]}
    result = {
        "errors": batched["errors"], "words": batched["words"], "error_rate_percent": 100 * batched["error_rate"],
        "reference_errors": reference["errors"], "points_beyond": 100 * more / batched["words"],
        "equal_reference_percent": equal(texts, reference["texts"]), "compute_type": batched["compute_type"],
        "device": batched["device"], "rtfx": batched["rtfx"],
        "differing": [
            {"audio": name, "text": one, "reference": reference["texts"].get(name)}
            for name, one in texts.items() if one != reference["texts"].get(name)
        ],
    }  # fmt: skip
    for key, rest in (("alone", ["--batch-size", "1"]), ("eager", ["--batch-size", "16", "--decode-graph", "off"])):
        other = {one["audio"]: one["text"] for one in errors(check, *rest)["results"]}
        result[f"equal_{key}_percent"] = equal(other, texts)
    return result


def equal(texts, others):
    return 100 * sum(one == others.get(name) for name, one in texts.items()) / len(texts)


def forced(check):
    """Steps along the tokens that the processor chose in float32."""
    steps = check.data / "forced.json"
    arguments = ["--manifest", check.clips / "manifest.jsonl", "--model", check.model, "--device", check.device]
    command = check.command("forced", *arguments, "--reference", steps)
    if not steps.exists():
        raise Failure("the processor's steps were not packed")
    result = json.loads(check.run([*command, "--json"]))
    counted = result["steps"] - result["ties"]
    result["equal_percent"] = 100 * result["equal"] / counted if counted else None
    return result


# --- Speed ------------------------------------------------------------------------------------------------------------


def decode(check, shape, backend, *rest):
    sizes, count = ("1,8", "10") if check.is_dry else ("1,8,32,64", "100")
    return check.json(
        "decode", "--random-weights", shape, "--device", check.device, "--attention-backend", backend, "--batch-sizes",
        sizes, "--steps", count, *rest,
    )  # fmt: skip


def decode_early(check, shape):
    """One row, without and with kernels that begin while the kernel before them ends."""
    count = "10" if check.is_dry else "200"
    reports = {
        mode: check.json(
            "decode", "--random-weights", shape, "--device", check.device, "--attention-backend", "native",
            "--batch-sizes", "1", "--steps", count, "--programmatic-launch", mode,
        ) for mode in ("off", "on")
    }  # fmt: skip
    return {"rows": reports["on"]["rows"], "plain_rows": reports["off"]["rows"]}


def encode(check, shape):
    """Full windows through the encoder, several at once, up to their keys and values."""
    counts, steps = ("1,2", "2") if check.is_dry else ("1,2,4,8", "20")
    return check.json(
        "encode", "--random-weights", shape, "--device", check.device, "--windows", counts, "--steps", steps
    )


def made(check, shape):
    """The folder of the random model, kept until the end."""
    return shapes.write(check.work / "models" / shape, shape, check.model)


def transcribe(check, model, files, batch, repeat, tokens, *rest):
    """Whole files, from samples to text. The tokens are known: others mean that something is wrong."""
    report = check.json(
        "transcribe", *files, "--model", model, "--device", check.device, "--batch-size", batch, "--repeat", repeat,
        *PLAIN, *rest,
    )  # fmt: skip
    for run in report["runs"]:
        if run["windows"] != len(files) or abs(run["tokens"] - tokens * len(files)) > len(files):
            raise Failure(
                f"{run['windows']} windows and {run['tokens']} tokens instead of {len(files)} and {tokens * len(files)}"
            )
    return report


def windows(check, shape):
    model = made(check, shape)
    count, batch, single, tokens = (4, 2, 2, 10) if check.is_dry else (256, 128, 8, TOKENS)
    clips = sorted(check.clips.glob("**/*.wav"))
    files = audio.windows(clips, check.work / "windows", count)
    result = {"shape": shape, "tokens": tokens, "windows": count, "batch": batch}
    try:
        measure_windows(check, model, files, single, result)
    except Failure as cause:
        cause.partial = result
        raise
    return result


def measure_windows(check, model, files, single, result):
    """Into `result`, so that what was measured stays when the time is over."""
    count, batch, tokens = result["windows"], result["batch"], result["tokens"]
    # One after the other: the time of one clip.
    shapes.say(model, tokens)
    report = transcribe(check, model, files[:single], 1, 3, tokens)
    result["clip_ms"] = 1000 * report["median_wall_seconds"] / single
    encodings = [1000 * run["encode_seconds"] / run["windows"] for run in report["runs"]]
    result["clip_encode_ms"] = statistics.median(encodings)
    result["compute_type"] = report["compute_type"]
    report = transcribe(check, model, files, batch, 2, tokens)
    result["offline_windows_per_s"] = count / report["median_wall_seconds"]
    result["offline_rtfx"] = report["rtfx"]
    result["offline_runs"] = report["runs"]
    result["offline_steps"] = report.get("steps")
    # A word and the end: the encoder is nearly all.
    shapes.say(model, 1)
    report = transcribe(check, model, files, min(batch, 32), 2, 1)
    result["one_word_windows_per_s"] = count / report["median_wall_seconds"]
    # The same with features that the host makes, where it may have to be waited for.
    if result["shape"] in HOST_FEATURES:
        report = transcribe(check, model, files, min(batch, 32), 2, 1, "--log-mel", "host")
        result["one_word_host_features_windows_per_s"] = count / report["median_wall_seconds"]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def server(check, *rest):
    """A server that is ready, and its address."""
    port = free_port()
    command = check.command("serve", "--port", port, "--log-level", "warning", *rest)
    log = open(check.work / "serve.log", "w+")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            if process.poll() is not None:
                log.seek(0)
                last = (log.read().strip().splitlines() or ["no message"])[-1]
                raise Failure(f"the server ended with status {process.returncode}: {last[:400]}")
            if check.remaining() <= 0:
                raise Failure("the server was not ready in time", "timed out")
            try:
                with urllib.request.urlopen(f"{address}/health/ready", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def http(check, shape, mode):
    """Short clips, which a model of known words answers at the usual length. Each text has to be those words."""
    model = made(check, shape)
    words = shapes.say(model, SHORT_TOKENS)
    lines = [json.loads(line) for line in (check.clips / "manifest.jsonl").read_text().splitlines()]
    manifest = check.work / "short.jsonl"
    with open(manifest, "w") as file:
        for line in lines:
            if 2 <= line["duration"] <= 10:
                spoken = {"audio": str(check.clips / line["audio"]), "text": words, "language": "en"}
                file.write(json.dumps(spoken | {"duration": line["duration"]}) + "\n")
    clients, seconds = ("1,4", "1") if check.is_dry else ("1,8,32,64", "4")
    graph = ["--decode-graph", "on" if mode == "graph" else "off"]
    with server(
        check, "--model", model, "--device", check.device, "--batch-size", "64", "--max-requests", "128",
        "--cache-size", "0", *graph,
    ) as address:  # fmt: skip
        report = check.json(
            "load", "--url", address, "--manifest", manifest, "--concurrency", clients, "--duration", seconds
        )
    failed = sum(row["failed"] for row in report["rows"])
    if failed:
        cause = next(row["first_failure"] for row in report["rows"] if row["first_failure"])
        raise Failure(f"{failed} requests failed, first {cause}")
    wrong = [row["error_rate"] for row in report["rows"] if row["error_rate"]]
    if wrong:
        raise Failure(f"the texts are not the model's words: error rate {max(wrong):.3f}")
    return report


# --- Beside Transformers ----------------------------------------------------------------------------------------------


def peer(check, shape):
    """The same weights. What was measured before the time was over counts."""
    model = made(check, shape)
    shapes.say(model, TOKENS)
    command = [check.arguments.peer_python, str(PEER), "--model", str(model), "--device", check.device]
    if check.is_dry:
        command += ["--rows", "1,2", "--windows", "1,2", "--rounds", "1", "--short", "4", "--long", "12"]
    log = []
    failure = None
    try:
        check.run(command, statuses=(0, 1), log=log)
    except Failure as cause:
        failure = cause
    measurements = [json.loads(line) for line in "".join(log).splitlines() if line.startswith("{")]
    if not any("error" not in one for one in measurements if one["kind"] != "versions"):
        if failure:
            raise failure
        found = next((one["error"] for one in measurements if "error" in one), "no torch or transformers here")
        raise Failure(found)
    result = {"measurements": measurements}
    if failure:
        failure.partial = result
        raise failure
    return result
