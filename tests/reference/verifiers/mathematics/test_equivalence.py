"""Properties of all numbers and texts: every spelling of a number is that number and no other."""

from collections.abc import Iterator
from fractions import Fraction
from math import gcd

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from seed.reference.verifiers.mathematics.evaluation import equal_at, exact, point_number
from seed.reference.verifiers.mathematics.expressions import (
    Apply,
    Constant,
    Number,
    Symbol,
    Tree,
    latex,
    symbols,
)
from seed.reference.verifiers.mathematics.limits import broken_limit
from seed.reference.verifiers.mathematics.normal_forms import normal_form
from seed.reference.verifiers.mathematics.parser import Unreadable, read_expression
from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item

rationals = st.builds(Fraction, st.integers(-(10**9), 10**9), st.integers(1, 2000))


def correct(reference: str, answer: str) -> bool:
    verdict = verify(Item("line", "math", "", rf"\boxed{{{answer}}}", reference))
    assert verdict.outcome != Outcome.ERROR, verdict.why
    return verdict.outcome == Outcome.CORRECT


def spellings(value: Fraction) -> Iterator[str]:
    """Ways to write a rational: fraction, mixed, decimal, percent, scientific, grouped, wrapped."""
    sign, size = ("-" if value < 0 else ""), abs(value)
    above, below = size.numerator, size.denominator
    yield f"{sign}{above}/{below}"
    yield rf"{sign}\frac{{{above}}}{{{below}}}"
    yield rf"\dfrac{{{sign}{3 * above}}}{{{3 * below}}}"
    yield rf"$\left({sign}{{{above} \over {below}}}\right)$"
    yield rf"{sign}{above}\div{below}"
    yield rf"\text{{{sign}{above}/{below}}}"
    yield rf"{sign}{above:,} / {below:,}".replace(",", r"\,")
    yield rf"\frac{{{100 * value.numerator}}}{{{below}}}\%"
    if below == 1:
        yield from (f"{sign}{above:,}", f"{sign}{above:,}".replace(",", "{,}"))
        yield from (f"{sign}{above}.0", f"{sign}{above}e0", f"{sign}{above}.")
    elif above > below:
        integer, rest = divmod(above, below)
        yield f"{sign}{integer} {rest}/{below}"
        yield rf"{sign}{integer}\frac{{{rest}}}{{{below}}}"
    yield repeating_decimal(sign, size)


def repeating_decimal(sign: str, size: Fraction) -> str:
    """The decimal by long division, its period overlined."""
    integer, rest = divmod(size.numerator, size.denominator)
    digits, seen = "", {}
    while rest and rest not in seen and len(digits) < 200:
        seen[rest] = len(digits)
        digit, rest = divmod(10 * rest, size.denominator)
        digits += str(digit)
    if rest and rest in seen:
        start = seen[rest]
        return rf"{sign}{integer}.{digits[:start]}\overline{{{digits[start:]}}}"
    return f"{sign}{integer}.{digits}" if not rest else f"{sign}{size.numerator}/{size.denominator}"


@given(value=rationals)
@settings(max_examples=50)
@example(Fraction(0))
@example(Fraction(-5, 2))
@example(Fraction(1234567))
def test_every_spelling_of_a_rational_is_every_other_one(value: Fraction) -> None:
    written = list(spellings(value))
    for reference, answer in zip(written, [*written[1:], written[0]], strict=True):
        assert correct(reference, answer), (reference, answer)


@given(value=rationals, other=rationals, near=st.integers(1, 300))
@settings(max_examples=25)
def test_no_spelling_of_a_rational_is_a_different_one(
    value: Fraction, other: Fraction, near: int
) -> None:
    assume(value != other)
    one = Fraction(1)
    for different in (other, value + Fraction(1, 2**near), -value or one, value * 10 or one):
        for reference, answer in zip(spellings(value), spellings(different), strict=False):
            assert not correct(reference, answer), (reference, answer)


@given(mantissa=st.integers(1, 9999), exponent=st.integers(-30, 30))
@settings(max_examples=60)
def test_scientific_notation_is_the_number_it_means(mantissa: int, exponent: int) -> None:
    value = Fraction(mantissa) * Fraction(10) ** exponent
    plain = f"{mantissa}e{exponent}", f"{mantissa}·10^{exponent}", f"{mantissa}*10^{exponent}"
    for text in (*plain, rf"{mantissa}\times10^{{{exponent}}}"):
        assert correct(f"{value.numerator}/{value.denominator}", text)
        assert not correct(f"{value.numerator}/{value.denominator * 10}", text)


@given(members=st.lists(rationals, min_size=2, max_size=5, unique=True), data=st.data())
@settings(max_examples=60)
def test_order_counts_in_tuples_and_not_in_sets(
    members: list[Fraction], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(members))
    in_order, reordered = (", ".join(map(str, side)) for side in (members, shuffled))
    assert correct(rf"\{{{in_order}\}}", rf"\{{{reordered}\}}")
    assert correct(in_order, reordered)
    assert correct(f"({in_order})", f"({reordered})") == (members == shuffled)
    fewer = ", ".join(str(member) for member in members[1:])
    assert not correct(rf"\{{{in_order}\}}", rf"\{{{fewer}\}}")


