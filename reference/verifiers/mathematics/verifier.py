"""The verifier of mathematics: is the final answer of a response the reference answer, in whatever
form it is written?

    response -> extraction -> limits -> normal_forms -> structures, parser -> equivalence -> values
    -> engine

Choices, where graders differ. Switches are fields of
``reference.verifiers.mathematics.policy.Policy``; the rest is fixed.

=================================  ===================================================================  ==================
point                              choice                                                               switch
=================================  ===================================================================  ==================
where the answer stands            last box; else what is announced; never a number found somewhere     -
several boxes                      the last one; earlier ones are taken back                            -
thinking part                      dropped up to the last ``</think>``; never closed: no answer         -
hedging, ``5 or 6``                two answers, wrong for a reference of one                            -
decimals for exact values          exact equality: 0.5 is 1/2, 0.333 is not 1/3                         decimal_digits
percent                            20 % is 0.2; it is 20 if the problem speaks of percent               percent_by_problem
units                              compared after conversion; one that is written once is dropped       missing_unit
degrees and radians                30 degrees is 30 and is pi/6; inside a function degrees convert      missing_unit
nouns, ``5 apples``                dropped if the problem has the word                                  -
money                              a unit like any other: $0.50 is 50 cents                             missing_unit
``x = 3`` for 3                    accepted; ``y = 3`` for ``x = 3`` is not                             named_value
``1 < x <= 2`` for (1, 2]          accepted                                                             inequality_as_interval
(1, 2): point or interval          the same syntax, the same answer                                     -
``1, 2`` for (1, 2)                accepted in this order; {1, 2} for (1, 2) is not                     bare_list_as_tuple
sets, lists of solutions           any order, one to one                                                -
column vector for a tuple          not accepted: a matrix is compared with a matrix of its shape        -
number bases                       1010_2 is neither 1010_3 nor 10; see ``equivalence``                 -
``\\log`` without a base            base 10; ``\\ln`` is natural                                          log_base
``2 1/2``, ``2\\frac{1}{2}``        mixed number 5/2                                                     -
``1/2x``                           (1/2) x: products and quotients go from left to right                -
constant of integration            an unknown like any other: it must be there, by its name             -
unknowns                           real; names matter                                                   -
reference cannot be read           error, unless the response repeats it word for word                  -
=================================  ===================================================================  ==================

There is no alarm, no thread and no clock here: the verdict is the same wherever it is asked for,
and whoever wants a time limit gives the verifier a process and kills it.
"""

from collections.abc import Iterator

from seed.reference.verifiers.mathematics.answers import (
    Answer,
    Collection,
    Matrix,
    Named,
    Scalar,
    Statement,
)
from seed.reference.verifiers.mathematics.choices import Choice, chosen_letter, reference_choice
from seed.reference.verifiers.mathematics.equivalence import same_answer
from seed.reference.verifiers.mathematics.evaluation import (
    BASE_DIGITS,
    UNDEFINED,
    Evaluation,
    TooLarge,
    point_number,
)
from seed.reference.verifiers.mathematics.expressions import Tree, symbols
from seed.reference.verifiers.mathematics.extraction import (
    braced,
    final_answer,
    without_announcement,
)
from seed.reference.verifiers.mathematics.limits import broken_limit
from seed.reference.verifiers.mathematics.normal_forms import normal_form
from seed.reference.verifiers.mathematics.parser import Unreadable
from seed.reference.verifiers.mathematics.policy import DEFAULT, Policy
from seed.reference.verifiers.mathematics.structures import read_answer
from seed.reference.verifiers.mathematics.values import Comparison, Undecided, folded
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.puzzle import MAX_EXTRACTED_CHARACTERS
from seed.spec.verify import Item


def verify(item: Item, policy: Policy = DEFAULT) -> Verdict:
    """Judge the final answer of a response.

    Args:
        item: Its ``reference`` is the correct answer, bare or in a box; its ``problem`` is read for
            words only (percent, ratio, base, nouns, options) and may be empty.
        policy: What counts as equal where graders differ.

    Returns:
        ``correct`` or ``wrong`` with the extracted answer and what decided; ``error`` if the
        reference is empty, breaks a limit or cannot be read, or if the two looks at an expression
        disagree.
    """
    reference = _reference_text(item.reference)
    found = final_answer(item.response)
    extracted = (found.text or "")[:MAX_EXTRACTED_CHARACTERS]
    if not reference:
        return Verdict(Outcome.ERROR, extracted, "the reference is empty")
    if limit := broken_limit(reference):
        return Verdict(Outcome.ERROR, extracted, f"the reference is refused: {limit}")
    if found.text is None:
        return Verdict(Outcome.WRONG, "", f"no answer: {found.place}")
    if limit := broken_limit(found.text):
        return Verdict(Outcome.WRONG, extracted, f"the answer is refused: {limit}")
    outcome, why = _judge(reference, found.text, item.problem, policy)
    return Verdict(outcome, extracted, f"{found.place}: {why}")


