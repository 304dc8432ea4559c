"""Families of number theory: congruences, divisors, digits, and numbers that sums cannot reach."""

import heapq
from collections import Counter
from math import comb, gcd, lcm, prod

import numpy as np
from numpy.typing import NDArray

from seed.reference.exams.family import (
    Family,
    Parameters,
    Random,
    Slot,
    Wording,
    distinct,
    integer,
    integers,
)

AREA = "number theory"
PRIMES = (3, 5, 7, 11, 13, 17, 19, 23)


def factors(number: int) -> dict[int, int]:
    """Prime -> exponent, by trial division."""
    found: dict[int, int] = {}
    prime = 2
    while prime * prime <= number:
        while number % prime == 0:
            found[prime] = found.get(prime, 0) + 1
            number //= prime
        prime += 1
    return found | ({number: 1} if number > 1 else {})


def _is_power_of_other(number: int) -> bool:
    return len(factors(number)) == 1


# Roots of a quadratic congruence.


def _draw_roots(random: Random) -> dict[str, int]:
    first, second = distinct(random, 2, 3, 11)
    modulus = PRIMES[integer(random, 0, 3)] * PRIMES[integer(random, 1, 5)] * integer(random, 2, 6)
    bound = modulus * integer(random, 6, 14) + integer(random, 5, modulus - 5)
    return {"bound": bound, "a": first + second, "b": first * second, "m": modulus}


