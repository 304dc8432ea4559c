"""Properties of the mathematics verifier: answers judged by hand, symmetry, errors, choices."""

import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest

from seed.reference.verifiers.mathematics import engine
from seed.reference.verifiers.mathematics.grading_rules import DEFAULT, GradingRules
from seed.reference.verifiers.mathematics.parser import read_expression
from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.verify import Item
from tests.reference.verifiers.mathematics.labelled import PAIRS, Pair

ASYMMETRIC = (
    *("bases", "base asked for", "choice", "choice with options in the problem"),
    *("hostile", "nouns of the problem"),
)
"""Categories in which the reference says how the answer is read."""

SLOW = ("written after the verifier", "radical and pi", "expressions", "names and equations")
"""Categories that call the engine; their other direction would double the time of these tests."""


def judged(
    reference: str, answer: str, problem: str = "", rules: GradingRules = DEFAULT
) -> Verdict:
    return verify(Item("line", "math", problem, rf"Thus \boxed{{{answer}}}.", reference), rules)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.reference} ;; {pair.answer}")
def test_a_pair_is_judged_as_by_hand(pair: Pair) -> None:
    verdict = judged(pair.reference, pair.answer, pair.problem)
    assert verdict.outcome == (Outcome.CORRECT if pair.same else Outcome.WRONG), verdict.why


def test_the_table_is_large_and_holds_no_pair_twice() -> None:
    assert len(PAIRS) >= 500
    assert min(Counter(pair.same for pair in PAIRS).values()) >= 200
    assert max(Counter((pair.reference, pair.answer, pair.problem) for pair in PAIRS).values()) == 1


def test_different_answers_differ_in_both_directions() -> None:
    for pair in PAIRS:
        if not pair.same and pair.category not in ASYMMETRIC:
            verdict = judged(pair.answer, pair.reference, pair.problem)
            assert verdict.outcome != Outcome.CORRECT, pair


def test_equal_answers_are_equal_in_both_directions() -> None:
    for pair in PAIRS:
        if pair.same and pair.category not in (*ASYMMETRIC, *SLOW):
            verdict = judged(pair.answer, pair.reference, pair.problem)
            assert verdict.outcome == Outcome.CORRECT, (pair, verdict.why)


def test_every_reference_of_the_table_equals_itself() -> None:
    for pair in PAIRS:
        verdict = judged(pair.reference, pair.reference, pair.problem)
        assert verdict.outcome == Outcome.CORRECT, pair.reference


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("$$", "the answer is empty"),
        (r"\frac{1", "cannot be read"),
        (r"\sum_{k=1}^n k", "cannot be read"),
        (r"\int_0^1 f(x) dx", "cannot be read"),
        ("1,2,...,n", "cannot be read"),
        ("5 apples and a half", "cannot be read"),
        ("1 2", "cannot be read"),
        ("x" * 3000, "longer than 2048 characters"),
        ("5" * 4001, "4001 digits"),
        ("5^{6^{7^{8^9}}}", "exponents"),
        ("__import__('os')", "shaped like a program"),
        (r"\pi^{82589933}-1", "cannot be compared"),
    ],
)
def test_a_reference_that_cannot_be_read_is_an_error_and_never_wrong(
    reference: str, why: str
) -> None:
    verdict = judged(reference, "5")
    assert verdict.outcome == Outcome.ERROR
    assert why in verdict.why


@pytest.mark.parametrize(
    "reference", [r"\sum_{k=1}^n k", "1,2,...,n", "2^{82589933}-1", r"\triangle ABC"]
)
def test_a_reference_that_cannot_be_read_equals_its_own_words(reference: str) -> None:
    assert judged(reference, f" {reference}. ").outcome == Outcome.CORRECT


@pytest.mark.parametrize(
    "answer", ["1/0", r"\frac{1", "x x x and so on", "5!!", "7^{10000000}", "9" * 4001]
)
def test_an_answer_that_cannot_be_read_is_wrong_with_the_reason(answer: str) -> None:
    verdict = judged("5", answer)
    assert verdict.outcome == Outcome.WRONG
    assert len(verdict.why) > len("the last box: ")


def test_a_verdict_names_the_place_and_the_grading_rule_that_decided() -> None:
    rule = "a unit written once is not compared (grading rule missing_unit)"
    why = f"the last box: the expressions are identical; {rule}"
    assert judged("10", "10 cm").why == why
    assert judged("10 m", "10 kg").why == "the last box: the units differ: kg for m"
    assert judged("5", "5 or 6").why == "the last box: 2 answers are given, the reference has one"
    assert judged("5", "6").extracted == "6"


@pytest.mark.parametrize(
    ("reference", "answer", "rules"),
    [
        ("10 cm", "10", GradingRules(missing_unit=False)),
        ("3", "x=3", GradingRules(named_value=False)),
        ("[0,1]", r"0 \le x \le 1", GradingRules(inequality_as_interval=False)),
        ("(1,2)", "1, 2", GradingRules(bare_list_as_tuple=False)),
        ("2", r"\log 100", GradingRules(log_base=2)),
    ],
    ids=lambda value: str(value),
)
def test_a_rule_that_is_switched_off_is_off(
    reference: str, answer: str, rules: GradingRules
) -> None:
    assert judged(reference, answer).outcome == Outcome.CORRECT
    assert judged(reference, answer, rules=rules).outcome == Outcome.WRONG


