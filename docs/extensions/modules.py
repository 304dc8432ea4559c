"""The list of all modules, written from the first sentence of each docstring."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("spec", "reference", "scaled", "cli", "conformance")


def modules() -> str:
    """A heading for every package, a line for every module in it; tests excepted."""
    parts = []
    for folder in (path for package in PACKAGES for path in packages(ROOT / package)):
        name = folder.relative_to(ROOT).as_posix()
        lines = [
            f"- [{file.stem}](../{name}/{file.name}): {first_sentence(file)}."
            for file in sorted(folder.glob("*.py"))
            if file.stem != "__init__" and not re.match("test_|conftest", file.stem)
        ]
        heading = f"## {name}/\n\n{first_sentence(folder / '__init__.py')}."
        parts.append("\n\n".join([heading, "\n".join(lines)]).strip())
    return "\n\n".join(parts)


def packages(folder: Path) -> list[Path]:
    """A package and those below it, a package before its parts."""
    return sorted(file.parent for file in folder.rglob("__init__.py"))


def first_sentence(file: Path) -> str:
    """What the docstring of a module begins with."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".:")
