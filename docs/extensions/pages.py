"""Which pages there are, in which groups: the site's navigation and the list in ``index.md``."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
GROUPS = {
    "Learn": ("learn-vapo", "exercises", "cheat-sheet", "faq", "glossary"),
    "Use": (
        *("python", "extending", "from-elsewhere", "run-directory"),
        *("data", "cleaning", "distribution", "verifying", "rewards", "evaluation", "exams"),
        *("streaming", "scaling", "cluster", "precision"),
    ),
    "Look up": ("configuration", "metrics", "equations", "modules"),
    "Why trust it": ("benchmarks", "known-bugs", "decisions", "log"),
}
"""Group -> its pages in reading order. A page that is not named here joins ``Use``."""
NOT_LISTED = ("README", "index")


def setup(app: Sphinx) -> dict[str, Any]:
    """Give the index its table of contents, and every page its tables as the code is now."""
    app.connect("source-read", complete)
    return {"parallel_read_safe": True}


def complete(app: Sphinx, page: str, source: list[str]) -> None:
    """Text of a page as Sphinx reads it."""
    from extensions.tables import filled

    source[0] = filled(source[0])
    if page == "index":
        source[0] += "".join(map(contents, groups()))


def groups() -> dict[str, list[str]]:
    """Every page that exists, by group."""
    found = {page.stem for page in DOCS.glob("*.md")}.difference(NOT_LISTED)
    listed = {group: [page for page in pages if page in found] for group, pages in GROUPS.items()}
    listed["Use"] += sorted(found.difference(*listed.values()))
    return listed


def contents(group: str) -> str:
    """A group in the site's sidebar. GitHub never sees it."""
    lines = ["", "```{toctree}", ":hidden:", f":caption: {group}", "", *groups()[group], "```", ""]
    return "\n".join(lines)


def page_list() -> str:
    """Every page with the first sentence of its text, by group."""
    lines = []
    for group, pages in groups().items():
        lines += [f"### {group}", "", *map(entry, pages), ""]
    return "\n".join(lines).strip()


def entry(page: str) -> str:
    """Title and first sentence of a page as an item of a list."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    text = re.sub(r"<!--.*?-->|^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    title, *paragraphs = [part for part in text.split("\n\n") if part.strip()]
    plain = [" ".join(part.split()) for part in paragraphs if re.match("`?[A-Za-z]", part.strip())]
    first = re.split(r"(?<=[.:?]) ", plain[0])[0].rstrip(":.") if plain else ""
    return f"- [{title.strip().removeprefix('# ')}]({page}.md): {first}."