def test_percent_for_a_bare_number_can_be_switched_off() -> None:
    problem, rules = "What percent is it?", GradingRules(percent_by_problem=False)
    assert judged("20", r"20\%", problem).outcome == Outcome.CORRECT
    assert judged("20", r"20\%", problem, rules).outcome == Outcome.WRONG


@pytest.mark.parametrize(
    ("reference", "answer", "outcome"),
    [
        (r"\frac{1}{3}", "0.333333", Outcome.CORRECT),
        (r"\frac{1}{3}", "0.333334", Outcome.WRONG),
        (r"\frac{2}{3}", "0.666667", Outcome.CORRECT),
        (r"\frac{2}{3}", "0.666666", Outcome.WRONG),
        (r"\frac{1}{3}", "0.33333", Outcome.WRONG),
        (r"\pi", "3.14159", Outcome.CORRECT),
        (r"\pi", "3.14158", Outcome.WRONG),
        ("3.14159", r"\pi", Outcome.CORRECT),
        (r"10\pi", "31.4159 cm", Outcome.CORRECT),
        ("0.333333", "0.333334", Outcome.WRONG),
        (r"\frac{1}{2^{99}}", "0.000000", Outcome.WRONG),
    ],
)
def test_with_rounding_allowed_a_decimal_must_be_rounded_correctly_and_be_long_enough(
    reference: str, answer: str, outcome: Outcome
) -> None:
    assert judged(reference, answer, rules=GradingRules(decimal_digits=6)).outcome == outcome


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("x^2-1", "(x-1)(x+1)", True),
        (r"\sqrt{12}", r"2\sqrt{3}", True),
        (r"\coth x", r"\frac{\cosh x}{\sinh x}", True),
        (r"\sqrt{-4}", "2i", True),
        ("x_1", r"\frac{2x_1}{2}", True),
        ("x^2-1", "x^2+1", False),
        (r"\sqrt{2}", r"\sqrt{3}", False),
        (r"\sin 2x", r"2\sin x", False),
        (r"\ln 2", r"\log 2", False),
        ("x_1", "x_2", False),
    ],
)
def test_the_second_comparison_is_independent(left: str, right: str, equal: bool) -> None:
    assert engine.agrees(read_expression(left), read_expression(right)) == equal


def test_two_comparisons_that_disagree_are_an_error_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "agrees", lambda reference, answer: False)
    verdict = judged(r"\sqrt{12}", r"2\sqrt{3}")
    assert verdict.outcome == Outcome.ERROR
    why = "the last box: the values agree to 60 digits and math-verify does not confirm it"
    assert verdict.why == why


@pytest.mark.parametrize(
    ("reference", "answer"), [(r"\ln x^2", r"2\ln |x|"), (r"\ln\frac{a}{b}", r"-\ln\frac{b}{a}")]
)
def test_logarithms_that_the_engine_cannot_prove_equal_are_errors_and_not_wrong(
    reference: str, answer: str
) -> None:
    assert judged(reference, answer).outcome == Outcome.ERROR


def test_the_first_comparison_alone_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "agrees", lambda reference, answer: True)
    for pair in PAIRS:
        if not pair.same and pair.category in SLOW:
            assert judged(pair.reference, pair.answer).outcome == Outcome.WRONG, pair


def test_the_verdict_in_a_thread_is_the_verdict_in_the_main_thread() -> None:
    chosen = PAIRS[::7]
    here = [judged(pair.reference, pair.answer, pair.problem) for pair in chosen]
    there: list[list[Verdict]] = [[], []]

    def work(verdicts: list[Verdict]) -> None:
        verdicts += [judged(pair.reference, pair.answer, pair.problem) for pair in chosen]

    threads = [threading.Thread(target=work, args=(verdicts,)) for verdicts in there]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert there == [here, here]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="alarms are a matter of POSIX")
def test_an_alarm_of_the_caller_stays_set() -> None:
    signal.alarm(1000)
    try:
        judged(r"\sqrt{12}", r"2\sqrt{3}")
        assert signal.alarm(0) > 900
    finally:
        signal.alarm(0)


def test_sympy_is_loaded_by_the_first_call_of_the_engine_and_by_no_import() -> None:
    code = (
        "import sys, seed.reference.training.trainer, seed.cli.main\n"
        "from seed.reference.verifiers.mathematics.verifier import verify\n"
        "from seed.spec.verify import Item\n"
        "verify(Item('1', 'math', '', r'\\boxed{5}', '5.0'))\n"
        "print('sympy' in sys.modules, 'math_verify' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"


def test_nothing_is_printed_or_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    judged(r"\sqrt{27}", r"3\sqrt{3}")
    judged("5", "9^{9^{9}}")
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
