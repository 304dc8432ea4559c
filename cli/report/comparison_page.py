"""The page of several runs: what differs, held-out scores with paired differences, curves."""

from collections.abc import Callable, Sequence
from html import escape

from seed.cli.report.colours import RUN_COLOURS, variable
from seed.cli.report.comparison import ComparedRun, difference_after, differing_settings, obstacle
from seed.cli.report.comparison_plots import RUN_STYLES, compared_plots
from seed.cli.report.document import NO_BREAK, document, figure, in_columns, table
from seed.cli.report.drawing import Plot
from seed.cli.report.estimates import EstimateRow, estimate_text, estimates_plot
from seed.cli.report.header import duration, phase_name, points, score_html, wall_seconds
from seed.cli.report.page import PLOTS
from seed.cli.report.record import Record
from seed.cli.report.streaming import streaming_plots
from seed.reference.evaluation.intervals import Estimate

HOW_TO_READ = (
    "Accuracy on held-out problems, in percent; differences to {first} in percentage points, with"
    " 95 % t-intervals of the differences problem by problem. An interval that holds 0 leaves open"
    " which run is better. It counts the chance of problems and responses, not that of training:"
    " the same settings with another seed may differ by more. For that, run several seeds, as"
    " <code>seed ablate</code> does. Intervals are not corrected for the number of runs."
)


def comparison_page(runs: Sequence[ComparedRun]) -> str:
    """The whole page; the first run is what the others are compared with."""
    names = ", ".join(run.directory.name for run in runs)
    sections = (
        f"<h1>{len(runs)} runs compared</h1><p>Each run has its letter, colour and dashes"
        f" throughout the page; <b>{escape(runs[0].name)}</b> is what the others are compared"
        " with.</p>",
        run_table(runs),
        notes(runs),
        "<h2>Settings that differ</h2>" + settings_table(runs),
        score_section(runs),
        "<h2>What happened</h2>"
        '<p class="soft">Thin lines are single steps; where there are many, a bold line shows their'
        " moving mean. What a plot of one run has several lines for stands in several panels. Plots"
        " that are not over steps are on the page of each run.</p>"
        + in_columns(compared_plots(runs, [*map(as_list, PLOTS), streaming_plots])),
    )
    return document(f"Comparison of {names}", "\n".join(sections))


def as_list(make: Callable[[Record], Plot | None]) -> Callable[[Record], list[Plot]]:
    """A maker of at most one plot as a maker of some."""
    return lambda record: [plot] if (plot := make(record)) else []


def run_table(runs: Sequence[ComparedRun]) -> str:
    """The runs and how far they are."""
    head = ("run", "line", "directory", "recipe", "preset", "seed", "state", "RL steps", "time")
    rows = []
    for number, run in enumerate(runs):
        record, config = run.record, run.record.config
        steps = f"{len(record.rl_steps)} of {config.rollout.steps}"
        texts = (config.recipe, config.preset, str(config.seed), state(record))
        cells = (f"<code>{escape(str(run.directory))}</code>", *map(escape, texts))
        time = duration(wall_seconds(record))
        rows.append([f"<b>{run.letter}</b>", line_sample(number), *cells, steps, time])
    return table("The runs", head, rows, text_columns=7, kind="runs")


def line_sample(number: int) -> str:
    """How a run's lines look, as a small picture."""
    dashes = " ".join(f"{2 * length:g}" for length in RUN_STYLES[number][1])
    colour = variable(RUN_COLOURS[number])
    return (
        '<svg class=key viewBox="0 0 56 10" aria-hidden=true><line x1="0" y1="5" x2="56" y2="5"'
        f' style="stroke: var({colour}); stroke-width: 2.5; stroke-dasharray: {dashes or "none"}"/>'
        "</svg>"
    )


def state(record: Record) -> str:
    """Finished, ended early, or in which phase."""
    if not record.summary:
        return f"not finished: in {phase_name(record)}"
    stopped: str = record.summary["stopped"]
    return "finished" if stopped == "steps_done" else f"RL ended early: {stopped}"


