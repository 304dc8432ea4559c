r"""Does our verifier read the reference answer in the forms in which models write it?

A benchmark whose right answers its verifier calls wrong measures the verifier.
"""

from collections.abc import Iterator

from seed.reference.exams.answer_rules import integer_of
from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item

UNREADABLE = "unreadable-reference"
REJECTED = "right-answer-rejected"
ACCEPTED = "wrong-answer-accepted"

FORMS = (
    "\\boxed{{{}}}",
    "$\\boxed{{{}}}$",
    "Therefore the sum is as required.\n\n**Final answer:** $\\boxed{{{}}}$.",
    "<answer>{}</answer>",
    "The final answer is ${}$.",
    "Answer: {}",
    "#### {}",
    "**{}**",
    "{}",
)
"""Around an answer of any kind; an answer of several lines has the first four only."""
WRONG = "\\boxed{{{}}}"
OTHER = WRONG.format(17)


def reading_faults(problem: str, reference: str) -> Iterator[tuple[str, str]]:
    """Name and detail of every rule that the verifier breaks with a reference answer."""
    # The same text is always right; another answer shows whether the reference can be read.
    outcome, why = _outcome(problem, reference, OTHER)
    if outcome is Outcome.ERROR:
        yield UNREADABLE, why
        return
    for form in FORMS if "\n" not in reference else FORMS[:4]:
        response = form.format(reference)
        outcome, why = _outcome(problem, reference, response)
        if outcome is not Outcome.CORRECT:
            yield REJECTED, f"{response[-60:]!r}: {why}"
            return
    value = integer_of(reference)
    if value is None:
        return
    for text in _spellings(value):
        outcome, why = _outcome(problem, reference, f"\\boxed{{{text}}}")
        if outcome is not Outcome.CORRECT:
            yield REJECTED, f"\\boxed{{{text}}}: {why}"
            return
    for other in (value + 1, value - 1, 10 * value, -value):
        if (
            other != value
            and _outcome(problem, reference, WRONG.format(other))[0] is Outcome.CORRECT
        ):
            yield ACCEPTED, f"{other} for {value}"
            return


def _spellings(value: int) -> list[str]:
    """Other spellings of an integer."""
    texts = [f"{value}.0", f"{value}.", f"\\text{{{value}}}", f"\\mathbf{{{value}}}"]
    if abs(value) >= 1000:
        texts += [f"{value:,}", f"{value:,}".replace(",", "{,}"), f"{value:,}".replace(",", "\\,")]
    return texts


def _outcome(problem: str, reference: str, response: str) -> tuple[Outcome, str]:
    item = Item("", "math", problem, response, reference=reference)
    verdict = verify(item)
    return verdict.outcome, verdict.why
