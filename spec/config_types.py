"""What settings are made of: the base of all sections, and the types of their fields."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

PositiveInt = Annotated[int, Field(ge=1, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
# Strict: true and "0.5" are no numbers. Integers are.
Share = Annotated[float, Field(ge=0.0, le=1.0, strict=True)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0, strict=True)]
PositiveFloat = Annotated[float, Field(gt=0.0, allow_inf_nan=False, strict=True)]
Temperature = Annotated[float, Field(ge=0.0001, le=1000.0, allow_inf_nan=False, strict=True)]
"""Below this range logits overflow when they are divided; its ends are greedy and uniform."""
PositiveShare = Annotated[float, Field(gt=0.0, le=1.0, strict=True)]
AtLeastOne = Annotated[float, Field(ge=1.0, allow_inf_nan=False, strict=True)]
NonNegativeFloat = Annotated[float, Field(ge=0.0, allow_inf_nan=False, strict=True)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Levels = Annotated[
    Mapping[str, tuple[PositiveInt, ...]],
    AfterValidator(lambda levels: MappingProxyType(dict(levels))),
    PlainSerializer(
        lambda levels: {family: list(of_family) for family, of_family in levels.items()}
    ),
]


def words_of(value: object) -> object:
    """A text as the words between its commas, so that a shell needs no quotes."""
    if not isinstance(value, str):
        return value
    return [word for word in map(str.strip, value.split(",")) if word]


LIST = BeforeValidator(words_of)
"""For lists of words: ``maze,arithmetic`` is read as ``["maze", "arithmetic"]``."""
Words = Annotated[tuple[str, ...], LIST]
DataClass = Literal["verifiable", "general", "hybrid"]
Classes = Annotated[
    Mapping[str, DataClass],
    AfterValidator(lambda classes: MappingProxyType(dict(classes))),
    PlainSerializer(dict),
]
RewardWeights = Annotated[
    Mapping[str, FiniteFloat],
    AfterValidator(lambda weights: MappingProxyType(dict(weights))),
    PlainSerializer(dict),
]
Digests = Annotated[
    Mapping[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]],
    AfterValidator(lambda digests: MappingProxyType(dict(digests))),
    PlainSerializer(dict),
]
Columns = Annotated[
    Mapping[str, str],
    AfterValidator(lambda columns: MappingProxyType(dict(columns))),
    PlainSerializer(dict),
]
Weights = Annotated[
    Mapping[str, PositiveFloat],
    AfterValidator(lambda weights: MappingProxyType(dict(weights))),
    PlainSerializer(dict),
]
TRACKERS = ("tensorboard", "wandb")


def tracker_names(value: object) -> object:
    """Names of trackers: a list without repeats, one word as a list of it, ``none`` as ()."""
    names = () if value == "none" else (value,) if isinstance(value, str) else value
    if isinstance(names, list | tuple) and all(name in TRACKERS for name in names):
        return tuple(dict.fromkeys(names))
    legal = f"must be none, {', '.join(TRACKERS)} or a list of both"
    raise PydanticCustomError("tracker", legal)


Trackers = Annotated[tuple[str, ...], BeforeValidator(tracker_names)]


class Section(BaseModel):
    """A frozen group of settings that knows no key but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
