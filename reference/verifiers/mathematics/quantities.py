"""Whether two numbers with their percent signs and units are the same quantity.

==========================  ====================================================================================
20 %, 0.2                   equal: percent is a hundredth
20 %, 20                    equal if the problem speaks of percent (policy ``percent_by_problem``)
10 m, 1000 cm               equal: units of one kind are converted
10 m, 10 cm, 10 kg          different
10 cm, 10                   equal: a unit that is written once only is not compared (policy ``missing_unit``)
30 degrees, 30, pi/6        equal, in pairs: an angle without a unit is in degrees or in radians
0.33, 1/3                   different, unless policy ``decimal_digits`` is 1 or 2
==========================  ====================================================================================
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
    number,
    symbols,
)
from seed.reference.verifiers.mathematics.policy import Policy
from seed.reference.verifiers.mathematics.units import DEGREE, Unit
from seed.reference.verifiers.mathematics.values import Comparison, same_value


def same_quantity(reference: Scalar, answer: Scalar, policy: Policy, problem: str) -> Comparison:
    """Compare two scalars.

    Args:
        reference: The correct one.
        answer: The one to judge.
        policy: Missing units, percent, decimals.
        problem: Whether it speaks of percent.

    Returns:
        The comparison and the policy that decided it, if one did.

    Raises:
        TooLarge: A number lies outside what is computed.
        Undecided: The two looks at an expression disagree.
    """
    if reference.percent or answer.percent:
        return _same_percent(reference, answer, policy, problem)
    if reference.unit is not None and answer.unit is not None:
        return _same_units(reference, answer, reference.unit, answer.unit)
    if reference.unit is None and answer.unit is None:
        return _same_number(reference, answer, policy)
    return _one_unit(reference, answer, policy)


def _same_percent(reference: Scalar, answer: Scalar, policy: Policy, problem: str) -> Comparison:
    if reference.unit is not None or answer.unit is not None:
        return Comparison(False, "a percentage is no quantity with a unit")
    if reference.percent and answer.percent:
        return _same_number(reference, answer, policy)
    values = (
        _scaled(side.tree, Fraction(1, 100)) if side.percent else side.tree
        for side in (reference, answer)
    )
    compared = same_value(*values)
    asked = any(word in problem.casefold() for word in ("percent", "per cent", "%"))
    if not compared and policy.percent_by_problem and asked:
        bare = _same_number(reference, answer, policy)
        return Comparison(
            bare.equal, f"{bare.why}; the problem asks for percent (policy percent_by_problem)"
        )
    return Comparison(compared.equal, f"{compared.why}; percent is a hundredth")


def _same_units(reference: Scalar, answer: Scalar, one: Unit, other: Unit) -> Comparison:
    if one.dimensions != other.dimensions:
        return Comparison(False, f"the units differ: {other.name} for {one.name}")
    compared = same_value(_in_base_units(reference.tree, one), _in_base_units(answer.tree, other))
    return Comparison(compared.equal, f"{compared.why}, in the same unit")


def _one_unit(reference: Scalar, answer: Scalar, policy: Policy) -> Comparison:
    with_unit, bare = (reference, answer) if reference.unit is not None else (answer, reference)
    if with_unit.with_letters is not None and same_value(with_unit.with_letters, bare.tree):
        return Comparison(True, "equal, the letters of the unit read as unknowns")
    if not policy.missing_unit:
        return Comparison(False, "only one of them has a unit (policy missing_unit)")
    compared = _same_number(reference, answer, policy)
    if not compared and with_unit.unit == DEGREE:
        compared = same_value(_scaled(with_unit.tree, Fraction(1, 180), Constant("pi")), bare.tree)
    return Comparison(
        compared.equal, f"{compared.why}; a unit written once is not compared (policy missing_unit)"
    )


def _same_number(reference: Scalar, answer: Scalar, policy: Policy) -> Comparison:
    compared = same_value(reference.tree, answer.tree)
    if compared or not policy.decimal_digits:
        return compared
    if _rounds_to(reference, answer, policy.decimal_digits) or _rounds_to(
        answer, reference, policy.decimal_digits
    ):
        return Comparison(True, "one is the other correctly rounded (policy decimal_digits)")
    return compared


def _rounds_to(decimal: Scalar, other: Scalar, digits: int) -> bool:
    """Whether a decimal of enough significant digits is the other number rounded: they differ by
    half a last digit at most.
    """
    value, target = exact(decimal.tree), _rational_near(other.tree)
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


def _in_base_units(tree: Tree, unit: Unit) -> Tree:
    if unit.radian:
        return Apply("/", (_scaled(tree, Fraction(180)), Constant("pi")))
    return _scaled(tree, unit.factor)


def _scaled(tree: Tree, factor: Fraction, other: Tree | None = None) -> Tree:
    scaled: Tree = (
        Number(tree.value * factor)
        if isinstance(tree, Number)
        else Apply("*", (tree, number(factor)))
    )
    return scaled if other is None else Apply("*", (scaled, other))
