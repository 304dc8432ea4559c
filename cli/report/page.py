"""``report.html``: one page without network or script that tells what a run did and whether it
worked.
"""

import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import h5py
import numpy as np

from seed.cli.report.classes import class_section, earned
from seed.cli.report.figures import in_columns
from seed.cli.report.judges import judge_section
from seed.cli.report.plots import Line, Plot, Record, first_middle_last, plots
from seed.cli.report.streaming_plots import stream_section
from seed.reference.training.run_directory import RunDirectory
from seed.spec.checkpoint_format import read_manifest
from seed.spec.errors import SeedError

GRID_FAMILIES = (
    *(
        "binario",
        "campsite",
        "hitori",
        "kakurasu",
        "light_up",
        "magic_square",
        "maze",
        "minesweeper",
        "skyscraper",
    ),
    *("sliding", "star_battle", "sudoku", "twiddle"),
)
"""Families whose prompts or answers are rows of cells; whatever is not is shown as text only."""
CELLS = {"#": "wall", "S": "start", "G": "goal", ".": "free"}
MARKS = {"correct": ("correct", "✓"), "wrong": ("wrong", "✗"), "unjudged": ("soft", "–")}
SHOWN_CHARACTERS = 1000
"""Longer responses are cut in the report; the whole ones are in rollouts.h5."""

STYLESHEET = """
:root { --ink: #222; --soft: #5f6368; --line: #e3e3e3; --correct: #00664b; --wrong: #a84600; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.2rem 1.5rem 4rem; max-width: 70rem; background: #fff; color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .8rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; } p { margin: .3rem 0 .8rem; max-width: 46rem; }
.soft, figcaption { color: var(--soft); }
.cards { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }
.card { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1.1rem; flex: 1 1 9rem; }
.card b { display: block; font-size: 1.45rem; line-height: 1.3; white-space: nowrap; } .card span { font-size: .85rem; }
.card.big { flex-grow: 3; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: .85rem; color: var(--soft); } td.n, th.n { text-align: right; }
.plots { display: grid; grid-template-columns: 1fr 1fr; grid-auto-flow: dense; gap: 2rem; }
figure { margin: 0; break-inside: avoid; } figure.wide { grid-column: 1 / -1; }
figcaption { font-size: .85rem; line-height: 1.4; }
svg { width: 100%; height: auto; display: block; } svg text { font-family: inherit !important; }
code, pre { font: .85rem/1.45 ui-monospace, "Cascadia Mono", Menlo, "Liberation Mono", monospace; }
code { overflow-wrap: anywhere; white-space: pre-wrap; } .samples td { break-inside: avoid; }
.samples { table-layout: fixed; margin-bottom: 1.4rem; } .samples th:nth-child(3) { width: 34%; }
.samples th:last-child { width: 5rem; } table + h3 { margin-top: 1.6rem; }
.correct { color: var(--correct); } .wrong { color: var(--wrong); } .outcome { font-weight: 600; }
.grid { width: auto; margin-top: .35rem; font: .75rem/1 ui-monospace, Menlo, monospace; }
.grid td { width: 1.35rem; height: 1.35rem; padding: 0; text-align: center; vertical-align: middle;
  border: 1px solid #bbb; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.grid .wall { background: #555; color: #555; } .grid .free { color: transparent; } .grid .start { background: #cfe6f5; }
.grid .goal { background: #fbe3b0; }
details { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1.1rem; }
summary { cursor: pointer; font-weight: 600; } pre { margin: .6rem 0 0; white-space: pre-wrap; }
@media (max-width: 52rem) { .plots { grid-template-columns: 1fr; } }
@media print { html { font-size: 11px; } body { padding: 0; max-width: none; }
  .plots { grid-template-columns: 1fr 1fr; gap: 1rem; } h2 { break-after: avoid; } }
"""


