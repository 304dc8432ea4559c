"""Properties of chained arithmetic: order, the clock, and which final values are correct."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import arithmetic
from tests.support.puzzles import accepted, instances


def plain(chain: str) -> dict[str, Any]:
    """A chain of plain numbers."""
    return {"chain": chain, "clock": False}


@pytest.mark.parametrize(
    ("chain", "demonstration"),
    [("3+5-2", "8 6=6"), ("1+2*3", "3 9=9"), ("0-0", "0=0"), ("9+9*5", "18 90=90")],
)
def test_chains_are_worked_strictly_from_left_to_right(chain: str, demonstration: str) -> None:
    assert arithmetic.solve(plain(chain)) == demonstration


@pytest.mark.parametrize("level", arithmetic.LEVELS)
def test_chains_have_one_operation_per_level_and_totals_in_range(level: int) -> None:
    for instance in instances("arithmetic", level):
        chain, largest = instance["chain"], 4 if level < 5 else 99
        assert instance["clock"] is (level < 5)
        assert len(chain) == 2 * level + 1
        assert set(chain[1::2]) <= set("+-*")
        assert all(
            0 <= int(total) <= largest
            for total in arithmetic.solve(instance).replace("=", " ").split()
        )


@given(chain=st.from_regex(r"\A[0-4]([-+*][1-3]){1,4}\Z"))
@settings(max_examples=50)
def test_on_the_clock_every_total_is_taken_modulo_five(chain: str) -> None:
    total = int(chain[0])
    for operator, digit in zip(chain[1::2], chain[2::2], strict=True):
        total = {"+": total + int(digit), "-": total - int(digit), "*": total * int(digit)}[
            operator
        ] % 5
    instance = {"chain": chain, "clock": True}
    assert arithmetic.prompt(instance) == f"C{chain}="
    assert arithmetic.answer(instance) == f"={total}"
    assert accepted(arithmetic, instance, f"={total}") and not accepted(
        arithmetic, instance, f"={total + 5}"
    )
    assert arithmetic.identity(instance) != arithmetic.identity(plain(chain))


@pytest.mark.parametrize("response", ["8 6=6", "=6", "9 9=6", "8=6=6", "anything=6"])
def test_only_the_final_value_of_a_chain_is_judged(response: str) -> None:
    assert accepted(arithmetic, plain("3+5-2"), response)


MISSING_OR_WRONG = ("6", "8 6", "8 6=7", "8 6=", "=-6", "=6=", "=3+3")
NOT_CANONICAL = ("=06", "=+6", "=6.0", "=6 ", "= 6", "=6\n", "=0x6", "=\u0666")


@pytest.mark.parametrize("response", [*MISSING_OR_WRONG, *NOT_CANONICAL])
def test_a_final_value_that_is_missing_wrong_or_not_canonical_is_wrong(response: str) -> None:
    assert not accepted(arithmetic, plain("3+5-2"), response)


def test_minus_zero_is_not_zero() -> None:
    assert accepted(arithmetic, plain("0-0"), "=0")
    assert not accepted(arithmetic, plain("0-0"), "=-0")


def test_a_verdict_distinguishes_a_wrong_value_from_a_badly_written_one() -> None:
    assert "canonical" in arithmetic.verify(plain("3+5-2"), "=06").why
    assert "value is wrong" in arithmetic.verify(plain("3+5-2"), "=7").why


@given(start=st.integers(0, 99), answer=st.integers(-300, 300))
@settings(max_examples=100)
def test_exactly_one_integer_answers_a_chain(start: int, answer: int) -> None:
    chain = f"{start // 10}*{9}+{start % 10}"
    assert accepted(arithmetic, plain(chain), f"={answer}") == (
        answer == start // 10 * 9 + start % 10
    )


def test_chains_that_differ_by_swapping_commuting_first_operands_share_their_identity() -> None:
    def name(chain: str) -> str:
        return arithmetic.identity(plain(chain))

    assert name("3+5-2") == name("5+3-2")
    assert name("3*5") == name("5*3")
    assert len({name("5-3"), name("3-5"), name("3+5"), name("3+5-2"), name("3-2+5")}) == 5
