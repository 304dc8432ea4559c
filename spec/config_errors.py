"""One line for every configuration that is not legal: the field, the value, the legal values."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from seed.spec.aliases import hint_for
from seed.spec.config import Config
from seed.spec.config_parallel import ParallelConfig
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import SETTINGS, VALUES

USED_BY_REFERENCE = ("rollout_slots", "rollout_workers")
"""Settings of section ``parallel`` that the reference uses, or that ``Config`` refuses already."""


def user_error(error: ValidationError) -> SeedError:
    """Turn the first error of pydantic into our one line."""
    first = error.errors()[0]
    location = tuple(_printable(str(part)) for part in first["loc"])
    name = ".".join(location)
    if first["type"] == "extra_forbidden":
        return SeedError(Reason.UNKNOWN_KEY, _unknown_key_line(location, first["input"]))
    if first["type"] == "missing":
        return SeedError(Reason.ILLEGAL_VALUE, f"{name} is missing and has no default")
    if first["type"] == "value_error":
        message = first["msg"].removeprefix("Value error, ").replace("{section}", name)
        return SeedError(Reason.ILLEGAL_COMBINATION, message)
    value = first["input"]
    if first["type"] == "model_type":
        return SeedError(Reason.ILLEGAL_VALUE, _section_line(location, value))
    message = first["msg"].replace("Input should be", "must be")
    message = _how_to_write(first["type"], name) or message
    if isinstance(value, str) and (renamed := VALUES.get(name, {}).get(value)):
        message += f"; {value} is {renamed} now"
    return SeedError(Reason.ILLEGAL_VALUE, f"{name}={value!r} {message}")


def _section_line(location: tuple[str, ...], value: Any) -> str:
    """A section got a value."""
    name, legal = ".".join(location), ", ".join(legal_keys(location))
    return f"{name}={value!r}: {name} is a section; write {name}.KEY=VALUE, KEY one of {legal}"


def _how_to_write(kind: str, name: str) -> str:
    """What to type for values whose form is not plain from the legal values."""
    if kind == "tuple_type":
        example = "'[1, 2]'" if name.startswith("data.difficulties.") else "WORD,WORD"
        return f"must be a list; write {name}={example}"
    return {
        "dict_type": f"must be a table; write {name}.FAMILY=VALUE",
        "bool_type": "must be true or false",
        "too_short": "must hold at least one item",
    }.get(kind, "")


def _unknown_key_line(location: tuple[str, ...], value: Any) -> str:
    """Name the setting that was meant, or else list the legal keys."""
    name, section = ".".join(location), ".".join(location[:-1])
    legal = legal_keys(location[:-1])
    near = difflib.get_close_matches(location[-1], legal, n=1)
    # A section that resembles one of ours is misspelt, whatever settings it holds.
    if hint := _hint(location, value, is_misspelt=bool(near) and isinstance(value, Mapping)):
        return f"{name} is not a key: {hint}"
    meant = f" (did you mean {near[0]}?)" if near else ""
    where = f"section {section}" if section else "the configuration"
    return f"{name} is not a key{meant}; legal keys of {where}: {', '.join(legal)}"


def _hint(location: tuple[str, ...], value: Any, is_misspelt: bool) -> str:
    """The setting that an unknown key means: by an older name, in another framework or section."""
    for name in _dotted_names(location, value):
        if name in SETTINGS:
            return f"{name} is {SETTINGS[name]} now"
        if hint := hint_for(name):
            return hint
        leaf = name.rpartition(".")[2]
        settings = () if is_misspelt else settings_named(leaf)
        if settings == (leaf,):
            return f"{leaf} is a setting of no section"
        if settings:
            return f"{leaf} is {' or '.join(settings)}"
    return ""


def _dotted_names(location: tuple[str, ...], value: Any) -> Iterator[str]:
    """Full names of the settings at an unknown key, of which pydantic reports the beginning."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _dotted_names((*location, str(key)), below)
    else:
        yield ".".join(location)


def legal_keys(path: Sequence[str]) -> list[str]:
    """Names of the settings of the section that ``path`` leads to."""
    section: type[BaseModel] = Config
    for name in path:
        annotation = section.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)


def settings_named(leaf: str) -> tuple[str, ...]:
    """All dotted settings with a last component: ``clip_high`` -> (``algorithm.clip_high``,).

    A setting of no section is its own dotted name. The result is empty where no setting has it.
    """
    return tuple(name for name in _settings(Config) if name.rpartition(".")[2] == leaf)


def _settings(section: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Dotted names of all settings below a section, as declared; a section is no setting."""
    for name, field in section.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _settings(annotation, (*path, name))
        else:
            yield ".".join((*path, name))


def check_effect(config: Config) -> None:
    """Refuse to start a run with settings that its backend ignores.

    Only a new run is checked. A preset may describe a layout for ``seed explain``, and the
    reference may evaluate a checkpoint of a sharded run.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    if config.backend != "reference":
        return
    for name, field in ParallelConfig.model_fields.items():
        value = getattr(config.parallel, name)
        if name not in USED_BY_REFERENCE and value != field.default:
            raise SeedError(
                Reason.ILLEGAL_COMBINATION,
                f"parallel.{name}={_as_override(value)} has no effect with backend=reference, which"
                f" runs in one process; legal: {_as_override(field.default)}, or backend=scaled",
            )


def _printable(text: str) -> str:
    """A name with its control characters escaped, so that an error stays one line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _as_override(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
