"""The second, independent look at two expressions: math-verify (Hugging Face) and SymPy, kept on a
short lead.

========================================  ============================================================================
what goes wrong alone                     what is done about it
========================================  ============================================================================
a number is found inside what is unread   it reads only text that this package wrote from a tree it had read whole
tiny numbers are equal to 15 digits       it is asked only after ``evaluation`` found equality to 60 digits or more
units, bases, percent, degrees dropped    they never reach it
alarms: dead outside the main thread      no timeout of its own; whoever needs one kills the process
str() of an expression can hang           no expression is ever written out
========================================  ============================================================================

Source: github.com/huggingface/Math-Verify, issues 14, 41, 47, 60, 63 and 65. SymPy is imported at
the first question.
"""

import logging
from functools import lru_cache
from typing import Any

from seed.reference.verifiers.mathematics.expressions import (
    Apply,
    Symbol,
    Tree,
    latex,
    number,
    symbols,
)

LETTERS = "xyztuvwpqrsabckmn"
"""Names given to unknowns, in order; no letter that the engine reads as a constant, a differential
or a function.
"""


REMEMBERED = 512
"""Readings kept: parsing is the slow part (about 30 ms), and a group of responses shares its
reference.
"""


def agrees(reference: Tree, answer: Tree) -> bool:
    """Ask math-verify whether two expressions are equal for all real values of their unknowns.

    Args:
        reference: A tree without infinity, of moderate size.
        answer: Another.

    Returns:
        Its verdict; False if it cannot read its own dialect or has too few letters.
    """
    from math_verify import verify

    unknowns = sorted(symbols(reference) | symbols(answer))
    if len(unknowns) > len(LETTERS):
        return False
    names = dict(zip(unknowns, LETTERS, strict=False))
    if isinstance(reference, Symbol) or isinstance(answer, Symbol):
        # Beside a bare symbol math-verify compares letters only, and denies that x is 2x/2.
        reference, answer = (Apply("+", (number(1), tree)) for tree in (reference, answer))
    parsed = _parsed(latex(reference, names)), _parsed(latex(answer, names))
    if not all(parsed):
        return False
    return bool(verify(*parsed, timeout_seconds=None))


@lru_cache(maxsize=REMEMBERED)
def _parsed(text: str) -> list[Any]:
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse

    for module in (
        "parser",
        "grader",
    ):  # both warn once that their alarm is off, which is what we want
        logging.getLogger(f"math_verify.{module}").setLevel(logging.ERROR)
    as_written = NormalizationConfig(basic_latex=True, boxed="last")
    boxes_only = LatexExtractionConfig(
        try_extract_without_anchor=False, boxed_match_priority=0, normalization_config=as_written
    )
    found: list[Any] = parse(
        rf"\boxed{{{text}}}", [boxes_only], fallback_mode="no_fallback", parsing_timeout=None
    )
    return found