def _reference_text(reference: str) -> str:
    """The reference without the box that some sets keep around it."""
    start = reference.rfind("\\boxed{")
    content = braced(reference, start + len("\\boxed")) if start >= 0 else None
    return without_announcement(content if content is not None else reference)


def _judge(reference: str, answer: str, problem: str, policy: Policy) -> tuple[Outcome, str]:
    if not normal_form(answer):
        return Outcome.WRONG, "the answer is empty"
    choice = reference_choice(reference)
    if choice is not None and (letter := chosen_letter(answer, problem)):
        same = letter == choice.letter
        return _outcome(
            Comparison(same, f"option {letter} is chosen, the reference is {choice.letter}")
        )
    if choice is not None and choice.text:
        return _judge_text_of_choice(choice, answer, problem, policy)
    return _judge_forms(reference, answer, problem, policy)


def _judge_text_of_choice(
    choice: Choice, answer: str, problem: str, policy: Policy
) -> tuple[Outcome, str]:
    """The answer names no option; it may still repeat the text of the right one. A text that cannot
    be read is no error: the letter would have been enough.
    """
    outcome, why = _judge_forms(choice.text, answer, problem, policy)
    return (
        Outcome.WRONG if outcome == Outcome.ERROR else outcome
    ), f"no option is chosen; as its text: {why}"


def _judge_forms(reference: str, answer: str, problem: str, policy: Policy) -> tuple[Outcome, str]:
    forms = normal_form(reference), normal_form(answer)
    if forms[0] == forms[1]:
        return Outcome.CORRECT, "the same text in normal form"
    try:
        correct = read_answer(forms[0], policy, problem)
    except Unreadable as unreadable:
        return Outcome.ERROR, f"the reference cannot be read: {unreadable}"
    try:
        given = read_answer(forms[1], policy, problem)
        comparison = same_answer(correct, given, policy, problem)
        if not comparison and isinstance(correct, Collection) != isinstance(given, Collection):
            comparison = _compared_as_lists(reference, answer, policy, problem) or comparison
    except Unreadable as unreadable:
        return Outcome.WRONG, f"the answer cannot be read: {unreadable}"
    except TooLarge as large:
        if not all(_measurable(tree) for tree in _trees(correct)):
            return Outcome.ERROR, f"the reference cannot be compared: {large}"
        return Outcome.WRONG, f"the answer is refused: {large}"
    except Undecided as undecided:
        return Outcome.ERROR, str(undecided)
    return _outcome(comparison)


def _compared_as_lists(reference: str, answer: str, policy: Policy, problem: str) -> Comparison:
    """Compare once more with ``1,234`` read as two numbers, where one side has several and the
    other one.
    """
    lists = [
        read_answer(normal_form(text, thousands=False), policy, problem)
        for text in (reference, answer)
    ]
    if not all(isinstance(side, Collection) for side in lists):
        return Comparison(False, "only one of them is a list")
    return same_answer(lists[0], lists[1], policy, problem)


def _outcome(comparison: Comparison) -> tuple[Outcome, str]:
    return (Outcome.CORRECT if comparison else Outcome.WRONG), comparison.why


def _trees(answer: Answer) -> Iterator[Tree]:
    match answer:
        case Scalar(tree):
            yield tree
        case Statement(left, _, right):
            yield from (left, right)
        case Named(_, value):
            yield from _trees(value)
        case Collection(_, members):
            for member in members:
                yield from _trees(member)
        case Matrix(rows):
            for row in rows:
                for cell in row:
                    yield from _trees(cell)


def _measurable(tree: Tree) -> bool:
    try:
        Evaluation(BASE_DIGITS, point_number(0, symbols(tree))).value(folded(tree))
    except TooLarge:
        return False
    except UNDEFINED:
        return True
    return True
