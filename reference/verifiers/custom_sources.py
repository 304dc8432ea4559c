"""Which files the code of a custom verifier is in: its own, and those that it imports beside it.

They are found by reading, not by running: every ``import`` anywhere in a file, followed through the
files that it leads to. Not found are names that are put together at run time (``importlib``) and
what lies elsewhere, such as installed packages.
"""

import ast
from collections.abc import Iterator
from pathlib import Path


def sources(path: Path) -> list[Path]:
    """The verifier's file, and the files in its folder and below that its imports lead to, sorted.

    Args:
        path: The verifier's file.

    Returns:
        ``path`` first, as it is given; paths below its folder behind.

    Raises:
        OSError: A file cannot be read.
    """
    folder, found, ahead = path.parent, {path.resolve(): path}, [path]
    while ahead:
        for file in _imported(ahead.pop(), folder):
            if file.resolve() not in found:
                found[file.resolve()] = file
                ahead.append(file)
    return [path, *sorted(file for file in found.values() if file != path)]


def _imported(path: Path, folder: Path) -> Iterator[Path]:
    """The files that a file's import statements name, as Python would look for them in a folder."""
    content = path.read_bytes()
    try:
        statements = list(ast.walk(ast.parse(content)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # it does not load, and whoever loads it says why
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield from _files(folder, alias.name)
        elif isinstance(statement, ast.ImportFrom):
            # ``from .a import b`` in p/q/r.py is p.q.a; each further point goes one folder up.
            levels = max(statement.level - 1, 0)
            start = path.parents[levels] if statement.level and levels < len(path.parents) else None
            base = start or folder
            yield from _files(base, statement.module or "")
            for alias in statement.names:
                yield from _files(base, ".".join(filter(None, (statement.module, alias.name))))


def _files(folder: Path, name: str) -> Iterator[Path]:
    """The files of a dotted name: the ``__init__.py`` of packages on the way, and the module."""
    place = folder
    for part in filter(None, name.split(".")):
        place = place / part
        for file in (place / "__init__.py", place.with_name(f"{part}.py")):
            if file.is_file():
                yield file
