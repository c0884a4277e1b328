"""The rows of the table: where each number is found in what the steps gave, and the mark it is held against."""

import dataclasses

#: How far from the processor's float32 a number format may be.
WORD_ERROR_POINTS = 0.1
EQUAL_LIKELIEST = 0.995
LOGIT_DIFFERENCE = 0.01

SHAPES = ["tiny", "base", "small", "turbo", "large-v3"]


@dataclasses.dataclass(frozen=True)
class Row:
    title: str
    unit: str
    #: Takes the results of the steps by name, which may be absent.
    value: object
    digits: int = 2
    at_most: float | None = None
    at_least: float | None = None

    def mark(self):
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else None

    def reached(self, value):
        if self.at_most is not None:
            return value <= self.at_most
        return value >= self.at_least if self.at_least is not None else None


def decode(results, shape, batch, kind, backends=("native", "flashinfer", "cpu")):
    """The least median of the backends, microseconds."""
    found = []
    for backend in backends:
        for row in results.get(f"decode {shape} {backend}", {}).get("rows", []):
            if row["batch"] == batch and row.get(kind):
                found.append(row[kind]["p50_us"])
    return min(found, default=None)


def milliseconds(results, shape, batch=1, kind="graph", backends=("native", "flashinfer", "cpu")):
    microseconds = decode(results, shape, batch, kind, backends)
    return None if microseconds is None else microseconds / 1000


def graph_gain(results, shape):
    """Eager over graph of one backend; the best backend counts."""
    found = []
    for backend in ("native", "flashinfer", "cpu"):
        eager = decode(results, shape, 1, "eager", (backend,))
        graph = decode(results, shape, 1, "graph", (backend,))
        if eager and graph:
            found.append(eager / graph)
    return max(found, default=None)


def early_gain(shape):
    """Graphs of one row: launched plainly over kernels that begin early, in one step of the check."""

    def value(results):
        found = results.get(f"decode {shape} native early", {})
        plain, early = (found.get(key, [{}])[0].get("graph") for key in ("plain_rows", "rows"))
        return plain["p50_us"] / early["p50_us"] if plain and early else None

    return value


def identical_tokens(results):
    rows = [row for name, result in results.items() if name.startswith("decode ") for row in result.get("rows", [])]
    return 100 * sum(row["identical_tokens"] for row in rows) / len(rows) if rows else None


def encoding(shape, windows):
    """Windows a second by the faster way."""

    def value(results):
        for row in results.get(f"encode {shape}", {}).get("rows", []):
            if row["windows"] == windows:
                return row["windows_per_s"]
        return None

    return value


def field(step, *names):
    def value(results):
        found = results.get(step)
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    return value


def best_rate(step):
    def value(results):
        rates = [row["req_per_s"] for row in results.get(step, {}).get("rows", []) if row["req_per_s"]]
        return max(rates, default=None)

    return value


def rate(step, clients):
    def value(results):
        for row in results.get(step, {}).get("rows", []):
            if row["concurrency"] == clients:
                return row["req_per_s"]
        return None

    return value


def peer(shape, kind, count, key):
    def value(results):
        for row in results.get(f"peer {shape}", {}).get("measurements", []):
            if row["kind"] == kind and row.get("rows", row.get("windows")) == count:
                return row.get(key)
        return None

    return value


def peer_gain(shape):
    """The peer's quicker step, one row, over ours by graph."""

    def value(results):
        theirs = [peer(shape, kind, 1, "step_ms")(results) for kind in ("eager", "static")]
        theirs = [one for one in theirs if one and one > 0]
        ours = milliseconds(results, shape)
        return min(theirs) / ours if theirs and ours else None

    return value


