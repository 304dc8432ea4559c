"""Whether two numbers with their percent signs and units are the same quantity.

====================  ===========================================================================
20 %, 0.2             equal: percent is a hundredth
20 %, 20              equal if the problem speaks of percent (rule ``percent_by_problem``)
10 m, 1000 cm         equal: units of one kind are converted
10 m, 10 cm, 10 kg    different
10 cm, 10             equal: a unit written only once is not compared (rule ``missing_unit``)
30 degrees, 30, pi/6  equal, in pairs: an angle without a unit is in degrees or in radians
0.33, 1/3             different, unless rule ``decimal_digits`` is 1 or 2
====================  ===========================================================================
"""

from fractions import Fraction

from seed.reference.verifiers.mathematics.answers import Scalar
from seed.reference.verifiers.mathematics.evaluation import (
    BASE_DIGITS,
    UNDEFINED,
    Evaluation,
    exact,
)
from seed.reference.verifiers.mathematics.expressions import (
    Apply,
    Constant,
    Number,
    Tree,
    leaves,
    number,
    substituted,
    symbols,
)
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.units import DEGREE, Unit, same_thing
from seed.reference.verifiers.mathematics.values import Comparison, same_value


def same_quantity(
    reference: Scalar, answer: Scalar, rules: GradingRules, problem: str
) -> Comparison:
    """Compare a scalar with the correct one; the problem may speak of percent.

    Raises:
        TooLarge: A number lies outside what is computed.
        Undecided: The two comparisons of an expression disagree.
    """
    if reference.percent or answer.percent:
        return _same_percent(reference, answer, rules, problem)
    if reference.unit is not None and answer.unit is not None:
        return _same_units(reference, answer, reference.unit, answer.unit)
    if reference.unit is None and answer.unit is None:
        return _same_number(reference, answer, rules)
    return _one_unit(reference, answer, rules)


def _same_percent(
    reference: Scalar, answer: Scalar, rules: GradingRules, problem: str
) -> Comparison:
    if reference.unit is not None or answer.unit is not None:
        return Comparison(False, "a percentage is no quantity with a unit")
    if reference.percent and answer.percent:
        return _same_number(reference, answer, rules)
    compared = same_value(_without_percent(reference), _without_percent(answer))
    speaks_of_percent = any(word in problem.casefold() for word in ("percent", "per cent", "%"))
    if not compared and rules.percent_by_problem and speaks_of_percent:
        bare = _same_number(reference, answer, rules)
        why = "the problem asks for percent (grading rule percent_by_problem)"
        return Comparison(bare.equal, f"{bare.why}; {why}")
    return Comparison(compared.equal, f"{compared.why}; percent is a hundredth")


def _same_units(
    reference: Scalar, answer: Scalar, reference_unit: Unit, answer_unit: Unit
) -> Comparison:
    if reference_unit.is_thing and answer_unit.is_thing:
        if not same_thing(reference_unit, answer_unit):
            return Comparison(False, f"{answer_unit.name!r} for {reference_unit.name!r}")
        return same_value(reference.tree, answer.tree)
    if reference_unit.dimensions != answer_unit.dimensions:
        return Comparison(False, f"the units differ: {answer_unit.name} for {reference_unit.name}")
    expected = _in_base_units(reference.tree, reference_unit)
    compared = same_value(expected, _in_base_units(answer.tree, answer_unit))
    return Comparison(compared.equal, f"{compared.why}, in the same unit")


def _one_unit(reference: Scalar, answer: Scalar, rules: GradingRules) -> Comparison:
    with_unit, bare = (reference, answer) if reference.unit is not None else (answer, reference)
    if with_unit.with_letters is not None and same_value(with_unit.with_letters, bare.tree):
        return Comparison(True, "equal, the letters of the unit read as unknowns")
    if not rules.missing_unit:
        return Comparison(False, "only one of them has a unit (grading rule missing_unit)")
    compared = _same_number(reference, answer, rules)
    if not compared and with_unit.unit == DEGREE:
        compared = same_value(_scaled(with_unit.tree, Fraction(1, 180), Constant("pi")), bare.tree)
    why = "a unit written once is not compared (grading rule missing_unit)"
    return Comparison(compared.equal, f"{compared.why}; {why}")


def _same_number(reference: Scalar, answer: Scalar, rules: GradingRules) -> Comparison:
    compared = same_value(*_one_imaginary_unit(reference.tree, answer.tree))
    digits = rules.decimal_digits
    if compared or not digits:
        return compared
    if _rounds_to(reference, answer, digits) or _rounds_to(answer, reference, digits):
        return Comparison(True, "one is the other correctly rounded (grading rule decimal_digits)")
    return compared


def _one_imaginary_unit(left: Tree, right: Tree) -> tuple[Tree, Tree]:
    """Where one side has i and the other j in its place, j is the imaginary unit of engineers."""
    has_i = [Constant("i") in leaves(tree) for tree in (left, right)]
    if has_i == [True, False] and "j" not in symbols(left):
        return left, substituted(right, {"j": Constant("i")})
    if has_i == [False, True] and "j" not in symbols(right):
        return substituted(left, {"j": Constant("i")}), right
    return left, right


def _rounds_to(decimal: Scalar, exact_scalar: Scalar, digits: int) -> bool:
    """Whether a decimal of enough significant digits is the other number rounded.

    They then differ by half a last digit at most.
    """
    value, target = exact(decimal.tree), _rational_near(exact_scalar.tree)
    if decimal.decimal_places is None or value is None or target is None:
        return False
    last = Fraction(1, 10**decimal.decimal_places)
    return len(str(abs(value / last))) >= digits and abs(value - target) <= last / 2


def _rational_near(tree: Tree) -> Fraction | None:
    value = exact(tree)
    if value is not None or symbols(tree):
        return value
    evaluation = Evaluation(BASE_DIGITS, {})
    try:
        real = evaluation.context.mpf(evaluation.value(tree).real)
    except UNDEFINED:
        return None
    sign, mantissa, exponent, _ = real._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** exponent


def _without_percent(side: Scalar) -> Tree:
    return _scaled(side.tree, Fraction(1, 100)) if side.percent else side.tree


def _in_base_units(tree: Tree, unit: Unit) -> Tree:
    if unit.radian:
        return Apply("/", (_scaled(tree, Fraction(180)), Constant("pi")))
    return _scaled(tree, unit.factor)


def _scaled(tree: Tree, factor: Fraction, constant: Tree | None = None) -> Tree:
    scaled: Tree = Apply("*", (tree, number(factor)))
    if isinstance(tree, Number):
        scaled = Number(tree.value * factor)
    return scaled if constant is None else Apply("*", (scaled, constant))
