"""Streets of houses, for both collections, in the signs of ``reference.tasks.puzzles.zebra``."""

from collections.abc import Mapping, Sequence
from typing import Any

from seed.reference.importers.reading import Unreadable, Unsuited
from seed.reference.tasks.puzzles.zebra import VALUES

MAX_HOUSES = 5
Value = tuple[str, str]


def letters_of(attributes: Mapping[str, Sequence[str]]) -> dict[Value, str]:
    """Give every pair of an attribute and one of its values a letter.

    Raises:
        Unreadable: The attributes have different numbers of values, or one twice.
        Unsuited: There are more houses or values than the family has digits or letters for.
    """
    houses = {count for row in attributes.values() for count in (len(set(row)), len(row))}
    if len(houses) != 1:
        raise Unreadable("the attributes must have equally many different values each")
    named = [(attribute, value) for attribute, values in attributes.items() for value in values]
    if len(named) > len(VALUES) or max(houses) > MAX_HOUSES:
        raise Unsuited(f"zebra has at most {MAX_HOUSES} houses and {len(VALUES)} values")
    return dict(zip(named, VALUES, strict=False))


def street(
    attributes: Mapping[str, Sequence[str]], letters: Mapping[Value, str], clues: Sequence[str]
) -> dict[str, Any]:
    """Write the instance, ``{"rows": "ab/cd", "clues": "a~d b^c"}``."""
    rows = ("".join(letters[name, value] for value in row) for name, row in attributes.items())
    return {"rows": "/".join(rows), "clues": " ".join(clues)}
