"""What the documentation names exists: tests of known bugs, files, commands' modules, links."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KNOWN_BUGS = (ROOT / "docs" / "known-bugs.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_every_test_that_holds_a_known_bug_exists() -> None:
    references = re.findall(r"`([\w/]+\.py)::(test_\w+)`", KNOWN_BUGS)
    assert len(references) > 100
    missing = [f"{file}::{name}" for file, name in references if name not in functions_of(file)]
    assert missing == []


def test_every_numbered_test_leads_to_a_known_bug() -> None:
    headings = set(re.findall(r"^## P(\d+) ", KNOWN_BUGS, re.MULTILINE))
    files = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("conformance/test_*.py")]
    names = [name for file in files for name in functions_of(str(file.relative_to(ROOT)))]
    numbers = {number for name in names for number in re.findall(r"(?<=_p)\d+(?=_)", name)}
    assert numbers <= headings and len(numbers) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_of_a_command_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    modules = re.findall(r"python -m ((?:conformance|seed)(?:\.[a-z_]+)*)(?![\w.])", text)
    paths = [ROOT / module.replace(".", "/") for module in modules]
    assert [
        str(path) for path in paths if not (path.is_dir() or path.with_suffix(".py").exists())
    ] == []


def functions_of(file: str) -> set[str]:
    """Names of the test functions of a file; none if there is no such file."""
    path = ROOT / file
    if not path.exists():
        return set()
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
