"""Tables of judge accuracy, reward model and win rates, as text and as HTML."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from seed.cli.formatting import aligned, interval, percent, score_text, signed
from seed.cli.report.document import escaped, table

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


def judge_text(summary: Mapping[str, Any]) -> str:
    """All tables as text, empty if the run has no judge."""
    return "\n".join(
        "\n".join(["", title, *aligned([head, *rows], left=len(head))])
        for title, head, rows in tables(summary)
    )


def judge_section(summary: Mapping[str, Any]) -> str:
    """All tables as HTML, empty if the run has no judge."""
    sections = []
    for title, head, rows in tables(summary):
        html = table(title, list(map(escape, head)), escaped(rows), text_columns=1)
        sections.append(f"<h3>{escape(title)}</h3>{html}")
    return f"<h2>Judges</h2>{''.join(sections)}" if sections else ""


def tables(summary: Mapping[str, Any]) -> Iterator[tuple[str, Row, Sequence[Row]]]:
    """Title, heading and rows of every table that the summary has figures for."""
    if "reward_model" in summary:
        yield "Reward model", HEADS["reward_model"], reward_model_rows(summary["reward_model"])
    for moment, judge in summary.get("judge", {}).items():
        yield f"Judge, {moment} RL", HEADS["judge"], judge_rows(judge)
    for moment, rates in summary.get("preference", {}).items():
        title = f"Responses against their baselines, {moment} RL"
        yield title, HEADS["preference"], preference_rows(rates)


def judge_rows(judge: Mapping[str, Any]) -> list[Row]:
    """One row per form: accuracy of both kinds of verdict, missing verdicts, pairs."""
    rows: list[Row] = []
    for name, direct in judge["direct"].items():
        thinking = judge["thinking"][name]
        no_verdict = thinking["errors"] + direct["errors"]
        pairs = direct["n"] + direct["errors"]
        rows.append((name, rate_text(direct), rate_text(thinking), str(no_verdict), str(pairs)))
    return rows


def preference_rows(rates: Mapping[str, Any]) -> list[Row]:
    """Win rates by the reward model and by the hidden preference, over all families and by each."""
    by_prefix = {"": rates}
    by_prefix |= {f"{family}, ": some for family, some in rates.get("by_family", {}).items()}
    return [
        (prefix + label, rate_text(some[name]), f"{some[name]['n']} × {some[name]['samples']}")
        for prefix, some in by_prefix.items()
        for name, label in (
            ("by_reward_model", "by the reward model"),
            ("by_hidden_preference", "by the hidden preference"),
        )
    ]


def reward_model_rows(report: Mapping[str, Any]) -> list[Row]:
    """Agreement and position bias."""
    before, after = report["position_bias"]["before"], report["position_bias"]["after"]
    by_family = report.get("agreement_by_family", {})
    one_order_bias = "position bias of one order, P(YES|a,b) + P(YES|b,a) - 1"
    depends = percent(report["verdict_depends_on_order"])
    averaged, one_order = report["agreement"], report["agreement_one_order"]
    return [
        ("agrees with the hidden preference, orders averaged", *share_cells(averaged)),
        *((f"agrees with it on {name}", *share_cells(rate)) for name, rate in by_family.items()),
        ("agrees with the hidden preference, one order", *share_cells(one_order)),
        (one_order_bias, *mean_cells(before)),
        ("position bias, orders averaged", *mean_cells(after)),
        ("mean size of the order gap", f"{report['order_gap_absolute']:.4f}", ""),
        ("verdict depends on the order", depends, ""),
    ]


def rate_text(score: Mapping[str, float]) -> str:
    """``93.8 % [90.0, 96.2]``; a dash where nothing was scored."""
    return score_text(score) if score["n"] else "–"


def share_cells(score: Mapping[str, float]) -> Row:
    """A share and its interval."""
    return percent(score["accuracy"]), interval(score)


def mean_cells(mean: Mapping[str, float]) -> Row:
    """A mean that is no share, and its interval."""
    low, high = signed(mean["ci_low"], 4), signed(mean["ci_high"], 4)
    return signed(mean["mean"], 4), f"[{low}, {high}]"
