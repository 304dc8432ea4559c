"""Table of the reward by data class at the beginning and at the end of RL, as text and as HTML.

    class       families    steps 1-15               steps 76-90              change
    general     prose       -0.03 [-0.08, +0.02]     +0.12 [+0.04, +0.20]     +0.15

The intervals are t-intervals over the steps of a window, whose problems are drawn independently.
The policy changes within a window, which makes them wider, not narrower.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seed.cli.formatting import aligned, signed
from seed.cli.report.document import escaped, table
from seed.reference.evaluation.intervals import Estimate, estimate
from seed.spec.config_model import DataConfig

WINDOW_SHARE = 6
"""A window is this fraction of the RL steps, 1 / 6: ten of sixty, enough for an interval."""

NOTE = (
    "Mean reward of the responses sampled in training, with 95 % intervals over steps. A verifier"
    " judges verifiable problems, the reward model compares responses to general ones with a"
    " baseline response, hybrid ones need both. A response as good as its baseline earns the middle"
    " of the scale: compare a class with its own beginning, not with another class. The evaluation"
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

    @property
    def title(self) -> str:
        """Heading of its column."""
        is_single = self.first == self.last
        return f"step {self.first}" if is_single else f"steps {self.first}-{self.last}"


@dataclass(frozen=True)
class ClassReward:
    """Reward of one data class in the first and in the last window of RL."""

    name: str
    families: tuple[str, ...]
    early: Window
    late: Window


def class_rewards(lines: Sequence[Mapping[str, Any]], data: DataConfig) -> list[ClassReward]:
    """Rewards of every data class that was sampled, by name.

    Metrics lines without ``reward/by_class`` are skipped: there are none where all problems are
    verifiable.
    """
    rewards: dict[str, list[tuple[int, float]]] = {}
    for line in lines:
        for name, reward in line.get("reward/by_class", {}).items():
            rewards.setdefault(name, []).append((int(line["phase_step"]), float(reward)))
    result = []
    for name, steps in sorted(rewards.items()):
        size = max(1, len(steps) // WINDOW_SHARE)
        families = tuple(family for family in data.families if data.class_of(family) == name)
        result.append(ClassReward(name, families, window(steps[:size]), window(steps[-size:])))
    return result


def window(steps: Sequence[tuple[int, float]]) -> Window:
    """Mean reward of some steps, given as step and reward."""
    return Window(steps[0][0], steps[-1][0], estimate([reward for _, reward in steps]))


def class_text(classes: Sequence[ClassReward]) -> str:
    """The table as text, empty if there are no classes."""
    if not classes:
        return ""
    return "\n".join(["", "Reward by data class", *aligned(cells(classes), left=5)])


def class_section(classes: Sequence[ClassReward]) -> str:
    """The table as HTML, empty if there are no classes."""
    if not classes:
        return ""
    head, *rows = escaped(cells(classes))
    body = table("Reward by data class", head, rows, text_columns=2)
    return f'<h2>Reward by data class</h2><p class="soft">{NOTE}</p>{body}'


def cells(classes: Sequence[ClassReward]) -> list[tuple[str, ...]]:
    """Headings and rows.

    The headings name the windows of the first class. All classes have the same ones, except in a
    run of few prompts.
    """
    head = ("class", "families", classes[0].early.title, classes[0].late.title, "change")
    rows: list[tuple[str, ...]] = [head]
    for of_class in classes:
        early, late = of_class.early.reward, of_class.late.reward
        change, families = reward_text(late.mean - early.mean), ", ".join(of_class.families)
        rows.append((of_class.name, families, estimate_text(early), estimate_text(late), change))
    return rows


def estimate_text(reward: Estimate) -> str:
    """``+0.12 [+0.05, +0.19]``; one step has no interval."""
    if reward.low is None or reward.high is None:
        return reward_text(reward.mean)
    return f"{reward_text(reward.mean)} [{reward_text(reward.low)}, {reward_text(reward.high)}]"


def reward_text(reward: float) -> str:
    """A reward with its sign, a true minus."""
    return signed(reward, 2).replace("-", "−")
