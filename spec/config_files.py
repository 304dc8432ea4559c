"""Presets and recipes as TOML, overrides as ``section.key=value``.

A preset fixes sizes and the task, a recipe fixes the algorithm, an override changes one value;
later beats earlier.
"""

import copy
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from seed.spec.config import Config
from seed.spec.config_errors import user_error
from seed.spec.errors import Reason, SeedError

RECIPES = ("vapo", "dapo", "grpo", "ppo")


PRESETS = ("tiny", "small", "mixed", "seed-200b")


def load_config(preset: str, recipe: str, overrides: Sequence[str] = (), **top: Any) -> Config:
    """Compose preset, recipe and ``section.key=value`` overrides into a validated configuration.

    Args:
        preset: One of ``PRESETS``.
        recipe: One of ``RECIPES``.
        overrides: Strings ``section.key=value``; the value is read as TOML, a bare word as a
            string.
        top: Values of the top-level keys (``seed``, ``backend``).

    Raises:
        SeedError: UNKNOWN_NAME, UNKNOWN_KEY, ILLEGAL_VALUE or ILLEGAL_COMBINATION.
    """
    tree = _read_named("presets", preset, PRESETS)
    _merge(tree, _read_named("recipes", recipe, RECIPES))
    _merge(tree, top)
    tree = merged(tree, overrides)
    for name in ("preset", "recipe"):
        if name in tree:
            raise SeedError(
                Reason.ILLEGAL_VALUE,
                f"{name}={tree[name]!r} cannot be an override; choose it with --{name}",
            )
    return validated({"preset": preset, "recipe": recipe, **tree})


def merged(tree: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Nested plain values with ``section.key=value`` overrides; the argument is not changed."""
    result = copy.deepcopy(dict(tree))
    for override in overrides:
        _merge(result, parse_override(override))
    return result


def parse_override(override: str) -> dict[str, Any]:
    """Read ``a.b=value`` as the nested mapping ``{"a": {"b": value}}``."""
    path, separator, text = override.partition("=")
    if not separator or not all(path.split(".")) or "\n" in text:
        raise SeedError(
            Reason.ILLEGAL_VALUE, f"override {override!r} must look like section.key=value"
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


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


def _merge(tree: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value
