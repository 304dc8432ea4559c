r"""Built-in task ``addition``: sums of two numbers after worked examples, as plain text.

    Question: What is 7 + 12?
    Answer: 19
    Question: What is 3 + 18?
    Answer:

A pretrained model continues the pattern, so no SFT is needed. The response ends with a line feed:
``tokenizer.template="none"``, ``tokenizer.stop=["\n"]``. An unordered pair of numbers is held out
or trained on, whichever comes first in the sum.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256

from seed.reference.data.mixture import shuffled
from seed.reference.data.task_settings import TaskSettings
from seed.reference.tasks.puzzle_source import HELD_OUT_SEED
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import generator
from seed.spec.problem_source import Stratum

NAME = "addition"
SMALLEST = 2
LARGEST = 20
SHOTS = 4
HELD_OUT_ONE_IN = 4
ANSWER = r"\s*\d+\s*"
"""The form of a response: a number and nothing else."""

Pair = tuple[int, int]


class Addition:
    """Sums ``a + b`` with ``2 <= a, b <= largest``."""

    groups = (NAME,)

    def __init__(self, settings: TaskSettings) -> None:
        """List the pairs of both splits, and draw the worked examples.

        Raises:
            SeedError: ILLEGAL_VALUE if no pair is left for a split.
        """
        self.settings = settings
        numbers = range(SMALLEST, (settings.largest or LARGEST) + 1)
        pairs = [(a, b) for a in numbers for b in numbers]
        self._held_out = [pair for pair in pairs if is_held_out(pair)]
        training = [pair for pair in pairs if not is_held_out(pair)]
        shots = settings.shots or SHOTS
        order = generator(HELD_OUT_SEED, NAME, "shots").permutation(len(training))
        shown = [training[place] for place in order[:shots]]
        self._front = "".join(f"{question(a, b)} {a + b}\n" for a, b in shown)
        self._training = [pair for pair in training if pair not in shown]
        if not self._training or not self._held_out:
            line = f"{NAME}:{settings.largest} must have larger numbers: a split has no sum"
            raise SeedError(Reason.ILLEGAL_VALUE, line)

    def training(self, index: int) -> Problem:
        """Every training pair once an epoch, in an order drawn anew for each."""
        place = shuffled(self.settings.seed, NAME, len(self._training), index)
        return self._problem(self._training[place])

    def held_out(self) -> list[Problem]:
        """A choice of the held-out pairs, the same in every run."""
        order = generator(HELD_OUT_SEED, NAME, "held-out").permutation(len(self._held_out))
        chosen = sorted(order[: self.settings.held_out_problems or None])
        return [self._problem(self._held_out[place]) for place in chosen]

    def demonstrations(self) -> list[tuple[Problem, str]]:
        """The first problems of the training stream with their sums."""
        problems = [self.training(index) for index in range(self.settings.demonstrations)]
        return [(problem, problem.demonstration) for problem in problems]

    def strata(self) -> list[Stratum]:
        """By digits of the larger number, which are the level."""
        levels: dict[int, list[Pair]] = {}
        for pair in self._training:
            levels.setdefault(len(str(max(pair))), []).append(pair)
        return [
            Stratum(
                NAME,
                level,
                len(pairs) / len(self._training),
                returns=True,
                problem=partial(self._of_level, level, pairs),
            )
            for level, pairs in levels.items()
        ]

    def _of_level(self, level: int, pairs: Sequence[Pair], place: int) -> Problem:
        pair = pairs[shuffled(self.settings.seed, f"{NAME}/{level}", len(pairs), place)]
        return replace(self._problem(pair), difficulty=level)

    def _problem(self, pair: Sequence[int]) -> Problem:
        a, b = pair
        return Problem(
            id=f"{NAME}/{a}+{b}",
            family=NAME,
            difficulty=1,
            prompt=self._front + question(a, b),
            instance={
                "domain": "math",
                "reference": str(a + b),
                "format": ANSWER,
                "row": {"a": a, "b": b},
            },
            demonstration=f" {a + b}",
            answer=f" {a + b}",
        )


def question(a: int, b: int) -> str:
    """A sum as the policy reads it; the answer follows a blank."""
    return f"Question: What is {a} + {b}?\nAnswer:"


def is_held_out(pair: Sequence[int]) -> bool:
    """Whether an unordered pair is held out: one in ``HELD_OUT_ONE_IN``, the same in every run."""
    name = f"{NAME}:{min(pair)}+{max(pair)}"
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big") % HELD_OUT_ONE_IN == 0
