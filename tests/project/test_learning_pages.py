"""The pages for students: every number is printed by the functions, every picture is redrawn."""

import doctest
import re
import runpy
from pathlib import Path

import matplotlib
import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LEARN = (DOCS / "learn-vapo.md").read_text(encoding="utf-8")
FIGURES = runpy.run_path(str(DOCS / "figures.py"))


def sessions(page: str) -> list[str]:
    """The Python sessions of a page."""
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    return [block for block in blocks if block.startswith(">>> ")]


def test_every_number_of_the_walk_is_what_the_functions_print() -> None:
    """All sessions of the page are one session, as if typed along."""
    text = "\n".join(sessions(LEARN))
    example = doctest.DocTestParser().get_doctest(text, {}, "learn-vapo.md", "learn-vapo.md", 0)
    report: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert outcome.failed == 0, "".join(report)
    assert outcome.attempted > 50


def test_the_page_has_ten_files_to_read_and_six_experiments() -> None:
    reading = LEARN.partition("## 8. ")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\| \[", reading, re.M)) == 10
    experiments = LEARN.partition("## 9. ")[2].partition("\n## ")[0]
    assert len(re.findall(r"^### ", experiments, re.M)) == 6


@pytest.mark.parametrize("name", FIGURES["FIGURES"])
def test_a_picture_is_what_its_function_draws(name: str, tmp_path: Path) -> None:
    """To the byte with the same matplotlib; with another one its words must be the same."""
    size, paint = FIGURES["FIGURES"][name]
    FIGURES["save"](tmp_path, name, size, paint)
    kept, drawn = ((folder / f"{name}.svg").read_text() for folder in (DOCS / "figures", tmp_path))
    assert words_of(drawn) == words_of(kept)
    if matplotlib.__version__ == FIGURES["DRAWN_WITH"]:
        assert drawn == kept


def words_of(svg: str) -> list[str]:
    """All words in a picture."""
    return re.findall(r">([^<>\n]*\w[^<>\n]*)</", svg)


def test_every_picture_is_used_and_described() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    used = dict(re.findall(r"!\[([^\]]+)\]\(figures/([\w-]+)\.svg\)", pages))
    assert set(FIGURES["FIGURES"]) <= set(used.values())


def test_the_cheat_sheet_is_generated() -> None:
    page = runpy.run_path(str(DOCS / "cheat_sheet.py"))["page"]
    assert (DOCS / "cheat-sheet.md").read_text(encoding="utf-8") == page()
