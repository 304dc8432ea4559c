"""The site builds without a warning and without network, and every link of it leads somewhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = re.compile(r"(?:[a-z]+:)?//|mailto:|data:|javascript:")
OUTSIDE_CSS = r"url\(\s*['\"]?(?:https?:)?//|@import\s+['\"]https?:"
LOADED = ("script", "link", "img", "iframe", "source", "video", "audio")
"""Elements that a browser loads by itself."""


class Page(HTMLParser):
    """Links, loaded files and ids of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what the element refers to."""
        values = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := values.get(name))}
        target = values.get("href") or values.get("src")
        if target:
            (self.loaded if tag in LOADED else self.links).append(target)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built by the command of ``docs/README.md``."""
    out = tmp_path_factory.mktemp("site")
    command = ["-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(out)]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[Path, Page]:
    """All pages of the site."""
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_page_of_docs_is_on_the_site(site: Path) -> None:
    names = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"README"}
    assert len(names) > 10
    assert names <= {path.stem for path in site.glob("*.html")}


def test_every_link_within_the_site_leads_to_a_page_and_a_place_on_it(
    pages: dict[Path, Page],
) -> None:
    broken = [
        f"{page.path.name} -> {link}"
        for page in pages.values()
        for link in page.links
        if not OUTSIDE.match(link) and not leads_somewhere(page, link, pages)
    ]
    assert broken == []


def test_nothing_is_loaded_from_the_network(site: Path, pages: dict[Path, Page]) -> None:
    wanted = [
        f"{page.path.name} loads {target}"
        for page in pages.values()
        for target in page.loaded
        if OUTSIDE.match(target) and not target.startswith("data:")
    ]
    styles = [path for path in site.rglob("*.css") if re.search(OUTSIDE_CSS, path.read_text())]
    assert wanted == [] and styles == []


def test_formulas_are_mathml(site: Path) -> None:
    page = (site / "faq.html").read_text(encoding="utf-8")
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in page
    assert "MathJax" not in page and "mathjax.js" not in page


def test_a_linked_source_file_is_a_page_with_its_code(site: Path) -> None:
    page = (site / "source" / "reference" / "loss.py.html").read_text(encoding="utf-8")
    assert "clipped_surrogate" in page and 'class="highlight"' in page


def test_the_tables_of_the_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run: python docs/generate.py"


def leads_somewhere(page: Page, link: str, pages: dict[Path, Page]) -> bool:
    """Whether the file of a link exists, and the place on it if the link names one."""
    name, fragment = urldefrag(unquote(link))
    target = (page.path.parent / name).resolve() if name else page.path
    if target not in pages:
        return target.is_file()
    return not fragment or fragment in pages[target].ids
