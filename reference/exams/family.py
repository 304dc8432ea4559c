r"""What a family of templated problems is.

A family has integer parameters, two solvers that share no idea, and several wordings. A wording is
a setting and a quantity, so that the same pieces make every kind of problem:

    plain     SETTING Find QUANTITY.
    inverted  SETTING with t for a parameter. For one t alone QUANTITY equals V. Find t.
    composed  SETTING Let N be QUANTITY. K follows from N. SETTING of another family with K. ...

``<name>`` in a wording is a parameter. Letters that the structures use themselves (``RESERVED``)
stand in no wording.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

AREAS = ("number theory", "algebra", "combinatorics", "geometry")
RESERVED = ("t", "N", "K", "r", "p", "q")
"""Letters in formulas that belong to the structures of ``structures.py``."""

MARK = re.compile(r"<([a-z]\w*)>")
"""A parameter in a wording."""

Parameters = Mapping[str, int]
Value = int | Fraction
Solver = Callable[[Parameters], Value]
Random = np.random.Generator


@dataclass(frozen=True)
class Wording:
    """One way to tell a problem.

    Attributes:
        setting: Sentences before the question; may be empty.
        quantity: What is asked for, as a noun phrase such as "the number of ...".
    """

    setting: str
    quantity: str

    def filled(self, texts: Mapping[str, str]) -> "Wording":
        """The wording with texts in place of its marks."""

        def put(text: str) -> str:
            return MARK.sub(lambda mark: texts[mark[1]], text)

        return Wording(put(self.setting), put(self.quantity))


@dataclass(frozen=True)
class Slot:
    """A parameter that can be asked for, or be the answer of another problem.

    Attributes:
        name: Of the parameter.
        low, high: Values that it may have, with the other parameters as drawn.
        inverts: Whether the question can be turned round. Both solvers are then run for every value
            of the range, and exactly one must fit.
    """

    name: str
    low: int
    high: int
    inverts: bool = True


@dataclass(frozen=True)
class Family:
    """Problems that differ in their numbers and their wording.

    Attributes:
        name: Of the family.
        area: A member of ``AREAS``.
        level: 1 to 3, as its author judges; no model measured it.
        draw: Draws parameters.
        exact: The solver whose answer counts.
        second: Another solver: brute force, or algebra on another route.
        methods: What ``exact`` and ``second`` do, in words.
        wordings: At least two.
        valid: Whether parameters give a problem whose solvers finish soon.
        slot: Which parameter the structures may replace; None for none.
        count: How many objects fit, where a wording asks for "the" object; None where it asks for
            a number that always exists.
    """

    name: str
    area: str
    level: int
    draw: Callable[[Random], dict[str, int]]
    exact: Solver
    second: Solver
    methods: tuple[str, str]
    wordings: tuple[Wording, ...]
    valid: Callable[[Parameters], bool] = lambda parameters: True
    slot: Slot | None = None
    count: Callable[[Parameters], int] | None = None


def integer(random: Random, low: int, high: int) -> int:
    """A uniform integer from low to high, both included."""
    return int(random.integers(low, high + 1))


def integers(random: Random, **ranges: tuple[int, int]) -> dict[str, int]:
    """Uniform integers by name."""
    return {name: integer(random, *bounds) for name, bounds in ranges.items()}


def distinct(random: Random, count: int, low: int, high: int) -> list[int]:
    """Different integers from low to high, in rising order."""
    chosen = random.choice(np.arange(low, high + 1), count, replace=False)
    return sorted(int(number) for number in chosen)
