"""Properties of forms: a right answer in any form stays right, a wrong one stays wrong."""

import json
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.verify import Item
from tests.reference.verifiers.mathematics.forms import FORMS
from tests.reference.verifiers.mathematics.labelled import Pair

ASYMMETRIC = ("false positives", "commas and points", "labels", "plain", "more of each kind")
"""Categories with references that are compared as written, or say how the answer is read."""


def judged(reference: str, response: str, problem: str = "") -> Verdict:
    return verify(Item("line", "math", problem, response, reference))


@pytest.mark.parametrize("pair", FORMS, ids=lambda pair: f"{pair.reference} ;; {pair.answer}")
def test_a_form_is_judged_as_by_hand(pair: Pair) -> None:
    verdict = judged(pair.reference, rf"So \boxed{{{pair.answer}}}.", pair.problem)
    assert verdict.outcome == (Outcome.CORRECT if pair.same else Outcome.WRONG), verdict.why


def test_no_pair_of_different_forms_is_right_in_the_other_direction() -> None:
    for pair in FORMS:
        if not pair.same and pair.category not in ASYMMETRIC:
            verdict = judged(pair.answer, rf"\boxed{{{pair.reference}}}", pair.problem)
            assert verdict.outcome != Outcome.CORRECT, pair


def test_every_reference_equals_itself() -> None:
    for pair in FORMS:
        verdict = judged(pair.reference, rf"\boxed{{{pair.reference}}}", pair.problem)
        assert verdict.outcome == Outcome.CORRECT, pair.reference


WRAPPED = (
    *("{}", "${}$", r"\({}\)", r"\text{{{}}}", r"\mathbf{{{}}}", r"\mathrm{{\,{}}}", r"{{{}}}"),
    *(r"\textcolor{{red}}{{{}}}", r"\color{{blue}}{{{}}}", r"\boldsymbol{{\mathit{{{}}}}}"),
    *(r"x = {}", r"p(x)={}", r"P(X=2)={}", r"n_{{\min}} = {}", r"\text{{The value is }}{}"),
    *(r"{} \text{{ for all }} n \ge 1", r"{}\text{{ cm}}", r"{}\ \Omega", "{} trees", "{}✓"),
    *("\u200e{}\u200f", "\ufeff{}", "{}.", r"\left({}\right)", r"\displaystyle {}", r"\,{}\,"),
)
"""Forms of a number that do not change it."""

SAID = (
    *(r"\boxed{{{}}}", r"\boxed {{{}}}", r"\fbox{{{}}}", "The answer is {}.", "**Answer:** {}"),
    *("Answer: {}\n\nI hope this answer is helpful!", "## Final Answer\n\n{}", "答案：{}"),
    *("所以答案是{}。", "Antwort: {}", "La respuesta es {}.", "La réponse est {}.", "Ответ: {}"),
    *("A resposta é {}.", "La risposta è {}.", "答え：{}", "정답은 {}입니다.", "#### {}", "**{}**"),
    *("<think>a \\boxed{{0}} b</think>\n<answer>{}</answer>", "The answer is {}, in total."),
    *("<think>x</think>The answer is `{}`.<|im_end|>", "The answer must be {}.\r\n", "Ans: {}"),
    *("The answer is {}.\n\nNote that the answer is unique.", "The final answer is:\n\n{}"),
    *("First \\boxed{{0}}, but no: \\boxed{{{}}}.", "So {} is the answer.", "Answer：{}"),
    *("The answer is {}. The answer is an integer.", "```\n{}\n```", "The answer is **{}**."),
)
"""Responses that say an answer."""

rationals = st.builds(Fraction, st.integers(-(10**6), 10**6), st.integers(1, 60))


def written(value: Fraction, spelling: int) -> str:
    if value.denominator == 1:
        return (str(value), str(value).replace("-", "\u2011"))[spelling % 2]
    above, below = value.numerator, value.denominator
    return (f"{above}/{below}", rf"\frac{{{above}}}{{{below}}}")[spelling % 2]


