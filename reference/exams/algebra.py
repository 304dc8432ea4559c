"""Families of algebra: roots of polynomials, recurrences, sums of fractions, integer parts."""

from fractions import Fraction
from math import comb

from seed.reference.exams.family import Family, Parameters, Random, Slot, Wording, integer, integers

AREA = "algebra"
Matrix = list[list[int]]


def product(left: Matrix, right: Matrix) -> Matrix:
    """The product of two matrices."""
    columns = list(zip(*right, strict=True))
    return [[sum(a * b for a, b in zip(row, c, strict=True)) for c in columns] for row in left]


def power(matrix: Matrix, exponent: int) -> Matrix:
    """A power of a square matrix by repeated squaring."""
    size = range(len(matrix))
    result = [[int(row == column) for column in size] for row in size]
    while exponent:
        if exponent & 1:
            result = product(result, matrix)
        matrix = product(matrix, matrix)
        exponent >>= 1
    return result


def determinant(matrix: Matrix) -> int:
    """The determinant of an integer matrix by Bareiss's elimination, without fractions."""
    rows, sign, before = [list(row) for row in matrix], 1, 1
    for k in range(len(rows) - 1):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return 0
        if pivot != k:
            rows[k], rows[pivot], sign = rows[pivot], rows[k], -sign
        for i in range(k + 1, len(rows)):
            for j in range(k + 1, len(rows)):
                rows[i][j] = (rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]) // before
        before = rows[k][k]
    return sign * rows[-1][-1]


def companion(p: Parameters) -> Matrix:
    """The companion matrix of ``x^3 - a x^2 + b x - c``."""
    return [[0, 0, p["c"]], [1, 0, -p["b"]], [0, 1, p["a"]]]


CUBIC = "$x^3 - <a>x^2 + <b>x - <c> = 0$"


# Power sums of the roots of a cubic.


def _draw_newton(random: Random) -> dict[str, int]:
    return integers(random, a=(2, 9), b=(2, 9), c=(2, 12), k=(5, 9))


def _newton_exact(p: Parameters) -> int:
    a, b, c = p["a"], p["b"], p["c"]
    sums = [3, a, a * a - 2 * b]
    while len(sums) <= p["k"]:
        sums.append(a * sums[-1] - b * sums[-2] + c * sums[-3])
    return sums[p["k"]]


def _newton_second(p: Parameters) -> int:
    matrix = power(companion(p), p["k"])
    return sum(matrix[i][i] for i in range(3))


NEWTON = Family(
    "power-sums",
    AREA,
    2,
    _draw_newton,
    _newton_exact,
    _newton_second,
    ("Newton's identities", "trace of the power of the companion matrix"),
    (
        Wording(
            f"Let $u$, $v$ and $w$ be the complex roots of the equation {CUBIC}.",
            "the value of $u^{<k>} + v^{<k>} + w^{<k>}$",
        ),
        Wording(
            "Complex numbers $u$, $v$ and $w$ satisfy $u + v + w = <a>$, $uv + vw + wu = <b>$ and"
            " $uvw = <c>$.",
            "the sum $u^{<k>} + v^{<k>} + w^{<k>}$",
        ),
    ),
    valid=lambda p: min(p["a"], p["b"], p["c"]) >= 2 and 4 <= p["k"] <= 12 and _newton_exact(p) > 0,
    slot=Slot("a", 8, 47),
)


# A product over the roots of a cubic.


def _draw_norm(random: Random) -> dict[str, int]:
    return integers(random, a=(2, 19), b=(2, 19), c=(2, 29), d=(2, 9))


def _norm_exact(p: Parameters) -> int:
    # (u^2 + d)(v^2 + d)(w^2 + d) = P(i sqrt d) P(-i sqrt d).
    return (p["c"] - p["a"] * p["d"]) ** 2 + p["d"] * (p["b"] - p["d"]) ** 2


def _norm_second(p: Parameters) -> int:
    matrix = power(companion(p), 2)
    shifted = [[matrix[i][j] + p["d"] * (i == j) for j in range(3)] for i in range(3)]
    return determinant(shifted)


NORM = Family(
    "root-product",
    AREA,
    2,
    _draw_norm,
    _norm_exact,
    _norm_second,
    ("value of the polynomial at two conjugate points", "determinant of C^2 + d I, C companion"),
    (
        Wording(
            f"Let $u$, $v$ and $w$ be the complex roots of the equation {CUBIC}.",
            "the product $(u^2 + <d>)(v^2 + <d>)(w^2 + <d>)$",
        ),
        Wording(
            "The monic cubic polynomial $P(x) = x^3 - <a>x^2 + <b>x - <c>$ has the complex zeros"
            " $u$, $v$ and $w$. The monic cubic polynomial $Q(x)$ has the zeros $u^2 + <d>$,"
            " $v^2 + <d>$ and $w^2 + <d>$.",
            "the absolute value of the constant term of $Q(x)$",
        ),
    ),
    valid=lambda p: min(p.values()) >= 2,
    slot=Slot("d", 20, 59),
)


