"""What settings are made of: the base of all sections, and the types of their fields."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

PositiveInt = Annotated[int, Field(ge=1, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0)]
PositiveFloat = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegativeFloat = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]
Levels = Annotated[
    Mapping[str, tuple[PositiveInt, ...]],
    AfterValidator(lambda levels: MappingProxyType(dict(levels))),
    PlainSerializer(
        lambda levels: {family: list(of_family) for family, of_family in levels.items()}
    ),
]
DataClass = Literal["verifiable", "general", "hybrid"]
Classes = Annotated[
    Mapping[str, DataClass],
    AfterValidator(lambda classes: MappingProxyType(dict(classes))),
    PlainSerializer(dict),
]


class Section(BaseModel):
    """A frozen group of settings that knows no key but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
