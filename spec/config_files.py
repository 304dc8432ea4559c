"""Presets, recipes and files as TOML, overrides as ``section.key=value``.

    preset < recipe < file < options < overrides          later beats earlier

A preset fixes sizes and the task, a recipe fixes the algorithm, a file holds any settings (the
``config.toml`` of a run holds all), an override changes one value.
"""

import contextlib
import copy
import functools
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from seed.spec.config import Config
from seed.spec.config_errors import user_error
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import current_settings
from seed.spec.text_files import read_text

RECIPES = ("vapo", "dapo", "grpo", "ppo")

PRESETS = ("tiny", "small", "mixed", "smollm2", "seed-200b")

DEFAULT_PRESET = "tiny"
DEFAULT_RECIPE = "vapo"
RECIPE_OF: Mapping[str, str] = MappingProxyType({"smollm2": "grpo"})
"""Preset -> its recipe where nothing says more, if it is not ``DEFAULT_RECIPE``."""


@dataclass(frozen=True)
class Layer:
    """Settings of one origin.

    Attributes:
        origin: ``default``, ``preset tiny``, ``recipe vapo``, ``file NAME`` or ``command line``.
        tree: Nested plain values.
    """

    origin: str
    tree: Mapping[str, Any]


FILE = "file "
"""Beginning of the origin of a file's settings."""
COMMAND_LINE = "command line"


def load_config(
    preset: str | None = None,
    recipe: str | None = None,
    overrides: Sequence[str] = (),
    *,
    file: Path | None = None,
    **top: Any,
) -> Config:
    """Compose preset, recipe, file, options and overrides into a validated configuration.

    Args:
        preset: One of ``PRESETS``; None for the file's, else ``tiny``.
        recipe: One of ``RECIPES``; None for the file's, else ``vapo`` (preset smollm2: ``grpo``).
        overrides: Strings ``section.key=value``; the value is read as TOML or JSON, a bare
            word as a string.
        file: TOML file with any settings, among them perhaps ``preset`` and ``recipe``.
        top: Values of the top-level keys (``seed``, ``backend``); None leaves a key as it is.

    Raises:
        SeedError: UNKNOWN_NAME, UNKNOWN_KEY, ILLEGAL_VALUE, ILLEGAL_COMBINATION, UNREADABLE_FILE.
            If a setting of the file is at fault, the line begins with the file's name.
    """
    return composed(layers_of(preset, recipe, overrides, file=file, **top))


def layers_of(
    preset: str | None = None,
    recipe: str | None = None,
    overrides: Sequence[str] = (),
    *,
    file: Path | None = None,
    **top: Any,
) -> list[Layer]:
    """What each origin says, the weakest first; arguments as for ``load_config``."""
    settings = read_settings(file) if file else {}
    preset = _name("preset", preset, settings, file) or DEFAULT_PRESET
    recipe = _name("recipe", recipe, settings, file) or RECIPE_OF.get(preset, DEFAULT_RECIPE)
    options = {key: value for key, value in top.items() if value is not None}
    changes = merged({}, overrides)
    for name in ("preset", "recipe"):
        if name in changes:
            raise SeedError(
                Reason.ILLEGAL_VALUE,
                f"{name}={changes[name]!r} cannot be an override; choose it with --{name}",
            )
    return [
        Layer("default", {"preset": preset, "recipe": recipe}),
        Layer(f"preset {preset}", _read_named("presets", preset, PRESETS)),
        Layer(f"recipe {recipe}", _read_named("recipes", recipe, RECIPES)),
        *([Layer(f"{FILE}{file}", settings)] if file else []),
        Layer(COMMAND_LINE, options),
        Layer(COMMAND_LINE, changes),
    ]


def composed(layers: Sequence[Layer]) -> Config:
    """The validated configuration of layers, of which later ones beat earlier ones."""
    tree: dict[str, Any] = {}
    for layer in layers:
        merge(tree, layer.tree)
    try:
        return validated(tree)
    except SeedError as error:
        at_fault = re.match(r"[\w.-]*", error.line)
        origin = origin_of(layers, at_fault[0].strip(".")) if at_fault else ""
        if not origin.startswith(FILE):
            raise
        raise SeedError(error.reason, f"{origin.removeprefix(FILE)}: {error.line}") from None


