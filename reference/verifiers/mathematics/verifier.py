r"""The verifier of mathematics: is the final answer the reference answer, in any form?

    response -> response, marks, announcements                   where the answer stands
             -> limits
             -> characters, numerals, chinese_numerals,
                normal_forms, qualifiers                         its spelling
             -> structures, words, relations, matrices, scalars,
                units, parser, cursor, closed_forms              its shape
             -> equivalence, named, real_sets, statements,
                quantities, values, infinity, residues, engine   its value

The choices where graders differ. A name in brackets is a field of
``reference.verifiers.mathematics.grading_rules.GradingRules``; the other choices are fixed.

Where the answer is

- Where it stands: last box or ``<answer>``; else what is announced; never any number in the text.
- Several boxes: the last one; earlier ones are taken back, so two answers belong into one box.
- ``\boxed 7`` is a box; ``\boxed`` before a word of prose is none.
- Thinking: dropped up to the last ``</think>``; if it is never closed there is no answer.
- An announcement that only remarks ("this answer is helpful", "the answer is an integer"): passed
  over; one that takes back ("the answer is not 5") counts.
- Hedging, ``5 or 6``, ``(A) or (B)``: two answers, wrong for a reference of one; ``A (not B)`` is
  A.
- A box that ends in ``,`` ``;`` ``?`` or ``..``: wrong, something may be missing; one point is the
  sentence's.
- An empty reference: error, whatever the answer, since nothing was asked for.

Numbers

- A value that is not worked out, ``2^3`` for 8, ``x^2/x`` for x: accepted, values decide and not
  their form; points without a value do not count.
- ``\sum``, ``\prod``, ``\gcd``: worked out between given integers, up to 1000 terms. With an
  unknown bound or an endless one they are not read, nor are ``\lim``, ``\int``: the time of SymPy's
  summation and limits has no bound, and a sum to n has values for integers only. Such an answer is
  right only if it repeats the reference.
- Decimals for exact values: exact equality; 0.5 is 1/2, 0.333 is not 1/3 (decimal_digits).
- ``1,234`` is 1234; ``1.234`` is 1.234; ``0,125`` and ``3,14159`` are decimals and ``11,11,100`` is
  1111100 only where the other side is one number; ``1.234.567``, ``1'234'567`` are grouped.
- ``3-2``, ``555-1234``, ``1/2/2003`` as references: scores, telephone numbers, dates, compared as
  written; 3:30 is not 15:30, since no half of the day is named.
- Percent: 20 % is 0.2; it is 20 if the problem speaks of percent (percent_by_problem).
- Units: compared after conversion; one that is written once is dropped, known or not
  (missing_unit). ``\$5 per hour`` is \$5.
- ``$5`` is five dollars, whether the sign is money or a delimiter without its partner.
- Degrees and radians: 30 degrees is 30 and is pi/6; inside a function degrees convert
  (missing_unit).
- Nouns, ``5 apples``: units that are in no table; dropped if written once, compared if twice.
  Where the problem asks how many of something, the noun must be one of its words.
- Money: a unit like any other; $0.50 is 50 cents (missing_unit).
- ``~5``: 5, a tie of LaTeX is a blank. ``1\!2`` is no 12.
- Number bases: 1010_2 is neither 1010_3 nor 10; see ``equivalence``. A_{12} is an unknown.
- ``\log`` without a base: base 10; ``\ln`` is natural (log_base).
- ``2 1/2``, ``2\frac{1}{2}``: mixed number 5/2.
- ``1/2x``: (1/2) x; products and quotients go from left to right.
- ``3+4j`` for 3+4i: accepted where the other side has i and no j.

Names, sets, structures

- ``x = 3`` for 3: accepted; ``y = 3`` for ``x = 3`` is not (named_value). ``2x = 6`` is not 3 or 6,
  but ``a+b = 12`` is 12: several unknowns, other than the coordinates x, y, z, name a quantity.
- ``y=1, x=2`` for (1, 2): not accepted; consecutive letters, and tuples of the problem, have their
  order.
- ``1 < x <= 2`` for (1, 2]: accepted (inequality_as_interval). ``x > 1 and x <= 2`` is that, too.
- (1, 2), point or interval: the same syntax, the same answer. ``[5]`` is not 5.
- ``1, 2`` for (1, 2): accepted in this order; {1, 2} for (1, 2) is not (bare_list_as_tuple).
- ``(\pm1, \pm2)``: four points, the signs of different members are independent; ``\pm(1, 2)`` and
  ``(\pm1, \mp2)``: two.
- Sets, lists of solutions: any order, one to one. {{1}} is not {1}, {1} is 1.
- Column vector for a tuple: not accepted; a matrix is compared with a matrix of its shape; a
  determinant is a number.
- Labels, ``ACD``, ``II and III only``, ①③: a set; they are no numbers.
- Constant of integration: an unknown like any other; it must be there, by its name.
- Unknowns: real; names matter. ``2\ln x`` is not ``\ln(x^2)``, which has values for x < 0.
- Qualifiers, ``for all n \ge 1``, ``The area is``: dropped; conditions that choose a value stay.
- Words: equal apart from case and punctuation, in any language; T is true.
- Reference that cannot be read: error, unless the response repeats it word for word, at any length.

There is no alarm, no thread and no clock here: the verdict is the same everywhere, and a caller
that needs a time limit gives the verifier a process and kills it.
"""

