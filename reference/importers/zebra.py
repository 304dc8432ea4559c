"""Streets of houses, for both collections, in the signs of ``reference.tasks.puzzles.zebra``."""

from collections.abc import Mapping, Sequence
from typing import Any

from seed.reference.importers.reading import Unreadable, Unsuited
from seed.reference.tasks.puzzles.zebra import VALUES

MAX_HOUSES = 5
Value = tuple[str, str]


def letters_of(attributes: Mapping[str, Sequence[str]]) -> dict[Value, str]:
    """Give every value a letter.

    Args:
        attributes: The values of each attribute, as many as there are houses.

    Returns:
        The letter of each pair of attribute and value.

    Raises:
        Unreadable: The attributes have different numbers of values, or one twice.
        Unsuited: There are more houses or values than the family has digits or letters for.
    """
    houses = {len(set(values)) for values in attributes.values()} | {
        len(values) for values in attributes.values()
    }
    if len(houses) != 1:
        raise Unreadable("the attributes must have equally many different values each")
    named = [(attribute, value) for attribute, values in attributes.items() for value in values]
    if len(named) > len(VALUES) or max(houses) > MAX_HOUSES:
        raise Unsuited(f"zebra has at most {MAX_HOUSES} houses and {len(VALUES)} values")
    return dict(zip(named, VALUES, strict=False))


def street(
    attributes: Mapping[str, Sequence[str]], letters: Mapping[Value, str], clues: Sequence[str]
) -> dict[str, Any]:
    """Write the instance.

    Args:
        attributes: The values of each attribute.
        letters: What ``letters_of`` returned.
        clues: Clues in the family's signs.

    Returns:
        ``{"rows": "ab/cd", "clues": "a~d b^c"}``.
    """
    rows = [
        "".join(letters[attribute, value] for value in values)
        for attribute, values in attributes.items()
    ]
    return {"rows": "/".join(rows), "clues": " ".join(clues)}