leaf: st.SearchStrategy[Tree] = st.one_of(
    st.builds(Number, st.builds(Fraction, st.integers(-9, 9), st.integers(1, 4))),
    st.sampled_from([Symbol("x"), Symbol("y"), Constant("pi"), Constant("e")]),
)
trees: st.SearchStrategy[Tree] = st.recursive(
    leaf,
    lambda inside: st.one_of(
        st.builds(
            lambda name, a, b: Apply(name, (a, b)), st.sampled_from(["+", "*", "/"]), inside, inside
        ),
        st.builds(lambda a, n: Apply("^", (a, Number(Fraction(n)))), inside, st.integers(0, 3)),
        st.builds(
            lambda name, a: Apply(name, (a,)),
            st.sampled_from(["-", "abs", "sin", "arctan"]),
            inside,
        ),
    ),
    max_leaves=8,
)


@given(tree=trees)
@settings(max_examples=50)
def test_a_tree_that_is_written_and_read_again_has_the_same_values(tree: Tree) -> None:
    again = read_expression(normal_form(latex(tree, {"x": "x", "y": "y"})))
    for index in range(2):
        point = point_number(index, symbols(tree) | {"x", "y"})
        assert equal_at(tree, again, point) in (True, None)


@given(value=rationals, index=st.integers(2, 5))
@settings(max_examples=60)
def test_a_root_of_a_power_is_exact(value: Fraction, index: int) -> None:
    root = Apply("root", (Number(Fraction(index)), Number(abs(value) ** index)))
    assert exact(root) == abs(value)
    assert gcd(value.numerator, value.denominator) == 1


@given(text=st.text(alphabet="0123456789xe+-*/^!(){}[]|,.\\frac sqrtpi_%=<>", max_size=40))
@settings(max_examples=100)
def test_any_text_gets_a_verdict(text: str) -> None:
    verdict = verify(Item("line", "math", "", rf"The answer is {text}", "5"))
    assert verdict.outcome in (Outcome.CORRECT, Outcome.WRONG)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("x" * 2049, "longer than 2048 characters"),
        ("1" * 100_000, "longer than 2048 characters"),
        ("(" * 25 + "5" + ")" * 25, "levels of brackets"),
        ("1" * 4001, "digits"),
        (r"\sin " * 161, "commands"),
        ("+".join("x" * 258), "operators"),
        ("2^{3^{4^{5^{6}}}}", "exponents upon one another"),
        ("2^3^4^5^6", "exponents upon one another"),
        ("9**9**9**9**9", "exponents upon one another"),
        ("(((2^3)^4)^5)^6", ""),
        ("x^2y^2z^2w^2", ""),
        ("10000!", ""),
        ("10001!", "a factorial of more than 10000"),
        ("{9999999}!", "a factorial of more than 10000"),
        ("__class__", "shaped like a program"),
        ("eval(5)", "shaped like a program"),
        ("import os", "shaped like a program"),
        ("lambda x: x", "shaped like a program"),
        (r"\input{/etc/passwd}", "shaped like a program"),
        (r"\lambda x", ""),
        ("the open interval", ""),
    ],
)
def test_a_limit_is_named_by_what_it_bounds(text: str, limit: str) -> None:
    assert limit in broken_limit(text)
    assert bool(limit) == bool(broken_limit(text))


HOSTILE = [
    *(r"\dfrac{5^{(5^{(5^{(5^5)})}-4)}-5}{16}", r"10^{10^{10}}", r"e^{e^{e^{9}}}"),
    *(r"\pi^{\pi^{\pi^{\pi}}}", r"((9!)!)!", r"\binom{10000}{5000}", r"\sqrt[5000]{7}"),
    *(r"\sqrt{2}^{10^{5}}", r"\sin(10^{40})", r"0^0", r"\infty-\infty", r"\log_1 5"),
    *(r"2^{-" + "9" * 300 + "}", "0.(" + "9" * 1100 + ")", "9" * 1200, "-" * 250 + "5"),
    *("xy" * 500, "1 " + "m " * 500 + "!", "5 " + "squared " * 200 + "!", "_a" * 500 + "=3"),
    *(r"\pm" * 60 + "1", r"1\pm " * 20 + "1", r"\sqrt " * 150 + "2"),
    *(r"\sqrt{1+" * 23 + "2" + "}" * 23, r"\text{" * 100 + "a" + "}" * 100),
    *(r"\begin{matrix}" * 50, "5 or " * 100 + "5", "|" * 101 + "x", "\ud800", "\0"),
]


@pytest.mark.parametrize(
    "text", HOSTILE, ids=lambda text: text[:24].encode("unicode_escape").decode()
)
@pytest.mark.parametrize("reference", ["5", r"\sqrt{2}", "x^2+1"])
def test_a_hostile_text_ends_within_the_limits(text: str, reference: str) -> None:
    item = Item("line", "math", "", rf"\boxed{{{text}}}", reference)
    assert verify(item).outcome == Outcome.WRONG


UNREADABLE = ("1 2", "x 2", r"\det(5)", "f(5)", "x'", "5!!", r"\frac{1", "(1", "1)", "", "+")


@pytest.mark.parametrize("text", [*UNREADABLE, "3 _ 2", "..", r"\floor{5}", "words"])
def test_nothing_is_skipped_by_the_reader(text: str) -> None:
    with pytest.raises(Unreadable):
        read_expression(text)
