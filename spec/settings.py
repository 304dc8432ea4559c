"""Every setting by its dotted name: meaning, default, and legal values in words."""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from seed.spec.config import Config
from seed.spec.config_files import PRESETS, RECIPES

NAMES = {"preset": {"enum": PRESETS}, "recipe": {"enum": RECIPES}}
"""What the schema of a setting does not say."""


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: Dotted: ``algorithm.clip_high``.
        meaning: Its description; empty for the names of preset and recipe.
        default: In words; empty where a preset or recipe must say it.
        legal: Type and range in words: ``a number of at least 0``.
    """

    name: str
    meaning: str
    default: str
    legal: str


@functools.cache
def all_settings() -> Mapping[str, Setting]:
    """Dotted name -> setting, in the order of declaration; subsections come last."""
    return {setting.name: setting for setting in _settings(Config, "", PydanticUndefined)}


def _settings(section: type[BaseModel], path: str, defaults: Any) -> Iterator[Setting]:
    """The settings below a section; ``defaults`` is its own default, where it has one."""
    schemas = section.model_json_schema()["properties"]
    below = []
    for name, field in section.model_fields.items():
        annotation = field.annotation
        default = field.get_default(call_default_factory=True, validated_data={})
        if defaults is not PydanticUndefined:
            default = getattr(defaults, name)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            below.append((annotation, f"{path}{name}.", default))
            continue
        yield Setting(
            name=f"{path}{name}",
            meaning=field.description or "",
            default="" if default is PydanticUndefined else as_typed(default),
            legal=legal_values(schemas[name] | NAMES.get(f"{path}{name}", {})),
        )
    for subsection in below:
        yield from _settings(*subsection)


def as_typed(value: Any) -> str:
    """A value as one would type it: ``true``, ``gae``, ``["maze"]``, ``{maze = [1, 2]}``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if value else '""'
    if isinstance(value, Mapping):
        items = [f"{key} = {_item(item)}" for key, item in value.items()]
        return f"{{{', '.join(items)}}}"
    return _item(value)


def _item(value: Any) -> str:
    """A value inside of another one."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_item, value))}]"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def legal_values(schema: Mapping[str, Any]) -> str:
    """The values that a JSON schema allows, in words."""
    if "enum" in schema or "const" in schema:
        return f"one of {', '.join(map(str, schema.get('enum', [schema.get('const')])))}"
    kind = schema.get("type")
    if kind == "array":
        least = ", at least one" if schema.get("minItems") else ""
        return f"a list; each {legal_values(schema['items'])}{least}"
    if kind == "object":
        members = schema["additionalProperties"]
        return f"a table; each {legal_values(members)}" if isinstance(members, dict) else "a table"
    if kind == "boolean":
        return "true or false"
    if kind == "string":
        return "a text"
    return f"{'an integer' if kind == 'integer' else 'a number'}{_bounds(schema)}"


def _bounds(schema: Mapping[str, Any]) -> str:
    """The range of a number: `` of at least 0 and below 1``."""
    words = {
        "minimum": "of at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
        "multipleOf": "a multiple of",
    }
    bounds = [f"{word} {_plain(schema[key])}" for key, word in words.items() if key in schema]
    return f" {' and '.join(bounds)}" if bounds else ""


def _plain(bound: float) -> str:
    """A bound without an idle ``.0``."""
    return str(bound).removesuffix(".0")
