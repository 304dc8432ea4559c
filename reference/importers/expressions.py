"""Answers that are arithmetic: the steps of Enigmata become one expression.

Some of its answers are steps, such as ``11-12=-1, (-1*6)*(5-9) = 24``; our prompts want one
expression.
"""

import re

OPENING = "The answer is:"


def joined_steps(answer: str) -> str:
    """Put the results of steps back into the steps that use them; there may be any number of steps.

    ``The answer is: 5-13=-8, 8/(1+(-8/12)) = 24`` becomes ``8/(1+((5-13)/12))``.
    """
    *steps, last = answer.strip().removeprefix(OPENING).split(",")
    # While results are looked up a step is one letter, so that no result is found inside the
    # expression of another one.
    open_results: dict[str, str] = {}
    sources: dict[str, str] = {}
    for count, step in enumerate(steps):
        expression, _, value = step.rpartition("=")
        letter = chr(ord("a") + count)
        sources[letter] = _with_letters(expression, open_results)
        open_results[letter] = value.strip()
    expression = _with_letters(last.rpartition("=")[0] or last, open_results)
    for letter, source in reversed(sources.items()):
        expression = expression.replace(letter, f"({source})")
    return expression.strip()


def _with_letters(expression: str, open_results: dict[str, str]) -> str:
    """Write the letter of each result in place of its value, once, and close the results used."""
    expression = expression.strip()
    for letter, value in list(open_results.items()):
        # A minus sign belongs to the value only where no operand stands before it.
        before = r"(?<![\d.)a-z])" if value.startswith("-") else r"(?<![\d.])"
        expression, replacements = re.subn(
            before + re.escape(value) + r"(?![\d.])", letter, expression, count=1
        )
        if replacements:
            del open_results[letter]
    return expression
