"""What each data class earned at the beginning and at the end of RL, for the terminal and for the
report.

    class       families    steps 1-15               steps 76-90              change
    general     prose       -0.03 [-0.08, +0.02]     +0.12 [+0.04, +0.20]     +0.15

The intervals are t-intervals over the steps of a window, whose problems are drawn independently;
that the policy moves within a window makes them wider, not narrower.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from seed.cli.estimates import Estimate, estimate
from seed.spec.config_model import DataConfig

WINDOW_SHARE = 6
"""A window is this fraction of the RL steps, 1 / 6: ten of sixty, enough for an interval."""

NOTE = (
    "Mean reward of the responses sampled in training, with 95 % intervals over steps. A verifier"
    " judges verifiable problems, the reward model compares responses to general ones with an"
    " anchor, hybrid ones need both. A response that is as good as its anchor is worth the middle"
    " of the scale: compare a class with its own beginning, not with another class. The examination"
    " above counts what verifiers accept, whatever is preferred; of general responses that is their"
    " form."
)


@dataclass(frozen=True)
class Window:
    """Mean reward over consecutive steps.

    Attributes:
        first: Its first RL step.
        last: Its last RL step.
        reward: Mean over the steps, with interval.
    """

    first: int
    last: int
    reward: Estimate


@dataclass(frozen=True)
class Earned:
    """What one data class earned in the first and in the last window of RL."""

    name: str
    families: tuple[str, ...]
    early: Window
    late: Window


def earned(lines: Sequence[Mapping[str, Any]], data: DataConfig) -> list[Earned]:
    """Rewards of every data class that was sampled.

    Args:
        lines: Metrics lines of RL steps; lines without ``reward_by_class`` are skipped.
        data: Which family is of which class.

    Returns:
        One entry per class, by name; none where all problems are verifiable.
    """
    known = [line for line in lines if "reward/by_class" in line]
    names = sorted({name for line in known for name in line["reward/by_class"]})
    found = []
    for name in names:
        told = [line for line in known if name in line["reward/by_class"]]
        steps = [(int(line["phase_step"]), float(line["reward/by_class"][name])) for line in told]
        size = max(1, len(steps) // WINDOW_SHARE)
        families = tuple(family for family in data.families if data.class_of(family) == name)
        found.append(Earned(name, families, window(steps[:size]), window(steps[-size:])))
    return found


def window(steps: Sequence[tuple[int, float]]) -> Window:
    """Mean reward of some steps, given as step and reward."""
    return Window(steps[0][0], steps[-1][0], estimate([reward for _, reward in steps]))


def class_lines(found: Sequence[Earned]) -> str:
    """The table as text, empty if there is nothing to tell."""
    table = cells(found)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "\n".join(["", "Reward by data class", *shown]) if found else ""


def class_section(found: Sequence[Earned]) -> str:
    """The table as HTML, empty if there is nothing to tell."""
    if not found:
        return ""
    head, *rows = (
        "".join(
            f"<{tag}{' class=n' if place > 1 else ''}>{escape(cell)}</{tag}>"
            for place, cell in enumerate(row)
        )
        for tag, row in zip(["th"] + ["td"] * len(found), cells(found), strict=True)
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        "<h2>Reward by data class</h2><p"
        f' class="soft">{NOTE}</p><table><tr>{head}</tr>{body}</table>'
    )


def cells(found: Sequence[Earned]) -> list[tuple[str, ...]]:
    """Heads and rows; the heads name the windows of the first class, which are those of all but in
    a run of few prompts.
    """
    if not found:
        return []
    ends = ((of.first, of.last) for of in (found[0].early, found[0].late))
    heads = tuple(
        f"step {first}" if first == last else f"steps {first}-{last}" for first, last in ends
    )
    rows = [
        (
            one.name,
            ", ".join(one.families),
            worded(one.early.reward),
            worded(one.late.reward),
            signed(one.late.reward.mean - one.early.reward.mean),
        )
        for one in found
    ]
    return [("class", "families", *heads, "change"), *rows]


def worded(reward: Estimate) -> str:
    """``+0.12 [+0.05, +0.19]``; one step has no interval."""
    if reward.low is None or reward.high is None:
        return signed(reward.mean)
    return f"{signed(reward.mean)} [{signed(reward.low)}, {signed(reward.high)}]"


def signed(reward: float) -> str:
    """A reward with its sign, a true minus; what rounds to nothing has none to speak of."""
    return f"{round(reward, 2) + 0.0:+.2f}".replace("-", "−")