# A linear recurrence far out.


def _draw_recurrence(random: Random) -> dict[str, int]:
    return integers(random, u=(2, 9), v=(2, 9), c=(2, 9), d=(2, 9), n=(100, 2100), m=(701, 1999))


def _recurrence_exact(p: Parameters) -> int:
    result, step, exponent = [[1, 0], [0, 1]], [[p["c"], p["d"]], [1, 0]], p["n"] - 1
    while exponent:
        if exponent & 1:
            result = _reduced(product(result, step), p["m"])
        step = _reduced(product(step, step), p["m"])
        exponent >>= 1
    return (result[1][0] * p["v"] + result[1][1] * p["u"]) % p["m"]


def _reduced(matrix: Matrix, modulus: int) -> Matrix:
    return [[entry % modulus for entry in row] for row in matrix]


def _recurrence_second(p: Parameters) -> int:
    now, after = p["u"], p["v"]
    for _ in range(p["n"] - 1):
        now, after = after, (p["c"] * after + p["d"] * now) % p["m"]
    return now % p["m"]


RECURRENCE = Family(
    "recurrence-remainder",
    AREA,
    1,
    _draw_recurrence,
    _recurrence_exact,
    _recurrence_second,
    ("power of a matrix by squaring", "term after term"),
    (
        Wording(
            "A sequence begins with $a_1 = <u>$ and $a_2 = <v>$, and"
            " $a_{i+2} = <c>a_{i+1} + <d>a_i$ for every positive integer $i$.",
            "the remainder when $a_{<n>}$ is divided by $<m>$",
        ),
        Wording(
            "A colony of cells has $<u>$ members on day $1$ and $<v>$ members on day $2$. From then"
            " on, the number of members on a day is $<c>$ times the number on the day before plus"
            " $<d>$ times the number two days before.",
            "the remainder on division by $<m>$ of the number of members on day $<n>$",
        ),
    ),
    valid=lambda p: (
        min(p["c"], p["d"], p["u"], p["v"]) >= 2 and 20 <= p["n"] <= 20_000 and p["m"] >= 500
    ),
    slot=Slot("n", 200, 1199, inverts=False),
)


# A telescoping sum.


def _draw_telescope(random: Random) -> dict[str, int]:
    return integers(random, s=(1, 9), d=(2, 9), n=(6, 40))


def _telescope_exact(p: Parameters) -> Fraction:
    s, d, n = p["s"], p["d"], p["n"]
    last = s + n * d
    return (Fraction(1, s * (s + d)) - Fraction(1, last * (last + d))) / (2 * d)


def _telescope_second(p: Parameters) -> Fraction:
    terms = [p["s"] + i * p["d"] for i in range(p["n"] + 2)]
    return sum(
        (Fraction(1, a * b * c) for a, b, c in zip(terms, terms[1:], terms[2:], strict=False)),
        Fraction(0),
    )


TELESCOPE = Family(
    "telescoping-sum",
    AREA,
    2,
    _draw_telescope,
    _telescope_exact,
    _telescope_second,
    ("differences of products of neighbours", "every fraction is added"),
    (
        Wording(
            "The arithmetic progression $a_1, a_2, a_3, \\ldots$ has the first term $<s>$ and the"
            " common difference $<d>$.",
            "the sum $\\sum_{i=1}^{<n>} \\frac{1}{a_i a_{i+1} a_{i+2}}$",
        ),
        Wording(
            "Alone, pump $i$ fills a pool in $a_i a_{i+1} a_{i+2}$ hours, where $a_1 = <s>$ and"
            " $a_{i+1} = a_i + <d>$ for all $i$. Pumps $1$ to $<n>$ work together for one hour.",
            "the part of the empty pool that they fill in this hour",
        ),
    ),
    valid=lambda p: p["s"] >= 1 and p["d"] >= 1 and 3 <= p["n"] <= 200,
    slot=Slot("n", 10, 49),
)


# A polynomial beyond the points that define it.


def _draw_polynomial(random: Random) -> dict[str, int]:
    n = integer(random, 4, 9)
    return {"n": n, "c": integer(random, 2, 6), "x": n + integer(random, 1, 4)}


def _polynomial_exact(p: Parameters) -> int:
    return sum(comb(p["x"], j) * (p["c"] - 1) ** j for j in range(p["n"] + 1))


def _polynomial_second(p: Parameters) -> Fraction:
    total = Fraction(0)
    for i in range(p["n"] + 1):
        term = Fraction(p["c"] ** i)
        for j in range(p["n"] + 1):
            if j != i:
                term *= Fraction(p["x"] - j, i - j)
        total += term
    return total