@given(value=rationals, other=rationals, spelling=st.integers(0, 1))
@settings(max_examples=8, deadline=None)
def test_a_number_in_any_form_is_that_number_and_no_other(
    value: Fraction, other: Fraction, spelling: int
) -> None:
    assume(value != other)
    for form in WRAPPED:
        response = rf"\boxed{{{form.format(written(value, spelling))}}}"
        assert judged(str(value), response).outcome == Outcome.CORRECT, (value, response)
        assert judged(str(other), response).outcome == Outcome.WRONG, (other, response)


ANSWERS = ("17", r"\frac{3}{7}", "B", "(1,2)", r"2\sqrt{3}", r"\{1,2\}", "x^2+1", "[0,1)", "12 cm")


@pytest.mark.parametrize("said", SAID, ids=json.dumps)
def test_an_answer_is_found_however_it_is_said(said: str) -> None:
    for index, answer in enumerate(ANSWERS):
        response = f"We work it out in 40 steps.\n\n{said.format(answer)}"
        assert judged(answer, response).outcome == Outcome.CORRECT, answer
        assert judged(ANSWERS[index - 1], response).outcome == Outcome.WRONG, answer


RETRACTED = (
    *(r"\boxed{{{}}} is wrong. It is \boxed {{0}}.", r"\boxed{{{}}}. No, \boxed 0."),
    *(r"\boxed{{{}}}. Or rather \boxed{{0", r"\boxed{{{}}} <answer>0</answer>"),
    *("<answer>{}</answer> No: <answer>0", "The answer is {}. No, the answer is 0."),
    *("<think>The answer is {}.", "The answer is {} or 0.", "答案是{}。不对，答案是0。"),
    *(r"<think>\boxed{{{}}}</think> I do not know.", "The answer is {}. No, the answer is not {}."),
)


@pytest.mark.parametrize("said", RETRACTED, ids=json.dumps)
def test_an_answer_that_is_taken_back_is_never_rewarded(said: str) -> None:
    for answer in ("17", r"\frac{3}{7}", "B"):
        assert judged(answer, said.format(answer, answer)).outcome == Outcome.WRONG


@pytest.mark.parametrize("length", [1201, 4300, 100_000])
def test_the_same_text_is_equal_at_any_length(length: int) -> None:
    digits = "7" * length
    assert judged(digits, rf"\boxed{{{digits}}}").outcome == Outcome.CORRECT
    assert judged("5", rf"\boxed{{{digits}}}").outcome == Outcome.WRONG


def test_long_integers_are_compared_by_their_digits() -> None:
    assert judged("10^{1201}-1", rf"\boxed{{{'9' * 1201}}}").outcome == Outcome.CORRECT
    assert judged("9" * 1201, r"\boxed{10^{1201}-1}").outcome == Outcome.CORRECT
    assert judged("3^{5000}", rf"\boxed{{{3**5000}}}").outcome == Outcome.CORRECT
    assert judged("3^{5000}", rf"\boxed{{{3**5000 + 1}}}").outcome == Outcome.WRONG


HOSTILE = [
    *(r"\sum_{k=1}^{1000} k^{9999}", r"\sum_{k=1}^{100}" * 30 + "k", r"\prod_{k=1}^{10^9} k"),
    *(r"2^{3^{1000}}", r"\gcd(" + "9" * 3900 + ",3)", r"\frac12" * 70, "1." + "3" * 3900),
    *(r"\begin{vmatrix}1&2\\3&4\end{vmatrix}" * 20, "x>1 and " * 35 + "x<3", "1 h " * 400),
    *(r"(\pm1,\pm2,\pm3,\pm4,\pm5,\pm6)", r"\text{" * 20 + "5" + "}" * 20 + "x", "是" * 2000),
    *(r"[0,1]\cup" * 35 + "[0,1]", r"\mathbb{R}\setminus " * 50 + "1", "A" * 2000, "①" * 100),
    *("[" * 20 + "1" + "]" * 20, r"\ln " * 60 + "2", "(1/" * 20 + "1" + ")" * 20, "x\\in " * 100),
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:24])
@pytest.mark.parametrize("reference", ["5", r"(-\infty,1)\cup(2,3)", "5 cm"])
def test_a_hostile_form_ends_within_the_limits(text: str, reference: str) -> None:
    assert judged(reference, rf"\boxed{{{text}}}").outcome == Outcome.WRONG
