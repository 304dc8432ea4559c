"""Whether two statements, or two numerals with a base, are the same.

- Equation: one side less the other, up to a constant factor; ``xy = 1`` and ``y = 1/x`` are one,
  since the unknowns that a side divides by are multiplied out.
- Inequality: the same with a positive factor, and with the same relation.
- Numeral with a base: same base, same digits; against a bare number see ``same_numeral``.
"""

from seed.reference.verifiers.mathematics.answers import Answer, Named, Numeral, Scalar, Statement
from seed.reference.verifiers.mathematics.cursor import Unreadable
from seed.reference.verifiers.mathematics.evaluation import exact
from seed.reference.verifiers.mathematics.expressions import difference, numerator
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.parser import read_expression
from seed.reference.verifiers.mathematics.values import Comparison, proportional

DIFFERENT_KINDS = Comparison(False, "the answers are of different kinds")


def as_statement(answer: Answer, rules: GradingRules) -> Statement | None:
    """An answer as a relation: a statement, or a named value as an equation; None otherwise."""
    if isinstance(answer, Statement):
        return answer
    if isinstance(answer, Named) and isinstance(answer.value, Scalar):
        try:
            return Statement(read_expression(answer.name, rules.log_base), "=", answer.value.tree)
        except Unreadable:
            return None
    return None


def same_statement(reference: Statement | None, answer: Statement | None) -> Comparison:
    """Compare two relations: one side less the other, up to a constant factor."""
    if reference is None or answer is None:
        return DIFFERENT_KINDS
    if reference == answer:
        return Comparison(True, "the statements are identical")
    if reference.relation != answer.relation:
        return Comparison(False, "the relations differ")
    sides = difference(reference.left, reference.right), difference(answer.left, answer.right)
    if reference.relation == "=":
        sides = numerator(sides[0]), numerator(sides[1])
    compared = proportional(*sides, same_sign=reference.relation in ("<", "le"))
    return Comparison(compared.equal, f"as statements, up to a constant factor: {compared.why}")


def same_numeral(reference: Answer, answer: Answer, problem: str) -> Comparison:
    """Compare a numeral with a base.

    A bare number equals a reference with a base if it has the same digits. A numeral equals a bare
    reference by its value, or, if the problem speaks of a base, by its digits.
    """
    if isinstance(reference, Numeral) and isinstance(answer, Numeral):
        return Comparison(reference == answer, "base and digits are compared")
    if isinstance(reference, Numeral) and isinstance(answer, Scalar):
        value = exact(answer.tree)
        equal = value is not None and str(value) == reference.digits
        return Comparison(equal, "digits without a base are compared as such")
    if isinstance(reference, Scalar) and isinstance(answer, Numeral):
        value, words = exact(reference.tree), ("base", "binary", "octal", "hexadecimal")
        if any(word in problem.casefold() for word in words):
            equal = value is not None and str(value) == answer.digits
            return Comparison(equal, "the digits of a numeral with a base")
        equal = value is not None and value == answer.value()
        return Comparison(equal, "the value of a numeral with a base")
    return DIFFERENT_KINDS
