"""Properties of statements as HTML."""

import pytest

from seed.cli.report import formulas
from seed.cli.report.formulas import statement_html


def test_formulas_of_every_kind_become_mathml() -> None:
    html = statement_html("Let $x^2$ and \\(y\\) be. \\[\\frac{1}{2}\\] or $$z$$ for \\$5 <b>")
    assert html.count("<math") == 4 and html.count('display="block"') == 2
    assert html.endswith("for $5 &lt;b&gt;")


def test_what_cannot_be_drawn_is_shown_as_its_source() -> None:
    assert "<code>" in statement_html("$\\frac{1}{$ and $\\left($")
    assert statement_html("costs $5") == "costs $5"


def test_without_the_converter_the_source_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    formulas.formula_html.cache_clear()
    monkeypatch.setattr(formulas, "find_spec", lambda name: None)
    assert statement_html("Let $a<b$.") == "Let <code>a&lt;b</code>."
    formulas.formula_html.cache_clear()
