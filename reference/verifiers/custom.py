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
from typing import Any

from seed.spec.errors import Reason, SeedError
from seed.spec.verify import Item


def checked_address(address: str) -> str:
    """Refuse what cannot name a verifier, without loading it.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    path, _, function = address.rpartition(":")
    if not (path.endswith(".py") and function.isidentifier()):
        raise SeedError(Reason.ILLEGAL_VALUE, f"verifier={address} must be path.py:function")
    if not Path(path).is_file():
        raise SeedError(Reason.ILLEGAL_VALUE, f"verifier={address}: there is no file {path}")
    return address


@cache
def custom_verifier(address: str) -> Callable[[Item], Any]:
    """Load a file, relative to the working directory, and find the function; it takes an item.

    Raises:
        SeedError: ILLEGAL_VALUE; and whatever the file raises.
    """
    path, _, name = checked_address(address).rpartition(":")
    module_name = f"custom_verifier_{Path(path).stem}"
    specification = importlib.util.spec_from_file_location(module_name, path)
    if specification is None or specification.loader is None:
        raise SeedError(Reason.ILLEGAL_VALUE, f"verifier={address}: {path} is no Python file")
    # As when Python runs a script: the file may import its neighbours.
    sys.path.insert(0, str(Path(path).resolve().parent))
    module = importlib.util.module_from_spec(specification)
    sys.modules[module_name] = module
    specification.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        raise SeedError(Reason.ILLEGAL_VALUE, f"verifier={address}: {path} has no function {name}")
    return lambda item: function(dict(vars(item)))
