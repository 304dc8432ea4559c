"""Chained arithmetic: a sum of single digits worked out strictly from left to right.

==========  =============================================================================================
prompt      ``A3+5-2=``: start at 3, add 5, subtract 2. There is no operator precedence: ``A1+2*3=`` is 9.
response    ``8 6=6``: the running total after every operation, then ``=`` and the final value.
bare        ``=6``: the final value alone is a correct response too, and a harder one to get right.
difficulty  The number of operations. Up to level 4 ``+`` and ``-`` of 0..3 with running totals 0..9; from level 5 also
            ``*``, operands 0..9 and running totals 0..99. The chain starts at 0..9.
==========  =============================================================================================

Only the text after the last ``=`` is judged. The running totals are the reasoning: writing them makes the final value
easy, but the reward looks at outcomes, so a wrong or missing total costs nothing if the final value is right.
"""

import re
from collections.abc import Mapping
from itertools import accumulate
from operator import add, mul, sub
from typing import Any

import numpy as np

from spec.puzzle import judge, unreadable
from spec.types import Verdict

LEVELS = range(1, 9)
FIRST_LEVEL_WITH_PRODUCTS = 5
DIGITS = "0123456789"
OPERATIONS = {"+": add, "-": sub, "*": mul}
# Operators, operands and largest running total. The easy levels have 67 facts to know, so that a tiny model can.
EASY, HARD = ("+-", "0123", 9), ("+-*", DIGITS, 99)
CANONICAL_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a chain, every next step uniformly among the steps that keep the running total in range.

    Args:
        random: The only source of randomness.
        difficulty: Number of operations, a member of ``LEVELS``.

    Returns:
        ``{"chain": "3+5-2"}``.
    """
    rules = HARD if difficulty >= FIRST_LEVEL_WITH_PRODUCTS else EASY
    chain = DIGITS[random.integers(len(DIGITS))]
    total = int(chain)
    for _ in range(difficulty):
        steps = _legal_steps(total, *rules)  # never empty: adding 0 is always legal
        step, total = steps[random.integers(len(steps))]
        chain += step
    return {"chain": chain}


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: the chain, its first two operands in ascending order where they commute.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The chain. ``3+5-2`` and ``5+3-2`` share it, for they have the same running totals; ``3-2+5`` does not.
    """
    chain: str = instance["chain"]
    swapped = chain[2] + chain[1] + chain[0] + chain[3:]
    return chain if chain[1] == "-" else min(chain, swapped)


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``A3+5-2=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"A{instance['chain']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Write all running totals and the final value, e.g. ``8 6=6``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.
    """
    totals = _totals(instance["chain"])
    return f"{' '.join(map(str, totals))}={totals[-1]}"


def answer(instance: Mapping[str, Any]) -> str:
    """Write the final value alone, e.g. ``=6``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        A correct response without reasoning.
    """
    return f"={_totals(instance['chain'])[-1]}"


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Judge the integer after the last ``=``; what precedes it is not judged.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if that text is the value, written canonically: no plus sign, space or leading zero.
    """
    value = response.rpartition("=")[2] if "=" in response else ""
    fault = unreadable(response) or _fault(instance["chain"], response, value)
    return judge(fault, value, "the final value is right")


def _fault(chain: str, response: str, value: str) -> str:
    if "=" not in response:
        return "the response has no '='"
    if not CANONICAL_INTEGER.fullmatch(value):
        return "the text after the last '=' is not a canonical integer"
    # Canonical integers are equal exactly if their texts are, so a million digits are never converted to a number.
    return "" if value == str(_totals(chain)[-1]) else "the final value is wrong"


def _legal_steps(total: int, operators: str, operands: str, largest: int) -> list[tuple[str, int]]:
    steps = ((operator + digit, OPERATIONS[operator](total, int(digit))) for operator in operators for digit in operands)
    return [(step, following) for step, following in steps if 0 <= following <= largest]


def _totals(chain: str) -> list[int]:
    steps = zip(chain[1::2], chain[2::2], strict=True)
    totals = accumulate(steps, lambda total, step: OPERATIONS[step[0]](total, int(step[1])), initial=int(chain[0]))
    return list(totals)[1:]
