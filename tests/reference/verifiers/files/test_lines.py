"""Properties of reading lines: any bytes become a request or an error with the reason."""

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.verifiers.files import lines
from seed.reference.verifiers.files.lines import Rule, parsed, raw_lines
from seed.reference.verifiers.runner.worker import Request
from seed.reference.verifiers.verdict import Judgement
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item

MANY = settings(max_examples=60)
GOOD = {"id": "a", "domain": "math", "problem": "1 + 1", "reference": "2", "response": "2"}
DOMAINS_DECIDE, CUSTOM = Rule(), Rule("custom.py:f")
TEXTS = st.text(alphabet="ab\ud800\x00", max_size=3)


def fault(fields: Any, rule: Rule = DOMAINS_DECIDE) -> str:
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    heading, request = parsed(text, rule)
    if isinstance(request, Request):
        assert request.verifier == heading.verifier
        return ""
    assert request.verdict.outcome is Outcome.ERROR
    return request.verdict.why


def without(name: str) -> dict[str, Any]:
    return {field: value for field, value in GOOD.items() if field != name}


def test_a_good_line_becomes_an_item_with_its_fields() -> None:
    heading, request = parsed(json.dumps(GOOD).encode(), Rule())
    assert request == Request(Item("a", "math", "1 + 1", "2", "2"))
    assert (heading.id, heading.domain, heading.row, heading.verifier) == ("a", "math", "math", "")


NO_JSON = "the line is not JSON"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (b"", "the line is empty"),
        (b"  \t", "the line is empty"),
        (b"{", f"{NO_JSON}: Expecting property name enclosed in double quotes at character 1"),
        (b"\xff\xfe", "the line is not UTF-8: invalid start byte at byte 0"),
        (b"[" * 100_000, "the line cannot be read: maximum recursion depth exceeded"),
        (b'{"id": ' + b"9" * 10_000 + b"}", "the line cannot be read: Exceeds the limit"),
        (b"[1]", "the line is JSON but no object"),
        (b"null", "the line is JSON but no object"),
        ({}, "id must be a text of 1 to 512 characters"),
        (GOOD | {"id": 7}, "id must be a text"),
        (GOOD | {"id": ""}, "id must be a text"),
        (GOOD | {"id": "x" * 513}, "id must be a text"),
        (without("domain"), "domain must be a text"),
        (GOOD | {"domain": "chess"}, "domain='chess' must be one of math, code, puzzle, judge"),
        (without("problem"), "problem is missing"),
        (without("response"), "response is missing"),
        (GOOD | {"response": None}, "response must be text"),
        (GOOD | {"response": ["2"]}, "response must be text"),
        (without("reference"), "reference is missing"),
        (GOOD | {"reference": ""}, "reference is empty"),
        (GOOD | {"reference": 2}, "reference must be text"),
        (GOOD | {"domain": "code"}, "tests is missing"),
        (GOOD | {"domain": "code", "tests": []}, "tests is empty"),
        (GOOD | {"domain": "code", "tests": {}}, "tests is empty"),
        (GOOD | {"domain": "puzzle"}, "puzzle is missing"),
        (GOOD | {"domain": "puzzle", "puzzle": "maze"}, "puzzle must be an object"),
        (GOOD | {"verifier": "mine.py:f"}, "the line names a custom verifier"),
    ],
)
def test_the_fault_of_a_line_is_reported(fields: Any, why: str) -> None:
    assert fault(fields).startswith(why)


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
        json.dumps(GOOD).encode() + b"  ",
        json.dumps(GOOD | {"response": "\ud800\x00\u2028"}).encode(),
        json.dumps(GOOD | {"other": [1, {}], "puzzle": None, "tests": None}).encode(),
        json.dumps(GOOD | {"response": ""}).encode(),
    ],
    ids=["byte order mark", "blanks", "hostile characters", "other fields", "empty response"],
)
def test_harmless_oddities_are_read(text: bytes) -> None:
    assert fault(text) == ""


def test_a_custom_verifier_needs_no_reference_and_accepts_any_domain() -> None:
    line = without("reference") | {"domain": "chess"}
    assert fault(line, CUSTOM) == ""
    assert parsed(json.dumps(line).encode(), CUSTOM)[0].row == "chess"


def test_a_line_may_choose_its_verifier_only_if_the_user_allows_it() -> None:
    line = json.dumps(GOOD | {"verifier": "mine.py:f"}).encode()
    assert parsed(line, Rule("custom.py:f", lines_may_choose=True))[0].verifier == "mine.py:f"
    assert (
        parsed(json.dumps(GOOD).encode(), Rule("custom.py:f", lines_may_choose=True))[0].verifier
        == "custom.py:f"
    )
    assert parsed(line, CUSTOM)[0].verifier == "custom.py:f"
    assert "--line-verifiers" in fault(line, CUSTOM)
    assert fault(GOOD | {"verifier": 3}, Rule("", lines_may_choose=True)) == "verifier must be text"


FIELDS = st.dictionaries(st.sampled_from([*GOOD, "x"]), TEXTS | st.none())


@given(line=st.binary(max_size=60) | FIELDS.map(lambda fields: json.dumps(fields).encode()))
@MANY
def test_no_line_makes_the_reader_fail(line: bytes) -> None:
    for rule in (Rule(), Rule("custom.py:f", lines_may_choose=True)):
        heading, request = parsed(line, rule)
        assert isinstance(request, Request | Judgement)
        assert len(heading.line) == lines.DIGEST_DIGITS


@given(content=st.text(alphabet='a"\u2028\r\n\x0b\x1c\x85', max_size=40).map(str.encode))
@MANY
def test_lines_are_cut_at_line_feeds_and_nowhere_else(content: bytes) -> None:
    cut = content.split(b"\n")
    expected = [line.removesuffix(b"\r") for line in (cut if cut[-1] else cut[:-1])]
    assert list(raw_lines(BytesIO(content))) == expected


def test_a_line_that_is_too_long_is_an_error_and_the_next_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 200)
    good = json.dumps(GOOD).encode()
    for padding in (200, 201, 399, 400, 401, 5000):
        read_lines = list(
            raw_lines(BytesIO(b"x" * padding + b"\n" + good + b"\n" + b"x" * padding))
        )
        assert [line == good for line in read_lines] == [False, True, False]
        assert ("longer than" in fault(read_lines[0])) == (padding > 200)
