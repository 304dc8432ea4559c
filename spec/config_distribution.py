"""Section ``distribution``: which domains and levels a run asks while it trains.

What each setting does stands as formulas in ``reference.data.distribution``.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from seed.spec.config_types import PositiveFloat, PositiveInt, PositiveShare, Section, Share


class DistributionConfig(Section):
    """Online data distribution adaptation (report 4.2) and difficulty control (report 2.1)."""

    method: Literal["in_turn", "adaptive", "pools", "sliding"] = Field(
        "in_turn",
        description=(
            "how prompts are shared among domains and levels: in_turn = fixed shares; adaptive = by"
            " learning signal, our reading of the report; pools = by solve rate, as in prime-rl;"
            " sliding = a range of levels that rises with the solve rate, as in RLVE"
        ),
    )
    signal: Literal["variance", "advantage", "progress"] = Field(
        "variance",
        description=(
            "adaptive: what counts as learning signal: variance of the scores within a group, its"
            " mean absolute advantage, or the change of the solve rate"
        ),
    )
    temperature: PositiveFloat = Field(
        0.25, description="adaptive: of the softmax over signals; large = nearly in_turn"
    )
    floor: PositiveShare = Field(
        0.2,
        description=(
            "adaptive: part of its in_turn share that each domain and each level always keeps"
        ),
    )
    memory: Annotated[PositiveInt, Field(le=1_000_000)] = Field(
        32, description="groups that a moving average of a level remembers"
    )
    hard_at_most: Share = Field(
        0.25, description="pools: highest solve rate of the hard pool (prime-rl)"
    )
    easy_above: Share = Field(
        0.75, description="pools: solve rate above which the easy pool begins (prime-rl)"
    )
    hard_weight: PositiveFloat = Field(
        0.2, description="pools: weight of the hard pool; that of the others between is 1"
    )
    easy_weight: PositiveFloat = Field(0.2, description="pools: weight of the easy pool")
    window: PositiveInt = Field(4, description="sliding: levels in the range (RLVE)")
    raise_at: PositiveShare = Field(
        0.9, description="sliding: solve rate at the top level that raises the range (RLVE)"
    )
    lower_at: Share = Field(
        0.0,
        description=(
            "sliding: solve rate at the top level below which the range falls; 0 = never (RLVE)"
        ),
    )
    least_groups: PositiveInt = Field(
        8, description="sliding: groups of the top level before its solve rate is judged (RLVE)"
    )

    @model_validator(mode="after")
    def _bounds_rise(self) -> Self:
        for low, high in (("hard_at_most", "easy_above"), ("lower_at", "raise_at")):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(
                    f"{{section}}.{low}={getattr(self, low)} must be below"
                    f" {{section}}.{high}={getattr(self, high)}"
                )
        return self

    @property
    def compares_within_groups(self) -> bool:
        """Whether the learning signal is a statistic of the scores of one group."""
        return self.method == "adaptive" and self.signal != "progress"
