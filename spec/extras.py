"""Packages that only a part of the commands needs, and how to install them."""

import importlib.util

from seed.spec.errors import Reason, SeedError


def install(extra: str) -> str:
    """The command that installs an extra of setup.cfg from a clone."""
    return f"pip install '.[{extra}]' in the clone of seed"


def require(module: str, what: str, extra: str = "scaled") -> None:
    """Refuse work that needs a package which is not there; the package is not loaded.

    Args:
        module: Name of the package, e.g. ``torch``.
        what: What needs it, as the user typed it.
        extra: The extra of setup.cfg that brings it.

    Raises:
        SeedError: BACKEND_MISSING.
    """
    if importlib.util.find_spec(module) is None:
        raise SeedError(Reason.BACKEND_MISSING, f"{what} needs {module}: {install(extra)}")