def notes(runs: Sequence[ComparedRun]) -> str:
    """What cannot be compared, and why."""
    first, *others = runs
    reasons = dict.fromkeys(filter(None, (obstacle(first, run) for run in others)))
    if not reasons:
        return ""
    text = " ".join(map(escape, reasons))
    return (
        f'<p class="note"><b>Not all scores are comparable.</b> {text} Such runs have no difference'
        " below.</p>"
    )


def settings_table(runs: Sequence[ComparedRun]) -> str:
    """Name and values of the settings that differ."""
    rows = [
        [f"<code>{escape(name)}</code>", *(f"<code>{escape(value)}</code>" for value in values)]
        for name, values in differing_settings(runs)
    ]
    if not rows:
        return "<p>None: all settings are alike.</p>"
    head = ("setting", *(escape(run.name) for run in runs))
    return table("Settings that differ", head, rows, text_columns=len(head), kind="settings")


def score_section(runs: Sequence[ComparedRun]) -> str:
    """Scores over all families with differences, as a table and a plot, then those by family."""
    first = runs[0]
    if not any(run.record.before or run.record.after for run in runs):
        return "<h2>Evaluation on held-out problems</h2><p>No run has been evaluated yet.</p>"
    letter = first.letter
    head = ("run", "before RL [95 %]", "after RL [95 %]", "gain", f"after, less {letter} [95 %]")
    rows = [score_row(first, run) for run in runs]
    return (
        "<h2>Evaluation on held-out problems</h2>"
        f"<p class=soft>{HOW_TO_READ.format(first=first.letter).replace(' %', NO_BREAK + '%')}</p>"
        f"{table('Held-out accuracy of each run', head, rows)}"
        f"{difference_figure(runs)}{family_table(runs)}"
    )


def score_row(first: ComparedRun, run: ComparedRun) -> list[str]:
    """Name, both scores, gain and difference of a run."""
    before, after = run.record.before.get("overall"), run.record.after.get("overall")
    gain = points(before, after) if before and after else "–"
    change = None if run is first else difference_after(first, run)
    text = estimate_text(change, "+.1f").replace("-", "−") if change else "–"
    return [f"<b>{escape(run.name)}</b>", score_html(before), score_html(after), gain, text]


def difference_figure(runs: Sequence[ComparedRun]) -> str:
    """Scores after RL and differences as a plot, if the first run and another one have scores."""
    first = runs[0]
    scored = [run for run in runs if run.record.after]
    if scored[:1] != [first] or len(scored) == 1:
        return ""
    rows = [EstimateRow(first.name, score_after(first), None)]
    rows += [
        EstimateRow(run.name, score_after(run), difference_after(first, run)) for run in scored[1:]
    ]
    caption = "Accuracy after RL with 95 % intervals."
    if any(row.difference for row in rows):
        caption += (
            f" On the right, paired differences: right of the dotted line, a run is better than"
            f" {first.letter}. Their intervals are narrower, since problems that are hard for both"
            " cancel."
        )
    labels = "held-out accuracy after RL (%)", f"difference to {first.letter} (percentage points)"
    title = "After RL, all families"
    return figure(estimates_plot("runs-scores", title, caption, rows, labels))


def score_after(run: ComparedRun) -> Estimate:
    """Accuracy after RL with its interval."""
    score = run.record.after["overall"]
    return Estimate(score["accuracy"], score["ci_low"], score["ci_high"])


def family_table(runs: Sequence[ComparedRun]) -> str:
    """Accuracy after RL by family, one column per run."""
    families = dict.fromkeys(name for run in runs for name in run.record.after)
    rows = [
        [escape(name), *(score_html(run.record.after.get(name)) for run in runs)]
        for name in families
        if name != "overall"
    ]
    if not rows:
        return ""
    head = ("family", *(escape(run.name) for run in runs))
    title = "After RL, by family"
    return f"<h3>{title}</h3>{table(title, head, rows)}"
