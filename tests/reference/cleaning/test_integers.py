"""Answers to integers: the forms are unique, and the sum is right."""

import random
from fractions import Fraction
from math import gcd, sqrt

import pytest

from seed.reference.cleaning.integers import NoForm, ToInteger, asked, form_of
from seed.reference.cleaning.ours import line_of
from seed.reference.cleaning.rows import record_of
from seed.reference.cleaning.settings import IntegerSettings
from seed.reference.cleaning.stage import Change, Decision, Drop
from seed.reference.data.schemas import RowRules


def decided(reference: str, problem: str = "How large is it?", **values: object) -> Decision:
    row = {"id": "p", "problem": problem, "reference": reference, "demonstration": "So it is 1."}
    record = record_of(line_of(row), "set", RowRules(custom=True), 0, 1)
    return ToInteger(IntegerSettings.model_validate(values))(record)


@pytest.mark.parametrize(
    ("reference", "latex", "values"),
    [
        ("\\frac{6}{8}", "\\frac{m}{n}", (3, 4)),
        ("-7/2", "\\frac{m}{n}", (-7, 2)),
        ("11-2\\sqrt{6}", "m + n\\sqrt{p}", (11, -2, 6)),
        ("\\frac{1+\\sqrt{5}}{2}", "\\frac{m + n\\sqrt{p}}{q}", (1, 1, 5, 2)),
        ("\\sqrt{8}", "m\\sqrt{n}", (2, 2)),
        ("\\frac{1}{\\sqrt{3}}", "\\frac{m\\sqrt{n}}{p}", (1, 3, 3)),
        ("\\frac{4}{1+\\sqrt5}", "m + n\\sqrt{p}", (-1, 1, 5)),
        ("\\frac{3\\pi}{4}", "\\frac{m\\pi}{n}", (3, 4)),
        ("5\\pi", "m\\pi", (5,)),
        ("2^{10}", "m", (1024,)),
    ],
)
def test_exact_forms_are_found(reference: str, latex: str, values: tuple[int, ...]) -> None:
    form = form_of(reference)
    assert (form.latex.format(*"mnpq"), form.values) == (latex, values)


def test_the_statement_asks_for_the_sum_with_letters_of_its_own() -> None:
    decision = decided("\\frac{3}{4}", "Let $m = 2$. Find $x$. Express your answer as a fraction.")
    assert isinstance(decision, Change)
    new = decision.record
    assert new.statement == (
        "Let $m = 2$. Find $x$. The answer can be written as $\\frac{n}{p}$, where $n$ and $p$ are"
        " relatively prime positive integers. Find $n + p$."
    )
    assert new.reference == "7"
    assert new.fields["original"]["demonstration"] == "So it is 1."
    assert "demonstration" not in new.fields


def test_integers_stay_and_values_are_written_out() -> None:
    assert decided("-12") is None
    decision = decided("2^{10}")
    assert isinstance(decision, Change)
    assert (decision.rule, decision.record.reference) == ("integer_value", "1024")
    assert decision.record.statement == "How large is it?"


@pytest.mark.parametrize(
    ("reference", "rule"),
    [
        ("0.25", "decimal"),
        ("5 cm", "unit"),
        ("50\\%", "unit"),
        ("(1, 2)", "not_a_number"),
        ("Paris", "not_a_number"),
        ("x + 1", "no_exact_form"),
        ("\\sqrt{2}+\\sqrt{3}", "no_exact_form"),
        ("\\sqrt[3]{2}", "no_exact_form"),
        ("\\frac{1}{0}", "not_a_number"),
        ("2^{60}", "too_large"),
    ],
)
def test_other_answers_are_dropped_by_name(reference: str, rule: str) -> None:
    decision = decided(reference)
    assert isinstance(decision, Drop)
    assert decision.rule == rule


def test_rounded_answers_are_dropped_and_decimals_are_a_setting() -> None:
    decision = decided("\\frac{1}{3}", "Find x to the nearest tenth.")
    assert isinstance(decision, Drop)
    assert decision.rule == "rounded"
    decision = decided("0.25", decimals=True)
    assert isinstance(decision, Change)
    assert decision.record.reference == "5"


@pytest.mark.parametrize("seed", range(8))
def test_every_surd_gets_its_value_back(seed: int) -> None:
    draw = random.Random(seed)
    a, b = draw.randint(-30, 30), draw.randint(1, 30) * draw.choice((-1, 1))
    c, d = draw.randint(2, 60), draw.randint(1, 30)
    form = form_of(f"\\frac{{{a} + {b}\\sqrt{{{c}}}}}{{{d}}}".replace("+ -", "- "))
    numbers = list(form.values)
    if "sqrt" in form.latex:
        below = numbers.pop() if "frac" in form.latex else 1
        radicand, factor = numbers.pop(), numbers.pop()
        first = numbers.pop() if numbers else 0
        assert all(radicand % n**2 for n in range(2, 8))
        assert gcd(first, factor, below) == 1
        value = (first + factor * sqrt(radicand)) / below
    else:
        value = float(Fraction(*numbers))
    assert value == pytest.approx((a + b * sqrt(c)) / d)


def test_a_form_that_finds_no_letters_is_refused() -> None:
    with pytest.raises(NoForm):
        asked(" ".join("abcdefghijklmnopqrstuvwxyz"), form_of("\\frac{1}{2}"))
