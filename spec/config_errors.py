"""One line for every configuration that is not legal: the field, the value, the legal values."""

import difflib
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError

from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError


def user_error(error: ValidationError) -> SeedError:
    """Turn the first complaint of pydantic into our one line."""
    first = error.errors()[0]
    location = tuple(str(part) for part in first["loc"])
    name = ".".join(location)
    if first["type"] == "extra_forbidden":
        return SeedError(Reason.UNKNOWN_KEY, _unknown_key_line(location))
    if first["type"] == "missing":
        return SeedError(Reason.ILLEGAL_VALUE, f"{name} is missing and has no default")
    if first["type"] == "value_error":
        message = first["msg"].removeprefix("Value error, ").replace("{section}", name)
        return SeedError(Reason.ILLEGAL_COMBINATION, message)
    message = first["msg"].replace("Input should be", "must be")
    return SeedError(Reason.ILLEGAL_VALUE, f"{name}={first['input']!r} {message}")


def _unknown_key_line(location: tuple[str, ...]) -> str:
    legal = legal_keys(location[:-1])
    near = difflib.get_close_matches(location[-1], legal, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    where = f"section {'.'.join(location[:-1])}" if len(location) > 1 else "the configuration"
    return f"{'.'.join(location)} is not a key{hint}; legal keys of {where}: {', '.join(legal)}"


def legal_keys(path: Sequence[str]) -> list[str]:
    """Names of the settings of the section that ``path`` leads to."""
    section: type[BaseModel] = Config
    for name in path:
        annotation = section.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)
