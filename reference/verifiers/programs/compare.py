"""When two outputs, or two returned values, are the same.

Text: equal lines, without blanks at their ends and without empty lines at the end. Between blanks
the words are equal, or ``|x - y| <= 1e-6 max(1, |y|)`` where the expected word y is written with a
point or an exponent.

Values: equal as JSON values, where ``|x - y| <= 1e-5 max(1, |y|)`` if the expected y is a float. A
tuple is a list, an iterator is the list of its members, and a key of a dict is its text: JSON has
no others. A truth value is no number: the sites that these tests come from compare what is written.
"""

import itertools
import math
import re
from collections.abc import Iterator
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
    if isinstance(expected, list) and isinstance(returned, Iterator):
        returned = list(itertools.islice(returned, len(expected) + 1))
    if isinstance(expected, list):
        same_length = isinstance(returned, list | tuple) and len(returned) == len(expected)
        return same_length and all(map(same_value, returned, expected))
    if isinstance(expected, dict):
        if not isinstance(returned, dict):
            return False
        by_text = {_key(key): value for key, value in returned.items()}
        same_keys = len(by_text) == len(returned) and by_text.keys() == expected.keys()
        return same_keys and all(same_value(by_text[key], expected[key]) for key in expected)
    if isinstance(expected, bool) or isinstance(returned, bool):
        return returned is expected
    if isinstance(expected, float) and isinstance(returned, int | float):
        return _close(returned, expected, VALUE_TOLERANCE)
    return bool(returned == expected)


def _key(key: Any) -> Any:
    """A key as JSON writes it."""
    names = {True: "true", False: "false", None: "null"}
    if key is None or isinstance(key, bool):
        return names[key]
    return str(key) if isinstance(key, int) and key.bit_length() < 1024 else key


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
