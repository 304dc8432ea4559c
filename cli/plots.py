"""The plots of a run's report: each a title, a picture as inline SVG, and what it shows in plain words.

A plot whose figures a run does not have (a critic-free recipe has no values, a young run no RL steps) is left out.
Single steps are thin lines; once there are ``TREND_FROM`` of them, a bold line shows their centred moving mean. Equal
figures give equal bytes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from reference.advantage import policy_lambda
from reference.evaluate import clustered_interval
from spec.config import Config
from spec.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = dict[str, Any]
Scores = dict[str, dict[str, Any]]

# Okabe and Ito's palette for roles, three of Tol's muted colours first for families; both are told apart by the colour-blind.
POLICY, VALUE, CORRECT, WRONG, BEFORE, AFTER = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#767676", "#222222"
FAMILY_COLOURS = ("#332288", "#44AA99", "#AA4499", "#999933", "#882255", "#88CCEE")
STYLES = ("-", "--", "-.", ":")
TREND_FROM = 20
"""Fewest steps that get a moving mean; fewer are few enough to be read one by one."""
TREND_SHARE = 12
"""The moving mean spans this fraction of the steps: 1 / 12."""
SIZE, WIDE = (5.4, 2.9), (11.0, 3.0)
"""Inches of a plot in one column and of one across both."""
STYLE: dict[str, Any] = {
    "svg.hashsalt": "seed",
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": "#444444",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8e8e8",
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "font.size": 9.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
}


@dataclass(frozen=True)
class Plot:
    """A picture for the report.

    Attributes:
        name: Unique on the page.
        title: Heading.
        caption: One or two sentences: what it shows, what to look for.
        svg: The picture, without any reference to the outside.
        wide: Whether it needs the full width of the page.
    """

    name: str
    title: str
    caption: str
    svg: str
    wide: bool = False


@dataclass(frozen=True)
class Record:
    """What a run has written so far.

    Attributes:
        config: Its resolved configuration.
        config_text: The same as TOML, as it stands in the run directory.
        metrics: One line per step, over all phases.
        timings: Seconds and tokens, one line per step.
        samples: Responses written out as text.
        summary: The summary of a finished run, otherwise empty.
        before: Scores of the cold-start model, empty until it is examined.
        after: Scores of the trained model, empty until it is examined.
        shares: RL step over all phases -> share of correct responses of each of its problems, as far as it is known.
    """

    config: Config
    config_text: str
    metrics: Sequence[Line] = ()
    timings: Sequence[Line] = ()
    samples: Sequence[Line] = ()
    summary: Line = field(default_factory=dict)
    before: Scores = field(default_factory=dict)
    after: Scores = field(default_factory=dict)
    shares: dict[int, list[float]] = field(default_factory=dict)

    def of_phase(self, *phases: str) -> list[Line]:
        """Metrics lines of some phases."""
        return [line for line in self.metrics if line["phase"] in phases]


@dataclass(frozen=True)
class Curve:
    """A figure of the metrics lines as a line of a plot."""

    metric: str
    label: str
    colour: str
    scale: float = 1.0


# Drawing


def draw_svg(name: str, size: tuple[float, float], paint: Callable[["Figure"], None]) -> str:
    """Paint a figure and return it as SVG that can stand inside a page next to others.

    Names of elements get ``name`` in front, so that two pictures on a page never share one; namespaces and metadata,
    which inline SVG does not need, are dropped.

    Args:
        name: Unique on the page.
        size: Inches.
        paint: Fills the empty figure.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size)
        paint(figure)
        buffer = StringIO()
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r' (xmlns(:xlink)?|version|width|height)="[^"]*"(?=[^<]*viewBox|[^<]*>)', "", text, count=0) if False else text
    head, rest = text.split(">", 1)
    view_box = re.search(r'viewBox="[^"]*"', head)
    assert view_box is not None
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", rest)
    return f'<svg {view_box[0]} role="img" aria-label="{name.replace("-", " ")}">{body}'.strip()
