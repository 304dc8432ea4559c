"""Chained arithmetic: operations on single digits, computed strictly from left to right.

- Instance: ``{"chain": "2*3+2-1", "clock": True}``.
- Prompt: ``C2*3+2-1=``: start at 2, times 3, plus 2, minus 1, without operator precedence. After
  ``C`` every total is taken modulo 5 (a clock of five hours); after ``A`` totals are plain numbers.
- Response: ``1 3 2=2`` (``A7*3+2-1=``: ``21 23 22=22``): all running totals, then ``=`` and the
  final value.
- Bare answer: ``=2``: the final value alone, which is harder to get right.
- Level: the number of operations. Levels 1..4 are on the clock, with operands 1..3; from level 5 on
  totals are plain numbers, kept within 0..99, and operands are 0..9.

Only the text after the last ``=`` is judged. The running totals are the reasoning: writing them
makes the final value easy, but the reward looks at outcomes, so a wrong or missing total costs
nothing if the final value is right.
"""

import re
from collections.abc import Mapping
from itertools import accumulate
from operator import add, mul, sub
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

LEVELS = range(1, 9)
CHARACTERS = "0123456789+-* =AC"
RULES = (
    "Work out a chain of operations on integers strictly from left to right, without operator"
    " precedence. After the letter A the numbers are plain; after the letter C every total is taken"
    " modulo 5. Write the running totals separated by blanks if you like, then = and the final"
    " value, such as 21 23 22=22. Only what follows the last = is judged."
)
FIRST_PLAIN_LEVEL = 5
LARGEST_TOTAL = 99
CLOCK = 5
DIGITS = "0123456789"
OPERATIONS = {"+": add, "-": sub, "*": mul}
# On the clock there are 40 facts to learn, few enough for a tiny model; without the products the
# final value could be guessed from a plain sum of the operands.
CLOCK_STEPS = ("+1", "+2", "+3", "-1", "-2", "-3", "*2", "*3")
CANONICAL_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a chain, every next step uniformly among the legal ones."""
    clock = difficulty < FIRST_PLAIN_LEVEL
    chain = DIGITS[random.integers(CLOCK if clock else len(DIGITS))]
    for _ in range(difficulty):
        steps = _legal_steps(int(chain) if len(chain) == 1 else _totals(chain, clock)[-1], clock)
        chain += steps[random.integers(len(steps))]
    return {"chain": chain, "clock": clock}


def identity(instance: Mapping[str, Any]) -> str:
    """The prompt's letter and the chain, the first two operands ascending where they commute.

    ``3+5-2`` and ``5+3-2`` share it, for they have the same running totals; ``3-2+5`` does not.
    """
    chain: str = instance["chain"]
    swapped = chain[2] + chain[1] + chain[0] + chain[3:]
    return _letter(instance) + (chain if chain[1] == "-" else min(chain, swapped))


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``C2*3+2-1=``."""
    return f"{_letter(instance)}{instance['chain']}="


def solve(instance: Mapping[str, Any]) -> str:
    """All running totals and the final value, e.g. ``1 3 2=2``."""
    totals = _totals(instance["chain"], instance["clock"])
    return f"{' '.join(map(str, totals))}={totals[-1]}"


def answer(instance: Mapping[str, Any]) -> str:
    """The final value, e.g. ``=2``."""
    return f"={_totals(instance['chain'], instance['clock'])[-1]}"


def work(instance: Mapping[str, Any]) -> int:
    """The number of operations."""
    return sum(character in OPERATIONS for character in instance["chain"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the text after the last ``=`` is the value, written canonically.

    That is without plus sign, spaces and leading zeros.
    """
    value = response.rpartition("=")[2] if "=" in response else ""
    fault = unreadable(response) or _fault(instance, response, value)
    return judge(fault, value, "the final value is right")


def _fault(instance: Mapping[str, Any], response: str, value: str) -> str:
    if "=" not in response:
        return "the response has no '='"
    if not CANONICAL_INTEGER.fullmatch(value):
        return "the text after the last '=' is not a canonical integer"
    # Canonical integers are equal exactly if their texts are, so no long text of digits is ever
    # converted to a number.
    total = _totals(instance["chain"], instance["clock"])[-1]
    return "" if value == str(total) else "the final value is wrong"


def _legal_steps(total: int, clock: bool) -> list[str]:
    """Steps that may follow a running total; there are some, since adding 0 keeps it in range."""
    if clock:
        return list(CLOCK_STEPS)
    steps = [(operator, digit) for operator in OPERATIONS for digit in DIGITS]
    return [
        operator + digit
        for operator, digit in steps
        if 0 <= OPERATIONS[operator](total, int(digit)) <= LARGEST_TOTAL
    ]


def _totals(chain: str, clock: bool) -> list[int]:
    def after(total: int, step: tuple[str, str]) -> int:
        plain: int = OPERATIONS[step[0]](total, int(step[1]))
        return plain % CLOCK if clock else plain

    steps = zip(chain[1::2], chain[2::2], strict=True)
    return list(accumulate(steps, after, initial=int(chain[0])))[1:]


def _letter(instance: Mapping[str, Any]) -> str:
    return "C" if instance["clock"] else "A"
