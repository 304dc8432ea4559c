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

ASYMMETRIC = (
    "false positives",
    "commas and points",
    "labels",
    "plain",
    "more of each kind",
    "near misses",
)
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


@pytest.mark.parametrize(
    ("reference", "response", "right"),
    [
        ("5", "The answer is 5. Wait, that is wrong. The answer is 6.", False),
        ("5", "The answer is 5. No, it is not clear.", True),
        ("5", "The answer is 5. Actually the answer is undefined.", False),
        ("5", "The answer is 5. Hmm, the answer is wrong.", False),
        ("5", "Is the answer 5? I think the answer is between 4 and 6.", False),
        ("5", "If the answer is 5, then x = 2. So the answer is 7.", False),
        ("5", "If the answer is 5, then x = 2.", False),
        ("5", "I hope the answer is 5.", False),
        ("5", "My answer: 5", True),
        ("5", "So, the final answer is therefore $5$.", True),
        ("B", "Therefore, the correct answer is option B.", True),
        ("B", "The correct answer is (B) birch.", True),
        ("B", "**The correct answer is: B**", True),
        ("B", "Answer: B. birch\nThis is a tree.", True),
        ("3,5", "The solutions are x = 3 and x = 5. The answers are $3$ and $5$.", True),
        ("\\frac{1}{2}", "The answer is $\\frac{1}{2}$, which is less than 1.", True),
        ("1,2", "The answer is 1, 2.", True),
        ("5", "### Answer\n$$5$$", True),
        ("5", "**Answer**\n\n\\[ 5 \\]\n", True),
        ("5", "Final answer:\n- 5", False),
        ("42", "Let x be the answer.\n\\boxed{42}", True),
        ("42", "答案：\\boxed{42}", True),
        ("42", "综上所述，最终答案为 42。", True),
        ("42", "因此，答案是：**42**。", True),
        ("C", "因此选C", True),
        ("C", "正确答案是 C。", True),
        ("C", "答案：C．", True),
        ("C", "选择 B，不对。故选：C．", True),
        ("42", "したがって、答えは 42 です。", True),
        ("42", "따라서 답은 42 입니다.", True),
        ("42", "Итак, ответ: 42.", True),
        ("42", "Ответ — 42", True),
        ("42", "Die endgültige Antwort ist 42.", True),
        ("42", "La réponse finale est donc 42.", True),
        ("42", "La respuesta final es: $42$.", True),
        ("42", "A resposta correta é 42.", True),
        ("42", "La risposta è 42.", True),
        ("42", "Cevap: 42", True),
        ("42", "Jawaban akhirnya adalah 42.", True),
        ("42", "Đáp số: 42", True),
        ("42", "Odpowiedź: 42", True),
        ("42", "उत्तर: 42", True),
        ("42", "Svaret är 42.", True),
        ("42", "Het antwoord is 42.", True),
        ("42", "<|im_start|>assistant\nThe answer is 42<|im_end|>", True),
        ("42", "<think>\n</think>\n\n42", True),
        ("42", "The answer is 42</s>", True),
        ("42", "The answer is __42__.", True),
        ("42", "The answer is\u200b 42\u3002", True),
        ("-5", "The answer is −5.", True),
        ("42", "\\boxed{42} \\boxed{}", False),
        ("7", "x \\boxed{5} so \\boxed\\text{7}", True),
        ("5", "x \\boxed{5} so \\boxed\\text{7}", False),
        ("5", "We use \\boxed{5}. In LaTeX, \\boxed is used.", True),
        ("5", "The answer is 5!", False),
        ("120", "The answer is 5!", True),
        ("x=2", "The answer is x = 2.", True),
        ("12", "Answer: 12 (twelve)", True),
        ("3.14", "The answer is 3.14.", True),
        ("10:30", "The answer is 10:30 a.m.", False),
        ("5", "【答案】5", True),
        ("B", "【答案】B【解析】A 不对。", True),
        ("B", "【答案】A【解析】B 不对。", False),
        ("5", "答：一共有5个。", True),
        ("5", "答：一共有6个。", False),
        ("B", "因此选择 B 选项", True),
        ("B", "因此选择 A 选项", False),
        ("5", "最后结果为5", True),
        ("5", "最后结果为5或6", False),
        ("5", "Die Lösung lautet 5.", True),
        ("5", "Le résultat est 5.", True),
        ("5", "Das Ergebnis ist nicht 5.", False),
        ("5", "Ans. 5", True),
        ("C", "A is wrong.\nOption C is correct.", True),
        ("C", "Option C is correct.\nNo, option D is correct.", False),
        ("C", "Option C is not correct.", False),
        ("C", "So I choose (C).", True),
        ("C", "I choose C or D.", False),
        ("5", "We have 2x = 10.\nTherefore, x = 5.", True),
        ("5", "Therefore, x = 5.\nBut that is no solution.", False),
        ("5", "Therefore, x = 5 or x = 6.", False),
        ("5", "综上所述，x=5。", True),
        ("5", "答案是五", True),
        ("5", "答案是六", False),
        ("x>1", "答案：x大于1", True),
        ("x>1", "答案：x小于1", False),
    ],
)
def test_a_response_in_words_says_what_it_says(reference: str, response: str, right: bool) -> None:
    assert (judged(reference, response).outcome == Outcome.CORRECT) == right


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
    *(
        r"2^{3^{1000}}",
        r"\gcd(" + "9" * 3900 + ",3)",
        r"\frac12" * 70,
        r"\sum_{k=1}^{40}\sqrt{k}" * 3,
        "1." + "3" * 3900,
    ),
    *(r"\begin{vmatrix}1&2\\3&4\end{vmatrix}" * 20, "x>1 and " * 35 + "x<3", "1 h " * 400),
    *(r"(\pm1,\pm2,\pm3,\pm4,\pm5,\pm6)", r"\text{" * 20 + "5" + "}" * 20 + "x", "是" * 2000),
    *(r"[0,1]\cup" * 35 + "[0,1]", r"\mathbb{R}\setminus " * 50 + "1", "A" * 2000, "①" * 100),
    *("[" * 20 + "1" + "]" * 20, r"\ln " * 60 + "2", "(1/" * 20 + "1" + ")" * 20, "x\\in " * 100),
    *(r"5\end{a=b}", r"\begin{pmatrix}=5", r"5\end{cases}<6", r"\begin{cases}5=\end{pmatrix}"),
]

