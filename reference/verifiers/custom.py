"""A custom verifier: a plain Python function of the user, named as ``path.py:function``.

Its argument is a dict of the fields of ``spec.verify.Item``; it returns a bool, a reward or a
mapping, see ``reference.verifiers.verdict``. It is loaded in the worker process only, once per
worker.
"""

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from seed.spec.errors import Reason, SeedError
from seed.spec.verify import Item


def checked_address(address: str, field: str = "verifier") -> str:
    """Refuse what cannot name a function of a file, without loading it.

    Args:
        address: ``path.py:function``.
        field: What it is the value of.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    path, _, function = address.rpartition(":")
    if not (path.endswith(".py") and function.isidentifier()):
        raise SeedError(Reason.ILLEGAL_VALUE, f"{field}={address} must be path.py:function")
    if not Path(path).is_file():
        raise SeedError(Reason.ILLEGAL_VALUE, f"{field}={address}: there is no file {path}")
    return address


@cache
def custom_verifier(address: str) -> Callable[[Item], Any]:
    """Load a file, relative to the working directory, and find the function; it takes an item.

    Raises:
        SeedError: ILLEGAL_VALUE; and whatever the file raises.
    """
    function = custom_function(address)
    return lambda item: function(dict(vars(item)))


def custom_function(address: str) -> Callable[..., Any]:
    """Load a file, relative to the working directory, and find the function.

    Raises:
        SeedError: ILLEGAL_VALUE; and whatever the file raises.
    """
    path, _, name = checked_address(address).rpartition(":")
    function = getattr(_module(path), name, None)
    if not callable(function):
        raise SeedError(Reason.ILLEGAL_VALUE, f"verifier={address}: {path} has no function {name}")
    return function


@cache
def _module(path: str) -> ModuleType:
    module_name = f"custom_verifier_{Path(path).stem}"
    specification = importlib.util.spec_from_file_location(module_name, path)
    if specification is None or specification.loader is None:
        raise SeedError(Reason.ILLEGAL_VALUE, f"verifier={path}: it is no Python file")
    # As when Python runs a script: the file may import its neighbours.
    sys.path.insert(0, str(Path(path).resolve().parent))
    module = importlib.util.module_from_spec(specification)
    sys.modules[module_name] = module
    specification.loader.exec_module(module)
    return module
