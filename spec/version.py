"""The version of this software, as files record it."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGE = "seed-reasoning"


@cache
def seed_version() -> str:
    """The installed version; ``unknown`` in a checkout that is not installed."""
    return version_of(PACKAGE)


def version_of(package: str) -> str:
    """Version of a package; ``unknown`` if it has none, empty if it is not installed."""
    try:
        return version(package) or "unknown"
    except PackageNotFoundError:
        return "unknown" if package == PACKAGE else ""
