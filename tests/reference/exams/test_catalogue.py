"""Properties of every family: two solvers agree, brute force confirms, wordings tell everything."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, pairwise, permutations, product
from math import lcm

import pytest

from seed.reference.exams.catalogue import FAMILIES, by_area
from seed.reference.exams.family import AREAS, MARK, RESERVED, Family, Parameters
from seed.reference.exams.recognition import problem_in
from seed.reference.exams.structures import PLAIN, Part, Problem, form_of, letters, statement
from seed.spec.philox import generator

DRAWS = 8
NARROWEST_SLOT = 25

every_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda one: one.name)


def drawn(family: Family, count: int = DRAWS) -> list[dict[str, int]]:
    """The first valid parameters of a family."""

    def valid() -> Iterator[dict[str, int]]:
        for number in range(1000):
            parameters = family.draw(generator(11, family.name, number))
            if family.valid(parameters):
                yield parameters

    draws = valid()
    return [next(draws) for _ in range(count)]


def test_there_are_families_enough_in_every_area() -> None:
    assert len(FAMILIES) >= 24
    assert all(len(by_area()[area]) >= 6 for area in AREAS)
    assert {family.level for family in FAMILIES.values()} == {1, 2, 3}


@every_family
def test_both_solvers_agree(family: Family) -> None:
    for parameters in drawn(family):
        exact = family.exact(parameters)
        assert exact == family.second(parameters), parameters
        assert isinstance(exact, int | Fraction)
    assert family.methods[0] != family.methods[1]


@every_family
def test_both_solvers_agree_over_the_slot(family: Family) -> None:
    if family.slot is None:
        return
    slot = family.slot
    assert slot.high - slot.low + 1 >= NARROWEST_SLOT
    tried = [{**drawn(family, 1)[0], slot.name: value} for value in range(slot.low, slot.high + 1)]
    valid = [parameters for parameters in tried if family.valid(parameters)]
    assert len(valid) > 1
    for parameters in valid[:: max(1, len(valid) // 4)]:
        assert family.exact(parameters) == family.second(parameters), parameters


@every_family
def test_exactly_one_object_fits_where_one_is_asked_for(family: Family) -> None:
    if family.count is not None:
        assert [family.count(parameters) for parameters in drawn(family)] == [1] * DRAWS


@every_family
def test_every_wording_names_every_parameter_and_no_reserved_letter(family: Family) -> None:
    assert len(family.wordings) >= 2
    names = set(drawn(family, 1)[0])
    for wording in family.wordings:
        assert set(MARK.findall(f"{wording.setting} {wording.quantity}")) == names
        assert not letters(wording) & set(RESERVED)
        assert not wording.setting or wording.setting.endswith(".")
        assert not wording.quantity.endswith(".")


@every_family
def test_the_statement_holds_the_parameters_and_is_recognised(family: Family) -> None:
    parameters = drawn(family, 1)[0]
    for index in range(len(family.wordings)):
        part = Part(family, parameters, index, form_of(family.exact(parameters)))
        problem = Problem(PLAIN, part)
        text = statement(problem)
        found = {int(number) for number in re.findall(r"\d+", text)}
        assert set(parameters.values()) <= found
        assert "<" not in text.replace("<x<", "").replace(" < ", "")
        assert problem_in(text) == problem


def definitions() -> list[tuple[str, Parameters, int]]:
    """Small problems counted by their definition, for families whose solvers are both formulas."""

    def is_identity(f: tuple[int, ...], times: int) -> bool:
        return all(_applied(f, x, times) == x for x in range(len(f)))

    def differs(word: tuple[str, ...]) -> bool:
        return all(a != b for a, b in pairwise(word))

    def far(chosen: tuple[int, ...], n: int, g: int) -> bool:
        return all(g < (b - a) % n < n - g for a, b in combinations(chosen, 2))

    cells = [(i, j) for i in range(5) for j in range(5) if not (i < 2 and j < 3)]
    divisors = [d for d in range(1, 61) if 60 % d == 0]
    return [
        (
            "no-long-runs",
            {"n": 10, "k": 3},
            sum("111" not in "".join(word) for word in product("01", repeat=10)),
        ),
        (
            "permutation-power",
            {"n": 6, "m": 12},
            sum(
                all(f[x] != x for x in range(6)) and is_identity(f, 12)
                for f in permutations(range(6))
            ),
        ),
        (
            "no-equal-neighbours",
            {"a": 3, "b": 2, "c": 2},
            len({word for word in permutations("AAABBCC") if differs(word)}),
        ),
        (
            "letter-parities",
            {"n": 5, "c": 4},
            sum(
                [word.count(letter) % 2 for letter in range(3)] == [0, 0, 1]
                for word in product(range(4), repeat=5)
            ),
        ),
        (
            "bounded-sums",
            {"k": 4, "m": 6, "n": 13},
            sum(sum(rolls) == 13 for rolls in product(range(1, 7), repeat=4)),
        ),
        (
            "circle-with-distance",
            {"n": 14, "k": 3, "g": 2},
            sum(far(chosen, 14, 2) for chosen in combinations(range(14), 3)),
        ),
        (
            "rooks-on-a-cut-board",
            {"n": 5, "c": 2, "d": 3, "k": 3},
            sum(
                len({i for i, _ in rooks}) == len({j for _, j in rooks}) == 3
                for rooks in combinations(cells, 3)
            ),
        ),
        (
            "lcm-triples",
            {"m": 60},
            sum(lcm(*triple) == 60 for triple in product(divisors, repeat=3)),
        ),
        ("power-tower", {"a": 3, "b": 5, "c": 3, "m": 101}, 3 ** (5**3) % 101),
        ("equal-floors", {"a": 7, "b": 9}, sum(x // 7 == x // 9 for x in range(1, 1000))),
    ]


def _applied(f: tuple[int, ...], x: int, times: int) -> int:
    for _ in range(times):
        x = f[x]
    return x


@pytest.mark.parametrize(("name", "parameters", "count"), definitions())
def test_small_problems_are_what_their_definition_counts(
    name: str, parameters: Parameters, count: int
) -> None:
    assert FAMILIES[name].exact(parameters) == FAMILIES[name].second(parameters) == count
