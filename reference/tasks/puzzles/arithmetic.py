"""Chained arithmetic: operations on single digits, worked out strictly from left to right.

==========  =============================================================================================
prompt      ``A7*3+2-1=``: start at 7, times 3, plus 2, minus 1. There is no operator precedence. ``C`` in place of
            ``A`` counts on a clock of five hours: every total is taken modulo 5.
response    ``21 23 22=22``, on the clock ``1 3 2=2``: all running totals, then ``=`` and the final value.
bare        ``=22``: the final value alone is a correct response too, and a harder one to get right.
difficulty  The number of operations. Levels 1..4 are on the clock, with operands 1..3; from level 5
            on totals are plain numbers, kept within 0..99, and operands are 0..9.
==========  =============================================================================================

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
# On the clock there are 40 facts to know, few enough for a tiny model to learn; the products are
# there because without them the final value could be guessed from a plain sum of the operands.
CLOCK_STEPS = ("+1", "+2", "+3", "-1", "-2", "-3", "*2", "*3")
CANONICAL_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a chain, every next step uniformly among the legal ones.

    Args:
        random: The only source of randomness.
        difficulty: Number of operations, a member of ``LEVELS``.

    Returns:
        ``{"chain": "2*3+2-1", "clock": True}``.
    """
    clock = difficulty < FIRST_PLAIN_LEVEL
    chain = DIGITS[random.integers(CLOCK if clock else len(DIGITS))]
    for _ in range(difficulty):
        steps = _legal_steps(int(chain) if len(chain) == 1 else _totals(chain, clock)[-1], clock)
        chain += steps[random.integers(len(steps))]
    return {"chain": chain, "clock": clock}


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: the chain, its first two operands in ascending order where they commute.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt's letter and the chain. ``3+5-2`` and ``5+3-2`` share it, for they have the same
        running totals; ``3-2+5`` does not.
    """
    chain: str = instance["chain"]
    swapped = chain[2] + chain[1] + chain[0] + chain[3:]
    return _letter(instance) + (chain if chain[1] == "-" else min(chain, swapped))


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``C2*3+2-1=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"{_letter(instance)}{instance['chain']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Write all running totals and the final value, e.g. ``1 3 2=2``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.
    """
    totals = _totals(instance["chain"], instance["clock"])
    return f"{' '.join(map(str, totals))}={totals[-1]}"


def answer(instance: Mapping[str, Any]) -> str:
    """Write the final value alone, e.g. ``=2``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        A correct response without reasoning.
    """
    return f"={_totals(instance['chain'], instance['clock'])[-1]}"


def work(instance: Mapping[str, Any]) -> int:
    """Count the operations.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number, 1 or more.
    """
    return sum(character in OPERATIONS for character in instance["chain"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Judge the integer after the last ``=``; what precedes it is not judged.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if that text is the value, written canonically: no plus sign, space or
        leading zero.
    """
    value = response.rpartition("=")[2] if "=" in response else ""
    fault = unreadable(response) or _fault(instance, response, value)
    return judge(fault, value, "the final value is right")


def _fault(instance: Mapping[str, Any], response: str, value: str) -> str:
    if "=" not in response:
        return "the response has no '='"
    if not CANONICAL_INTEGER.fullmatch(value):
        return "the text after the last '=' is not a canonical integer"
    # Canonical integers are equal exactly if their texts are, so a million digits are never
    # converted to a number.
    return (
        ""
        if value == str(_totals(instance["chain"], instance["clock"])[-1])
        else "the final value is wrong"
    )


def _legal_steps(total: int, clock: bool) -> list[str]:
    """Steps that may follow a running total; never none, since adding 0 keeps a plain total in
    range.
    """
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
