"""Static limits of an answer, checked on its text before anything reads it.

A rejected answer names the limit that it broke. The limits bound the work of reading;
``reference.verifiers.mathematics.evaluation`` bounds the size of the numbers, and a process that
can be killed from outside bounds the rest: the time of a symbolic simplification does not follow
from its input.
"""

import re

LONGEST_ANSWER = 2048
"""Characters besides digits.

The longest answer of MATH, AIME and BeyondAIME has 60, a written-out 4x4 matrix of fractions about
300.
"""

DEEPEST_NESTING = 24
"""Brackets of any kind inside one another; answers of contests stay below 6."""

MOST_DIGITS = 4000
"""Digits in all; 2^2005 written out has 604, 3^5000 has 2386."""

MOST_COMMANDS = 160
"""LaTeX commands; a 6x6 matrix of fractions has 36."""

MOST_OPERATORS = 256
"""Signs that join or compare two parts."""

TALLEST_TOWER = 3
"""Exponents upon exponents; `e^{x^{2}}` has 2. With towers a short text means an endless number."""

LARGEST_FACTORIAL = 10_000
"""Argument of a factorial; 10000! has 35660 digits and takes milliseconds."""

CODE = re.compile(
    r"__|\b(?:eval|exec|open|compile|getattr|setattr|globals|locals)\s*\(|\b(?:os|sys|subprocess)\.\w|```|;;|"
    r"\bimport\s+(?:os|sys|subprocess|math|sympy|numpy)\b|(?<!\\)\blambda\b[^:]{0,40}:|"
    r"\\(?:input|include|write|def|csname|catcode|newcommand|immediate)(?![A-Za-z])"
)
"""Text that is a program rather than a formula.

Nothing is ever executed; an early rejection gives the verdict that reason.
"""

OPENING, CLOSING = "([{", ")]}"
IN_A_ROW = re.compile(r"\^\s*(?:[([{]|(?:-?\d+|[A-Za-z])\s*\^)")
FACTORIAL = re.compile(r"(?<!\d)(\d+)\s*[)}]*\s*!(?!=)")


def broken_limit(text: str) -> str:
    """The limit that a text breaks, e.g. ``longer than 2048 characters``; empty if none."""
    if len(text) > LONGEST_ANSWER + MOST_DIGITS:
        return f"longer than {LONGEST_ANSWER} characters"
    digits = sum(character.isdigit() for character in text)
    if len(text) - digits > LONGEST_ANSWER:
        return f"longer than {LONGEST_ANSWER} characters"
    if CODE.search(text):
        return "shaped like a program"
    counts = (
        (_nesting(text), DEEPEST_NESTING, "levels of brackets"),
        (digits, MOST_DIGITS, "digits"),
        (text.count("\\"), MOST_COMMANDS, "commands"),
        (sum(text.count(sign) for sign in "+-*/^=<>,&"), MOST_OPERATORS, "operators"),
        (_tower(text), TALLEST_TOWER, "exponents upon one another"),
    )
    for count, limit, noun in counts:
        if count > limit:
            return f"{count} {noun}, at most {limit} are read"
    factorials = FACTORIAL.findall(text)
    if any(len(digits) > 6 or int(digits) > LARGEST_FACTORIAL for digits in factorials):
        return f"a factorial of more than {LARGEST_FACTORIAL}"
    return ""


def _nesting(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character in OPENING) - (character in CLOSING)
        deepest = max(deepest, depth)
    return deepest


def _tower(text: str) -> int:
    """Exponents upon one another: ``^`` inside the brackets of another ``^``, or ``2^3^4``."""
    text = text.replace("**", "^")
    tallest = height = 0
    opened: list[int] = []  # height of the tower at which each bracket was opened
    for index, character in enumerate(text):
        level = opened[-1] if opened else 0
        if character == "^":
            height += 1
            tallest = max(tallest, height)
            if not IN_A_ROW.match(text, index):
                height = level
        elif character in OPENING:
            opened.append(height)
        elif character in CLOSING and opened:
            height = opened.pop()
            if text[index + 1 : index + 2] != "^":
                height = opened[-1] if opened else 0
    return tallest
