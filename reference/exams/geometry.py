"""Families of geometry: triangles, cyclic quadrilaterals, solids, lattice points, polygons."""

from fractions import Fraction
from itertools import combinations
from math import comb, gcd

import numpy as np

from seed.reference.exams.algebra import determinant
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

AREA = "geometry"
Point = tuple[Fraction, Fraction]


def _is_triangle(a: int, b: int, c: int) -> bool:
    return min(a, b, c) >= 3 and a + b > c and b + c > a and c + a > b


# The distance of the centres of a triangle.


def _draw_centres(random: Random) -> dict[str, int]:
    a, b, c = distinct(random, 3, 5, 31)
    return {"a": b, "b": c, "c": a}


def _centres_exact(p: Parameters) -> Fraction:
    a, b, c = p["a"], p["b"], p["c"]
    sixteen_areas = (a + b + c) * (b + c - a) * (c + a - b) * (a + b - c)
    square_of_radius = Fraction((a * b * c) ** 2, sixteen_areas)
    return square_of_radius - Fraction(a * b * c, a + b + c)  # R^2 - 2 R r


def _centres_second(p: Parameters) -> Fraction:
    a, b, c = p["a"], p["b"], p["c"]
    # With u = CA, v = CB: products of vectors are rational, whatever the coordinates.
    uu, vv, uv = Fraction(b * b), Fraction(a * a), Fraction(a * a + b * b - c * c, 2)
    area = uu * vv - uv * uv
    circumcentre = ((uu * vv / 2 - vv * uv / 2) / area, (uu * vv / 2 - uu * uv / 2) / area)
    incentre = (Fraction(a, a + b + c), Fraction(b, a + b + c))
    x, y = (circumcentre[i] - incentre[i] for i in range(2))
    return x * x * uu + 2 * x * y * uv + y * y * vv


CENTRES = Family(
    "centre-distance",
    AREA,
    3,
    _draw_centres,
    _centres_exact,
    _centres_second,
    ("Euler's formula R^2 - 2Rr", "both centres as sums of two side vectors"),
    (
        Wording(
            "Triangle $ABC$ has the side lengths $BC = <a>$, $CA = <b>$ and $AB = <c>$. Its"
            " incenter is $I$ and its circumcenter is $O$.",
            "the square of the length of $OI$",
        ),
        Wording(
            "Three straight roads of lengths $<a>$, $<b>$ and $<c>$ kilometers join three towns,"
            " each two of them. A mast stands at the same distance from all three towns, and a"
            " well inside the triangle of roads is at the same distance from all three roads.",
            "the square of the distance between mast and well in square kilometers",
        ),
    ),
    valid=lambda p: (
        _is_triangle(p["a"], p["b"], p["c"]) and len(set(p.values())) == 3 and max(p.values()) <= 60
    ),
)


# Two cevians.


def _draw_cevians(random: Random) -> dict[str, int]:
    return integers(random, a=(1, 9), b=(1, 9), c=(1, 9), d=(1, 9))


def _cevians_exact(p: Parameters) -> Fraction:
    a, b, c, d = p["a"], p["b"], p["c"], p["d"]
    # Masses at A, B, C in the proportion ca : bd : ad balance at P.
    total = c * a + b * d + a * d
    return Fraction(c * a * b, total * (a + b)) + Fraction(b * d * c, total * (c + d))


def _cevians_second(p: Parameters) -> Fraction:
    corner_a, corner_b, corner_c = _point(0, 1), _point(0, 0), _point(1, 0)
    on_bc = _between(corner_b, corner_c, Fraction(p["a"], p["a"] + p["b"]))
    on_ca = _between(corner_c, corner_a, Fraction(p["c"], p["c"] + p["d"]))
    meet = _meeting(corner_a, on_bc, corner_b, on_ca)
    return 2 * _area((corner_c, on_ca, meet, on_bc))


def _point(x: int, y: int) -> Point:
    return Fraction(x), Fraction(y)


def _between(start: Point, end: Point, share: Fraction) -> Point:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _meeting(a: Point, b: Point, c: Point, d: Point) -> Point:
    """Where the lines ab and cd meet."""
    ab, cd = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
    across = ab[0] * cd[1] - ab[1] * cd[0]
    share = ((c[0] - a[0]) * cd[1] - (c[1] - a[1]) * cd[0]) / across
    return _between(a, b, share)


