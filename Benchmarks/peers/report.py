"""Medians, spreads and ratios of the same round, and the table of ours beside the best peer."""

import dataclasses
import statistics

#: Points of the error rate by which a peer may be above its most exact format, and ours above float32.
PEER_TOLERANCE = 0.5
OUR_TOLERANCE = 0.2


@dataclasses.dataclass(frozen=True)
class Mark:
    """What is aimed at: at most so much of a peer's time or memory, of the best one or of those of a name."""

    limit: float
    against: str = ""


FASTER, CPP = "faster-whisper int8", "whisper.cpp q8_0"
MARKS = {
    ("clip", "wall_s", "base"): Mark(0.40),
    ("clip", "wall_s", "tiny.en"): Mark(0.45),
    ("clip", "encode_ms_per_window", "base"): Mark(0.45, FASTER),
    ("clip", "decode_ms_per_token", "base"): Mark(0.70, CPP),
    ("clip", "decode_ms_per_token", "tiny.en"): Mark(0.60, CPP),
    ("dense", "wall_s", "base"): Mark(0.40),
    ("dense", "wall_s", "tiny.en"): Mark(0.45),
    ("dense", "encode_ms_per_window", "base"): Mark(0.45, FASTER),
    ("dense", "decode_ms_per_token", "base"): Mark(0.70, CPP),
    ("dense", "decode_ms_per_token", "tiny.en"): Mark(0.60, CPP),
    ("beam", "wall_s", "base"): Mark(0.45),
    ("batch", "rtfx", "base"): Mark(0.40, "faster-whisper"),
    ("batch", "rtfx", "tiny.en"): Mark(0.40, "faster-whisper"),
    ("long", "rtfx", "base"): Mark(0.40, "faster-whisper"),
    ("cold", "wall_s", "base"): Mark(0.50),
    ("memory", "peak_mib", "base"): Mark(1, FASTER),
    ("memory", "peak_mib", "tiny.en"): Mark(1, FASTER),
}


def values(case, name, key):
    return [row.get(key) for row in case["rounds"].get(name, [])]


def median(case, name, key):
    present = [value for value in values(case, name, key) if value is not None]
    return statistics.median(present) if present else None


def ratio(case, mine, theirs, metric):
    """The median over the rounds; as time or memory, so that less is better also where the metric is a speed."""
    pairs = zip(values(case, mine, metric["key"]), values(case, theirs, metric["key"]))
    ratios = [one / other for one, other in pairs if one and other]
    if not ratios:
        return None
    return statistics.median(1 / one if metric["higher_is_better"] else one for one in ratios)


def peers(case):
    return [name for name in case["rounds"] if name not in case["ours"]]


def admitted(name, case, rates):
    """Whether the peer's words are good enough for its time to count. Without error rates, all are."""
    if rates is None:
        return True
    rate = median(rates, name, "error_rate_percent")
    exact = median(rates, case["reference"][name], "error_rate_percent")
    return rate is None or exact is None or rate <= exact + PEER_TOLERANCE


def best_peer(case, metric, rates, against=""):
    key = metric["key"]
    candidates = [name for name in peers(case) if name.startswith(against) and median(case, name, key) is not None]
    if case is not rates:
        candidates = [name for name in candidates if admitted(name, case, rates)]
    sign = -1 if metric["higher_is_better"] else 1
    return min(candidates, key=lambda name: sign * median(case, name, key), default=None)


def mark(case_name, metric, value, share, aim, case):
    """What is aimed at, in words, and whether it is reached."""
    if case_name == "wer":
        exact = median(case, "Stapes float32", metric["key"])
        if exact is None:
            return None, None
        return f"<= {exact + OUR_TOLERANCE:.2f}", value <= exact + OUR_TOLERANCE
    if aim is None:
        return None, None
    return f"ratio <= {aim.limit}", share is not None and share <= aim.limit


def table(models):
    rows = []
    for model, measured in models.items():
        rates = measured.get("wer")
        for case_name, case in measured.items():
            for metric in case["metrics"]:
                aim = MARKS.get((case_name, metric["key"], model))
                best = best_peer(case, metric, rates, aim.against if aim else "")
                for mine in case["ours"]:
                    value = median(case, mine, metric["key"])
                    if value is None:
                        continue
                    share = ratio(case, mine, best, metric) if best else None
                    words, reached = mark(case_name, metric, value, share, aim, case)
                    rows.append(
                        {
                            "case": case_name, "model": model, "metric": metric["title"], "unit": metric["unit"],
                            "digits": metric["digits"], "engine": mine, "ours": value, "peer": best,
                            "theirs": median(case, best, metric["key"]) if best else None, "ratio": share,
                            "mark": words, "reached": reached,
                        }
                    )  # fmt: skip
    return rows


def aligned(rows):
    """Columns under each other: words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def is_number(text):
        return text[:1].isdigit() or text == "-"

    def line(row):
        return "  ".join(
            cell.rjust(width) if is_number(cell) else cell.ljust(width) for cell, width in zip(row, widths)
        ).rstrip()  # fmt: skip

    return "\n".join(line(row) for row in rows)


def number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def details(model, case_name, case):
    lines = [f"{case_name}, {model}: {case['title']} (load {case['load'][0]:.1f} to {case['load'][1]:.1f})"]
    head = ["", *(f"{metric['title']}, {metric['unit']}" for metric in case["metrics"])]
    head += ["windows", "tokens"] + [f"{mine} over it" for mine in case["ours"]]
    rows = [head]
    first = case["metrics"][0]
    for name, answers in case["rounds"].items():
        row = [name]
        for metric in case["metrics"]:
            digits = metric["digits"]
            present = [value for value in values(case, name, metric["key"]) if value is not None]
            spread = f" ({min(present):.{digits}f}..{max(present):.{digits}f})" if len(present) > 1 else ""
            row.append(number(median(case, name, metric["key"]), digits) + spread)
        row += [str(answers[0].get(key) or "-") if answers else "-" for key in ("windows", "tokens")]
        row += [number(ratio(case, mine, name, first), 3) if mine != name else "-" for mine in case["ours"]]
        rows.append(row)
    lines.append(aligned(rows))
    lines += [f"{name} failed" for name in case["errors"]]
    return "\n".join(lines)


def text(result):
    parts = [f"\n{result['machine']}; {result['arguments']['threads']} threads; median (least..greatest)"]
    for model, measured in result["models"].items():
        parts += [details(model, case_name, case) for case_name, case in measured.items()]
    head = ["case", "model", "what", "ours", "", "peer", "", "ratio", "mark", ""]
    rows = [head]
    for row in result["table"]:
        rows.append(
            [
                row["case"], row["model"], f"{row['metric']}, {row['unit']}", number(row["ours"], row["digits"]),
                row["engine"], number(row["theirs"], row["digits"]), row["peer"] or "-", number(row["ratio"], 3),
                row["mark"] or "-", {None: "", True: "reached", False: "missed"}[row["reached"]],
            ]
        )  # fmt: skip
    if result["table"]:
        parts.append(aligned(rows))
    missing = [model for model, measured in result["models"].items() if "wer" not in measured]
    if missing:
        parts.append(f"No error rates of {', '.join(missing)}: every peer may be the best.")
    return "\n\n".join(parts)
