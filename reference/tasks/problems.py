"""Problem sets: draw training and held-out problems, and judge responses to them.

A problem is held out or not by a hash of its identity, never by when or with which seed it was
drawn. So training and held-out problems are disjoint by construction, in every run and for every
size of either set, and a problem cannot slip into training in another presentation (the numbers of
a 24-point problem in another order, say).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.config_model import DataConfig
from seed.spec.datatypes import Outcome, Problem, Verdict
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import generator

HELD_OUT_SHARE = 8
"""One in so many identities is held out."""

ID_DIGITS = 12
"""Hexadecimal digits of an id: 48 bits, so a million problems share one with probability 0.002."""

# Seven in eight draws miss the held-out split, so a thousand misses in a row (1e-58) mean that a
# level has no such problem. The same number of repeats in a row means that a level has hardly any
# problem that is not drawn yet.
MAX_DRAWS = 1000


def is_held_out(identity: str) -> bool:
    """Decide the split of a problem.

    Args:
        identity: A family-qualified identity, see ``qualified_identity``.

    Returns:
        True for one in ``HELD_OUT_SHARE`` identities, the same in every run and on every machine.
    """
    return int.from_bytes(sha256(identity.encode()).digest(), "big") % HELD_OUT_SHARE == 0


def qualified_identity(family: str, instance: Mapping[str, Any]) -> str:
    """The family and the family's identity of an instance, e.g. ``twentyfour:3 8``."""
    return f"{family}:{FAMILIES[family].identity(instance)}"


def draw_problem(
    family: str, difficulty: int, random: np.random.Generator, held_out: bool
) -> Problem:
    """Draw a problem of one split.

    Args:
        family: A key of ``FAMILIES``.
        difficulty: A member of the family's ``LEVELS``.
        random: The only source of randomness.
        held_out: The split.

    Returns:
        The first drawn problem that belongs to the split.

    Raises:
        SeedError: The family or the difficulty does not exist, or the level has no problem of that
            split.
    """
    check_level(family, difficulty)
    for _ in range(MAX_DRAWS):
        instance = FAMILIES[family].draw(random, difficulty)
        if is_held_out(qualified_identity(family, instance)) == held_out:
            return _problem(family, difficulty, instance)
    message = f"{family} level {difficulty}: none of {MAX_DRAWS} draws is {_split(held_out)}"
    raise SeedError(Reason.ILLEGAL_VALUE, message)


def training_problem(
    families: Sequence[str], difficulties: Mapping[str, Sequence[int]], index: int, seed: int
) -> Problem:
    """One problem of the endless stream of training problems: a pure function of the arguments.

    Problems may repeat along the stream.

    Args:
        families: Keys of ``FAMILIES``, in turn.
        difficulties: Difficulties of each family, in turn.
        index: Index in the stream, >= 0.
        seed: Seed of the stream.

    Raises:
        SeedError: A family or difficulty does not exist, or none is given.
    """
    family, difficulty = _slot(families, difficulties, index)
    return draw_problem(family, difficulty, _random(seed, False, index), held_out=False)


def level_problem(family: str, difficulty: int, place: int, seed: int) -> Problem:
    """One problem of the endless stream of training problems of one level.

    Args:
        family: A key of ``FAMILIES``.
        difficulty: A member of the family's ``LEVELS``.
        place: Place in the stream, >= 0.
        seed: Seed of the stream.

    Raises:
        SeedError: The family or the difficulty does not exist.
    """
    random = generator(seed, "problems", _split(False), family, difficulty, place)
    return draw_problem(family, difficulty, random, held_out=False)


def problem_set(
    families: Sequence[str],
    difficulties: Mapping[str, Sequence[int]],
    count: int,
    seed: int,
    held_out: bool,
) -> list[Problem]:
    """Draw a set in which families, and the difficulties of each family, take turns.

    The problem at an index does not depend on ``count``: a larger set begins with the smaller one.

    Args:
        families: Keys of ``FAMILIES``.
        difficulties: Difficulties of each family.
        count: Number of problems, >= 0.
        seed: Seed of the set.
        held_out: True for pairwise distinct held-out problems, False for the beginning of the
            training stream.

    Returns:
        The problems, in order.

    Raises:
        SeedError: A family or difficulty does not exist, or a level has too few distinct held-out
            problems.
    """
    if not held_out:
        return [training_problem(families, difficulties, index, seed) for index in range(count)]
    slots = [_slot(families, difficulties, index) for index in range(count)]
    problems: dict[str, Problem] = {}
    for index, (family, difficulty) in enumerate(slots):
        problem = _new_problem(family, difficulty, _random(seed, True, index), problems, True)
        if problem is None:
            slot = family, difficulty
            raise _too_few(*slot, slots.count(slot), slots[:index].count(slot), held_out)
        problems[problem.id] = problem
    return list(problems.values())