def rows():
    table = [
        Row("kernel vectors that failed", "", field("vectors", "failed"), 0, at_most=0),
        Row("invariants that do not hold", "", field("invariants", "failed"), 0, at_most=0),
        Row("invariants that do not hold, FlashInfer", "", field("invariants flashinfer", "failed"), 0, at_most=0),
        Row(
            "tiny.en, errors beyond the processor's", "points", field("wer", "points_beyond"), 2,
            at_most=WORD_ERROR_POINTS,
        ),
        Row("tiny.en, errors in the recordings", "% of words", field("wer", "error_rate_percent")),
        Row("texts alone that are those in a batch", "%", field("wer", "equal_alone_percent"), 1, at_least=100),
        Row("texts without graphs that are those with", "%", field("wer", "equal_eager_percent"), 1, at_least=100),
        Row(
            "likeliest token as the processor's, outside ties", "% of steps", field("forced", "equal_percent"), 2,
            at_least=100 * EQUAL_LIKELIEST,
        ),
        Row("largest difference of a logit", "", field("forced", "largest_difference"), 4, at_most=LOGIT_DIFFERENCE),
        Row("difference of a logit in 99 of 100 steps", "", field("forced", "p99_difference"), 4),
        Row("decode benches with identical tokens by graph", "%", identical_tokens, 1, at_least=100),
        Row("large-v3 decode step, one row", "ms", lambda r: milliseconds(r, "large-v3"), 3, at_most=0.80),
        Row("turbo decode step, one row", "ms", lambda r: milliseconds(r, "turbo"), 3, at_most=0.16),
        Row("graph over eager, tiny, one row", "times", lambda r: graph_gain(r, "tiny"), at_least=2.5),
    ]  # fmt: skip
    for shape in ("tiny", "base", "turbo", "large-v3"):
        for batch in (1, 8, 32, 64):
            for backend in ("native", "flashinfer", "cpu"):
                for kind in ("eager", "graph"):
                    table.append(
                        Row(
                            f"{shape} decode step, {batch} rows, {backend}, {kind}", "ms",
                            lambda r, s=shape, b=batch, k=kind, e=backend: milliseconds(r, s, b, k, (e,)), 3,
                        )
                    )  # fmt: skip
    for shape in ("tiny", "base", "turbo", "large-v3"):
        table.append(
            Row(
                f"{shape} decode step, one row, programmatic launch, graph", "ms",
                lambda r, s=shape: milliseconds(r, s, 1, "graph", ("native early",)), 3,
            )
        )  # fmt: skip
        table.append(Row(f"{shape}, plain launch over programmatic, one row", "times", early_gain(shape), 3))
    for shape in ("tiny", "base", "turbo", "large-v3"):
        for count in (1, 2, 4, 8):
            table.append(Row(f"{shape} encoder, {count} at once", "windows/s", encoding(shape, count), 1))
    for batch in (1, 8, 32, 64):
        table.append(
            Row(
                f"large-v3 decode step, {batch} rows, native, graph, windows in float8", "ms",
                lambda r, b=batch: milliseconds(r, "large-v3", b, backends=("native float8",)), 3,
            )
        )  # fmt: skip
    for shape in SHAPES:
        step = f"windows {shape}"
        table.append(Row(f"{shape} encoder, one window at a time", "ms", field(step, "clip_encode_ms")))
        title = f"{shape}, full windows of a single word"
        table.append(Row(title, "windows/s", field(step, "one_word_windows_per_s"), 1))
        title = f"{shape}, the same with log-mel by the host"
        table.append(Row(title, "windows/s", field(step, "one_word_host_features_windows_per_s"), 1))
    offline = {"large-v3": 75}
    for shape in SHAPES:
        table.append(
            Row(
                f"{shape}, full windows, offline", "windows/s", field(f"windows {shape}", "offline_windows_per_s"), 1,
                at_least=offline.get(shape),
            )
        )  # fmt: skip
    factor = field("windows turbo", "offline_rtfx")
    table.append(Row("turbo, full windows, real-time factor", "", factor, 0, at_least=4500))
    for shape, limit in zip(SHAPES, (7, 11, 24, 22, 90)):
        value = field(f"windows {shape}", "clip_ms")
        table.append(Row(f"{shape}, a 30 s clip at a time", "ms", value, 1, at_most=limit))
    table.append(Row("base over HTTP, short clips", "req/s", best_rate("http graph"), 1, at_least=1000))
    for step in ("http graph", "http eager"):
        for clients in (1, 8, 32, 64):
            title = f"base over HTTP, {clients} clients, {step.removeprefix('http ')}"
            table.append(Row(title, "req/s", rate(step, clients), 1))
    for shape in ("tiny", "base", "turbo", "large-v3"):
        for count in (1, 32):
            title = f"Transformers, {shape} encoder, {count} at once"
            table.append(Row(title, "windows/s", peer(shape, "encoder", count, "windows_per_s"), 1))
        for kind in ("eager", "static"):
            for count in (1, 32):
                title = f"Transformers, {shape} decode step, {count} rows, {kind}"
                table.append(Row(title, "ms", peer(shape, kind, count, "step_ms"), 3))
        table.append(Row(f"Transformers' step over ours, {shape}, one row", "times", peer_gain(shape)))
    return table


def table(results):
    """What was measured, as rows; marks that were not come last, without a value."""
    measured, missing = [], []
    for row in rows():
        value = row.value(results)
        entry = {
            "row": row.title, "unit": row.unit, "digits": row.digits, "measured": value, "mark": row.mark(),
            "reached": None if value is None else row.reached(value),
        }  # fmt: skip
        if value is not None:
            measured.append(entry)
        elif row.mark():
            missing.append(entry)
    return measured + missing