def _whole(solver_value: Fraction) -> int | Fraction:
    return solver_value.numerator if solver_value.denominator == 1 else solver_value


POLYNOMIAL = Family(
    "polynomial-extrapolation",
    AREA,
    3,
    _draw_polynomial,
    _polynomial_exact,
    lambda p: _whole(_polynomial_second(p)),
    ("Newton's forward differences", "Lagrange's interpolation"),
    (
        Wording(
            "Let $P(x)$ be the polynomial of degree at most $<n>$ with real coefficients such that"
            " $P(i) = <c>^i$ for $i = 0, 1, \\ldots, <n>$.",
            "the value of $P(<x>)$",
        ),
        Wording(
            "A student measures $<c>^i$ grams of a substance on day $i$ for every $i$ from $0$ to"
            " $<n>$, and describes the measurements exactly by a polynomial in $i$ of degree at"
            " most $<n>$.",
            "the number of grams that this polynomial predicts for day $<x>$",
        ),
    ),
    valid=lambda p: p["n"] >= 3 and p["c"] >= 2 and p["n"] < p["x"] <= 80 and p["n"] <= 12,
    slot=Slot("x", 14, 53, inverts=False),
)


# A product over roots of unity.


def _draw_unity(random: Random) -> dict[str, int]:
    return integers(random, n=(9, 21), a=(2, 6), b=(2, 9))


def _unity_exact(p: Parameters) -> int:
    # With the roots u, v of x^2 + a x + b the product is (1 - u^n)(1 - v^n).
    before, now = 2, -p["a"]
    for _ in range(p["n"] - 1):
        before, now = now, -p["a"] * now - p["b"] * before
    return 1 - now + p["b"] ** p["n"]


def _unity_second(p: Parameters) -> int:
    n = p["n"]
    first = [1, *[0] * (n - 1), -1]
    second = [1, p["a"], p["b"]]
    rows = [[0] * i + first + [0] * (1 - i) for i in range(2)]
    rows += [[0] * i + second + [0] * (n - 1 - i) for i in range(n)]
    return determinant(rows)


UNITY = Family(
    "unity-product",
    AREA,
    3,
    _draw_unity,
    _unity_exact,
    _unity_second,
    ("recurrence for sums of powers of two roots", "determinant of the Sylvester matrix"),
    (
        Wording(
            "",
            "the product of all values of $z^2 + <a>z + <b>$, where $z$ runs over the complex"
            " numbers with $z^{<n>} = 1$",
        ),
        Wording(
            "The vertices of a regular polygon with $<n>$ sides in the complex plane are the"
            " solutions of $z^{<n>} = 1$. At each vertex $z$ the number $z^2 + <a>z + <b>$ is"
            " written.",
            "the product of all numbers that are written",
        ),
    ),
    valid=lambda p: p["a"] >= 2 and p["b"] >= 2 and 3 <= p["n"] <= 45 and _unity_exact(p) > 0,
    slot=Slot("n", 10, 34, inverts=False),
)


# Equal integer parts.


def _draw_floors(random: Random) -> dict[str, int]:
    a = integer(random, 11, 79)
    return {"a": a, "b": a + integer(random, 2, 9)}


def _floors_exact(p: Parameters) -> int:
    counts = ((k + 1) * p["a"] - k * p["b"] for k in range(p["a"] + 1))
    return sum(count for count in counts if count > 0) - 1  # without x = 0


def _floors_second(p: Parameters) -> int:
    return sum(x // p["a"] == x // p["b"] for x in range(1, p["a"] * p["b"]))


FLOORS = Family(
    "equal-floors",
    AREA,
    1,
    _draw_floors,
    _floors_exact,
    _floors_second,
    ("interval of each common value", "every x up to ab"),
    (
        Wording(
            "",
            "the number of positive integers $x$ with"
            " $\\left\\lfloor \\frac{x}{<a>} \\right\\rfloor"
            " = \\left\\lfloor \\frac{x}{<b>} \\right\\rfloor$",
        ),
        Wording(
            "The pages of a long book are numbered $1, 2, 3, \\ldots$. One printer starts a new"
            " sheet at every page whose number is a multiple of $<a>$, another one at every page"
            " whose number is a multiple of $<b>$; each printer calls the pages before its first"
            " new sheet sheet $0$ and counts its sheets upwards from there.",
            "the number of pages that both printers put on sheets of the same number",
        ),
    ),
    valid=lambda p: 5 <= p["a"] < p["b"] <= 120,
)


FAMILIES = (NEWTON, NORM, RECURRENCE, TELESCOPE, POLYNOMIAL, UNITY, FLOORS)
