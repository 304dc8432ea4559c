"""Families of combinatorics: words, paths, colourings, permutations, and waiting times."""

from fractions import Fraction
from functools import lru_cache
from math import comb, factorial, gcd, perm

import numpy as np

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

AREA = "combinatorics"


# Subsets without long runs.


def _draw_runs(random: Random) -> dict[str, int]:
    return integers(random, n=(11, 18), k=(3, 5))


def _runs_exact(p: Parameters) -> int:
    n, k = p["n"], p["k"]
    counts = [2**i for i in range(k)]  # a subset ends with 0 to k - 1 chosen numbers
    while len(counts) <= n:
        counts.append(sum(counts[-k:]))
    return counts[n]


def _runs_second(p: Parameters) -> int:
    n, k = p["n"], p["k"]
    # With z numbers left out there are z + 1 gaps, each with fewer than k chosen numbers.
    return sum(
        (-1) ** j * comb(z + 1, j) * comb(n - z - k * j + z, z)
        for z in range(n + 1)
        for j in range(z + 2)
        if n - z - k * j >= 0
    )


RUNS = Family(
    "no-long-runs",
    AREA,
    1,
    _draw_runs,
    _runs_exact,
    _runs_second,
    ("recurrence by the length of the last run", "inclusion and exclusion over the gaps"),
    (
        Wording(
            "",
            "the number of subsets of $\\{1, 2, \\ldots, <n>\\}$, the empty set included, that do"
            " not contain $<k>$ consecutive integers",
        ),
        Wording(
            "A fair coin is tossed $<n>$ times.",
            "the number of sequences of heads and tails in which heads never comes up $<k>$ times"
            " in a row",
        ),
        Wording(
            "A path is paved with a row of $<n>$ stones. Each stone is black or white, and there"
            " are never $<k>$ black stones side by side.",
            "the number of ways to choose the colors",
        ),
    ),
    valid=lambda p: 2 <= p["k"] <= 8 and p["k"] + 4 <= p["n"] <= 60,
    slot=Slot("n", 14, 43),
)


# Permutations whose power is the identity.


def _draw_order(random: Random) -> dict[str, int]:
    orders = (6, 10, 12, 14, 15, 20, 21, 24, 30, 35, 42)
    return {"n": integer(random, 6, 14), "m": orders[integer(random, 0, len(orders) - 1)]}


def _cycle_lengths(p: Parameters) -> list[int]:
    return [d for d in range(2, min(p["m"], p["n"]) + 1) if p["m"] % d == 0]


def _order_exact(p: Parameters) -> int:
    counts = [1]
    for n in range(1, p["n"] + 1):  # the cycle of the last element, then the rest
        lengths = (d for d in _cycle_lengths(p) if d <= n)
        counts.append(sum(perm(n - 1, d - 1) * counts[n - d] for d in lengths))
    return counts[-1]


