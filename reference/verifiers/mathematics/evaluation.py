"""The value of a tree: exact where it is rational, otherwise with as many digits as needed.

    precision = 60 + 3 reach digits
    reach = max |log10 |v||  over all intermediate values v != 0, and over the numerators and
                             denominators of all rationals

A difference counts as zero if it is below ``10^(20 - precision)`` times the largest intermediate
value (or 1). An absolute comparison of 15 digits takes 1/2^99 for 1/2^98; with the reach (here 30)
the precision grows with the numbers themselves. Every size is checked before the number is
computed, so no text leads to an endless one.
"""

import hashlib
from fractions import Fraction
from math import isqrt
from typing import Any

from mpmath import MPContext

from seed.reference.verifiers.mathematics.expressions import Apply, Constant, Number, Tree
from seed.reference.verifiers.mathematics.limits import LARGEST_FACTORIAL

EXACT_BITS = 150_000
"""Numerator and denominator of an exact number; 10000! needs 118459 bits."""

BASE_DIGITS = 60
"""Digits of the first comparison: short expressions are known to coincide to about 30, not more."""

GUARD_DIGITS = 20
"""Digits given up to the round-off of a few hundred operations."""

FARTHEST_REACH = 1500
"""Powers of ten away from 1 that are followed; beyond, a comparison would cost seconds."""

DECIMAL_DIGITS_OF_A_BIT = 0.30103
"""log10 of 2."""


class TooLarge(Exception):
    """A value lies outside what is computed; the message has the reason."""


class Undefined(Exception):
    """An expression has no value, such as a division by zero."""


UNDEFINED = (Undefined, ZeroDivisionError, ValueError, ArithmeticError)
"""What mpmath raises, besides our own, where an operation has no value."""


def exact(tree: Tree) -> Fraction | None:
    """The value of a tree, if rational arithmetic alone finds it.

    It is None if an unknown, an irrational constant or function or a root that is not perfect is
    involved.

    Raises:
        TooLarge: The value has more than ``EXACT_BITS`` bits.
        Undefined: A division by zero.
    """
    if isinstance(tree, Number):
        return tree.value
    if not isinstance(tree, Apply):
        return None
    parts = [exact(part) for part in tree.parts]
    rational_parts = [part for part in parts if part is not None]
    if len(rational_parts) < len(parts):
        return None
    value = _exact_operation(tree.operation, rational_parts)
    if value is not None and _bits(value) > EXACT_BITS:
        raise TooLarge("a number is too large")
    return value


def _bits(value: Fraction) -> int:
    """Length of the longer one of numerator and denominator."""
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _exact_operation(operation: str, values: list[Fraction]) -> Fraction | None:
    match operation, values:
        case "+", [left, right]:
            return left + right
        case "-", [value]:
            return -value
        case "*", [left, right]:
            return left * right
        case "/", [above, below]:
            if below == 0:
                raise Undefined("a division by zero")
            return above / below
        case "abs", [value]:
            return abs(value)
        case (("floor" | "ceil"), [value]):
            return Fraction(value.__floor__() if operation == "floor" else value.__ceil__())
        case "!", [value]:
            return _factorial(value)
        case "^", [base, exponent]:
            return _exact_power(base, exponent)
        case "root", [index, radicand]:
            if radicand < 0 and index.denominator == 1 and index % 2 == 1:
                root = _exact_power(-radicand, 1 / index)
                return None if root is None else -root
            return None if index == 0 else _exact_power(radicand, 1 / index)
        case "binom", [above, below] if above.denominator == below.denominator == 1:
            return _binomial(int(above), int(below))
    return None


def _factorial(value: Fraction) -> Fraction | None:
    if value.denominator != 1:
        return None
    if value < 0:
        raise Undefined("the factorial of a negative number")
    if value > LARGEST_FACTORIAL:
        raise TooLarge("a factorial is too large")
    product = 1
    for factor in range(2, int(value) + 1):
        product *= factor
    return Fraction(product)


