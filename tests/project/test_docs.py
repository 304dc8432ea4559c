"""What the documentation names exists: tests of known bugs, files, commands' modules, links."""

import ast
import re
from itertools import chain
from pathlib import Path

import pytest

from seed.spec.aliases import ALIASES, hint_for
from seed.spec.config import Config

ROOT = Path(__file__).parents[2]
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
NUMBER = re.compile(r"(?<=_p)\d+(?=_)")
"""``8`` in ``test_p8_...``: a known bug."""
KNOWN_BUGS = (ROOT / "docs" / "known-bugs.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_every_test_that_holds_a_known_bug_exists() -> None:
    references = TEST.findall(KNOWN_BUGS)
    assert len(references) > 100
    missing = [f"{file}::{name}" for file, name in references if name not in functions_of(file)]
    assert missing == []


def test_every_numbered_test_is_listed_with_its_known_bug() -> None:
    listed = {number: set(TEST.findall(text)) for number, text in known_bugs().items()}
    paths = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("conformance/test_*.py")]
    files = [str(path.relative_to(ROOT)) for path in paths]
    tests = [(file, name) for file in files for name in functions_of(file)]
    numbered = [(test, number) for test in tests for number in NUMBER.findall(test[1])]
    assert len({number for _, number in numbered}) > 20
    assert [test for test, number in numbered if test not in listed.get(number, ())] == []


def test_every_known_bug_names_a_thread_a_property_and_its_tests_once() -> None:
    for number, text in known_bugs().items():
        where = re.search(r"^\*\*Where\.\*\* (.+?)\n\n", text, re.M | re.S)
        assert where and re.search(r"\w+/[\w-]+#\d+", where[1]), f"P{number}: no thread"
        assert re.search(r"^\*\*Property\.\*\* \S", text, re.M), f"P{number}: no property"
        tests = TEST.findall(text)
        assert tests and len(tests) == len(set(tests)), f"P{number}: {tests}"


def test_every_name_elsewhere_leads_to_the_setting_of_its_row() -> None:
    rows = table_after("<!-- names of settings -->")
    pairs = [(cells[0].strip("`"), name) for cells in rows for name in names_in(cells[1:])]
    wrong = [pair for pair in pairs if f" is {pair[0]} here" not in hint_for(pair[1])]
    assert wrong == [] and len(pairs) > 60
    shown = {name for _, name in pairs}
    ours = {alias for alias in ALIASES if alias.partition(".")[0] in Config.model_fields}
    ours -= {"rollout.n"}
    absent = [
        alias
        for alias in set(ALIASES) - ours
        if not any(f".{name}".endswith(f".{alias}") for name in shown)
    ]
    assert sorted(absent) == []


def test_every_metric_with_a_name_elsewhere_exists() -> None:
    rows = table_after("<!-- names of metrics -->")
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("reference", "scaled")
        for path in (ROOT / folder).rglob("*.py")
    )
    names = [name for cells in rows for name in names_in(cells[:1])]
    assert [name for name in names if not metric_is_written(name, sources)] == []
    assert len(names) > 10


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


def known_bugs() -> dict[str, str]:
    """The text about each numbered bug."""
    parts = re.split(r"^## P(\d+) ", KNOWN_BUGS.partition("## Bugs without")[0], flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def table_after(mark: str) -> list[list[str]]:
    """The cells of the table below a comment of ``from-elsewhere.md``, its head left out."""
    text = (ROOT / "docs" / "from-elsewhere.md").read_text(encoding="utf-8")
    lines = text.partition(mark)[2].strip().partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names_in(cells: list[str]) -> list[str]:
    """Everything written as code."""
    return list(chain.from_iterable(re.findall(r"`([^`]+)`", cell) for cell in cells))


def metric_is_written(name: str, sources: str) -> bool:
    """Whether the code writes a metric: by its whole name, by its last part, or as a loss term."""
    group, _, last = name.partition("/")
    if last.startswith("loss_"):
        return f'"{last.removeprefix("loss_")}"' in sources
    return f'"{name}"' in sources or (f'"{last}"' in sources and f"{group}/" in sources)


def functions_of(file: str) -> set[str]:
    """Names of the test functions of a file; none if there is no such file."""
    path = ROOT / file
    if not path.exists():
        return set()
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
