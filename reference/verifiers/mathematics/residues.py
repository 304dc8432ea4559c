"""Rational numbers too large to write out, compared by their residues.

    a = b  only if  a mod p = b mod p  for every prime p that divides no denominator

2^1000000 and 4^500000 have the same residues; 2^1000000 + 1 has others. The residues for three
unrelated primes of 224 to 448 bits differ for any two numbers that were not made for these very
primes: together they tell 2^927 numbers apart.
"""

from seed.reference.verifiers.mathematics.evaluation import TooLarge, exact
from seed.reference.verifiers.mathematics.expressions import Apply, Number, Tree

PRIMES = (2**255 - 19, 2**224 - 2**96 + 1, 2**448 - 2**224 - 1)
"""Primes of known curves (25519, P-224, 448). Modulo a Mersenne prime powers of 2 repeat early."""

LARGEST_EXPONENT_BITS = 4096


def same_residues(left: Tree, right: Tree) -> bool | None:
    """Whether two constant trees have the same residues; None if one has none.

    Raises:
        TooLarge: An exponent or the argument of a function is too large itself.
    """
    for prime in PRIMES:
        residues = _residue(left, prime), _residue(right, prime)
        if None in residues:
            return None
        if residues[0] != residues[1]:
            return False
    return True


def _residue(tree: Tree, prime: int) -> int | None:
    match tree:
        case Number(value):
            return value.numerator * pow(value.denominator, -1, prime) % prime
        case Apply("^", (base, exponent)):
            power = exact(exponent)
            below = _residue(base, prime)
            if power is None or power.denominator != 1 or not below:
                return None
            if power.numerator.bit_length() > LARGEST_EXPONENT_BITS:
                raise TooLarge("a power is too large")
            return pow(below, int(power), prime)
        case Apply(("+" | "-" | "*" | "/") as operation, parts):
            values = [_residue(part, prime) for part in parts]
            known = [value for value in values if value is not None]
            return _combined(operation, known, prime) if len(known) == len(values) else None
    rational = exact(tree)
    return None if rational is None else _residue(Number(rational), prime)


def _combined(operation: str, values: list[int], prime: int) -> int | None:
    match operation, values:
        case "+", [left, right]:
            return (left + right) % prime
        case "-", [value]:
            return -value % prime
        case "*", [left, right]:
            return left * right % prime
        case "/", [above, below] if below:
            return above * pow(below, -1, prime) % prime
    return None
