"""A custom verifier: a plain Python function of the user, named as ``path.py:function``.

Its argument is a dict of the fields of ``spec.verify.Item``; it returns a bool, a reward or a
mapping, see ``reference.verifiers.verdict``. It is loaded in the worker process only, once per
worker.
"""

import importlib.util
import sys
from collections.abc import Callable
from functools import cache, wraps
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
    folder = str(Path(path).resolve().parent)
    function = getattr(_module(path, folder), name, None)
    if not callable(function):
        raise SeedError(Reason.ILLEGAL_VALUE, f"verifier={address}: {path} has no function {name}")

    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        _prefer(folder)
        return function(*arguments, **named)

    return called


@cache
def _module(path: str, folder: str) -> ModuleType:
    module_name = f"custom_verifier_{Path(path).stem}"
    specification = importlib.util.spec_from_file_location(module_name, path)
    if specification is None or specification.loader is None:
        raise SeedError(Reason.ILLEGAL_VALUE, f"verifier={path}: it is no Python file")
    _prefer(folder)
    module = importlib.util.module_from_spec(specification)
    sys.modules[module_name] = module
    specification.loader.exec_module(module)
    return module


_modules_of: dict[str, dict[str, ModuleType]] = {}
"""Folder of a verifier -> what it has imported from there, while another folder is preferred."""


def _prefer(folder: str) -> None:
    """Let a verifier import what lies beside it, as when Python runs a script.

    The folder of another verifier may hold modules of the same names, so each has its own.
    """
    if folder in _modules_of and folder in sys.path:
        return
    for other in [path for path in sys.path if path in _modules_of]:
        sys.path.remove(other)
        names = [name for name in sys.modules if _lies_in(other, name)]
        _modules_of[other] = {name: sys.modules.pop(name) for name in names}
    sys.path.insert(0, folder)
    sys.modules.update(_modules_of.setdefault(folder, {}))


def _lies_in(folder: str, name: str) -> bool:
    """Whether a module, or the package that it is of, lies in a folder; ours never does."""
    top = name.partition(".")[0]
    package = sys.modules.get(top)
    if package is None or top == "seed":
        return False
    file = getattr(package, "__file__", None)
    paths = [file] if file else list(getattr(package, "__path__", ()))
    own = (Path(folder, f"{top}.py"), Path(folder, top, "__init__.py"), Path(folder, top))
    return any(Path(path) in own for path in paths)