def origin_of(layers: Sequence[Layer], name: str) -> str:
    """Origin of the last layer that holds a dotted setting or a part of it, else ``default``."""
    for layer in reversed(layers):
        value: Any = layer.tree
        for key in name.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            return layer.origin
    return "default"


def read_settings(file: Path) -> dict[str, Any]:
    """The settings of a TOML file under today's names.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    if file.is_dir():
        line = f"{file} is a folder; the configuration of a run is {file / 'config.toml'}"
        raise SeedError(Reason.UNREADABLE_FILE, line)
    try:
        return current_settings(tomllib.loads(read_text(file)))
    except tomllib.TOMLDecodeError as error:
        line = f"{file} is not readable TOML: {error}"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None


def _name(kind: str, chosen: str | None, settings: dict[str, Any], file: Path | None) -> str | None:
    """The preset or recipe, as chosen or as in the file; it is taken out of the settings.

    A file holds settings made for its preset and recipe, which would hide those of another one.
    """
    named = settings.pop(kind, None)
    if named is None:
        return chosen
    legal = {"preset": PRESETS, "recipe": RECIPES}[kind]
    if named not in legal:
        line = f"{file}: {kind} {named!r} is not one of: {', '.join(legal)}"
        raise SeedError(Reason.UNKNOWN_NAME, line)
    if chosen not in (None, named):
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"{kind} {chosen} contradicts {file}, which has {kind} = {named!r}; give one of them",
        )
    return str(named)


def merged(tree: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Nested plain values with ``section.key=value`` overrides; the argument is not changed."""
    result = copy.deepcopy(dict(tree))
    for override in overrides:
        merge(result, parse_override(override))
    return result


def parse_override(override: str) -> dict[str, Any]:
    """Read ``a.b=value`` as the nested mapping ``{"a": {"b": value}}``."""
    path, separator, text = override.partition("=")
    if not separator or not all(path.split(".")) or "\n" in text:
        raise SeedError(
            Reason.ILLEGAL_VALUE, f"override {override!r} must look like section.key=value"
        )
    value = _typed_value(text, override)
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


def _typed_value(text: str, override: str) -> Any:
    """A typed value: TOML; else an object or list of JSON, or a number like ``.5``; else itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        pass
    if text.lstrip().startswith(("{", "[")):
        with contextlib.suppress(json.JSONDecodeError, RecursionError):
            return json.loads(text, object_pairs_hook=functools.partial(_object, override))
    return float(text) if re.fullmatch(r"[+-]?(\.\d+|\d+\.)(e[+-]?\d+)?", text) else text


def _object(override: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, in which no key may stand twice."""
    names = [name for name, _ in pairs]
    if repeated := [name for name in names if names.count(name) > 1]:
        line = f"override {override!r} has {repeated[0]} twice; name it once"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    return dict(pairs)


def validated(tree: Mapping[str, Any]) -> Config:
    """Build the configuration from nested plain values, with every error in one clear line."""
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise user_error(error) from None


def to_toml(config: Config) -> str:
    """The resolved configuration as TOML text that ``validated`` reads back to an equal value."""
    lines: list[str] = []
    _write_table(config.model_dump(mode="json"), (), lines)
    return "\n".join(lines).strip() + "\n"


def _write_table(table: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    if path:
        lines += ["", f"[{'.'.join(map(_toml_key, path))}]"]
    lines += [
        f"{_toml_key(key)} = {_toml_value(value)}"
        for key, value in table.items()
        if not isinstance(value, Mapping)
    ]
    for key, value in table.items():
        if isinstance(value, Mapping):
            _write_table(value, (*path, key), lines)


def _toml_key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    return repr(value)


def _read_named(folder: str, name: str, legal: Iterable[str]) -> dict[str, Any]:
    if name not in legal:
        raise SeedError(
            Reason.UNKNOWN_NAME, f"{folder[:-1]} {name!r} is not one of: {', '.join(legal)}"
        )
    return tomllib.loads((files("seed.spec") / folder / f"{name}.toml").read_text(encoding="utf-8"))


def merge(tree: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Lay settings over others, in place; tables are merged, all else is replaced."""
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(tree.get(key), dict):
            merge(tree[key], value)
        else:
            tree[key] = copy.deepcopy(value)
