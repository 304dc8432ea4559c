"""The pictures of the documentation, drawn by the project's own functions.

    python docs/figures.py          # draws docs/figures/*.svg again, after a change of an equation

Each is as wide as a telephone and has a white ground, so it can be read in a dark page too. Equal
versions of matplotlib write equal bytes. The zigzag needs torch, whose module it is drawn from.
"""

from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from autograd import elementwise_grad
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from seed.cli.report.colours import BEFORE, CORRECT, FAMILY_COLOURS, POLICY, TRAINER, VALUE, WRONG
from seed.cli.report.drawing import RC_PARAMS
from seed.reference.advantage import length_adaptive_lambda
from seed.reference.loss import clipped_surrogate, token_weights
from seed.reference.rewards.reward import soft_overlong
from seed.reference.rollouts.rules import Rules, WorkerSpec
from seed.reference.simulation.engine import Cost
from seed.reference.simulation.simulate import Outcome, simulate
from seed.spec.config_files import load_config

DRAWN_WITH = "3.11.2"
"""Version of matplotlib that the files in docs/figures were drawn with."""

FOLDER = Path(__file__).parent / "figures"
Paint = Callable[[Figure], None]
WHITE = {"figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "white"}
SMALL, TALL = (5.0, 2.7), (5.0, 3.6)
"""Inches: 360 points, so that text of 9 points stays above 8 pixels on a telephone."""


def save(
    folder: Path, name: str, size: tuple[float, float], paint: Callable[[Figure], None]
) -> None:
    """Let ``paint`` fill an empty figure, and write it as ``NAME.svg``."""
    with matplotlib.rc_context({**RC_PARAMS, **WHITE}):
        figure = Figure(figsize=size)
        paint(figure)
        buffer = StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())
    (folder / f"{name}.svg").write_text(text + "\n", encoding="utf-8")


def named(axes: Axes, x_label: str, y_label: str, columns: int = 0) -> None:
    """Label the axes; with columns, a legend above the picture."""
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if columns:
        above: Any = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": columns}
        axes.legend(**above, handlelength=1.8, columnspacing=1.2)


def lambda_by_length(figure: Figure) -> None:
    """VAPO eq. 5 against one lambda for all lengths."""
    axes = figure.subplots()
    lengths = np.unique(np.geomspace(5, 20480, 200).astype(int))
    axes.axhline(0.95, color=BEFORE, linestyle="--", linewidth=1.2, label="fixed 0.95")
    for alpha, style, colour in ((0.05, "-", POLICY), (1.0, "-.", VALUE)):
        lambdas = length_adaptive_lambda(lengths, alpha)
        axes.plot(lengths, lambdas, style, color=colour, label=f"adaptive, alpha = {alpha:g}")
    axes.set_xscale("log")
    axes.set_xticks([10, 100, 1000, 10000], ["10", "100", "1,000", "10,000"])
    axes.set_ylim(-0.03, 1.03)
    named(axes, "response length (tokens)", "lambda", columns=3)


def clip_higher(figure: Figure) -> None:
    """Loss of a token and its slope along log pi, for both signs of the advantage."""
    algorithm = load_config("tiny", "vapo").algorithm
    rho = np.linspace(0.4, 1.7, 261)
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    for column, (advantage, colour) in enumerate(((1.0, CORRECT), (-1.0, WRONG))):

        def loss(log_pi: Any, advantage: float = advantage) -> Any:
            advantages = np.full(len(rho), advantage)
            return clipped_surrogate(log_pi, np.zeros(len(rho)), advantages, algorithm)

        curves = loss(np.log(rho)), elementwise_grad(loss)(np.log(rho))
        for axes, curve, label in zip(panels[:, column], curves, ("loss", "slope"), strict=True):
            axes.plot(rho, curve, color=colour)
            for bound in (1 - algorithm.clip_low, 1 + algorithm.clip_high):
                axes.axvline(bound, color=BEFORE, linestyle=":", linewidth=1.0)
            axes.set_ylabel(label if column == 0 else "")
        panels[0, column].set_title(f"advantage {advantage:+.0f}", fontsize=9, color="#444444")
        panels[1, column].set_xlabel("ratio (dotted: 0.8 and 1.28)")