def distinct_problems(
    family: str, difficulty: int, count: int, seed: int, held_out: bool
) -> Iterator[Problem]:
    """Draw pairwise distinct problems of one level; a larger set begins with the smaller one.

    Args:
        family: A key of ``FAMILIES``.
        difficulty: A member of the family's ``LEVELS``.
        count: Number of problems, >= 0.
        seed: Seed of the set.
        held_out: The split.

    Yields:
        The problems; the held-out ones are those of ``problem_set``.

    Raises:
        SeedError: The family or difficulty does not exist, or the level has too few distinct
            problems of that split.
    """
    drawn: set[str] = set()
    for index in range(count):
        problem = _new_problem(family, difficulty, _random(seed, held_out, index), drawn, held_out)
        if problem is None:
            raise _too_few(family, difficulty, count, index, held_out)
        drawn.add(problem.id)
        yield problem


def verify(problem: Problem, response: str) -> Verdict:
    """Judge a response by the rules of the problem's family.

    Args:
        problem: The problem.
        response: Any text at all.

    Returns:
        The family's verdict. A verifier that fails yields ``error``: a bug of ours must never
        be rewarded or punished as a response of the policy.
    """
    try:
        return FAMILIES[problem.family].verify(problem.instance, response)
    except Exception as failure:
        return Verdict(Outcome.ERROR, "", f"{type(failure).__name__}: {failure}")


def check_families(data: DataConfig) -> None:
    """Refuse families and levels that do not exist, in whichever setting they are named.

    Problems of files (``data.train``) have groups of any name.

    Raises:
        SeedError: UNKNOWN_NAME, ILLEGAL_VALUE.
    """
    if data.train:
        return
    named = {"families": data.families, "classes": data.classes, "difficulties": data.difficulties}
    for setting, families in named.items():
        for family in families:
            if family not in FAMILIES:
                raise _no_family(family, f"data.{setting}: ")
    for family, levels in data.difficulties.items():
        for level in levels:
            check_level(family, level)


def check_level(family: str, difficulty: int) -> None:
    """Refuse a family or a level that does not exist.

    Raises:
        SeedError: UNKNOWN_NAME, ILLEGAL_VALUE.
    """
    if family not in FAMILIES:
        raise _no_family(family)
    levels = FAMILIES[family].LEVELS
    if difficulty not in levels:
        message = f"{family} has no level {difficulty}; legal are {levels[0]} to {levels[-1]}"
        raise SeedError(Reason.ILLEGAL_VALUE, message)


def _no_family(family: str, setting: str = "") -> SeedError:
    line = f"{setting}family {family!r} does not exist; legal are {', '.join(FAMILIES)}"
    return SeedError(Reason.UNKNOWN_NAME, line)


def _too_few(family: str, difficulty: int, wanted: int, found: int, held_out: bool) -> SeedError:
    problems = f"wanted {wanted} distinct {_split(held_out)} problems, found only {found}"
    return SeedError(Reason.ILLEGAL_VALUE, f"{family} level {difficulty}: {problems}")


def _problem(family: str, difficulty: int, instance: dict[str, Any]) -> Problem:
    prompt = FAMILIES[family].prompt(instance)
    name = f"{family}/{difficulty}/{sha256(prompt.encode()).hexdigest()[:ID_DIGITS]}"
    demonstration, answer = FAMILIES[family].solve(instance), FAMILIES[family].answer(instance)
    return Problem(name, family, difficulty, prompt, instance, demonstration, answer)


def _new_problem(
    family: str,
    difficulty: int,
    random: np.random.Generator,
    drawn: Collection[str],
    held_out: bool,
) -> Problem | None:
    for _ in range(MAX_DRAWS):
        problem = draw_problem(family, difficulty, random, held_out)
        if problem.id not in drawn:
            return problem
    return None


def _slot(
    families: Sequence[str], difficulties: Mapping[str, Sequence[int]], index: int
) -> tuple[str, int]:
    if not families or not all(difficulties.get(family) for family in families):
        message = "every problem set needs a family, and every family a difficulty"
        raise SeedError(Reason.ILLEGAL_VALUE, message)
    turn, number = divmod(index, len(families))
    family = families[number]
    return family, difficulties[family][turn % len(difficulties[family])]


def _random(seed: int, held_out: bool, index: int) -> np.random.Generator:
    # One generator per index: what is drawn there depends neither on the size of the set nor on the
    # other draws.
    return generator(seed, "problems", _split(held_out), index)


def _split(held_out: bool) -> str:
    return "held-out" if held_out else "training"