def _area(corners: tuple[Point, ...]) -> Fraction:
    """Area of a polygon by the shoelace formula."""
    following = (*corners[1:], corners[0])
    twice = sum(
        (a[0] * b[1] - a[1] * b[0] for a, b in zip(corners, following, strict=True)), Fraction(0)
    )
    return abs(twice) / 2


CEVIANS = Family(
    "cevian-quadrilateral",
    AREA,
    2,
    _draw_cevians,
    _cevians_exact,
    _cevians_second,
    ("masses at the corners", "coordinates and the shoelace formula"),
    (
        Wording(
            "In triangle $ABC$, point $D$ lies on side $BC$ with $BD : DC = <a> : <b>$, and point"
            " $E$ lies on side $CA$ with $CE : EA = <c> : <d>$. Segments $AD$ and $BE$"
            " meet at $X$.",
            "the area of quadrilateral $CDXE$ divided by the area of triangle $ABC$",
        ),
        Wording(
            "A triangular field has the corners $A$, $B$ and $C$. A straight fence runs from $A$ to"
            " the point $D$ of side $BC$ for which $BD : DC = <a> : <b>$, another one from $B$ to"
            " the point $E$ of side $CA$ for which $CE : EA = <c> : <d>$. A tree is planted"
            " at a random point of the field, chosen uniformly by area.",
            "the probability that the tree stands in the part with four corners",
        ),
    ),
    valid=lambda p: (
        min(p.values()) >= 1
        and max(p.values()) <= 40
        and gcd(p["a"], p["b"]) == gcd(p["c"], p["d"]) == 1
    ),
)


# Lattice points within a triangle.


def _draw_lattice(random: Random) -> dict[str, int]:
    return integers(random, a=(20, 70), b=(3, 40), c=(3, 40), d=(41, 80))


def _lattice_exact(p: Parameters) -> int:
    a, b, c, d = p["a"], p["b"], p["c"], p["d"]
    boundary = gcd(a, b) + gcd(c, d) + gcd(a - c, b - d)
    return (abs(a * d - b * c) - boundary + 2) // 2  # Pick: area = inside + boundary / 2 - 1


def _lattice_second(p: Parameters) -> int:
    a, b, c, d = p["a"], p["b"], p["c"], p["d"]
    x, y = np.meshgrid(np.arange(max(a, c) + 1), np.arange(max(b, d) + 1))
    sides = (a * y - b * x, (c - a) * (y - b) - (d - b) * (x - a), c * (0 - y) - d * (0 - x))
    positive = np.all([side > 0 for side in sides], axis=0)
    negative = np.all([side < 0 for side in sides], axis=0)
    return int((positive | negative).sum())


LATTICE = Family(
    "lattice-triangle",
    AREA,
    1,
    _draw_lattice,
    _lattice_exact,
    _lattice_second,
    ("Pick's theorem", "every lattice point of the surrounding rectangle"),
    (
        Wording(
            "",
            "the number of points with integer coordinates strictly inside the triangle with the"
            " vertices $(0, 0)$, $(<a>, <b>)$ and $(<c>, <d>)$",
        ),
        Wording(
            "Trees stand at all points of the plane with integer coordinates. A rope is stretched"
            " in a triangle around the trees at $(0, 0)$, $(<a>, <b>)$ and $(<c>, <d>)$.",
            "the number of trees inside the triangle that do not touch the rope, where trees and"
            " rope have no width",
        ),
    ),
    valid=lambda p: (
        min(p.values()) >= 1 and max(p.values()) <= 200 and p["a"] * p["d"] != p["b"] * p["c"]
    ),
    slot=Slot("a", 41, 90),
)


# The circle around four sides.


def _draw_cyclic(random: Random) -> dict[str, int]:
    return dict(zip("abcd", (integer(random, 3, 24) for _ in range(4)), strict=True))


def _cyclic_exact(p: Parameters) -> Fraction:
    a, b, c, d = (p[name] for name in "abcd")
    half = Fraction(a + b + c + d, 2)
    square_of_area = (half - a) * (half - b) * (half - c) * (half - d)
    return Fraction((a * b + c * d) * (a * c + b * d) * (a * d + b * c)) / (16 * square_of_area)


