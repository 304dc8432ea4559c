"""Colours by role and by family, each for a light and for a dark page.

Okabe and Ito's palette for roles, Paul Tol's muted one for families, darkened where a colour would
be faint on white: people who are colour-blind can tell the colours of either apart. Plots are drawn
with the colour of the light page; in the SVG it becomes a CSS variable, which the style sheet gives
both values. So one picture is readable on either page.
"""

from itertools import chain

POLICY, VALUE, CORRECT, WRONG = "#0072b2", "#b87700", "#00855f", "#d55e00"
BEFORE, AFTER, TRAINER = "#767676", "#222222", "#cccccc"
FAMILY_COLOURS = ("#332288", "#2f8f80", "#aa4499", "#85852b", "#882255", "#3a8fbf")
RUN_COLOURS = (POLICY, WRONG, CORRECT, "#aa4499", VALUE, "#332288", "#882255", "#5f6368")
"""Of the runs of a comparison, in the order of ``STYLES``: no two share colour or dashes."""
LABEL, TICK, AXIS, GRID = "#444444", "#5f6368", "#999999", "#e8e8e8"

# fmt: off
DARK = {
    POLICY: "#4fb0e8", VALUE: "#f0b429", CORRECT: "#34c79a", WRONG: "#ff8a45",
    BEFORE: "#a3a9b0", AFTER: "#e8eaed", TRAINER: "#565c64",
    "#332288": "#9d94f0", "#2f8f80": "#5fd0bd", "#aa4499": "#e08bd2",
    "#85852b": "#c9c95f", "#882255": "#ef7fae", "#3a8fbf": "#88ccee",
    LABEL: "#c9ced4", TICK: "#a9b0b8", AXIS: "#767c84", GRID: "#2c3138",
}
# fmt: on
"""Colour on a light page -> the same on a dark one."""

# fmt: off
LIGHT_PAGE = {
    "page": "#ffffff", "ink": "#222222", "soft": "#5f6368", "line": "#e3e3e3",
    "correct": "#00664b", "wrong": "#a84600", "cell": "#bbbbbb", "wall": "#555555",
    "start": "#cfe6f5", "goal": "#fbe3b0", "focus": "#0072b2", "note": "#fff6e0",
}
DARK_PAGE = {
    "page": "#14171b", "ink": "#e8eaed", "soft": "#a9b0b8", "line": "#363b42",
    "correct": "#57d9ac", "wrong": "#ff9d5c", "cell": "#565c64", "wall": "#9aa1a9",
    "start": "#17415c", "goal": "#5c4410", "focus": "#4fb0e8", "note": "#322a17",
}
# fmt: on
"""Variables of the page itself: text, lines, cells of puzzles."""


def variable(colour: str) -> str:
    """The CSS variable of a plot's colour, ``--c0072b2``."""
    return f"--c{colour.removeprefix('#')}"


def light_variables() -> str:
    """Declarations for a light page."""
    return _declared(LIGHT_PAGE, {colour: colour for colour in DARK})


def dark_variables() -> str:
    """Declarations of the same variables for a dark page."""
    return _declared(DARK_PAGE, DARK)


def _declared(page: dict[str, str], plots: dict[str, str]) -> str:
    names = (f"--{name}: {value}" for name, value in page.items())
    colours = (f"{variable(name)}: {value}" for name, value in plots.items())
    return "; ".join(chain(names, colours))
