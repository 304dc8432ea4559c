"""A set of problems from a seed: areas in turn, families in turn, every candidate certified.

Which kind of problem a place wants follows from seed and place. A place takes its first candidate
that breaks no rule and repeats no earlier place, so equal seeds give equal sets, and a longer set
begins with the shorter one.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from multiprocessing import get_context
from typing import Any

from seed.reference.exams.candidates import FIRST, PURPOSE, Candidate, Place, candidate
from seed.reference.exams.catalogue import FAMILIES, by_area
from seed.reference.exams.family import AREAS
from seed.reference.exams.known import KnownProblems, is_known
from seed.reference.exams.overlap import NEAR_SHARE, KnownTexts, without_numbers, words_of
from seed.reference.exams.structures import COMPOSED, INVERTED, PLAIN, problem_of
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import generator

MOST_ATTEMPTS = 400
"""Candidates of a place before the command gives up."""
PLACES_AT_ONCE = 4
"""Of one process, so that results come in steadily."""

REPEATED = "repeats-another-problem"
KNOWN = "overlaps-with-a-known-set"
TOO_OFTEN = "solved-too-often"

NONE: Mapping[str, int] = {}

Excluded = Callable[[Candidate], bool]


@dataclass
class Built:
    """A set in the order of its places.

    Attributes:
        candidates: One for each place.
        overlaps: Closest known statement and overlap of each; none without known sets.
        rejected: Name of a rule -> candidates that it rejected.
    """

    candidates: list[Candidate] = field(default_factory=list)
    overlaps: list[tuple[str, float]] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)


def place_of(seed: int, number: int) -> Place:
    """What a place wants: the areas take turns, in each area its families, in each its kinds."""
    area = AREAS[number % len(AREAS)]
    families = _order(seed, area)
    turn, which = divmod(number // len(AREAS), len(families))
    kinds = _kinds(seed, families[which])
    first = turn % len(kinds)
    return Place(seed, number, families[which], kinds[first:] + kinds[:first])


@lru_cache(1024)
def _order(seed: int, area: str) -> tuple[str, ...]:
    names = [family.name for family in by_area()[area]]
    return tuple(
        names[i] for i in generator(seed, PURPOSE, "families", area).permutation(len(names))
    )


@lru_cache(1024)
def _kinds(seed: int, name: str) -> tuple[tuple[str, int], ...]:
    """Structure and wording of the first, second, ... problem of a family."""
    family = FAMILIES[name]
    structures = [PLAIN, FIRST]
    if family.slot is not None:
        structures += [COMPOSED, INVERTED] if family.slot.inverts else [COMPOSED]
    kinds = [(one, wording) for one in structures for wording in range(len(family.wordings))]
    order = generator(seed, PURPOSE, "kinds", name).permutation(len(kinds))
    return tuple(kinds[i] for i in order)


def build(
    seed: int,
    count: int,
    known: KnownProblems,
    solved_too_often: Excluded,
    jobs: int = 1,
    advanced: Callable[[], None] = lambda: None,
) -> Built:
    """Make a set.

    Args:
        seed: Of the set.
        count: Problems.
        known: Problems that none may repeat.
        solved_too_often: Whether given models solve a problem too often.
        jobs: Processes; the set does not depend on them.
        advanced: Is called after every problem.

    Raises:
        SeedError: ILLEGAL_VALUE if a place finds no problem.
    """
    built = Built()
    within = Within()
    places = [place_of(seed, number) for number in range(count)]
    with _mapping(jobs) as mapped:
        for place, (first, attempt, rejected) in zip(places, mapped(places), strict=True):
            found = first
            while rule := fault_in_set(found, within, known, solved_too_often):
                rejected[rule] += 1
                found, attempt, rejected = search(place, attempt + 1, rejected)
            built.rejected += rejected
            within.add(found)
            built.candidates.append(found)
            built.overlaps.append(known.closest(found.text, found.problem.key()))
            advanced()
    return built


Searched = tuple[Candidate, int, Counter[str]]
"""A candidate, its attempt, and the rules that rejected those before."""


def search(place: Place, attempt: int = 0, before: Mapping[str, int] = NONE) -> Searched:
    """The first good candidate of a place from an attempt on, and the rules that rejected others.

    Args:
        place: What is wanted.
        attempt: Where to begin.
        before: Rules that rejected earlier attempts.

    Raises:
        SeedError: ILLEGAL_VALUE after ``MOST_ATTEMPTS``.
    """
    rejected = Counter(before)
    for number in range(attempt, MOST_ATTEMPTS):
        found = candidate(place, number)
        if isinstance(found, Candidate):
            return found, number, rejected
        rejected[found] += 1
    why = ", ".join(f"{count} {rule}" for rule, count in rejected.most_common(3))
    line = (
        f"--count: problem {place.number + 1} ({place.family}) found none in {MOST_ATTEMPTS}"
        f" attempts ({why}); legal: a smaller --count, another --seed, fewer --against"
    )
    raise SeedError(Reason.ILLEGAL_VALUE, line)


@dataclass
class Within:
    """The problems of a set so far, for comparison with a further one."""

    texts: KnownTexts = field(default_factory=KnownTexts)
    taken: set[object] = field(default_factory=set)

    def add(self, found: Candidate) -> None:
        """Take a problem in."""
        words = words_of(found.text)
        self.texts.add(found.id, found.text)
        self.taken |= {found.problem.key(), words, without_numbers(words)}

    def repeats(self, found: Candidate) -> bool:
        """Whether it is one of them, or one of them with other numbers, or nearly so.

        Once the kinds of its family are used up, it may be one of them with other numbers.
        """
        words = words_of(found.text)
        own = {found.problem.key(), words}
        if found.place.number >= places_of_all_kinds(found.place):
            return bool(own & self.taken)
        own |= {without_numbers(words)}
        return bool(own & self.taken) or self.texts.most_alike(found.text)[1] >= NEAR_SHARE


def places_of_all_kinds(place: Place) -> int:
    """Places of a set until the kinds of the family of a place are used up."""
    area = place.area
    return len(_kinds(place.seed, place.family)) * len(_order(place.seed, area)) * len(AREAS)


def fault_in_set(
    found: Candidate, within: Within, known: KnownProblems, solved_too_often: Excluded
) -> str:
    """The rule about the whole set that a candidate breaks; empty for none."""
    if within.repeats(found):
        return REPEATED
    if is_known(known.closest(found.text, found.problem.key())[1]):
        return KNOWN
    return TOO_OFTEN if solved_too_often(found) else ""


@contextmanager
def _mapping(jobs: int) -> Iterator[Callable[[Sequence[Place]], Iterator[Searched]]]:
    """``search`` over places, in their order, by one process or several."""
    if jobs == 1:
        yield partial(map, search)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:

        def mapped(places: Sequence[Place]) -> Iterator[Searched]:
            return map(_unpacked, pool.map(_packed_search, places, chunksize=PLACES_AT_ONCE))

        yield mapped


Packed = tuple[dict[str, Any], dict[str, Any], int, Counter[str]]
"""What passes between processes: fields of a candidate, with its problem as a record."""


def _packed_search(place: Place) -> Packed:
    found, attempt, rejected = search(place)
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return fields.pop("problem").record(), fields, attempt, rejected


def _unpacked(packed: Packed) -> Searched:
    record, fields, attempt, rejected = packed
    return Candidate(problem=problem_of(record, FAMILIES), **fields), attempt, rejected


def counts_of(built: Built) -> Mapping[str, Mapping[str, int]]:
    """Problems by area, family, structure and level."""
    return {
        "area": Counter(one.place.area for one in built.candidates),
        "family": Counter(one.place.family for one in built.candidates),
        "structure": Counter(one.problem.structure for one in built.candidates),
        "level": Counter(str(one.level) for one in built.candidates),
    }
