"""Properties of numbers in Chinese words: written by the usual rules, they are read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.reference.verifiers.mathematics.chinese_numerals import in_digits

DIGITS = "零一二三四五六七八九"
PLACES = ("", "十", "百", "千")


def section(value: int) -> str:
    """A number below 10,000, with one 零 for each gap."""
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + PLACES[place]
        gap = not digit
    return text


def written(value: int) -> str:
    """A number below 10^12 in words."""
    parts = [value // 10**8, value // 10**4 % 10**4, value % 10**4]
    text = ""
    for part, name in zip(parts, ("亿", "万", ""), strict=True):
        if part:
            text += ("零" if text and part < 1000 else "") + section(part) + name
    return text or "零"


@given(st.integers(0, 10**12 - 1))
def test_a_number_in_words_is_read_back(value: int) -> None:
    assert in_digits(written(value)) == str(value)
    assert in_digits("负" + written(value)) == f"-{value}"


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_fractions_are_read_back(above: int, below: int) -> None:
    text = f"{written(below)}分之{written(above)}"
    percent = f"{above}%" if below == 100 and written(100) == "百" else ""
    assert in_digits(text) == (percent or f"\\frac{{{above}}}{{{below}}}")
    assert in_digits(f"百分之{written(above)}") == f"{above}%"


@pytest.mark.parametrize(
    "text", ["第一", "一或二", "万", "十点", "分之一", "三三十", "点五", "", "5"]
)
def test_what_is_no_number_stays_as_it_is(text: str) -> None:
    assert in_digits(text) == text
