"""Properties of the parts of a page."""

from seed.cli.report.document import document, table
from tests.support.reports import outline, refreshes


def test_a_table_names_itself_its_columns_and_its_rows() -> None:
    parsed = outline(document("x", table("A <b> table", ["a", "b"], [["c", "1"], ["d", "2"]])))
    assert [cell["scope"] for cell in parsed.of("th")] == ["col", "col", "row", "row"]
    assert [cell.get("class") for cell in parsed.of("td")] == ["n", "n"]
    (box,) = parsed.of("div")
    assert box["aria-label"] == "A <b> table" and box["role"] == "region"


def test_a_page_refreshes_only_if_it_shall() -> None:
    assert refreshes(document("x", "", refresh=30))
    assert not refreshes(document("x", ""))