def _cyclic_second(p: Parameters) -> Fraction:
    a, b, c, d = (p[name] for name in "abcd")
    cosine = Fraction(a * a + b * b - c * c - d * d, 2 * (a * b + c * d))
    square_of_diagonal = a * a + b * b - 2 * a * b * cosine
    return square_of_diagonal / (4 * (1 - cosine * cosine))  # sine rule


CYCLIC = Family(
    "cyclic-quadrilateral",
    AREA,
    3,
    _draw_cyclic,
    _cyclic_exact,
    _cyclic_second,
    ("Parameshvara's formula", "cosine rule for both halves, then sine rule"),
    (
        Wording(
            "A convex quadrilateral inscribed in a circle has the side lengths $<a>$, $<b>$, $<c>$"
            " and $<d>$, in this order.",
            "the square of the radius of the circle",
        ),
        Wording(
            "Four straight beams of lengths $<a>$, $<b>$, $<c>$ and $<d>$ meters are joined end to"
            " end in this order to a convex frame whose four joints all touch the wall of a"
            " round tank from the inside.",
            "the square of the radius of the tank in square meters",
        ),
    ),
    valid=lambda p: (
        min(p.values()) >= 2
        and 2 * max(p.values()) < sum(p.values())
        and max(p.values()) <= 60
        and len(set(p.values())) >= 3
    ),
)


# Obtuse triangles in a regular polygon.


def _draw_obtuse(random: Random) -> dict[str, int]:
    return integers(random, n=(17, 60), g=(2, 5))


def _obtuse_exact(p: Parameters) -> int:
    room = (p["n"] - 1) // 2 - 2 * p["g"]  # two arcs below half of the circle, each at least g
    return p["n"] * comb(room + 2, 2) if room >= 0 else 0


def _obtuse_second(p: Parameters) -> int:
    n, g = p["n"], p["g"]
    found = 0
    for i, j in combinations(range(1, n), 2):  # triangles with the vertex 0
        arcs = (i, j - i, n - j)
        found += min(arcs) >= g and 2 * max(arcs) > n
    return found * n // 3


OBTUSE = Family(
    "obtuse-triangles",
    AREA,
    2,
    _draw_obtuse,
    _obtuse_exact,
    _obtuse_second,
    ("arcs beside the obtuse angle", "all triangles with a given vertex"),
    (
        Wording(
            "The vertices of a regular polygon with $<n>$ sides are numbered around the polygon."
            " Two vertices are called close if one reaches one from the other in fewer than $<g>$"
            " steps along sides of the polygon.",
            "the number of obtuse triangles whose vertices are vertices of the polygon, no two of"
            " them close",
        ),
        Wording(
            "Lamps stand at $<n>$ equally spaced points of a circular track, and the arc between"
            " neighboring lamps is one stage. Three lamps are lit in such a way that any two of"
            " them are at least $<g>$ stages apart along the track in either direction, and the"
            " triangle that they form has an angle of more than $90^\\circ$.",
            "the number of ways to choose the three lamps",
        ),
    ),
    valid=lambda p: 9 <= p["n"] <= 120 and 2 <= p["g"] <= 9,
    slot=Slot("n", 30, 69),
)


# A tetrahedron with equal opposite edges.


def _draw_tetrahedron(random: Random) -> dict[str, int]:
    a, b, c = distinct(random, 3, 5, 30)
    return {"a": a, "b": b, "c": c}


def _tetrahedron_exact(p: Parameters) -> Fraction:
    a, b, c = (p[name] ** 2 for name in "abc")
    return Fraction((a + b - c) * (b + c - a) * (c + a - b), 72)


def _tetrahedron_second(p: Parameters) -> Fraction:
    a, b, c = (p[name] ** 2 for name in "abc")
    squares = [[0, a, b, c], [a, 0, c, b], [b, c, 0, a], [c, b, a, 0]]
    matrix = [[0, 1, 1, 1, 1], *([1, *row] for row in squares)]
    return Fraction(determinant(matrix), 288)


def _is_acute(p: Parameters) -> bool:
    smallest, middle, largest = sorted(number**2 for number in p.values())
    return smallest + middle > largest


