"""Prose: write a line of letters that pleases. A toy task whose quality no rule of the game
decides.

==========  =============================================================================================
prompt      ``wbdgk6=``: a theme of letters, and the length of the line.
response    ``bdbgkd``: that many letters of the theme, in any order, as often as you like.
difficulty  Level 1: four letters, length 5. Level 2: five, length 7. Level 3: six, length 9.
==========  =============================================================================================

The form can be verified: letters and length. What pleases cannot: a hidden preference (``utility``)
likes varied letters and dislikes a letter right after itself. It stands for people who compare two
lines and cannot say why. It labels the pairs that a reward model is trained on and examines the
result; the policy sees nothing but the reward model.

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
"""The last four are what a reward model of this task reads and says beside the rest."""
RULES = (
    "Write a line of letters. The prompt names the letters of the theme, then the length. Use"
    " letters of the theme only, any of them as often as you like, and write exactly as many as the"
    " length says, without spaces."
)
FOREIGN = "#"
"""How a reward model reads a character that is no letter of this task."""
SPARE = 2
"""Characters beyond the length that a reward model still reads: enough to see that a line is too
long.
"""


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a theme, and a draft whose letters are drawn blindly from it.

    Args:
        random: The only source of randomness.
        difficulty: A member of ``LEVELS``.

    Returns:
        ``{"theme": "bdgk", "length": 5, "draft": "bbkdb"}``.
    """
    size, length = difficulty + 3, 2 * difficulty + 3
    theme = "".join(sorted(random.choice(list(LETTERS), size, replace=False).tolist()))
    return {
        "theme": theme,
        "length": length,
        "draft": "".join(random.choice(list(theme), length).tolist()),
    }


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: theme and length; the draft is not asked for.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt without its frame.
    """
    return f"{instance['theme']}{instance['length']}"


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``wbdgk5=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"w{instance['theme']}{instance['length']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Show the draft: right in form, of middling quality.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration, which is also the anchor that ``reward.opponent = "reference"`` compares
        with.
    """
    draft: str = instance["draft"]
    return draft


def answer(instance: Mapping[str, Any]) -> str:
    """Show the draft: there is no reasoning to leave out.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The same as ``solve``.
    """
    return solve(instance)


def work(instance: Mapping[str, Any]) -> int:
    """Count the letters to write.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The length.
    """
    return int(instance["length"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Judge the form: all that can be verified about a line.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if it is of the asked length and holds letters of the theme only.
    """
    fault = unreadable(response)
    if not fault and len(response) != instance["length"]:
        fault = f"the line has not {instance['length']} letters"
    if not fault and not set(response) <= set(instance["theme"]):
        fault = "the line holds a character that is not in the theme"
    return judge(fault, response, "length and letters are as asked")


def candidate(random: np.random.Generator, instance: Mapping[str, Any]) -> str:
    """Draw a line of any quality, from a letter repeated to all letters different, now and then
    with a wrong form.

    Args:
        random: The only source of randomness.
        instance: What ``draw`` returned.

    Returns:
        A line, mostly of the asked length and of letters of the theme.
    """
    theme, length = instance["theme"], instance["length"]
    if random.random() < 0.2:
        length += random.integers(-SPARE, SPARE + 1)
    palette = (
        list(theme[: random.integers(1, len(theme) + 1)]) if random.random() < 0.5 else list(theme)
    )
    random.shuffle(palette)
    line = [palette[place % len(palette)] for place in range(length)]
    blind = random.random()
    for place in range(length):
        if random.random() < blind:
            line[place] = palette[random.integers(len(palette))]
    if line and random.random() < 0.2:
        line[random.integers(length)] = (LETTERS + FOREIGN)[random.integers(len(LETTERS) + 1)]
    return "".join(line)


def utility(instance: Mapping[str, Any], response: str) -> float:
    """The hidden preference: varied letters, none right after itself, within theme and length.

    Formula: ``distinct letters of the theme - repeats side by side - characters outside the theme -
    characters too many``.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        At most the number of letters of the theme.
    """
    repeats = sum(left == right for left, right in pairwise(response))
    foreign = sum(character not in instance["theme"] for character in response)
    return float(
        len(set(response) & set(instance["theme"]))
        - repeats
        - foreign
        - max(0, len(response) - instance["length"])
    )


def quoted(instance: Mapping[str, Any], response: str) -> str:
    """Write any text so that it cannot leave its place in the reward model's prompt or say the
    verdict.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        Letters of this task and ``#`` for everything else, cut a little beyond the asked length.
    """
    shown = response[: instance["length"] + SPARE]
    return "".join(character if character in LETTERS else FOREIGN for character in shown)