def _roots_exact(p: Parameters) -> int:
    residues = [0]
    modulus = 1
    for prime, exponent in factors(p["m"]).items():
        power = prime**exponent
        local = [x for x in range(power) if (x * x + p["a"] * x + p["b"]) % power == 0]
        inverse = pow(modulus, -1, power)
        residues = [x + modulus * ((y - x) * inverse % power) for x in residues for y in local]
        modulus *= power
    # x = 0 is no positive integer, so the residue 0 begins at the modulus.
    return sum((p["bound"] - x) // modulus + (x > 0) for x in residues if x <= p["bound"])


def _roots_second(p: Parameters) -> int:
    return sum((x * x + p["a"] * x + p["b"]) % p["m"] == 0 for x in range(1, p["bound"] + 1))


ROOTS = Family(
    "quadratic-congruence",
    AREA,
    2,
    _draw_roots,
    _roots_exact,
    _roots_second,
    ("roots modulo each prime power, joined by the Chinese remainder theorem", "every x is tried"),
    (
        Wording(
            "",
            "the number of positive integers $x \\le <bound>$ for which $x^2 + <a>x + <b>$ is"
            " divisible by $<m>$",
        ),
        Wording(
            "A machine prints the value of $x^2 + <a>x + <b>$ for $x = 1, 2, 3, \\ldots, <bound>$"
            " in this order, and rings a bell whenever the value is a multiple of $<m>$.",
            "the number of times that the bell rings",
        ),
        Wording(
            "Lockers are numbered from $1$ to $<bound>$. Locker $x$ is painted red if and only if"
            " $<m>$ divides $x^2 + <a>x + <b>$.",
            "the number of red lockers",
        ),
    ),
    valid=lambda p: 1 <= p["m"] <= 4000 and p["m"] < p["bound"] <= 40_000,
)


# A tower of powers.


def _draw_tower(random: Random) -> dict[str, int]:
    return integers(random, a=(3, 29), b=(5, 60), c=(60, 400), m=(210, 1999))


def _tower_exact(p: Parameters) -> int:
    return _tower(p["a"], p["b"], p["c"], p["m"])


def _tower(a: int, b: int, c: int, m: int) -> int:
    """``a^(b^c) mod m`` with the exponent reduced by Euler's generalised theorem."""
    totient = prod((prime - 1) * prime ** (power - 1) for prime, power in factors(m).items())
    # Beyond log2(m) the powers of a repeat with a period that divides the totient.
    return pow(a, pow(b, c, totient) + totient, m)


def _tower_second(p: Parameters) -> int:
    value = p["a"] % p["m"]
    for _ in range(p["c"]):  # a^(b^c) is a raised to the power b, c times
        value = pow(value, p["b"], p["m"])
    return value


TOWER = Family(
    "power-tower",
    AREA,
    2,
    _draw_tower,
    _tower_exact,
    _tower_second,
    ("exponent reduced by Euler's generalised theorem", "c powers of b, one after the other"),
    (
        Wording("", "the remainder when $<a>^{<b>^{<c>}}$ is divided by $<m>$"),
        Wording(
            "A number on a screen is first $<a>$. Every press of a button replaces the number $x$"
            " on the screen by $x^{<b>}$. The button is pressed $<c>$ times.",
            "the remainder of the last number on the screen on division by $<m>$",
        ),
        Wording(
            "Let $x_0 = <a>$ and $x_{i+1} = x_i^{<b>}$ for all integers $i \\ge 0$.",
            "the remainder when $x_{<c>}$ is divided by $<m>$",
        ),
    ),
    valid=lambda p: min(p["a"], p["b"]) >= 2 and 6 <= p["c"] <= 5000 and p["m"] >= 100,
    slot=Slot("c", 40, 139, inverts=False),
)


# Triples with a given least common multiple.


def _draw_triples(random: Random) -> dict[str, int]:
    first, second = distinct(random, 2, 0, 4)
    primes = (2, 3, 5, 7, 11)
    extra = (1, 13, 17)[integer(random, 0, 2)]
    powers = primes[first] ** integer(random, 1, 4) * primes[second] ** integer(random, 1, 4)
    return {"m": powers * extra}


def _triples_exact(p: Parameters) -> int:
    return prod((e + 1) ** 3 - e**3 for e in factors(p["m"]).values())


def _triples_second(p: Parameters) -> int:
    divisors = [d for d in range(1, p["m"] + 1) if p["m"] % d == 0]
    pairs = Counter(lcm(a, b) for a in divisors for b in divisors)
    return sum(count for c in divisors for both, count in pairs.items() if lcm(both, c) == p["m"])


TRIPLES = Family(
    "lcm-triples",
    AREA,
    2,
    _draw_triples,
    _triples_exact,
    _triples_second,
    ("(e+1)^3 - e^3 choices of exponents for each prime power p^e", "all triples of divisors"),
    (
        Wording(
            "",
            "the number of ordered triples $(a, b, c)$ of positive integers whose least common"
            " multiple is $<m>$",
        ),
        Wording(
            "Three lamps, one red, one green and one blue, flash together at noon. After that they"
            " flash every $a$, $b$ and $c$ seconds, respectively, where $a$, $b$ and $c$ are"
            " positive integers. The next time that all three flash at the same moment is exactly"
            " $<m>$ seconds after noon.",
            "the number of possible ordered triples $(a, b, c)$",
        ),
    ),
    valid=lambda p: 12 <= p["m"] <= 50_000 and prod(e + 1 for e in factors(p["m"]).values()) <= 60,
)


# Zeros at the end of a factorial in another base.


def _draw_zeros(random: Random) -> dict[str, int]:
    return {
        "n": integer(random, 400, 2500),
        "b": (6, 12, 18, 24, 36, 40, 45, 72)[integer(random, 0, 7)],
    }


def _zeros_exact(p: Parameters) -> int:
    def legendre(prime: int) -> int:
        total, rest = 0, p["n"]
        while rest := rest // prime:
            total += rest
        return total

    return min(legendre(prime) // exponent for prime, exponent in factors(p["b"]).items())


def _zeros_second(p: Parameters) -> int:
    power = dict.fromkeys(factors(p["b"]), 0)
    for number in range(2, p["n"] + 1):
        for prime in power:
            while number % prime == 0:
                number //= prime
                power[prime] += 1
    rest, zeros = dict(power), 0
    while all(rest[prime] >= exponent for prime, exponent in factors(p["b"]).items()):
        rest = {prime: rest[prime] - exponent for prime, exponent in factors(p["b"]).items()}
        zeros += 1
    return zeros


ZEROS = Family(
    "factorial-zeros",
    AREA,
    1,
    _draw_zeros,
    _zeros_exact,
    _zeros_second,
    ("Legendre's formula", "the prime factors of every factor are counted"),
    (
        Wording(
            "The number $<n>!$ is written in base $<b>$.",
            "the number of zeros at the end of this representation",
        ),
        Wording(
            "",
            "the largest integer $k$ for which $<b>^k$ divides $1 \\cdot 2 \\cdot 3 \\cdots <n>$",
        ),
        Wording(
            "A vault opens only to a whole number $k$: the largest one for which $<n>!$ is a"
            " multiple of $<b>^k$.",
            "the number $k$ that opens the vault",
        ),
    ),
    valid=lambda p: 20 <= p["n"] <= 5000 and 6 <= p["b"] <= 100 and not _is_power_of_other(p["b"]),
    slot=Slot("n", 300, 799, inverts=False),
    count=lambda p: 1,
)


# Numbers that are no sum of three given ones.


def _draw_sums(random: Random) -> dict[str, int]:
    a, b, c = distinct(random, 3, 11, 47)
    return {"a": a, "b": b, "c": c}


def _sums_exact(p: Parameters) -> int:
    a, b, c = sorted(p.values())
    least = {0: 0}
    heap = [(0, 0)]
    while heap:
        reached, residue = heapq.heappop(heap)
        if least[residue] < reached:
            continue
        for step in (b, c):
            number, other = reached + step, (residue + step) % a
            if number < least.get(other, number + 1):
                least[other] = number
                heapq.heappush(heap, (number, other))
    return sum(number // a for number in least.values())


def _sums_second(p: Parameters) -> int:
    a, b, c = sorted(p.values())
    limit = a * c  # beyond (a - 1)(c - 1) every number is reached (Schur)
    reached = np.zeros(limit, bool)
    reached[0] = True
    for step in (a, b, c):
        for number in range(step, limit):
            reached[number] |= reached[number - step]
    return int(limit - reached.sum())


SUMS = Family(
    "unreachable-sums",
    AREA,
    3,
    _draw_sums,
    _sums_exact,
    _sums_second,
    ("least reachable number of each residue (Apery set) by shortest paths", "sieve up to ac"),
    (
        Wording(
            "A shop sells nails in boxes of $<a>$, $<b>$ and $<c>$, and no box may be split.",
            "the number of positive integers $k$ such that no choice of boxes holds exactly $k$"
            " nails",
        ),
        Wording(
            "",
            "the number of positive integers that cannot be written in the form"
            " $<a>x + <b>y + <c>z$ with nonnegative integers $x$, $y$ and $z$",
        ),
        Wording(
            "In a game every round scores $<a>$, $<b>$ or $<c>$ points, and a player may stop after"
            " any number of rounds.",
            "the number of positive totals that are impossible",
        ),
    ),
    valid=lambda p: (
        min(p.values()) >= 5
        and max(p.values()) <= 60
        and gcd(*p.values()) == 1
        and len(set(p.values())) == 3
    ),
)


# Digits: sum and divisibility by 11.


def _draw_digits(random: Random) -> dict[str, int]:
    return integers(random, d=(4, 6), s=(14, 34))


def _digits_exact(p: Parameters) -> int:
    places, total = p["d"], p["s"]
    even, odd = (places + 1) // 2, places // 2  # the leading digit is in the even places
    return sum(
        (_bounded(even, x, 9) - _bounded(even - 1, x, 9)) * _bounded(odd, total - x, 9)
        for x in range(total + 1)
        if (x - (total - x)) % 11 == 0
    )


def _bounded(places: int, total: int, most: int) -> int:
    """Ways to write a total as an ordered sum of digits from 0 to ``most``."""
    if places == 0:
        return int(total == 0)
    return sum(
        (-1) ** j * comb(places, j) * comb(total - (most + 1) * j + places - 1, places - 1)
        for j in range(places + 1)
        if total - (most + 1) * j >= 0
    )


def _digits_second(p: Parameters) -> int:
    numbers = np.arange(10 ** (p["d"] - 1), 10 ** p["d"])
    numbers = numbers[numbers % 11 == 0]
    sums = sum(numbers // 10**place % 10 for place in range(p["d"]))
    return int((sums == p["s"]).sum())


DIGITS = Family(
    "digit-sums",
    AREA,
    3,
    _draw_digits,
    _digits_exact,
    _digits_second,
    ("inclusion and exclusion for both alternating sums", "every multiple of 11 is tried"),
    (
        Wording(
            "",
            "the number of positive integers with exactly $<d>$ digits that are divisible by $11$"
            " and whose digits add up to $<s>$",
        ),
        Wording(
            "A ticket shows a number of exactly $<d>$ digits, the first of which is not $0$. It"
            " wins if the sum of its digits is $<s>$ and the number is a multiple of $11$.",
            "the number of winning numbers",
        ),
    ),
    valid=lambda p: 3 <= p["d"] <= 6 and 5 <= p["s"] <= 50,
)


# Lattice points below a line.


def _draw_floors(random: Random) -> dict[str, int]:
    return integers(random, n=(60, 400), a=(7, 89), b=(11, 97))


def _floors_exact(p: Parameters) -> int:
    return _floor_sum(p["n"] + 1, p["b"], p["a"], 0)


def _floor_sum(n: int, m: int, a: int, b: int) -> int:
    """``sum over 0 <= k < n of floor((a k + b) / m)``, by the steps of Euclid's algorithm."""
    total = (a // m) * (n * (n - 1) // 2) + (b // m) * n
    last = (a % m) * n + b % m
    # What is left counts points below a flatter line; its columns become rows of a steeper one.
    return total if last < m else total + _floor_sum(last // m, a % m, m, last % m)


def _floors_second(p: Parameters) -> int:
    return sum(p["a"] * k // p["b"] for k in range(1, p["n"] + 1))


FLOORS = Family(
    "floor-sum",
    AREA,
    1,
    _draw_floors,
    _floors_exact,
    _floors_second,
    ("steps of Euclid's algorithm", "every term is added"),
    (
        Wording(
            "", "the value of $\\sum_{k=1}^{<n>} \\left\\lfloor \\frac{<a>k}{<b>} \\right\\rfloor$"
        ),
        Wording(
            "A point of the plane is called good if both of its coordinates are positive integers,"
            " its first coordinate is at most $<n>$, and it lies on or below the line"
            " $y = \\frac{<a>}{<b>}x$.",
            "the number of good points",
        ),
    ),
    valid=lambda p: gcd(p["a"], p["b"]) == 1 and min(p["a"], p["b"]) >= 2 and 5 <= p["n"] <= 3000,
    slot=Slot("n", 60, 139),
)


# Pairs of unit fractions.


def _draw_fractions(random: Random) -> dict[str, int]:
    return {
        "n": 2 ** integer(random, 0, 4)
        * 3 ** integer(random, 0, 3)
        * 5 ** integer(random, 0, 2)
        * 7
    }


def _fractions_exact(p: Parameters) -> int:
    # 1/x + 1/y = 1/n is (x - n)(y - n) = n^2; x < y leaves out the pair x = y = 2n.
    return (prod(2 * e + 1 for e in factors(p["n"]).values()) - 1) // 2


def _fractions_second(p: Parameters) -> int:
    n = p["n"]
    return sum(n * x % (x - n) == 0 for x in range(n + 1, 2 * n))


FRACTIONS = Family(
    "unit-fractions",
    AREA,
    1,
    _draw_fractions,
    _fractions_exact,
    _fractions_second,
    ("divisors of the square below its root", "every smaller denominator is tried"),
    (
        Wording(
            "",
            "the number of ordered pairs $(x, y)$ of integers with $0 < x < y$ and"
            " $\\frac{1}{x} + \\frac{1}{y} = \\frac{1}{<n>}$",
        ),
        Wording(
            "Two pumps fill a tank in $x$ and $y$ hours on their own, where $x$ and $y$ are"
            " positive integers with $x < y$. Together they need exactly $<n>$ hours.",
            "the number of possible pairs $(x, y)$",
        ),
    ),
    valid=lambda p: 6 <= p["n"] <= 30_000,
)


# The least number with given remainders.


def _draw_remainders(random: Random) -> dict[str, int]:
    a, b, c, d = distinct(random, 4, 7, 24)
    x = integer(random, 1000, 60_000)
    return {"a": a, "b": b, "c": c, "d": d, "u": x % a, "v": x % b, "w": x % c, "z": x % d}


def _pairs(p: Parameters) -> list[tuple[int, int]]:
    return [(p["u"], p["a"]), (p["v"], p["b"]), (p["w"], p["c"]), (p["z"], p["d"])]


def _remainders_exact(p: Parameters) -> int:
    x, period = 0, 1
    for remainder, modulus in _pairs(p):
        common = gcd(period, modulus)
        step = (remainder - x) // common * pow(period // common, -1, modulus // common)
        x, period = x + period * (step % (modulus // common)), lcm(period, modulus)
    return x or period


def _remainders_second(p: Parameters) -> int:
    return int(_fitting(p)[0])


def _fitting(p: Parameters) -> NDArray[np.int64]:
    """The positive integers up to the period with the remainders."""
    numbers = np.arange(1, lcm(*(modulus for _, modulus in _pairs(p))) + 1)
    for remainder, modulus in _pairs(p):
        numbers = numbers[numbers % modulus == remainder]
    return numbers


def _consistent(p: Parameters) -> bool:
    pairs = _pairs(p)
    in_range = all(0 <= remainder < modulus for remainder, modulus in pairs)
    agree = all((r - s) % gcd(m, n) == 0 for r, m in pairs for s, n in pairs)
    return in_range and agree and lcm(*(modulus for _, modulus in pairs)) <= 300_000


REMAINDERS = Family(
    "simultaneous-remainders",
    AREA,
    1,
    _draw_remainders,
    _remainders_exact,
    _remainders_second,
    ("Chinese remainder theorem for moduli with common factors", "all numbers of one period"),
    (
        Wording(
            "",
            "the least positive integer that leaves the remainders $<u>$, $<v>$, $<w>$ and $<z>$ on"
            " division by $<a>$, $<b>$, $<c>$ and $<d>$, respectively",
        ),
        Wording(
            "A drill team of $x$ people has $<u>$ people left over when it lines up in rows of"
            " $<a>$, $<v>$ in rows of $<b>$, $<w>$ in rows of $<c>$, and $<z>$ in rows of $<d>$.",
            "the least possible positive value of $x$",
        ),
    ),
    valid=_consistent,
    count=lambda p: len(_fitting(p)),
)


FAMILIES = (ROOTS, TOWER, TRIPLES, ZEROS, SUMS, DIGITS, FLOORS, FRACTIONS, REMAINDERS)
