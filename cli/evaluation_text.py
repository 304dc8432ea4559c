"""What ``seed eval POLICY FILE...`` prints: scores, counts, differences, benchmarks."""

from collections.abc import Mapping, Sequence
from typing import Any

from seed.cli.formatting import aligned, percent
from seed.reference.evaluation.benchmarks import BENCHMARKS, MODELS, PUBLISHED_IN
from seed.reference.evaluation.folder import Folder


def score_table(folder: Folder, scores: Mapping[str, Any]) -> str:
    """One line per benchmark: accuracy with interval, pass@k, pass^k, maj@k, published figure."""
    head = ("benchmark", "problems", "k", "avg@k [95 %]", "pass@k", "pass^k", "maj@k", MODELS[0])
    rows: list[Sequence[str]] = [head]
    for name, entry in scores.items():
        k, found = entry["samples"], entry["scores"]
        benchmark = BENCHMARKS[folder.record["benchmarks"][name]["protocol"]]
        published = [f"{of[0]:.1f} ({kind})" for kind, of in benchmark.published.items() if of[0]]
        cells = (figure_text(found.get(f"{kind}{k}")) for kind in ("pass@", "pass^", "maj@"))
        average = figure_text(found.get(f"avg@{k}"), with_interval=True)
        problems = str(entry["counts"]["problems"])
        rows.append((name, problems, str(k), average, *cells, ", ".join(published) or "–"))
    return "\n".join(aligned(rows, left=1))


def figure_text(figure: Mapping[str, float] | None, with_interval: bool = False) -> str:
    """``43.1 %`` or ``43.1 % [38.0, 48.4]``; a dash without."""
    if figure is None:
        return "–"
    bounds = f" [{100 * figure['low']:.1f}, {100 * figure['high']:.1f}]"
    return percent(figure["value"]) + (bounds if with_interval else "")


def count_lines(scores: Mapping[str, Any]) -> list[str]:
    """What became of the responses of each benchmark, with the denominator."""
    lines = []
    for name, entry in scores.items():
        counts = entry["counts"]
        truncated = "unknown" if counts["truncated"] is None else counts["truncated"]
        lines.append(
            f"{name}: {counts['judged']} of {counts['expected']} responses judged (the denominator;"
            f" {counts['correct']} correct, {counts['unextracted']} without an answer); errors"
            f" {counts['errors']}, missing {counts['missing']}; truncated {truncated}"
        )
    return lines


def grade_lines(scores: Mapping[str, Any]) -> list[str]:
    """The grades of each benchmark whose judge gives three, and the F-score of its paper."""
    return [
        f"{name}: correct {percent(of['correct'])}, incorrect {percent(of['incorrect'])}, not"
        f" attempted {percent(of['not_attempted'])}; of those attempted correct"
        f" {percent(of['correct_given_attempted'])}, F-score {100 * of['f_score']:.1f}"
        for name, entry in scores.items()
        if (of := entry.get("grades"))
    ]


def difference_line(name: str, entry: Mapping[str, Any], baseline: Folder | None) -> str:
    """``gsm8k: +3.2 points [+1.0, +5.4] against DIR, paired over 200 problems``."""
    bounds = "no interval"
    if entry["low"] is not None:
        bounds = f"[{100 * entry['low']:+.1f}, {100 * entry['high']:+.1f}]"
    path = baseline.path if baseline else ""
    return (
        f"{name}: {100 * entry['mean']:+.1f} points {bounds} against {path}, paired over"
        f" {entry['problems']} problems"
    )


def protocol_table() -> str:
    """The benchmarks: name, domain, responses per problem, published figures."""
    rows: list[Sequence[str]] = [("--protocol", "benchmark", "domain", "k", *MODELS)]
    for benchmark in BENCHMARKS.values():
        first = benchmark.domain or "of each line"
        start = (benchmark.name, benchmark.title, first, str(benchmark.samples))
        if not benchmark.published:
            rows.append((*start, *[""] * len(MODELS)))
        for kind, of in benchmark.published.items():
            cells = ("–" if figure is None else f"{figure:.1f}" for figure in of)
            rows.append((*start[:1], f"{benchmark.title}, {kind}", *start[2:], *cells))
    note = f"k: responses to each problem. Percentages: {PUBLISHED_IN}."
    return "\n".join([*aligned(rows, left=3), note])