import re
from collections.abc import Iterator

from seed.reference.verifiers.announcements import without_announcement
from seed.reference.verifiers.marks import last_box
from seed.reference.verifiers.mathematics.answers import (
    Answer,
    Collection,
    Matrix,
    Named,
    Scalar,
    Statement,
)
from seed.reference.verifiers.mathematics.choices import chosen_letter, labels, reference_choice
from seed.reference.verifiers.mathematics.cursor import Unreadable
from seed.reference.verifiers.mathematics.equivalence import same_answer
from seed.reference.verifiers.mathematics.evaluation import (
    BASE_DIGITS,
    UNDEFINED,
    Evaluation,
    TooLarge,
    point_number,
)
from seed.reference.verifiers.mathematics.expressions import Tree, symbols
from seed.reference.verifiers.mathematics.grading_rules import DEFAULT, GradingRules
from seed.reference.verifiers.mathematics.limits import broken_limit
from seed.reference.verifiers.mathematics.normal_forms import normal_form
from seed.reference.verifiers.mathematics.numerals import Commas
from seed.reference.verifiers.mathematics.structures import read_answer
from seed.reference.verifiers.mathematics.values import Comparison, Undecided, folded
from seed.reference.verifiers.response import final_answer, plain
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.puzzle import MAX_EXTRACTED_CHARACTERS
from seed.spec.verify import Item

AS_WRITTEN = re.compile(r"\d+ ?- ?\d+(?: ?- ?\d+)*|\d{1,2} ?/ ?\d{1,2} ?/ ?\d{2,4}")
"""A reference such as 3-2, 555-1234, 1/2/2003: a sum that nobody would ask for."""


def verify(item: Item, rules: GradingRules = DEFAULT) -> Verdict:
    """Judge the final answer of a response.

    Args:
        item: Its ``reference`` is the correct answer, bare or in a box; its ``problem`` is read for
            words only (percent, ratio, base, nouns, options) and may be empty.
        rules: What counts as equal where graders differ.

    Returns:
        ``correct`` or ``wrong`` with the extracted answer and what decided; ``error`` if the
        reference is empty, breaks a limit or cannot be read, or if the two comparisons of an
        expression disagree.
    """
    reference = _reference_text(item.reference)
    extraction = final_answer(item.response)
    extracted = (extraction.text or "")[:MAX_EXTRACTED_CHARACTERS]
    if not reference:
        return Verdict(Outcome.ERROR, extracted, "the reference is empty")
    if extraction.text is not None and _same_text(reference, extraction.text):
        return Verdict(Outcome.CORRECT, extracted, f"{extraction.place}: the same text")
    if limit := broken_limit(reference):
        return Verdict(Outcome.ERROR, extracted, f"the reference breaks a limit: {limit}")
    if extraction.text is None:
        return Verdict(Outcome.WRONG, "", f"no answer: {extraction.place}")
    if limit := broken_limit(extraction.text):
        return Verdict(Outcome.WRONG, extracted, f"the answer breaks a limit: {limit}")
    outcome, why = _judge(reference, extraction.text, item.problem, rules)
    return Verdict(outcome, extracted, f"{extraction.place}: {why}")


