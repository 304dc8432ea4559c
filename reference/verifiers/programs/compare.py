"""When two outputs, or two returned values, are the same.

Text: equal lines, without blanks at their ends and without empty lines at the end. Between blanks
the words are equal, or ``|x - y| <= 1e-6 max(1, |y|)`` where the expected word y is written with a
point or an exponent.

Values: equal, where a tuple is a list and ``|x - y| <= 1e-5 max(1, |y|)`` where the expected y is a
float.
"""

import math
import re
from typing import Any

TEXT_TOLERANCE = 1e-6
"""What most contest statements allow, absolute or relative."""

VALUE_TOLERANCE = 1e-5
"""What LeetCode's statements allow: answers within 10^-5 are accepted."""

REAL = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d{1,3})?")
"""A number that by its spelling is not exact. Exponents are short: no number costs time."""

BLANKS = re.compile(r"([ \t]+)")


def same_output(output: str, expected: str) -> bool:
    """Whether a program printed what it should have printed; see the module."""
    lines, expected_lines = _lines(output), _lines(expected)
    return len(lines) == len(expected_lines) and all(map(_same_line, lines, expected_lines))


def same_value(returned: Any, expected: Any) -> bool:
    """Whether a function returned the JSON values that it should have returned; see the module.

    ``returned`` is a plain value, or anything that is equal to nothing.
    """
    if isinstance(expected, list):
        same_length = isinstance(returned, list | tuple) and len(returned) == len(expected)
        return same_length and all(map(same_value, returned, expected))
    if isinstance(expected, dict):
        same_keys = isinstance(returned, dict) and returned.keys() == expected.keys()
        return same_keys and all(same_value(returned[key], expected[key]) for key in expected)
    if isinstance(expected, float) and isinstance(returned, int | float):
        return _close(returned, expected, VALUE_TOLERANCE)
    return bool(returned == expected)


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _same_line(line: str, expected: str) -> bool:
    if line == expected:
        return True
    words, expected_words = BLANKS.split(line), BLANKS.split(expected)
    return len(words) == len(expected_words) and all(map(_same_word, words, expected_words))


def _same_word(word: str, expected: str) -> bool:
    if word == expected:
        return True
    if not REAL.fullmatch(expected):
        return False
    number = REAL.fullmatch(word) or re.fullmatch(r"[+-]?\d{1,300}", word)
    return number is not None and _close(float(word), float(expected), TEXT_TOLERANCE)


def _close(number: float, expected: float, tolerance: float) -> bool:
    bound = tolerance * max(1.0, math.fabs(expected))
    try:
        return number == expected or math.fabs(number - expected) <= bound
    except OverflowError:  # an integer beyond the floats
        return False