def _order_second(p: Parameters) -> int:
    def total(lengths: tuple[int, ...], rest: int) -> Fraction:
        """Sum over cycle types of 1 / (product of d^c c!)."""
        if not lengths:
            return Fraction(int(rest == 0))
        d, more = lengths[0], lengths[1:]
        return sum(
            (total(more, rest - c * d) / (d**c * factorial(c)) for c in range(rest // d + 1)),
            Fraction(0),
        )

    return int(factorial(p["n"]) * total(tuple(_cycle_lengths(p)), p["n"]))


ORDER = Family(
    "permutation-power",
    AREA,
    3,
    _draw_order,
    _order_exact,
    _order_second,
    ("recurrence by the cycle of the last element", "sum over cycle types"),
    (
        Wording(
            "For a bijection $f$ of the set $\\{1, 2, \\ldots, <n>\\}$ onto itself let $f^{(j)}$ be"
            " $f$ applied $j$ times.",
            "the number of such bijections with $f(x) \\ne x$ and $f^{(<m>)}(x) = x$ for every $x$"
            " in the set",
        ),
        Wording(
            "Seats are numbered from $1$ to $<n>$. A plan sends the person on each seat to another"
            " seat, different people to different seats and nobody to the own seat. After the plan"
            " has been carried out $<m>$ times in a row, everybody is back on the seat of the"
            " beginning.",
            "the number of such plans",
        ),
    ),
    valid=lambda p: 4 <= p["n"] <= 30 and 4 <= p["m"] <= 60 and len(_cycle_lengths(p)) >= 2,
)


# Lattice paths that avoid two points.


def _draw_paths(random: Random) -> dict[str, int]:
    p = integers(random, a=(7, 11), b=(6, 10))
    c, e = distinct(random, 2, 1, 6)
    d, f = sorted(integer(random, 1, 5) for _ in range(2))
    return p | {"c": c, "d": d, "e": e, "f": f}


def _paths_exact(p: Parameters) -> int:
    a, b, c, d, e, f = (p[name] for name in "abcdef")
    both = comb(c + d, c) * comb(e - c + f - d, e - c) if f >= d else 0
    first = comb(c + d, c) * comb(a - c + b - d, a - c)
    last = comb(e + f, e) * comb(a - e + b - f, a - e)
    return comb(a + b, a) - first - last + both * comb(a - e + b - f, a - e)


def _paths_second(p: Parameters) -> int:
    blocked = {(p["c"], p["d"]), (p["e"], p["f"])}
    ways = {(0, 0): 1}
    for x in range(p["a"] + 1):
        for y in range(p["b"] + 1):
            if (x, y) != (0, 0):
                before = ways.get((x - 1, y), 0) + ways.get((x, y - 1), 0)
                ways[x, y] = 0 if (x, y) in blocked else before
    return ways[p["a"], p["b"]]


PATHS = Family(
    "paths-around-points",
    AREA,
    1,
    _draw_paths,
    _paths_exact,
    _paths_second,
    ("inclusion and exclusion over the two points", "path counts point by point"),
    (
        Wording(
            "A path in the plane goes from $(0, 0)$ to $(<a>, <b>)$ in steps of length $1$, each to"
            " the right or upwards.",
            "the number of such paths that pass neither through $(<c>, <d>)$ nor through"
            " $(<e>, <f>)$",
        ),
        Wording(
            "The streets of a town form a grid. Block corners are numbered by pairs: the first"
            " number grows by $1$ with every block eastwards, the second one with every block"
            " northwards. The corners $(<c>, <d>)$ and $(<e>, <f>)$ are closed. A driver goes"
            " from corner $(0, 0)$ to corner $(<a>, <b>)$, only eastwards and northwards.",
            "the number of routes that avoid both closed corners",
        ),
    ),
    valid=lambda p: (
        min(p.values()) >= 1
        and p["c"] < p["e"] < p["a"]
        and max(p["d"], p["f"]) < p["b"]
        and p["a"] + p["b"] <= 80
    ),
    slot=Slot("a", 8, 37),
)


# Bracelets.


def _draw_bracelets(random: Random) -> dict[str, int]:
    n = integer(random, 6, 14)
    return {"n": n, "k": integer(random, 2, 2 if n > 10 else 3 if n > 8 else 4)}


def _bracelets_exact(p: Parameters) -> int:
    n, k = p["n"], p["k"]
    turned = sum(k ** gcd(n, i) for i in range(n))
    mirrored = n * k ** ((n + 1) // 2) if n % 2 else n // 2 * (k ** (n // 2) + k ** (n // 2 + 1))
    return (turned + mirrored) // (2 * n)


def _bracelets_second(p: Parameters) -> int:
    n, k = p["n"], p["k"]
    words = np.arange(k**n)
    mirror = sum(words // k**i % k * k ** (n - 1 - i) for i in range(n))
    least = words.copy()
    for turning in (words, mirror):
        turned = turning
        for _ in range(n):
            turned = turned // k + turned % k * k ** (n - 1)
            least = np.minimum(least, turned)
    return int((least == words).sum())


BRACELETS = Family(
    "bracelets",
    AREA,
    2,
    _draw_bracelets,
    _bracelets_exact,
    _bracelets_second,
    ("Burnside's lemma", "least form of every word under rotations and reflections"),
    (
        Wording(
            "A bracelet is a closed ring of $<n>$ beads, each in one of $<k>$ colors; not all"
            " colors need to occur. Two bracelets are the same if one of them can be rotated or"
            " turned over to look like the other one.",
            "the number of different bracelets",
        ),
        Wording(
            "Each vertex of a regular polygon with $<n>$ sides gets one of $<k>$ labels. Labelings"
            " that a rotation or a reflection of the polygon carries into each other count as one.",
            "the number of different labelings",
        ),
    ),
    valid=lambda p: 3 <= p["n"] <= 18 and p["k"] >= 2 and p["k"] ** p["n"] <= 70_000,
)


# Words without equal neighbours.


def _draw_words(random: Random) -> dict[str, int]:
    return integers(random, a=(2, 6), b=(2, 6), c=(2, 6))


def _words_exact(p: Parameters) -> int:
    a, b, c = (p[name] for name in "abc")
    # Each letter is cut into blocks; blocks of one letter may stand side by side, with sign.
    return sum(
        (-1) ** (a - i + b - j + c - k)
        * comb(a - 1, i - 1)
        * comb(b - 1, j - 1)
        * comb(c - 1, k - 1)
        * (factorial(i + j + k) // (factorial(i) * factorial(j) * factorial(k)))
        for i in range(1, a + 1)
        for j in range(1, b + 1)
        for k in range(1, c + 1)
    )


def _words_second(p: Parameters) -> int:
    @lru_cache(None)
    def ways(left: tuple[int, ...], last: int) -> int:
        if not any(left):
            return 1
        return sum(
            ways((*left[:i], left[i] - 1, *left[i + 1 :]), i)
            for i in range(3)
            if left[i] and i != last
        )

    return ways((p["a"], p["b"], p["c"]), -1)


WORDS = Family(
    "no-equal-neighbours",
    AREA,
    2,
    _draw_words,
    _words_exact,
    _words_second,
    ("inclusion and exclusion over blocks of equal letters", "letter by letter, with memory"),
    (
        Wording(
            "Words are formed from exactly $<a>$ letters A, $<b>$ letters B and $<c>$ letters C.",
            "the number of such words in which no two neighboring letters are equal",
        ),
        Wording(
            "On a shelf, $<a>$ red, $<b>$ blue and $<c>$ green books are put in a row. Books of one"
            " color look alike, and books of one color never stand side by side.",
            "the number of different rows",
        ),
    ),
    valid=lambda p: (
        min(p.values()) >= 2
        and max(p.values()) <= 12
        and 2 * max(p.values()) <= sum(p.values()) + 1
    ),
)


# Words with prescribed parities.


def _draw_parities(random: Random) -> dict[str, int]:
    return integers(random, n=(6, 11), c=(4, 7))


def _parities_exact(p: Parameters) -> int:
    signs = [(x, y, z) for x in (1, -1) for y in (1, -1) for z in (1, -1)]
    return sum(z * (p["c"] - 3 + x + y + z) ** p["n"] for x, y, z in signs) // 8


def _parities_second(p: Parameters) -> int:
    ways = np.zeros((2, 2, 2), object)
    ways[0, 0, 0] = 1
    for _ in range(p["n"]):
        flips = ways[::-1] + ways[:, ::-1] + ways[:, :, ::-1]
        ways = (p["c"] - 3) * ways + flips
    return int(ways[0, 0, 1])


PARITIES = Family(
    "letter-parities",
    AREA,
    2,
    _draw_parities,
    _parities_exact,
    _parities_second,
    ("mean over signs of the three letters", "parities letter by letter"),
    (
        Wording(
            "An alphabet has $<c>$ letters, among them A, B and C.",
            "the number of words of $<n>$ letters in which A and B each occur an even number of"
            " times (possibly zero) and C occurs an odd number of times",
        ),
        Wording(
            "A painter gives each of $<n>$ numbered fence posts one of $<c>$ colors. Red, white and"
            " blue are three of them. The number of red posts and the number of white posts are"
            " even (zero is allowed), and the number of blue posts is odd.",
            "the number of ways to paint the posts",
        ),
    ),
    valid=lambda p: 4 <= p["c"] <= 12 and 4 <= p["n"] <= 60,
    slot=Slot("n", 8, 37),
)


# Bounded sums.


def _draw_sums(random: Random) -> dict[str, int]:
    k, m = integer(random, 4, 8), integer(random, 5, 12)
    return {"k": k, "m": m, "n": integer(random, 2 * k, k * m * 2 // 3)}


def _sums_exact(p: Parameters) -> int:
    k, m, n = p["k"], p["m"], p["n"]
    return sum(
        (-1) ** j * comb(k, j) * comb(n - m * j - 1, k - 1) for j in range(k + 1) if n - m * j >= k
    )


def _sums_second(p: Parameters) -> int:
    ways = [1] + [0] * p["n"]
    for _ in range(p["k"]):
        ways = [sum(ways[max(0, i - p["m"]) : i]) for i in range(p["n"] + 1)]
    return ways[p["n"]]


SUMS = Family(
    "bounded-sums",
    AREA,
    1,
    _draw_sums,
    _sums_exact,
    _sums_second,
    ("inclusion and exclusion over the bounds", "product of polynomials"),
    (
        Wording(
            "",
            "the number of ordered lists of $<k>$ integers, each at least $1$ and at most $<m>$,"
            " whose sum is $<n>$",
        ),
        Wording(
            "A die has $<m>$ faces with the numbers from $1$ to $<m>$. It is rolled $<k>$ times,"
            " and the results are written down in order.",
            "the number of possible records whose total is $<n>$",
        ),
        Wording(
            "In $<k>$ labeled jars there are $<n>$ identical marbles in all. No jar is empty, and"
            " no jar has more than $<m>$ marbles.",
            "the number of ways in which the marbles can be distributed",
        ),
    ),
    valid=lambda p: p["k"] >= 3 and p["m"] >= 4 and p["k"] < p["n"] < p["k"] * p["m"] <= 400,
)


# Tilings with colours.


def _draw_tilings(random: Random) -> dict[str, int]:
    return integers(random, n=(6, 12), u=(2, 4), s=(2, 6))


def _tilings_exact(p: Parameters) -> int:
    before, now = 1, p["u"]
    for _ in range(p["n"] - 1):
        before, now = now, p["u"] * now + (p["u"] ** 2 + p["s"]) * before
    return now


def _tilings_second(p: Parameters) -> int:
    n, domino, square = p["n"], p["u"], p["s"]

    @lru_cache(None)
    def ways(upper: int, lower: int) -> int:
        """Fill the first free cell of a board whose rows are covered up to two columns."""
        if upper == lower == n:
            return 1
        total = 0
        if upper <= lower:
            if upper + 2 <= n:
                total += domino * ways(upper + 2, lower)
            if upper == lower:
                total += domino * ways(upper + 1, lower + 1)
                if upper + 2 <= n:
                    total += square * ways(upper + 2, lower + 2)
        elif lower + 2 <= n:
            total += domino * ways(upper, lower + 2)
        return total

    return ways(0, 0)


TILINGS = Family(
    "colored-tilings",
    AREA,
    2,
    _draw_tilings,
    _tilings_exact,
    _tilings_second,
    ("linear recurrence of the width", "cell by cell, with memory"),
    (
        Wording(
            "A board of $2$ rows and $<n>$ columns is covered without gaps and overlaps by dominoes"
            " (two cells that share a side) and by square tiles of $2 \\times 2$ cells. Dominoes"
            " come in $<u>$ colors, square tiles in $<s>$ colors.",
            "the number of different colored coverings",
        ),
        Wording(
            "A corridor is $2$ meters wide and $<n>$ meters long. Its floor is laid with carpets of"
            " $1$ by $2$ meters, of which there are $<u>$ patterns, and of $2$ by $2$ meters, of"
            " which there are $<s>$ patterns. Carpets lie parallel to the walls, cover the whole"
            " floor and do not overlap, and every pattern looks the same after a half turn.",
            "the number of different floors",
        ),
    ),
    valid=lambda p: min(p["u"], p["s"]) >= 2 and 4 <= p["n"] <= 60,
    slot=Slot("n", 7, 36),
)


# Waiting for a run of successes.


def _draw_waiting(random: Random) -> dict[str, int]:
    d = integer(random, 3, 9)
    return {"h": integer(random, 2, d - 1), "d": d, "k": integer(random, 2, 5)}


def _waiting_exact(p: Parameters) -> Fraction:
    success = Fraction(p["h"], p["d"])
    return (1 - success ** p["k"]) / (success ** p["k"] * (1 - success))


def _waiting_second(p: Parameters) -> Fraction:
    success = Fraction(p["h"], p["d"])
    # Expected trials from a run of i are u + v E, with E those from no run.
    u, v = Fraction(0), Fraction(0)
    for _ in range(p["k"]):
        u, v = 1 + success * u, (1 - success) + success * v
    return u / (1 - v)


WAITING = Family(
    "waiting-for-a-run",
    AREA,
    2,
    _draw_waiting,
    _waiting_exact,
    _waiting_second,
    ("closed form of the expectation", "linear equations of the runs so far"),
    (
        Wording(
            "A coin comes up heads with probability $\\frac{<h>}{<d>}$, independently each time. It"
            " is tossed until heads has come up $<k>$ times in a row.",
            "the expected number of tosses",
        ),
        Wording(
            "An archer hits the target with probability $\\frac{<h>}{<d>}$ at every shot,"
            " independently of all others, and stops as soon as the last $<k>$ shots were hits.",
            "the expected number of shots",
        ),
    ),
    valid=lambda p: 2 <= p["h"] < p["d"] <= 20 and 2 <= p["k"] <= 8 and gcd(p["h"], p["d"]) == 1,
)


# Choices around a circle with distance.


def _draw_circle(random: Random) -> dict[str, int]:
    return integers(random, n=(17, 30), k=(3, 6), g=(2, 4))


def _circle_exact(p: Parameters) -> int:
    n, k, g = p["n"], p["k"], p["g"]
    return n * comb(n - k * g, k) // (n - k * g)


def _circle_second(p: Parameters) -> int:
    n, k, g = p["n"], p["k"], p["g"]
    # A block is a chosen place with the g free ones behind it; rows[i][j]: j blocks in i places.
    rows = [[1] + [0] * k for _ in range(n)]
    for i in range(1, n):
        for j in range(1, k + 1):
            rows[i][j] = rows[i - 1][j] + (rows[i - g - 1][j - 1] if i > g else 0)
    # Place 0 is free of blocks, or one of the g + 1 cells of a block.
    return rows[n - 1][k] + (g + 1) * rows[n - g - 1][k - 1]


CIRCLE = Family(
    "circle-with-distance",
    AREA,
    1,
    _draw_circle,
    _circle_exact,
    _circle_second,
    ("closed form of circular choices", "blocks in a row, cut at one place of the circle"),
    (
        Wording(
            "At a round table there are $<n>$ numbered chairs. Guests occupy $<k>$ of them so that"
            " between any two occupied chairs there are at least $<g>$ empty chairs on either way"
            " around the table.",
            "the number of possible sets of occupied chairs",
        ),
        Wording(
            "A necklace has $<n>$ fixed and numbered settings. Diamonds are put into exactly $<k>$"
            " of them, and going around the necklace one passes at least $<g>$ settings without a"
            " diamond after each diamond before the next one.",
            "the number of ways to choose the settings for the diamonds",
        ),
    ),
    valid=lambda p: p["k"] >= 3 and p["g"] >= 2 and p["k"] * (p["g"] + 1) < p["n"] <= 90,
    slot=Slot("n", 30, 69),
)


# Rooks on a board with a missing corner.


def _draw_rooks(random: Random) -> dict[str, int]:
    n = integer(random, 6, 9)
    sizes = {"c": integer(random, 2, n - 3), "d": integer(random, 2, n - 3)}
    return {"n": n, **sizes, "k": integer(random, 3, 5)}


def _rooks_exact(p: Parameters) -> int:
    n, c, d, k = (p[name] for name in "ncdk")
    return sum(
        (-1) ** i
        * (comb(c, i) * comb(d, i) * factorial(i))
        * (comb(n - i, k - i) ** 2 * factorial(k - i))
        for i in range(min(c, d, k) + 1)
    )


def _rooks_second(p: Parameters) -> int:
    n, c, d, k = (p[name] for name in "ncdk")
    # j rooks in the c shorter rows, which have n - d cells; then the others.
    return sum(
        comb(c, j) * perm(n - d, j) * comb(n - c, k - j) * perm(n - j, k - j)
        for j in range(min(c, n - d, k) + 1)
    )


ROOKS = Family(
    "rooks-on-a-cut-board",
    AREA,
    2,
    _draw_rooks,
    _rooks_exact,
    _rooks_second,
    ("inclusion and exclusion over the missing cells", "shorter rows first, then the others"),
    (
        Wording(
            "From a chessboard with $<n>$ rows and $<n>$ columns, a rectangle of $<c>$ rows and"
            " $<d>$ columns is cut off at a corner.",
            "the number of ways to place $<k>$ identical rooks on the remaining cells so that no"
            " two of them are in the same row or in the same column",
        ),
        Wording(
            "There are $<n>$ workers and $<n>$ machines. A certain group of $<c>$ workers cannot"
            " operate a certain group of $<d>$ machines; every other worker can operate every"
            " machine, and every worker of the group every other machine. Exactly $<k>$ machines"
            " are to run at the same time, each with one worker of its own.",
            "the number of possible assignments",
        ),
    ),
    valid=lambda p: (
        min(p["c"], p["d"]) >= 2 and max(p["c"], p["d"]) < p["n"] and 2 <= p["k"] < p["n"] <= 60
    ),
    slot=Slot("n", 10, 39),
)


FAMILIES = (RUNS, ORDER, PATHS, BRACELETS, WORDS, PARITIES, SUMS, TILINGS, WAITING, CIRCLE, ROOKS)
