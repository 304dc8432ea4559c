"""Properties of the colours: readable on both pages, and every plot's colour known to both."""

import re

import pytest

from seed.cli.report import colours
from seed.cli.report.colours import DARK, DARK_PAGE, FAMILY_COLOURS, LIGHT_PAGE, RUN_COLOURS
from seed.cli.report.comparison import MOST_RUNS
from seed.cli.report.comparison_plots import RUN_STYLES

BACKGROUNDS = (colours.TRAINER, colours.GRID, colours.AXIS)
"""Areas and lines that may be faint: what they mean is written beside them, or they mean nothing.
"""


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, by WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast ratio, by WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", sorted(set(DARK) - set(BACKGROUNDS)))
def test_every_line_stands_out_on_a_light_and_on_a_dark_page(colour: str) -> None:
    """WCAG 2.2 asks for 3 of graphics."""
    assert contrast(colour, LIGHT_PAGE["page"]) >= 3
    assert contrast(DARK[colour], DARK_PAGE["page"]) >= 3


@pytest.mark.parametrize("page", [LIGHT_PAGE, DARK_PAGE])
def test_text_stands_out(page: dict[str, str]) -> None:
    """WCAG 2.2 asks for 4.5 of text."""
    for name in ("ink", "soft", "correct", "wrong"):
        assert contrast(page[name], page["page"]) >= 4.5, name
    for name in ("note", "start", "goal"):
        assert contrast(page["ink"], page[name]) >= 4.5, name
    for colour in (colours.LABEL, colours.TICK):
        assert contrast(colour, LIGHT_PAGE["page"]) >= 4.5
        assert contrast(DARK[colour], DARK_PAGE["page"]) >= 4.5


def test_both_pages_declare_the_same_variables() -> None:
    light, dark = (
        re.findall(r"--\w+", text) for text in (colours.light_variables(), colours.dark_variables())
    )
    assert light == dark
    assert {*FAMILY_COLOURS, *RUN_COLOURS} <= DARK.keys()


def test_no_two_runs_share_colour_or_dashes() -> None:
    assert len(set(RUN_COLOURS)) == len(set(RUN_STYLES)) == MOST_RUNS