TETRAHEDRON = Family(
    "equal-opposite-edges",
    AREA,
    3,
    _draw_tetrahedron,
    _tetrahedron_exact,
    _tetrahedron_second,
    ("the surrounding box", "Cayley-Menger determinant"),
    (
        Wording(
            "Tetrahedron $ABCD$ has the edge lengths $AB = CD = <a>$, $AC = BD = <b>$ and"
            " $AD = BC = <c>$.",
            "the square of its volume",
        ),
        Wording(
            "A sheet of paper has the shape of an acute triangle. It is folded along the three"
            " segments that join the midpoints of its sides, which have the lengths $<a>$, $<b>$"
            " and $<c>$, until its corners meet in one point and enclose a solid.",
            "the square of the volume of the solid",
        ),
    ),
    valid=lambda p: min(p.values()) >= 3 and max(p.values()) <= 60 and _is_acute(p),
)


# The diagonal of a box.


def _draw_box(random: Random) -> dict[str, int]:
    factor = integer(random, 2, 12)
    a, b, c = distinct(random, 3, 5, 40)
    return {"a": a * factor, "b": b * 6, "c": c * factor * integer(random, 1, 3)}


def _box_exact(p: Parameters) -> int:
    a, b, c = (p[name] for name in "abc")
    return a + b + c - gcd(a, b) - gcd(b, c) - gcd(c, a) + gcd(a, b, c)


def _box_second(p: Parameters) -> int:
    walls = {Fraction(i, edge) for edge in (p[name] for name in "abc") for i in range(1, edge + 1)}
    return len(walls)


BOX = Family(
    "box-diagonal",
    AREA,
    2,
    _draw_box,
    _box_exact,
    _box_second,
    ("inclusion and exclusion of walls, edges and corners", "every wall crossed, as a fraction"),
    (
        Wording(
            "A solid box with the edge lengths $<a>$, $<b>$ and $<c>$ is made of unit cubes.",
            "the number of unit cubes whose interior is crossed by a given space diagonal of"
            " the box",
        ),
        Wording(
            "A storage hall is divided into cubic cells of edge length $1$ meter; it is $<a>$"
            " meters long, $<b>$ meters wide and $<c>$ meters high. A laser beam runs in a"
            " straight line from a corner of the hall to the opposite corner.",
            "the number of cells with a stretch of the beam in their interior",
        ),
    ),
    valid=lambda p: min(p.values()) >= 4 and max(p.values()) <= 2000,
    slot=Slot("b", 60, 159),
)


# Squares on a lattice.


def _draw_squares(random: Random) -> dict[str, int]:
    a, b = distinct(random, 2, 7, 24)
    return {"a": a, "b": b}


def _squares_exact(p: Parameters) -> int:
    a, b = p["a"], p["b"]
    # An upright square of side k surrounds k squares, itself included.
    return sum(k * (a - k) * (b - k) for k in range(1, min(a, b)))


def _squares_second(p: Parameters) -> int:
    a, b, found = p["a"], p["b"], 0
    x, y = np.meshgrid(np.arange(a), np.arange(b))
    for right in range(1, min(a, b)):
        for up in range(min(a, b)):
            # The corners go by (right, up), then (-up, right), and so on.
            fits = (x + right < a) & (y + up + right < b) & (x - up >= 0)
            found += int(fits.sum())
    return found


SQUARES = Family(
    "lattice-squares",
    AREA,
    2,
    _draw_squares,
    _squares_exact,
    _squares_second,
    ("squares within upright squares", "every first side, and whether its square fits"),
    (
        Wording(
            "Dots form a rectangular array of $<a>$ columns and $<b>$ rows, with equal distances"
            " between neighboring columns and neighboring rows.",
            "the number of squares, in any position, whose four corners are dots of the array",
        ),
        Wording(
            "Let $S$ be the set of points $(x, y)$ with integers $1 \\le x \\le <a>$ and"
            " $1 \\le y \\le <b>$.",
            "the number of subsets of $S$ that are the set of vertices of a square, whose sides"
            " need not be parallel to the axes",
        ),
    ),
    valid=lambda p: 4 <= p["a"] <= 60 and 4 <= p["b"] <= 60,
    slot=Slot("a", 10, 39),
)


FAMILIES = (CENTRES, CEVIANS, LATTICE, CYCLIC, OBTUSE, TETRAHEDRON, BOX, SQUARES)