def _binomial(above: int, below: int) -> Fraction | None:
    if above < 0 or below < 0:
        return None
    below = min(below, above - below)
    if below > 2000 or above.bit_length() * below > EXACT_BITS:
        raise TooLarge("a binomial coefficient is too large")
    value = 1 if below >= 0 else 0
    for step in range(1, below + 1):
        value = value * (above - below + step) // step
    return Fraction(value)


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if base == 0:
        if exponent <= 0:
            raise Undefined("zero to a power that is not positive")
        return Fraction(0)
    if exponent.denominator != 1:
        base_root = _exact_root(base, exponent.denominator)
        return None if base_root is None else _exact_power(base_root, Fraction(exponent.numerator))
    if base in (1, -1):
        return Fraction(1 if base == 1 or exponent.numerator % 2 == 0 else -1)
    if abs(exponent) * _bits(base) > EXACT_BITS:
        raise TooLarge("a power is too large")
    return base ** int(exponent)


def _exact_root(value: Fraction, index: int) -> Fraction | None:
    """The positive root of a positive rational, if it is rational.

    None for a negative base: its principal root is complex.
    """
    if value < 0 or index > 64:
        return None
    above, below = _integer_root(value.numerator, index), _integer_root(value.denominator, index)
    return None if above is None or below is None else Fraction(above, below)


