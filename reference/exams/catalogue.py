"""All families by name."""

from collections.abc import Mapping

from seed.reference.exams import algebra, combinatorics, geometry, number_theory
from seed.reference.exams.family import AREAS, Family

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for module in (number_theory, algebra, combinatorics, geometry)
    for family in module.FAMILIES
}


def by_area() -> dict[str, list[Family]]:
    """The families of each area."""
    return {area: [family for family in FAMILIES.values() if family.area == area] for area in AREAS}