def write_report(directory: Path) -> Path:
    """Write ``report.html`` of a run, finished or not, and publish it by a rename.

    Args:
        directory: A run directory. Equal contents give equal bytes.

    Returns:
        The report's path.

    Raises:
        SeedError: NOT_A_RUN_DIRECTORY.
    """
    record = read_record(directory)
    body = "\n".join(
        (
            header(record),
            score_table(record),
            class_section(earned(record.of_phase("reinforcement"), record.config.data)),
            judge_section(record.summary),
            plot_grid(plots(record)),
            stream_section(record),
            event_table(record),
            sample_tables(record),
            (
                "<h2>Configuration</h2><details><summary>Every setting of this run</summary><pre>"
                f"{escape(record.config_text)}</pre></details>"
            ),
        )
    )
    path = directory / "report.html"
    publish(
        path,
        page(f"{record.config.recipe} on {record.config.preset}, seed {record.config.seed}", body),
    )
    return path


def page(title: str, body: str) -> str:
    """A whole HTML document. The content policy forbids scripts and everything from outside."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLESHEET}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def publish(path: Path, text: str) -> None:
    """Put a whole file in place at once."""
    aside = path.with_name(f".{path.name}.partial")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, path)


# Reading


def read_record(directory: Path) -> Record:
    """Everything the report is made from; what an unfinished run lacks stays empty."""
    run, config = RunDirectory.resume(directory)
    metrics = run.read("metrics.jsonl")
    summary_file = directory / "summary.json"
    summary = json.loads(summary_file.read_text(encoding="utf-8")) if summary_file.is_file() else {}
    exams = summary or newest_progress(run)
    return Record(
        config=config,
        config_text=(directory / "config.toml").read_text(encoding="utf-8"),
        metrics=metrics,
        timings=run.read("timings.jsonl"),
        samples=run.read("samples.jsonl"),
        summary=summary,
        before=exams.get("eval_before", {}),
        after=exams.get("eval_after", {}),
        # Dynamic sampling keeps a chosen part of the problems, whose shares are not those of all
        # that were sampled.
        shares=(
            {} if config.algorithm.dynamic_sampling else problem_shares(directory / "rollouts.h5")
        ),
    )


def newest_progress(run: RunDirectory) -> Line:
    """Progress in the newest checkpoint, empty if there is none to read."""
    newest = run.newest_checkpoint()
    try:
        return dict(read_manifest(newest)["progress"]) if newest else {}
    except SeedError:
        return {}


def problem_shares(path: Path) -> dict[int, list[float]]:
    """Step -> share of correct responses of each of its problems, from the published rollouts."""
    if not path.is_file():
        return {}
    shares = {}
    with h5py.File(path, "r") as file:
        for name, group in file.items():
            _, member = np.unique(group["problem"][()], return_inverse=True)
            correct = np.bincount(member, weights=group["accuracy"][()]) / np.bincount(member)
            shares[int(name.removeprefix("step_"))] = correct.tolist()
    return shares


# Header


def header(record: Record) -> str:
    """What the run was, and its outcome in a few large figures."""
    config = record.config
    steps = {
        phase: len(record.of_phase(phase))
        for phase in ("supervised", "value_pretraining", "reinforcement")
    }
    counts = record.summary.get("steps_by_phase", steps)
    rollouts = ", rollouts in FP8" if config.rollout.precision == "fp8" else ""
    did = (
        f"Recipe <b>{escape(config.recipe)}</b> on preset <b>{escape(config.preset)}</b> with seed"
        f" {config.seed}, computed by the {escape(config.backend)} backend in"
        f" {config.precision}{rollouts}: {counts['supervised']} supervised steps,"
        f" {counts['value_pretraining']} of value pretraining, {counts['reinforcement']} of"
        " reinforcement learning."
    )
    cards = (
        accuracy_card(record),
        gain_card(record),
        card(
            duration(wall_seconds(record)),
            "wall time" if record.summary else "wall time of the steps so far",
        ),
        card(str(counts["reinforcement"]), f"RL steps of {config.rollout.steps} planned"),
    )
    return (
        f"<h1>Run report</h1><p>{did} {standing(record)}</p><div"
        f' class="cards">{"".join(cards)}</div>'
    )


def standing(record: Record) -> str:
    """How the run ended, or that it has not."""
    if not record.summary:
        phase = (
            record.metrics[-1]["phase"].replace("_", " ")
            if record.metrics
            else "its first phase, before any step"
        )
        return f"<b>The run is not finished</b>: it stands in {phase}."
    stopped = record.summary["stopped"]
    return "" if stopped == "steps_done" else f"RL ended early: <b>{escape(stopped)}</b>."


def card(figure: str, label: str, kind: str = "") -> str:
    """A large figure with a label below; both are HTML."""
    return f'<div class="card {kind}"><b>{figure}</b><span class="soft">{label}</span></div>'


def accuracy_card(record: Record) -> str:
    """Held-out accuracy before and after, with intervals."""
    exams = [scores["overall"] for scores in (record.before, record.after) if scores]
    if not exams:
        return card("not examined yet", "held-out accuracy", "big")
    arrow = " → ".join(percent(score["accuracy"]) for score in exams)
    intervals = " → ".join(interval(score) for score in exams)
    when = "before → after RL" if record.after else "before RL"
    return card(
        arrow,
        f"held-out accuracy {when}<br>95 % interval{'s' * (len(exams) > 1)} {intervals}",
        "big",
    )


def gain_card(record: Record) -> str:
    """Points gained or lost, and whether the two intervals meet."""
    if not (record.before and record.after):
        return card("–", "points gained: known after RL")
    before, after = record.before["overall"], record.after["overall"]
    apart = before["ci_high"] < after["ci_low"] or after["ci_high"] < before["ci_low"]
    meet = "the intervals do not overlap" if apart else "the intervals overlap"
    return card(points(before, after), f"percentage points; {meet}")


def score_table(record: Record) -> str:
    """Examinations by family."""
    known = record.before or record.after
    if not known:
        return ""
    rows = []
    for family, score in known.items():
        cells = [scored(record.before.get(family)), scored(record.after.get(family))]
        both = family in record.before and family in record.after
        cells.append(points(record.before[family], record.after[family]) if both else "–")
        cells.append(f"{score['n']} × {score['samples']}")
        name = "<b>all families</b>" if family == "overall" else escape(family)
        rows.append(
            f"<tr><td>{name}</td>{''.join(f'<td class=n>{cell}</td>' for cell in cells)}</tr>"
        )
    heads = ("before RL [95 %]", "after RL [95 %]", "points", "problems × samples")
    head = "".join(f"<th class=n>{text}</th>" for text in heads)
    return (
        "<h2>Examination on held-out"
        f" problems</h2><table><tr><th>family</th>{head}</tr>{''.join(rows)}</table>"
    )


def scored(score: Mapping[str, float] | None) -> str:
    """Accuracy with its interval, or a dash."""
    return (
        f"{percent(score['accuracy'])} <span class=soft>{interval(score)}</span>" if score else "–"
    )


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def interval(score: Mapping[str, float]) -> str:
    """The 95 % interval of a score in percent."""
    return f"[{100 * score['ci_low']:.1f}, {100 * score['ci_high']:.1f}]"


def points(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Signed difference in percentage points, with a true minus sign."""
    return f"{100 * (after['accuracy'] - before['accuracy']):+.1f}".replace("-", "−")


