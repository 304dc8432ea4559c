"""Properties of the soft overlong punishment (DAPO eq. 13)."""

from collections.abc import Callable
from typing import Any

from seed.conformance.exercises.draws import Draw
from seed.conformance.exercises.violation import agree, require

Function = Callable[..., Any]
LONGEST, CACHE = 20480, 4096
GOLDEN = {
    16384: 0.0,
    16385: -1 / 4096,
    17408: -0.25,
    18432: -0.5,
    19456: -0.75,
    20480: -1.0,
    20481: -1.0,
    10**9: -1.0,
}
"""Length -> penalty with DAPO's limits."""


def the_ramp_has_its_golden_values(soft_overlong: Function, _: Draw) -> None:
    """With DAPO's limit of 20480 tokens and ramp of 4096: 0 up to 16384, -1/4096 at 16385, -1/2 at
    18432, -1 at 20480 and beyond.
    """
    for length, penalty in GOLDEN.items():
        agree(soft_overlong(length, LONGEST, CACHE), penalty, f"penalty at {length} tokens")


def the_penalty_never_rewards_and_never_rises_with_length(
    soft_overlong: Function, draw: Draw
) -> None:
    """The penalty lies in [-1, 0], is 0 exactly up to longest - cache, and one token more never
    costs less.
    """
    longest = 4 * draw.size
    cache = int(draw.random.integers(1, longest + 1))
    for length in range(longest + 3):
        penalty, longer = (soft_overlong(n, longest, cache) for n in (length, length + 1))
        require(-1.0 <= longer <= penalty <= 0.0, "-1 <= longer <= penalty <= 0")
        free = length <= longest - cache
        require((penalty == 0.0) == free, "0 exactly up to longest - cache", penalty=penalty)


def the_ramp_is_straight(soft_overlong: Function, draw: Draw) -> None:
    """On the ramp every token costs 1 / cache."""
    cache = 2 * draw.size
    for length in range(100 - cache, 100):
        cost = soft_overlong(length, 100, cache) - soft_overlong(length + 1, 100, cache)
        agree(cost, 1 / cache, f"cost of one token more at {length} of 100, cache {cache}")


def without_a_ramp_no_length_costs_anything(soft_overlong: Function, draw: Draw) -> None:
    """A cache of 0 switches the penalty off, for any length; nothing divides by 0."""
    for length in (0, draw.size, 16385, 20480, 20481, 10**9):
        agree(soft_overlong(length, LONGEST, 0), 0.0, f"penalty at {length} tokens without a ramp")
