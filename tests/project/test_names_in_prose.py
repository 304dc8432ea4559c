"""Files, modules and functions that docs, docstrings and comments name in back-ticks exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("spec", "reference", "scaled", "conformance", "cli")
FOLDERS = (*PACKAGES, "seed", "tests", "docs", "examples")
CODE = re.compile(r"(`{1,2})([^`\n]+)\1")
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*(?:::\w+)?")
DOTTED = re.compile(rf"(?:seed\.(?:{'|'.join(PACKAGES)})|{'|'.join(PACKAGES)}|tests)(?:\.\w+)+")
PLACEHOLDER = re.compile(r"(?<![A-Za-z])[A-Z]+(?![a-z])")
"""``NAME`` in ``reference/verifiers/NAME.py``."""


@pytest.mark.parametrize("folder", [".", *FOLDERS])
def test_every_file_and_function_named_in_prose_exists(folder: str) -> None:
    paths = [path for path in texts(folder) if path.name != "CHANGELOG.md"]
    assert paths
    named = [
        (str(path.relative_to(ROOT)), match[2])
        for path in paths
        for match in CODE.finditer(path.read_text(encoding="utf-8"))
    ]
    assert [pair for pair in named if not exists(pair[1])] == []


def test_what_does_not_exist_is_found() -> None:
    assert exists("reference/loss.py") and exists("seed.reference.loss.token_weights")
    assert exists("scaled.decoding.decoder.Decoder.read") and exists("NAME") and exists("a/b.py")
    assert exists("tests/project/test_docs.py::test_every_module_of_a_command_exists")
    assert not exists("reference/losses.py") and not exists("reference.loss.token_weight")
    assert not exists("seed.spec.tokens") and not exists("scaled.decoding.decoder.Decoder.red")
    assert not exists("tests/project/test_docs.py::test_nothing")


def texts(folder: str) -> list[Path]:
    """The files of a folder in which people write; of the root itself, its pages alone."""
    if folder == ".":
        return sorted(ROOT.glob("*.md"))
    kinds = ("*.py", "*.md", "*.toml")
    return sorted(path for kind in kinds for path in (ROOT / folder).rglob(kind))


def exists(code: str) -> bool:
    """Whether code is no name of a file, module or function of ours, or names one that exists."""
    if PLACEHOLDER.search(code):
        return True
    if PATH.fullmatch(code):
        file, _, test = code.partition("::")
        return (ROOT / file).exists() and (not test or test in definitions(ROOT / file))
    if not DOTTED.fullmatch(code) or code.endswith(".py"):  # such as a user's own spec.py
        return True
    return is_defined(code.removeprefix("seed.").split("."))


def is_defined(parts: list[str]) -> bool:
    """Whether dotted parts are a module, or something that one defines or imports."""
    for length in range(len(parts), 0, -1):
        path, names = ROOT.joinpath(*parts[:length]), parts[length:]
        if path.is_dir() and not names:
            return True
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if file.exists():
            return not names or ".".join(names[:2]) in definitions(file)
    return False


@cache
def definitions(file: Path) -> set[str]:
    """Names that a module defines or imports, and ``Class.member`` of its classes."""
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        found |= names_of(node)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for part in node.body for name in names_of(part)}
    return found


def names_of(node: ast.stmt) -> set[str]:
    """The names that a statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name) for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    parts = [part for target in targets for part in ast.walk(target)]
    return {part.id for part in parts if isinstance(part, ast.Name)}
