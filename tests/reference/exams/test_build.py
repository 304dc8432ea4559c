"""Properties of sets: equal seeds give equal sets, and nothing in a set repeats."""

from collections import Counter

import pytest

from seed.reference.exams import build as building
from seed.reference.exams.build import Built, build, place_of
from seed.reference.exams.family import AREAS
from seed.reference.exams.known import KnownProblems
from seed.reference.exams.structures import REMAINDER
from seed.spec.errors import SeedError

COUNT = 16


@pytest.fixture(scope="module")
def built() -> Built:
    return made(3, COUNT)


def made(seed: int, count: int, known: KnownProblems | None = None, **options: object) -> Built:
    return build(seed, count, known or KnownProblems(), lambda found: False, **options)  # type: ignore[arg-type]


def test_equal_seeds_give_equal_sets_and_a_longer_one_begins_with_the_shorter(built: Built) -> None:
    assert made(3, 4).candidates == built.candidates[:4]
    assert made(4, 4).candidates != built.candidates[:4]


def test_areas_take_turns_and_families_come_once_before_any_comes_twice(built: Built) -> None:
    assert Counter(one.place.area for one in built.candidates) == dict.fromkeys(AREAS, COUNT // 4)
    assert len({one.place.family for one in built.candidates}) == COUNT
    families = {place_of(3, number).family for number in range(100)}
    assert len(families) >= 20


def test_no_problem_comes_twice(built: Built) -> None:
    assert len({one.text for one in built.candidates}) == COUNT
    assert len({one.id for one in built.candidates}) == COUNT


def test_a_known_problem_is_not_taken_again(built: Built) -> None:
    first = built.candidates[0]
    known = KnownProblems(keys={first.problem.key(): "old/1"})
    again = made(3, 1, known)
    assert again.candidates[0].problem.key() != first.problem.key()
    assert again.rejected[building.KNOWN] == 1
    known = KnownProblems()
    known.texts.add("old/1", first.text)
    assert made(3, 1, known).candidates[0].text != first.text


def test_a_problem_that_is_solved_too_often_is_replaced(built: Built) -> None:
    easy = built.candidates[0].text
    other = build(3, 2, KnownProblems(), lambda found: found.text == easy)
    assert other.candidates[0].text != easy
    assert other.candidates[1] == built.candidates[1]
    assert other.rejected[building.TOO_OFTEN] == 1


def test_a_place_that_finds_nothing_ends_the_command_with_the_reasons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(building, "MOST_ATTEMPTS", 3)
    with pytest.raises(SeedError, match=r"--count: problem 1 .* 3 attempts") as error:
        build(3, 1, KnownProblems(), lambda found: True)
    assert building.TOO_OFTEN in error.value.line


def test_several_processes_build_the_same_set(built: Built) -> None:
    assert made(3, 5, jobs=2).candidates == built.candidates[:5]


def test_large_counts_are_asked_for_as_remainders(built: Built) -> None:
    for one in built.candidates:
        assert one.answer >= 3
        assert one.problem.part.form != REMAINDER or one.answer < 1000