def overlong_ramp(figure: Figure) -> None:
    """DAPO eq. 13 with DAPO's limits."""
    axes = figure.subplots()
    lengths = np.arange(12000, 22001, 50)
    penalties = [soft_overlong(int(length), 20480, 4096) for length in lengths]
    axes.plot(lengths, penalties, color=POLICY)
    for x, words, side in ((16384, "L_max - L_cache ", "right"), (20480, " L_max", "left")):
        axes.axvline(x, color=BEFORE, linestyle=":", linewidth=1.0)
        axes.text(x, -0.5, words, color="#444444", ha=side, va="center", fontsize=8.5)
    axes.set_xticks([12000, 14000, 16384, 18432, 20480])
    axes.set_ylim(-1.08, 0.08)
    named(axes, "response length (tokens)", "added to the reward")


def four_means(figure: Figure) -> None:
    """Weight of one token under each mean, in a step of six responses to two prompts."""
    lengths = np.array([100, 200, 400, 800, 1600, 3200])
    response, prompt = np.arange(3200) < lengths[:, None], np.array([0, 0, 0, 1, 1, 1])
    axes = figure.subplots()
    styles = (("token", "o-", POLICY), ("sequence", "s--", WRONG))
    for mean, style, colour in (*styles, ("group", "^-.", CORRECT), ("constant", "d:", VALUE)):
        weights = token_weights(response, prompt, mean, 4096.0)[:, 0]
        axes.plot(lengths, 1e6 * weights, style, color=colour, label=mean, markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.minorticks_off()
    axes.axvspan(90, 565, color="#f3f3f3", zorder=0)
    for x, words in ((95, "prompt 1"), (600, "prompt 2")):
        axes.text(x, 52, words, fontsize=8.5, color="#444444")
    axes.set_xlim(90, 3600)
    axes.set_ylim(30, 2500)
    named(axes, "length of the token's response", "weight x 1,000,000", columns=4)


def zigzag(figure: Figure) -> None:
    """A sequence cut over four context ranks, plain and in zigzag, and the work of each rank."""
    from seed.scaled.parallel.packing import context_order

    ranks, length = 4, 64
    plain = np.array_split(np.arange(length), ranks)
    strips, bars = figure.subplots(1, 2, width_ratios=(2.2, 1))
    cuts = {"plain": plain, "zigzag": context_order(length, ranks)}
    for row, places in enumerate(cuts.values()):
        for rank, own in enumerate(places):
            colour = FAMILY_COLOURS[rank]
            strips.barh([row] * len(own), [1.0] * len(own), 0.5, left=own, color=colour)
            # A token looks at itself and at all before it.
            pairs = np.sum(own + 1) / (length * (length + 1) / 2)
            bars.barh(row + 0.18 * (rank - 1.5), 100 * pairs, 0.16, color=colour)
    strips.set_yticks([0, 1], cuts)
    bars.set_yticks([])
    for axes in (bars, strips):
        axes.set_ylim(1.5, -0.5)
        axes.grid(visible=False)
    bars.axvline(100 / ranks, color=BEFORE, linestyle=":", linewidth=1.0)
    named(strips, "tokens, coloured by rank", "")
    named(bars, "attention work (%)", "")


def srs_timeline(figure: Figure) -> None:
    """Four workers of one slot: two beside the trainer, two remote. Which decode when."""
    colocated, remote = WorkerSpec(1), WorkerSpec(1, remote=True)
    workers = (colocated, colocated, remote, remote)
    lengths = [6, 30, 8, 10, 7, 12, 9, 26, 8, 6, 11, 7, 24, 9, 8, 10, 6, 28, 7, 9, 12, 8, 10, 7]
    systems = {"synchronous": 1.0, "streaming, srs_alpha = 0.5": 0.5}
    rows = figure.subplots(2, 1, sharex=True)
    for axes, (title, alpha) in zip(rows, systems.items(), strict=True):
        rules = Rules(alpha, 6, 1, 1, 3, "wait", "newest", workers)
        timeline(axes, simulate(rules, lengths, Cost(1.0, train=8.0), steps=5, block=64))
        axes.set_title(title, fontsize=9, color="#444444", loc="left")
    rows[-1].set_xlabel("time (decode steps); vertical lines: new policy version")
    rows[-1].set_xlim(0, 110)
    handles = [matplotlib.patches.Patch(color=c) for c in (POLICY, VALUE, TRAINER)]
    figure.legend(
        handles, ("fresh sample", "old sample", "training"), ncols=3, loc="outside upper center"
    )


def timeline(axes: Axes, outcome: Outcome) -> None:
    """One line a worker: what it decodes, and when the trainer needs its processor."""
    for span in outcome.spans:
        colour = VALUE if span.old else POLICY
        axes.barh(span.worker, span.end - span.start, 0.7, left=span.start, color=colour)
    for iteration in outcome.iterations:
        axes.axvline(iteration.start, color="#222222", linewidth=0.8)
        seconds = iteration.end - iteration.batch_ready
        axes.barh([0, 1], seconds, 0.7, left=iteration.batch_ready, color=TRAINER)
    axes.set_yticks(range(4), ["colocated", "colocated", "remote", "remote"], fontsize=8)
    axes.set_ylim(3.5, -0.5)
    axes.grid(visible=False)


def pipeline(figure: Figure) -> None:
    """One step of VAPO as boxes: what goes in, what comes out."""
    axes = figure.subplots()
    axes.axis("off")
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 6.4)
    boxes = {
        "prompts": (1.6, 5.4, "prompt stream\nprompts x G", "#eeeeee"),
        "rollouts": (5.0, 5.4, "policy writes\nresponses", "#cfe5f3"),
        "rewards": (8.4, 5.4, "verifier:\nreward R", "#cdebe0"),
        "values": (8.4, 3.2, "value model:\nV of each token", "#fbe6c0"),
        "advantages": (5.0, 3.2, "decoupled, length-\nadaptive GAE", "#eeeeee"),
        "policy": (5.0, 1.0, "policy loss: clip-higher,\ntoken mean, positive LM", "#cfe5f3"),
        "value": (8.4, 1.0, "value loss:\n(V - target)²/2", "#fbe6c0"),
    }
    for x, y, words, colour in boxes.values():
        wide = 1.62 if "clip" in words else 1.35
        corner = (x - wide, y - 0.62)
        axes.add_patch(
            FancyBboxPatch(corner, 2 * wide, 1.24, "round,pad=0.05", fc=colour, ec=BEFORE)
        )
        axes.text(x, y, words, ha="center", va="center", fontsize=8.5, color="#222222")
    arrow(axes, (3.05, 5.4), (3.55, 5.4))
    arrow(axes, (6.45, 5.4), (6.95, 5.4))
    arrow(axes, (8.4, 4.7), (8.4, 3.92))
    arrow(axes, (6.95, 3.2), (6.45, 3.2))
    arrow(axes, (5.0, 2.5), (5.0, 1.72), "advantages A ", "right")
    arrow(axes, (6.4, 2.5), (7.4, 1.72), "      targets")
    axes.plot([3.3, 1.6], [1.0, 1.0], color="#444444", linewidth=1.2)
    arrow(axes, (1.6, 1.0), (1.6, 4.7))
    axes.text(1.75, 2.6, "new weights,\nnext step", fontsize=8.5, color="#444444", va="center")


def arrow(
    axes: Axes, begin: Sequence[float], end: Sequence[float], words: str = "", side: Any = "left"
) -> None:
    """An arrow, with words at its middle."""
    look = {"arrowstyle": "-|>", "color": "#444444", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, begin, arrowprops=look)
    middle = np.add(begin, end) / 2
    axes.text(*middle, words, fontsize=8.5, color="#444444", va="center", ha=side)


FIGURES: dict[str, tuple[tuple[float, float], Paint]] = {
    "pipeline": (TALL, pipeline),
    "lambda-by-length": (SMALL, lambda_by_length),
    "clip-higher": (TALL, clip_higher),
    "overlong-ramp": (SMALL, overlong_ramp),
    "four-means": (SMALL, four_means),
    "zigzag": ((5.0, 2.2), zigzag),
    "srs-timeline": (TALL, srs_timeline),
}
"""Name -> size in inches and what paints it."""


def draw_all(folder: Path) -> list[Path]:
    """Draw every picture into an existing folder."""
    for name, (size, paint) in FIGURES.items():
        save(folder, name, size, paint)
    return [folder / f"{name}.svg" for name in FIGURES]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    print(*draw_all(FOLDER), sep="\n")
