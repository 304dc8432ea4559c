"""Statements with formulas as HTML: MathML where latex2mathml is installed, else the source."""

import re
from functools import lru_cache
from html import escape
from importlib.util import find_spec

FORMULA = re.compile(
    r"(?<!\\)\$\$(?P<dollars>.+?)(?<!\\)\$\$|\\\[(?P<bracket>.+?)\\\]"
    r"|(?<!\\)\$(?P<dollar>[^$]+?)(?<!\\)\$|\\\((?P<round>.+?)\\\)",
    re.DOTALL,
)
DISPLAYED = ("dollars", "bracket")
LONGEST = 3000
"""Characters of a formula that is drawn; a longer one is shown as its source."""


def statement_html(text: str) -> str:
    """A statement; what is no formula is escaped, and line breaks stay."""
    parts, end = [], 0
    for match in FORMULA.finditer(text):
        parts.append(_prose(text[end : match.start()]))
        name = match.lastgroup or "dollar"
        parts.append(formula_html(match[name], name in DISPLAYED))
        end = match.end()
    return "".join([*parts, _prose(text[end:])])


def has_mathml() -> bool:
    """Whether formulas are drawn."""
    return find_spec("latex2mathml") is not None


@lru_cache(4096)
def formula_html(source: str, displayed: bool) -> str:
    """A formula of LaTeX; as code where it cannot be drawn."""
    shown = f"<code>{escape(source)}</code>"
    if not has_mathml() or len(source) > LONGEST:
        return shown
    from latex2mathml.converter import convert

    try:
        drawn = str(convert(source, display="block" if displayed else "inline"))
    except Exception:  # whatever a stranger's LaTeX does to the converter, the source can be shown
        return shown
    # A name of a command in the result is one that the converter does not know.
    return shown if "\\" in drawn else drawn


def _prose(text: str) -> str:
    return escape(text.replace("\\$", "$")).replace("\n", "<br>")
