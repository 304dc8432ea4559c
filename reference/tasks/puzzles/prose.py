"""Prose: write a line of letters. A toy task whose quality no rule decides.

- Instance: ``{"theme": "bdgk", "length": 5, "draft": "bbkdb"}``.
- Prompt: ``wbdgk5=``: a theme of letters, and the length of the line.
- Response: ``bdbgk``: that many letters of the theme, in any order, each as often as you like.
- Level 1: four letters, length 5. Level 2: five, length 7. Level 3: six, length 9.

The form can be verified: letters and length. The quality cannot: a hidden preference (``utility``)
prefers varied letters and dislikes a letter right after itself. It stands for people who compare
two lines and cannot give a reason. It labels the pairs that a reward model is trained on and is
compared with the trained model; the policy gets only the reward model's scores.

So one task serves all three data classes of the report (4.2): ``general`` (reward model only),
``hybrid`` (verifier and reward model) and ``verifiable`` (form only). It fulfils
``spec.puzzle.PuzzleFamily`` and ``spec.judge.PreferenceTask``.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

LEVELS = range(1, 4)
LETTERS = "abcdefghijklmnop"
CHARACTERS = f"0123456789={LETTERS}w#?YN"
"""The last four are what a reward model of this task reads and writes besides the rest."""
RULES = (
    "Write a line of letters. The prompt names the letters of the theme, then the length. Use"
    " letters of the theme only, any of them as often as you like, and write exactly as many as the"
    " length says, without spaces."
)
FOREIGN = "#"
"""How a reward model reads a character that is no letter of this task."""
SPARE = 2
"""Characters beyond the length that a reward model reads: it sees that a line is too long."""


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a theme, and a draft: letters drawn uniformly from it."""
    size, length = difficulty + 3, 2 * difficulty + 3
    theme = "".join(sorted(random.choice(list(LETTERS), size, replace=False).tolist()))
    draft = "".join(random.choice(list(theme), length).tolist())
    return {"theme": theme, "length": length, "draft": draft}


def identity(instance: Mapping[str, Any]) -> str:
    """Theme and length; the draft is no part of the problem."""
    return f"{instance['theme']}{instance['length']}"


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``wbdgk5=``."""
    return f"w{instance['theme']}{instance['length']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The draft: right in form, of middling quality.

    It is also the baseline that ``reward.opponent = "reference"`` compares with.
    """
    draft: str = instance["draft"]
    return draft


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The length."""
    return int(instance["length"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the line has the required length and letters of the theme only."""
    fault = unreadable(response)
    if not fault and len(response) != instance["length"]:
        fault = f"the line has not {instance['length']} letters"
    if not fault and not set(response) <= set(instance["theme"]):
        fault = "the line holds a character that is not in the theme"
    return judge(fault, response, "length and letters are as asked")


def candidate(random: np.random.Generator, instance: Mapping[str, Any]) -> str:
    """Draw a line of any quality, now and then with a wrong form.

    Args:
        random: The only source of randomness.
        instance: An instance.

    Returns:
        From one letter repeated to all letters different, mostly of the required length and of
        letters of the theme.
    """
    theme, length = instance["theme"], instance["length"]
    if random.random() < 0.2:
        length += random.integers(-SPARE, SPARE + 1)
    palette = list(theme)
    if random.random() < 0.5:
        palette = palette[: random.integers(1, len(theme) + 1)]
    random.shuffle(palette)
    line = [palette[index % len(palette)] for index in range(length)]
    share = random.random()
    for index in range(length):
        if random.random() < share:
            line[index] = palette[random.integers(len(palette))]
    if line and random.random() < 0.2:
        line[random.integers(length)] = (LETTERS + FOREIGN)[random.integers(len(LETTERS) + 1)]
    return "".join(line)


def utility(instance: Mapping[str, Any], response: str) -> float:
    """The hidden preference: varied letters, none right after itself, within theme and length.

    Formula: ``distinct letters of the theme - repeats side by side - characters outside the theme -
    characters too many``.

    Args:
        instance: An instance.
        response: Any text at all.

    Returns:
        At most the number of letters of the theme.
    """
    repeats = sum(left == right for left, right in pairwise(response))
    foreign = sum(character not in instance["theme"] for character in response)
    excess = max(0, len(response) - instance["length"])
    return float(len(set(response) & set(instance["theme"])) - repeats - foreign - excess)


def quoted(instance: Mapping[str, Any], response: str) -> str:
    """Write any text so that it can mimic neither the reward model's prompt nor its verdict.

    Args:
        instance: An instance.
        response: Any text at all.

    Returns:
        Letters of this task and ``#`` for everything else, cut a little beyond the required length.
    """
    shown = response[: instance["length"] + SPARE]
    return "".join(character if character in LETTERS else FOREIGN for character in shown)