TOKENS = (
    *(
        "5",
        "x",
        "1/2",
        "cm",
        " and ",
        " or ",
        "=",
        "<",
        ",",
        ";",
        ":",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
    ),
    *(
        "^",
        "_",
        "&",
        r"\\",
        "!",
        "%",
        "$",
        "|",
        "-",
        "~",
        ".",
        "'",
        "é",
        "①",
        "或",
        r"\frac",
        r"\sqrt",
    ),
    *(r"\begin{pmatrix}", r"\end{pmatrix}", r"\begin{cases}", r"\end{cases}", r"\cup", r"\in"),
    *(r"\setminus", r"\pm", r"\sum_{k=1}^{5}", r"\infty", r"\le", r"\text{", r"\ln", r"\mathbb{R}"),
    *(r"\gcd", r"\{", r"\}", r"\pi", "trees", r"\not"),
)


@given(
    tokens=st.lists(st.sampled_from(TOKENS), max_size=12),
    reference=st.sampled_from(
        ("5", r"(-\infty,1)\cup(2,3)", "ACD", r"\{1,2\}", "x=1, y=2", "5 cm")
    ),
)
@settings(max_examples=300, deadline=None)
def test_any_sequence_of_signs_gets_a_verdict_and_never_an_error(
    tokens: list[str], reference: str
) -> None:
    verdict = judged(reference, rf"\boxed{{{''.join(tokens)}}}")
    assert verdict.outcome in (Outcome.CORRECT, Outcome.WRONG), verdict.why


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:24])
@pytest.mark.parametrize("reference", ["5", r"(-\infty,1)\cup(2,3)", "5 cm"])
def test_a_hostile_form_ends_within_the_limits(text: str, reference: str) -> None:
    assert judged(reference, rf"\boxed{{{text}}}").outcome == Outcome.WRONG
