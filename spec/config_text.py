"""The section about the tokenizer: how texts become the token ids of a model."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from seed.spec.characters import END
from seed.spec.config_types import Count, Section

Arguments = Annotated[
    Mapping[str, Any],
    AfterValidator(lambda arguments: MappingProxyType(dict(arguments))),
    PlainSerializer(dict),
]


def _a_day(text: str) -> str:
    """A day of the calendar, as it was written.

    Raises:
        ValueError: It is none.
    """
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        line = f"{{section}}={text} must be a day such as 2025-01-31"
        raise ValueError(line) from None


Day = Annotated[str, BeforeValidator(str), AfterValidator(_a_day)]
# TOML and overrides read an unquoted day as a date.


class TokenizerConfig(Section):
    """The tokenizer: one character a token by default, or that of a pretrained model.

    ``seed run --model FOLDER`` is short for ``start.model=FOLDER tokenizer.path=FOLDER`` and the
    sizes of that model. When the run starts, ``sha256`` and ``ends`` are filled in, so that every
    process that samples knows where a response ends.
    """

    path: str = Field("", description="folder with tokenizer.json; empty = one character a token")
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = Field(
        "", description="digest of the tokenizer's files; filled in when the run starts"
    )
    ends: tuple[Count, ...] = Field(
        (END,),
        description="token ids that end a response; filled in when the run starts",
        min_length=1,
    )
    template: Literal["chat", "none"] = Field(
        "chat", description="prompts pass through the model's chat template, or are plain text"
    )
    template_arguments: Arguments = Field(
        default_factory=dict,
        validate_default=True,
        description="variables of the chat template, such as enable_thinking",
    )
    today: Day = Field(
        "2025-01-01",
        description="day that a chat template is told, the same whenever a run goes on",
    )
    system: str = Field("", description="text of the system message; empty = none of ours")
    stop: tuple[str, ...] = Field(
        (),
        description=(
            "texts that end a response: ASCII characters, whichever token holds them, or added"
            " tokens"
        ),
    )

    @model_validator(mode="after")
    def _characters_have_no_template(self) -> Self:
        if self.path:
            return self
        given = {name: getattr(self, name) for name in ("system", "stop", "template_arguments")}
        for name, value in given.items():
            if value:
                written = dict(value) if isinstance(value, Mapping) else value
                raise ValueError(
                    f"{{section}}.{name}={written!r} needs tokenizer.path: the character tokenizer"
                    " has no messages and one end"
                )
        return self
