"""The picture of a result: a row of panels a measurement, a column a model, a bar an engine."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from report import median, values  # noqa: E402

OURS, THEIRS = "#0b7a75", "#b8bcc2"


def panel(axes, case, metric, names):
    key = metric["key"]
    middles = [median(case, name, key) for name in names]
    # A single slow round must not press all bars together: its line is cut off.
    limit = 1.6 * max((middle for middle in middles if middle is not None), default=1)
    greatest = 0
    for place, (name, middle) in enumerate(zip(names, middles)):
        if middle is None:
            axes.text(0, place, " -", va="center", fontsize=8, color="#666666")
            continue
        present = [value for value in values(case, name, key) if value is not None]
        axes.barh(place, middle, color=OURS if name in case["ours"] else THEIRS, height=0.72)
        if len(present) > 1:
            axes.plot([min(present), min(max(present), limit)], [place, place], color="#333333", linewidth=1)
        end = min(max(present), limit)
        greatest = max(greatest, end)
        axes.text(end, place, f" {middle:.{metric['digits']}f}", va="center", fontsize=8)
    axes.set_xlim(0, greatest * 1.18 or 1)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        f"{metric['title']}, {metric['unit']}" + (" (more is better)" if metric["higher_is_better"] else ""), fontsize=8
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def engines(case_name, models):
    """All that any model was measured with, ours before theirs."""
    measured = [one[case_name] for one in models.values() if case_name in one]
    names = dict.fromkeys(name for case in measured for name in case["rounds"])
    ours = {name for case in measured for name in case["ours"]}
    return sorted(names, key=lambda name: name not in ours)


def draw(result, path):
    models = result["models"]
    rows = []
    for measured in models.values():
        for case_name, case in measured.items():
            for index, metric in enumerate(case["metrics"]):
                if (case_name, index) not in [row[:2] for row in rows]:
                    rows.append((case_name, index, case["title"], len(engines(case_name, models))))
    heights = [0.21 * bars + 0.75 for *_, bars in rows]
    figure, grid = plt.subplots(
        len(rows), len(models), figsize=(2 + 4.4 * len(models), sum(heights) + 0.5), squeeze=False,
        gridspec_kw={"height_ratios": heights}, layout="constrained",
    )  # fmt: skip
    for row, (case_name, index, title, _) in zip(grid, rows):
        named = False
        for axes, (model, measured) in zip(row, models.items()):
            case = measured.get(case_name)
            if case is None:
                axes.axis("off")
                continue
            panel(axes, case, case["metrics"][index], engines(case_name, models))
            axes.set_title(f"{model}. {title}", fontsize=9, loc="left")
            if named:
                axes.set_yticklabels([])
            named = True
    rounds = max(
        len(one) for measured in models.values() for case in measured.values() for one in case["rounds"].values()
    )
    figure.suptitle(
        f"{result['machine']}, {result['arguments']['threads']} threads; medians of {rounds}, least to greatest",
        fontsize=9,
    )
    figure.savefig(path, dpi=80)
