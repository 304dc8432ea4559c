"""reasoning-gym's zebra puzzles: clues in sentences, such as "Bob is directly left of the cat."

==================================  ========
sentence, without its full stop     our clue
==================================  ========
X is in the third house             ``x~3``
X is directly left of Y             ``x^y``
X is somewhere to the left of Y     ``x<y``
X and Y are next to each other      ``x|y``
X is Y                              ``x~y``
==================================  ========

right mirrors left. A half of a sentence means the longest value that occurs in it. Names of
children are values of two attributes: where a child or a mother is mentioned it is the child's, and
otherwise the other.
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
    lists = re.findall(r"^ - (.+): (.+?) *$", line.problem, re.MULTILINE)
    attributes = {name: values.split(", ") for name, values in lists}
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
    house = HOUSE.fullmatch(sentence)
    if house and (letter := _letter_named(house[1], letters)):
        return f"{letter}~{ORDINALS.index(house[2]) + 1}"
    for form, signs in PAIRS:
        match = form.fullmatch(sentence)
        if match:
            halves = [_letter_named(half, letters) for half in match.groups()]
            if all(halves):
                return signs.format(*halves)
    # "The person who is a pizza lover is Bob": both halves name a value only if the sentence is cut
    # at the right "is".
    cuts = [match.span() for match in re.finditer(" is ", sentence)]
    halved = [(sentence[:start], sentence[end:]) for start, end in cuts]
    both = {(_letter_named(one, letters), _letter_named(two, letters)) for one, two in halved}
    equal = [pair for pair in both if all(pair) and pair[0] != pair[1]]
    if len(equal) != 1 or "house" in sentence:
        raise Unsuited(f"the clue {sentence[:SHOWN]!r} is of no form that is read")
    return "~".join(equal[0])


def _letter_named(half: str, letters: Mapping[Value, str]) -> str:
    """The letter of the longest value named; empty if there is none, or two of equal length."""
    half = half.lower()
    named: Sequence[Value] = [value for value in letters if value[1] in half]
    if OF_A_CHILD.search(half):
        named = [value for value in named if OF_A_CHILD.search(value[0])]
    elif any(not OF_A_CHILD.search(attribute) for attribute, _ in named):
        named = [value for value in named if not OF_A_CHILD.search(value[0])]
    longest = max((len(value) for _, value in named), default=0)
    letters_named = [letters[value] for value in named if len(value[1]) == longest]
    return letters_named[0] if len(letters_named) == 1 else ""