def wall_seconds(record: Record) -> float:
    """Seconds of a finished run, or those that the steps of an unfinished one took."""
    steps = sum(
        line.get("rollout_seconds", 0.0) + line["update_seconds"] for line in record.timings
    )
    return float(record.summary.get("wall_seconds", steps))


def duration(seconds: float) -> str:
    """Seconds for a person."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes} min"
        if hours
        else f"{minutes} min {rest} s"
        if minutes
        else f"{rest} s"
    )


# Body


def plot_grid(pictures: Sequence[Plot]) -> str:
    """All plots in two columns."""
    note = "Thin lines are single steps; where there are many, a bold line shows their moving mean."
    return (
        f'<h2>What happened</h2><p class="soft">{note}</p>{in_columns(pictures)}'
        if pictures
        else ""
    )


def event_table(record: Record) -> str:
    """What must not pass silently, by name: how often and when."""
    found: dict[str, list[int]] = {}
    for line in record.metrics:
        for name in line["events"]:
            found.setdefault(name, []).append(line["step"])
    if record.summary.get("stopped", "steps_done") != "steps_done":
        found[record.summary["stopped"]] = [record.metrics[-1]["step"]] if record.metrics else [0]
    if not found:
        return "<h2>Events</h2><p>none</p>"
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td class=n>{len(steps)}</td><td"
        f" class=n>{steps[0]}</td><td class=n>{steps[-1]}</td></tr>"
        for name, steps in found.items()
    )
    head = (
        "<th>name</th><th class=n>times</th><th class=n>first at step</th><th class=n>last at"
        " step</th>"
    )
    return f"<h2>Events</h2><table><tr>{head}</tr>{rows}</table>"


def sample_tables(record: Record) -> str:
    """Responses of the first, middle and last RL step that wrote some out."""
    by_step: dict[int, list[Line]] = {}
    for line in record.samples:
        by_step.setdefault(line["step"], []).append(line)
    if not by_step:
        return ""
    rl_step = {line["step"]: line["phase_step"] for line in record.metrics}
    parts = [
        '<h2>Sampled responses</h2><p class="soft">The first response to a few problems of the'
        " first, a middle and the last RL step, as the policy wrote it then.</p>"
    ]
    for step in first_middle_last(sorted(by_step)):
        rows = "".join(sample_row(line) for line in by_step[step])
        head = "<th>prompt</th><th>response</th><th>outcome and why</th><th class=n>reward</th>"
        parts.append(
            f"<h3>RL step {rl_step.get(step, '?')}</h3><table"
            f" class=samples><tr>{head}</tr>{rows}</table>"
        )
    return "\n".join(parts)


def sample_row(line: Line) -> str:
    """One response with its verdict."""
    family = line["problem"].split("/")[0]
    prompt, response = line["prompt"], line["response"]
    prompt_grid = grid(prompt[1:].rstrip("=")) if family in GRID_FAMILIES else ""
    response_grid = grid(response.partition("=")[0]) if family in GRID_FAMILIES else ""
    cut = " Cut off at the token limit." if line["finish"] == "length" else ""
    kind, mark = MARKS[line["outcome"]]
    outcome = f'<span class="outcome {kind}">{mark} {escape(line["outcome"])}</span>'
    reward = f"{line['reward']:.2f}".replace("-", "−")
    return (
        f"<tr><td><code>{escape(prompt)}</code>{prompt_grid}</td><td>{shown(response)}{response_grid}</td><td>{outcome}"
        f" <span class=soft>{escape(line['why'])}.{cut}</span></td><td class=n>{reward}</td></tr>"
    )


def shown(response: str) -> str:
    """A response as code, its far end left out if it is long."""
    rest = len(response) - SHOWN_CHARACTERS
    more = f" <span class=soft>and {rest} characters more</span>" if rest > 0 else ""
    return (
        f"<code>{escape(response[:SHOWN_CHARACTERS])}</code>{more}"
        if response
        else "<span class=soft>empty</span>"
    )


def grid(text: str) -> str:
    """Rows split at ``/``, cells at blanks if there are any, as a small table; empty if the rows
    are not alike.
    """
    rows = [row.split(" ") if " " in text else list(row) for row in text.split("/")]
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return ""
    lines = [
        "".join(f"<td class={CELLS.get(cell, 'mark')}>{escape(cell)}</td>" for cell in row)
        for row in rows
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table class=grid>{body}</table>"
