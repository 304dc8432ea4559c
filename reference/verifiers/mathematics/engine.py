"""The second, independent comparison of two expressions: math-verify (Hugging Face) and SymPy.

What goes wrong if it is used alone, and what is done about it:

- It finds a number inside text that it cannot read. So it gets only text that this package wrote
  from a tree which it had read as a whole.
- Tiny numbers are equal to 15 digits. It is called only after ``evaluation`` found equality to 60
  digits or more.
- It drops units, bases, percent and degrees. They never reach it.
- Its alarms do not work outside the main thread. It gets no timeout; a caller that needs one kills
  the process.
- str() of an expression can hang. No expression is ever written out.

Source: github.com/huggingface/Math-Verify, issues 14, 41, 47, 60, 63 and 65. SymPy is imported at
the first call.
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
"""Names given to unknowns, in order.

Not among them: letters that the engine reads as a constant, a differential or a function.
"""

REMEMBERED = 512
"""Readings kept: parsing is slow (about 30 ms), and a group of responses shares its reference."""


def agrees(reference: Tree, answer: Tree) -> bool:
    """Whether two expressions are equal to math-verify for all real values of their unknowns.

    They hold no infinity and are of moderate size. False if it cannot read its own dialect or has
    too few letters.
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

    for module in ("parser", "grader"):  # each warns once that its alarm is off, which is intended
        logging.getLogger(f"math_verify.{module}").setLevel(logging.ERROR)
    as_written = NormalizationConfig(basic_latex=True, boxed="last")
    boxes_only = LatexExtractionConfig(
        try_extract_without_anchor=False, boxed_match_priority=0, normalization_config=as_written
    )
    expressions: list[Any] = parse(
        rf"\boxed{{{text}}}", [boxes_only], fallback_mode="no_fallback", parsing_timeout=None
    )
    return expressions
