"""Links from pages to files of the repository lead to copies of them on the site.

On GitHub ``[loss.py](../reference/loss.py)`` opens the file. Here it opens ``source/...``, a page
with the file: Markdown as text, all else as highlighted code, a folder as a list.
"""

import base64
import html
import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from sphinx import addnodes
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
LANGUAGES = {".py": "python", ".toml": "toml", ".cfg": "ini", ".json": "json", ".sh": "bash"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Before Sphinx collects downloads, which is what MyST makes of links to files."""
    app.connect("doctree-read", link_files, priority=400)
    app.connect("html-collect-pages", file_pages)
    return {"parallel_read_safe": True}


def link_files(app: Sphinx, doctree: nodes.document) -> None:
    """Let every link to a file outside of ``docs`` lead to its page."""
    page = app.env.current_document.docname
    kinds = (addnodes.pending_xref, addnodes.download_reference)
    for node in list(doctree.findall(lambda node: isinstance(node, kinds))):
        path = target_of(page, node)
        if not is_page(path) and (ROOT / path).exists():
            uri = app.builder.get_relative_uri(page, page_of(path))
            link = nodes.reference("", "", *node.children, refuri=uri, internal=True, file=path)
            node.replace_self(link)


def target_of(page: str, link: nodes.Element) -> str:
    """The file that a link of a page means; of a Markdown file MyST keeps the name of a page."""
    target = str(link.get("reftarget", ""))
    if link.get("refdomain") == "doc":
        return os.path.relpath(os.path.join(ROOT, "docs", f"{target}.md"), ROOT)
    return repository_path(f"docs/{page}.md", target)


def file_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """A page for every linked file, and for every file that a linked Markdown file links to."""
    doctrees = [app.env.get_doctree(page) for page in app.env.found_docs]
    waiting = {
        link["file"]
        for tree in doctrees
        for link in tree.findall(nodes.reference)
        if "file" in link
    }
    written: set[str] = set()
    while waiting:
        path = waiting.pop()
        written.add(path)
        body, links = rendered(app, path)
        waiting |= {link for link in links if not is_page(link)} - written
        yield page_of(path), {"title": path, "body": body}, "page.html"


def rendered(app: Sphinx, path: str) -> tuple[str, set[str]]:
    """HTML of a file or folder, and the repository's files that it links to."""
    file = ROOT / path
    if file.is_dir():
        return listing(app, path)
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        return markdown(app, path, text)
    language = LANGUAGES.get(file.suffix, "none")
    # Only builders of HTML have a highlighter, and no other builder gets here.
    code = app.builder.highlighter.highlight_block(text, language)  # type: ignore[attr-defined]
    return f"<h1>{html.escape(path)}</h1>\n{code}", set()


def listing(app: Sphinx, path: str) -> tuple[str, set[str]]:
    """The files of a folder."""
    names = sorted(file.name for file in (ROOT / path).iterdir() if is_text(file))
    links = {f"{path}/{name}": uri(app, path, f"{path}/{name}") for name in names}
    items = [f'<li><a href="{uri}">{Path(link).name}</a></li>' for link, uri in links.items()]
    return f"<h1>{html.escape(path)}</h1>\n<ul>{''.join(items)}</ul>", set(links)


def is_text(file: Path) -> bool:
    """Whether a file can be shown."""
    return file.suffix in {*LANGUAGES, ".md"} and file.name != "__init__.py"


def markdown(app: Sphinx, path: str, text: str) -> tuple[str, set[str]]:
    """A Markdown file with its links made to fit the site."""
    reader = MarkdownIt("commonmark").enable("table")
    tokens = reader.use(anchors_plugin, max_level=4).parse(text)
    links = {link for token in flat(tokens) if (link := fitted(app, path, token))}
    body = reader.renderer.render(tokens, reader.options, {})
    return f'<div class="repository-file">{body}</div>', links


def flat(tokens: list[Token]) -> Iterator[Token]:
    """All tokens, those within a line included."""
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def fitted(app: Sphinx, path: str, token: Token) -> str:
    """Make a link or picture of a file fit its page; the file of the repository that it names."""
    target = str(token.attrGet("href") or token.attrGet("src") or "")
    if not target or target.startswith(("#", "http:", "https:", "mailto:")):
        return ""
    name, _, fragment = target.partition("#")
    file = repository_path(path, name)
    if token.type == "image":
        token.attrSet("src", data_uri(ROOT / file))
        return ""
    token.attrSet("href", uri(app, path, file) + (f"#{fragment}" if fragment else ""))
    return file


def data_uri(file: Path) -> str:
    """A picture as text, so that a page of a file outside of ``docs`` holds it."""
    kind = mimetypes.guess_type(file.name)[0]
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


def uri(app: Sphinx, path: str, target: str) -> str:
    """Link from the page of one path to that of another."""
    return app.builder.get_relative_uri(page_of(path), page_of(target))


def page_of(path: str) -> str:
    """Name of the page that shows a path of the repository."""
    if is_page(path):
        return path.removeprefix("docs/").removesuffix(".md")
    return f"source/{path}"


def is_page(path: str) -> bool:
    """Whether Sphinx itself makes a page of a path."""
    folder, name = os.path.split(path)
    return folder == "docs" and name.endswith(".md") and name != "README.md"


def repository_path(page: str, target: str) -> str:
    """What a relative link in a file means, relative to the root of the repository."""
    return os.path.normpath(os.path.join(os.path.dirname(page), target))
