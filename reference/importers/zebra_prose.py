"""reasoning-gym's zebra puzzles: clues in sentences, such as "The boba tea drinker is directly left
of Bob."

=========================================  ============
sentence, without its full stop            our clue
=========================================  ============
X is in the third house                    ``x~3``
X is directly left of Y                    ``x^y``
X is somewhere to the left of Y            ``x<y``
X and Y are next to each other             ``x|y``
X is Y                                     ``x~y``
=========================================  ============

right mirrors left. A half of a sentence means the longest value that occurs in it. Names of
children are values of two
attributes: where a child or a mother is spoken of it is the child's, and otherwise the other.
"""

import re
from collections.abc import Mapping, Sequence

from seed.reference.importers.reading import Converted, Line, Unreadable, Unsuited, claimed
from seed.reference.importers.zebra import Value, letters_of, street

ORDINALS = ("first", "second", "third", "fourth", "fifth")
PAIRS = (
    (re.compile(r"(.+) is directly left of (.+)"), "{0}^{1}"),
    (re.compile(r"(.+) is directly right of (.+)"), "{1}^{0}"),
    (re.compile(r"(.+) is somewhere to the left of (.+)"), "{0}<{1}"),
    (re.compile(r"(.+) is somewhere to the right of (.+)"), "{1}<{0}"),
    (re.compile(r"(.+) and (.+) are next to each other"), "{0}|{1}"),
)
HOUSE = re.compile(rf"(.+) is in the ({'|'.join(ORDINALS)}) house")
QUESTION = re.compile(r"What is Name of the person who lives in House 1\?")
OF_A_CHILD = re.compile(r"\b(child|mother)\b")
SHOWN = 60
"""Characters of a clue that a message quotes."""


def zebra_puzzles(line: Line) -> Converted:
    """Read a street of houses; the answer claims who lives in the first."""
    attributes = {
        name: values.split(", ")
        for name, values in re.findall(r"^ - (.+): (.+?) *$", line.problem, re.MULTILINE)
    }
    if not attributes or not QUESTION.search(line.problem):
        raise Unreadable(
            "problem must list attributes as ' - each person has a name: ann, bob' and ask who"
            " lives in House 1"
        )
    letters = letters_of(attributes)
    sentences = re.findall(r"^[0-9]+\. (.+)\.$", line.problem, re.MULTILINE)
    instance = street(attributes, letters, [_clue(sentence, letters) for sentence in sentences])
    name = next((attribute for attribute in attributes if attribute.endswith("name")), "")
    answer = line.answer.strip().lower() if isinstance(line.answer, str) else ""
    if (name, answer) not in letters:
        raise Unreadable("answer must be one of the names that problem lists")
    row = list(attributes).index(name)
    return claimed("zebra", instance, lambda own: own.split("/")[row][0] == letters[name, answer])


def _clue(sentence: str, letters: Mapping[Value, str]) -> str:
    place = HOUSE.fullmatch(sentence)
    if place and (letter := _meant(place[1], letters)):
        return f"{letter}~{ORDINALS.index(place[2]) + 1}"
    for form, signs in PAIRS:
        found = form.fullmatch(sentence)
        if found:
            halves = [_meant(half, letters) for half in found.groups()]
            if all(halves):
                return signs.format(*halves)
    # "The person who is a pizza lover is Bob": only where the sentence is cut in the right place
    # both halves mean a value.
    cuts = [found.span() for found in re.finditer(" is ", sentence)]
    both = {
        (_meant(sentence[:start], letters), _meant(sentence[end:], letters)) for start, end in cuts
    }
    equal = [pair for pair in both if all(pair) and pair[0] != pair[1]]
    if len(equal) != 1 or "house" in sentence:
        raise Unsuited(f"the clue {sentence[:SHOWN]!r} is of no form that is read")
    return "~".join(equal[0])


def _meant(half: str, letters: Mapping[Value, str]) -> str:
    """The letter of the longest value that is named, or the empty text if none is, or two equally
    long ones are.
    """
    half = half.lower()
    named: Sequence[Value] = [value for value in letters if value[1] in half]
    if OF_A_CHILD.search(half):
        named = [value for value in named if OF_A_CHILD.search(value[0])]
    elif any(not OF_A_CHILD.search(attribute) for attribute, _ in named):
        named = [value for value in named if not OF_A_CHILD.search(value[0])]
    longest = max((len(value) for _, value in named), default=0)
    found = [letters[value] for value in named if len(value[1]) == longest]
    return found[0] if len(found) == 1 else ""