def _reference_text(reference: str) -> str:
    """The reference without the box that some sets keep around it."""
    reference = plain(reference)
    box = last_box(reference)
    content = box.text if box is not None else None
    return without_announcement(content if content is not None else reference)


def _same_text(reference: str, answer: str) -> bool:
    """Whether two texts, of any length, are the same but for layout and dollars around them."""
    texts = [" ".join(text.replace("$", " ").split()) for text in (reference, answer)]
    texts = [text.removesuffix(".") if not text.endswith("..") else text for text in texts]
    return texts[0] == texts[1] != ""


def _judge(reference: str, answer: str, problem: str, rules: GradingRules) -> tuple[Outcome, str]:
    if not normal_form(answer):
        return Outcome.WRONG, "the answer is empty"
    choice = reference_choice(reference)
    if choice is not None and (letter := chosen_letter(answer, problem)):
        why = f"option {letter} is chosen, the reference is {choice.letter}"
        return _outcome(Comparison(letter == choice.letter, why))
    if choice is None or not choice.text:
        return _judge_forms(reference, answer, problem, rules)
    # An answer that names no option may still repeat the text of the right one. A text that cannot
    # be read is no error: the letter would have been enough.
    outcome, why = _judge_forms(choice.text, answer, problem, rules)
    outcome = Outcome.WRONG if outcome == Outcome.ERROR else outcome
    return outcome, f"no option is chosen; as its text: {why}"


def _judge_forms(
    reference: str, answer: str, problem: str, rules: GradingRules
) -> tuple[Outcome, str]:
    forms = normal_form(reference), normal_form(answer)
    if forms[0] == forms[1]:
        return Outcome.CORRECT, "the same text in normal form"
    if AS_WRITTEN.fullmatch(forms[0]):
        return Outcome.WRONG, "a score, date or telephone number is compared sign by sign"
    listed = labels(forms[0]), labels(forms[1])
    if listed[0] and listed[1]:
        return _outcome(Comparison(listed[0] == listed[1], "labels are compared as a set"))
    try:
        correct = read_answer(forms[0], rules, problem)
    except Unreadable as unreadable:
        if listed[0]:
            return Outcome.WRONG, "the reference is a label"
        return Outcome.ERROR, f"the reference cannot be read: {unreadable}"
    try:
        given = read_answer(forms[1], rules, problem)
        comparison = same_answer(correct, given, rules, problem)
        if not comparison and isinstance(correct, Collection) != isinstance(given, Collection):
            comparison = _with_other_commas(reference, answer, rules, problem) or comparison
    except Unreadable as unreadable:
        return Outcome.WRONG, f"the answer cannot be read: {unreadable}"
    except TooLarge as large:
        if not all(_measurable(tree) for tree in _trees(correct)):
            return Outcome.ERROR, f"the reference cannot be compared: {large}"
        return Outcome.WRONG, f"the answer breaks a limit: {large}"
    except Undecided as undecided:
        return Outcome.ERROR, str(undecided)
    return _outcome(comparison)


def _with_other_commas(
    reference: str, answer: str, rules: GradingRules, problem: str
) -> Comparison | None:
    """Compare once more where one side has several members and the other one.

    ``1,234`` may be two numbers, ``0,125`` one; None if no such reading makes them of one kind.
    """
    for commas in (Commas.LIST, Commas.ONE_NUMBER):
        forms = (normal_form(text, commas) for text in (reference, answer))
        expected, given = (read_answer(form, rules, problem) for form in forms)
        if isinstance(expected, Collection) == isinstance(given, Collection):
            return same_answer(expected, given, rules, problem)
    return None


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
