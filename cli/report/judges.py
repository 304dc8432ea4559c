"""What a run found out about its judges, for the terminal and for the report: verifier accuracy,
reward model, win rates.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

Row = tuple[str, ...]
HEADS = {
    "judge": (
        "the policy as a judge, held-out pairs by form of the answer",
        "direct",
        "thinking",
        "no verdict",
        "pairs",
    ),
    "preference": (
        "held-out problems that a reward model scores",
        "better than the baseline",
        "problems × samples",
    ),
    "reward_model": ("reward model, held-out pairs", "value", "95 % interval"),
}


def judge_lines(summary: Mapping[str, Any]) -> str:
    """All tables as text, empty if the run had no judge to examine."""
    parts = []
    for title, heads, rows in tables(summary):
        widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
        shown = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (heads, *rows)
        ]
        parts.append("\n".join(["", title, *shown]))
    return "\n".join(parts)


def judge_section(summary: Mapping[str, Any]) -> str:
    """All tables as HTML, empty if the run had no judge to examine."""
    parts = []
    for title, heads, rows in tables(summary):
        head = "".join(f"<th>{escape(text)}</th>" for text in heads)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
        )
        parts.append(f"<h3>{escape(title)}</h3><table><tr>{head}</tr>{body}</table>")
    return f"<h2>Judges</h2>{''.join(parts)}" if parts else ""


def tables(summary: Mapping[str, Any]) -> Iterator[tuple[str, Row, Sequence[Row]]]:
    """Title, heads and rows of every table that the summary has figures for."""
    if "reward_model" in summary:
        yield "Reward model", HEADS["reward_model"], reward_model_rows(summary["reward_model"])
    for when, judge in summary.get("judge", {}).items():
        yield f"Judge, {when} RL", HEADS["judge"], judge_rows(judge)
    for when, found in summary.get("preference", {}).items():
        yield (
            f"Responses against their baselines, {when} RL",
            HEADS["preference"],
            preference_rows(found),
        )


def judge_rows(judge: Mapping[str, Any]) -> list[Row]:
    """One row per form: both kinds of verdict, and what had to be left out."""
    return [
        (
            name,
            scored(judge["direct"][name]),
            scored(judge["thinking"][name]),
            str(judge["thinking"][name]["errors"] + judge["direct"][name]["errors"]),
            str(judge["direct"][name]["n"] + judge["direct"][name]["errors"]),
        )
        for name in judge["direct"]
    ]


def preference_rows(found: Mapping[str, Any]) -> list[Row]:
    """Win rates by the reward model and by what it stands for, over all families and, if there are
    several, by family.
    """
    parts = {"": found} | {
        f"{family}, ": rates for family, rates in found.get("by_family", {}).items()
    }
    return [
        (part + label, scored(rates[name]), f"{rates[name]['n']} × {rates[name]['samples']}")
        for part, rates in parts.items()
        for name, label in (
            ("by_reward_model", "by the reward model"),
            ("by_hidden_preference", "by the hidden preference"),
        )
    ]


def reward_model_rows(report: Mapping[str, Any]) -> list[Row]:
    """Agreement and position bias."""
    bias = report["position_bias"]
    return [
        ("agrees with the hidden preference, orders averaged", *split(report["agreement"])),
        *[
            (f"agrees with it on {family}", *split(rate))
            for family, rate in report.get("agreement_by_family", {}).items()
        ],
        ("agrees with the hidden preference, one order", *split(report["agreement_one_order"])),
        (
            "position bias of one order, P(YES|a,b) + P(YES|b,a) - 1",
            signed(bias["before"]["mean"]),
            bounds(bias["before"]),
        ),
        ("position bias, orders averaged", signed(bias["after"]["mean"]), bounds(bias["after"])),
        ("mean size of the order gap", f"{report['order_gap_absolute']:.4f}", ""),
        ("verdict depends on the order", f"{100 * report['verdict_depends_on_order']:.1f} %", ""),
    ]


def scored(score: Mapping[str, float]) -> str:
    """``93.8 % [90.0, 96.2]``; a dash where nothing was scored."""
    return " ".join(split(score)) if score["n"] else "–"


def split(score: Mapping[str, float]) -> Row:
    """A share and its interval in two cells."""
    accuracy, low, high = (100 * score[name] for name in ("accuracy", "ci_low", "ci_high"))
    return f"{accuracy:.1f} %", f"[{low:.1f}, {high:.1f}]"


def bounds(mean: Mapping[str, float]) -> str:
    """The interval of a mean that is no share."""
    return f"[{signed(mean['ci_low'])}, {signed(mean['ci_high'])}]"


def signed(figure: float) -> str:
    """A figure with its sign; what rounds to nothing has none to speak of."""
    return f"{round(figure, 4) + 0.0:+.4f}"