def _integer_root(value: int, index: int) -> int | None:
    if index == 2:
        root = isqrt(value)
    else:  # by bisection
        low, high = 0, 1 << (value.bit_length() // index + 1)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if middle**index <= value else (low, middle - 1)
        root = low
    return root if root**index == value else None


def equal_at(left: Tree, right: Tree, point: dict[str, Fraction]) -> bool | None:
    """Whether two trees agree at a point, with the digits that their sizes require.

    It is None where either has no value.

    Raises:
        TooLarge: A value lies outside what is computed.
    """
    digits = BASE_DIGITS
    # The first pass finds the reach, the second one has the digits for it. Values that differ in
    # the first pass are different; only equality needs the second.
    for _ in range(2):
        evaluation = Evaluation(digits, point)
        try:
            left_value, right_value = evaluation.value(left), evaluation.value(right)
        except UNDEFINED:
            return None
        tolerance = evaluation.context.mpf(10) ** (GUARD_DIGITS - digits)
        if abs(left_value - right_value) > evaluation.largest * tolerance:
            return False
        needed = BASE_DIGITS + 3 * evaluation.reach
        if needed <= digits:
            return True
        if evaluation.reach > FARTHEST_REACH:
            raise TooLarge("a comparison needs too many digits")
        digits = needed
    return True


def is_real_at(tree: Tree, point: dict[str, Fraction]) -> bool | None:
    """Whether a tree has a real value at a point; None where it has no value."""
    evaluation = Evaluation(BASE_DIGITS, point)
    try:
        value = evaluation.context.mpc(evaluation.value(tree))
    except UNDEFINED:
        return None
    tolerance = evaluation.context.mpf(10) ** (GUARD_DIGITS - BASE_DIGITS)
    return bool(abs(value.imag) <= evaluation.largest * tolerance)


def point_number(index: int, names: frozenset[str]) -> dict[str, Fraction]:
    """The point number ``index``: symbol -> value in (1/4, 9/4) from a hash of the symbol.

    It is the same in every run. Odd points change half of the signs.
    """
    point = {}
    for name in names:
        digest = hashlib.sha256(f"{index}/{name}".encode()).digest()
        value = Fraction(1, 4) + Fraction(int.from_bytes(digest[:4], "big"), 1 << 31)
        point[name] = -value if index % 2 and digest[4] % 2 else value
    return point


class Evaluation:
    """One evaluation: a precision, a point, and the sizes of the intermediate values.

    mpmath's own context is a global whose precision any thread may change; this one is private.
    """

    def __init__(self, digits: int, point: dict[str, Fraction]) -> None:
        self.context: Any = MPContext()
        self.context.dps = digits
        self.point = point
        self.reach, self.largest = 0, self.context.mpf(1)

    def value(self, tree: Tree) -> Any:
        """The value of a tree as a real or complex number.

        Raises:
            TooLarge: A value lies outside what is computed.
            Undefined: There is no value.
        """
        if isinstance(tree, Number):
            value = self.rational(tree.value)
        elif isinstance(tree, Constant):
            if tree.name == "infinity":
                raise Undefined("infinity is no number")
            constants = {"pi": +self.context.pi, "e": +self.context.e, "i": self.context.mpc(0, 1)}
            value = constants[tree.name]
        elif isinstance(tree, Apply):
            value = self.operation(tree.operation, [self.value(part) for part in tree.parts])
        else:
            value = self.rational(self.point[tree.name])
        return self.measured(value)

    def rational(self, value: Fraction) -> Any:
        """A fraction in this precision.

        Its digits count as reach: that is how near to another number it may lie.
        """
        self.reach = max(self.reach, int(_bits(value) * DECIMAL_DIGITS_OF_A_BIT))
        return self.context.mpf(value.numerator) / value.denominator

    def measured(self, value: Any) -> Any:
        """Record the size of a value."""
        if not self.context.isfinite(value):
            raise Undefined("a value is not finite")
        size = abs(value)
        if size:
            self.reach = max(self.reach, int(abs(self.context.mag(size)) * DECIMAL_DIGITS_OF_A_BIT))
            self.largest = max(self.largest, size)
        return value

    def operation(self, operation: str, values: list[Any]) -> Any:
        """Apply one operation."""
        context = self.context
        match operation, values:
            case "+", (left, right):
                return left + right
            case "-", (value,):
                return -value
            case "*", (left, right):
                return left * right
            case "/", (above, below):
                return above / below
            case "^", (base, exponent):
                return self.power(base, exponent)
            case "root", (index, radicand):
                odd = context.im(radicand) == 0 and context.isint(index) and index % 2 == 1
                if odd and context.re(radicand) < 0:  # root 3 of -8 is -2; its power 1/3 is complex
                    return -self.power(-radicand, 1 / index)
                return self.power(radicand, 1 / index)
            case "log", (base, value):
                return context.log(value) / context.log(base)
            case "abs", (value,):
                return abs(value)
            case (("floor" | "ceil"), (value,)):
                return self.rounded(operation, value)
            case "!", (value,):
                return context.factorial(self.moderate(value, LARGEST_FACTORIAL))
            case "binom", (above, below):
                arguments = [self.moderate(value, LARGEST_FACTORIAL) for value in (above, below)]
                return context.binomial(*arguments)
        # Hyperbolic functions grow like exponentials; the others only lose digits to their period.
        hyperbolic = operation.endswith("h") and operation[0] != "a"
        inside = self.moderate(values[0], 10**4 if hyperbolic else 10**30)
        name = f"a{operation[3:]}" if operation.startswith("arc") else operation  # mpmath's name
        return getattr(context, name)(inside)

    def power(self, base: Any, exponent: Any) -> Any:
        """A power, unless it is too large."""
        if base == 0:
            if self.context.re(exponent) <= 0:
                raise Undefined("zero to a power that is not positive")
            return self.context.mpf(0)
        bits = abs(self.moderate(exponent, 10**7)) * max(1, abs(self.context.mag(base)))
        if bits > 8 * FARTHEST_REACH:
            raise TooLarge("a power is too large")
        return self.context.power(base, exponent)

    def rounded(self, operation: str, value: Any) -> Any:
        """Floor or ceiling.

        Raises:
            Undefined: The value cannot be told from an integer with these digits.
        """
        if self.context.im(value) != 0:
            raise Undefined("rounding a complex number")
        tolerance = self.context.mpf(10) ** (GUARD_DIGITS - self.context.dps)
        if 0 < abs(value - self.context.nint(value)) < tolerance:
            raise Undefined("a value too near to an integer to be rounded")
        return getattr(self.context, operation)(value)

    def moderate(self, value: Any, limit: int) -> Any:
        """Return an argument, or raise ``TooLarge`` if it is beyond a limit."""
        if abs(value) > limit:
            raise TooLarge("an argument is too large")
        return value
