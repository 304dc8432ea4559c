"""``report.html``: one page without network or script that shows whether a run worked."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from seed.cli.formatting import interval, percent
from seed.cli.report import accuracy, policy, rewards, value_model
from seed.cli.report.data_classes import class_rewards, class_section
from seed.cli.report.document import card, details, document, heading, in_columns, table
from seed.cli.report.drawing import Plot
from seed.cli.report.families import family_section
from seed.cli.report.held_out import difference, worse_text
from seed.cli.report.judges import judge_section
from seed.cli.report.record import Record, read_record
from seed.cli.report.samples import sample_section
from seed.cli.report.speed import speed_plot
from seed.cli.report.streaming import streaming_section
from seed.spec.atomic_files import write_atomically

REFRESH_SECONDS = 30
"""An unfinished run's page is loaded again this often."""
PLOTS = (
    accuracy.held_out_plot,
    accuracy.accuracy_plot,
    rewards.reward_plot,
    accuracy.family_plot,
    rewards.class_plot,
    rewards.length_plot,
    rewards.truncation_plot,
    policy.entropy_plot,
    rewards.equal_groups_plot,
    policy.clip_plot,
    policy.ratio_plot,
    policy.log_prob_gap_plot,
    policy.loss_plot,
    policy.gradient_plot,
    value_model.explained_variance_plot,
    value_model.value_loss_plot,
    value_model.value_position_plot,
    value_model.lambda_plot,
    policy.sft_plot,
    speed_plot,
)
"""In reading order. A plot is left out where the run has no figures for it."""


def write_report(directory: Path, out: Path | None = None) -> Path:
    """Write the page of a run, finished or not, at once, and return its path.

    The page of an unfinished run loads itself again every ``REFRESH_SECONDS``. Equal contents of
    the run directory give equal bytes.

    Args:
        directory: The run.
        out: Where to write instead of ``report.html`` in the run directory.

    Raises:
        SeedError: NOT_A_RUN_DIRECTORY.
    """
    record = read_record(directory)
    path = out or directory / "report.html"
    write_atomically(path, report_page(record))
    return path


def report_page(record: Record) -> str:
    """The whole page."""
    config = record.config
    sections = (
        header(record),
        score_section(record),
        class_section(class_rewards(record.rl_steps, config.data)),
        judge_section(record.summary),
        plot_section(record),
        streaming_section(record),
        event_section(record),
        sample_section(record),
        family_section(config.data),
        "<h2>Configuration</h2>" + details("Every setting of this run", record.config_text),
    )
    title = f"{config.recipe} on {config.preset}, seed {config.seed}"
    refresh = None if record.summary else REFRESH_SECONDS
    return document(title, "\n".join(sections), refresh)


# Header


def header(record: Record) -> str:
    """The kind of run, and its outcome in a few large figures."""
    config = record.config
    phases = ("supervised", "value_pretraining", "reinforcement")
    counted = {phase: len(record.of_phase(phase)) for phase in phases}
    steps = record.summary.get("steps_by_phase", counted)
    rollouts = ", rollouts in FP8" if config.rollout.precision == "fp8" else ""
    summary = (
        f"Recipe <b>{escape(config.recipe)}</b> on preset <b>{escape(config.preset)}</b> with seed"
        f" {config.seed}, computed by the {escape(config.backend)} backend in"
        f" {config.precision}{rollouts}: {steps['supervised']} SFT steps,"
        f" {steps['value_pretraining']} steps of value pretraining, {steps['reinforcement']} RL"
        f" steps. {ending(record)}"
    )
    time_label = "wall time" if record.summary else "wall time of the steps so far"
    cards = (
        accuracy_card(record),
        gain_card(record),
        card(duration(wall_seconds(record)), time_label),
        card(str(steps["reinforcement"]), f"RL steps of {config.rollout.steps} planned"),
    )
    hint = worse_text(record.before, record.after)
    note = f'<p class="note">{escape(hint)}</p>' if hint else ""
    return heading("Run report", summary, cards) + note


def ending(record: Record) -> str:
    """How the run ended, or that it has not."""
    if record.summary:
        stopped = record.summary["stopped"]
        return "" if stopped == "steps_done" else f"RL ended early: <b>{escape(stopped)}</b>."
    return (
        f"<b>The run is not finished</b>: it is in {phase_name(record)}. This page loads itself"
        f" again every {REFRESH_SECONDS} seconds; a run that goes on writes it anew."
    )


def phase_name(record: Record) -> str:
    """The phase of the newest step, in words."""
    if not record.metrics:
        return "its first phase, before any step"
    phase: str = record.metrics[-1]["phase"]
    return {"supervised": "SFT", "reinforcement": "RL"}.get(phase, phase.replace("_", " "))


def accuracy_card(record: Record) -> str:
    """Held-out accuracy before and after RL, with intervals."""
    scores = [scores["overall"] for scores in (record.before, record.after) if scores]
    if not scores:
        return card("not evaluated yet", "held-out accuracy", "big")
    accuracies = " → ".join(percent(score["accuracy"]) for score in scores)
    intervals = " → ".join(map(interval, scores))
    moment = "before → after RL" if record.after else "before RL"
    plural = "s" * (len(scores) > 1)
    label = f"held-out accuracy {moment}<br>95 % interval{plural} {intervals}"
    return card(accuracies, label, "big")


def gain_card(record: Record) -> str:
    """Percentage points gained or lost, and how sure that is."""
    if not (record.before and record.after):
        return card("–", "points gained: known after RL")
    before, after = record.before["overall"], record.after["overall"]
    gain = difference(record.before, record.after)
    if gain is not None and gain.low is not None and gain.high is not None:
        low, high = (f"{100 * bound:+.1f}".replace("-", "−") for bound in (gain.low, gain.high))
        certainty = f"<br>95 % interval, paired by problem [{low}, {high}]"
    else:
        apart = before["ci_high"] < after["ci_low"] or after["ci_high"] < before["ci_low"]
        certainty = f"; the intervals {'do not ' if apart else ''}overlap"
    return card(points(before, after), f"percentage points{certainty}")


def points(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Signed difference in percentage points, with a true minus sign."""
    return f"{100 * (after['accuracy'] - before['accuracy']):+.1f}".replace("-", "−")


def wall_seconds(record: Record) -> float:
    """Seconds of a finished run, or those that the steps of an unfinished one took."""
    timings = record.timings
    steps = sum(line.get("rollout_seconds", 0.0) + line["update_seconds"] for line in timings)
    return float(record.summary.get("wall_seconds", steps))


def duration(seconds: float) -> str:
    """``1 h 2 min``, ``1 min 17 s`` or ``3 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


# Sections


def score_section(record: Record) -> str:
    """Held-out accuracy by family."""
    scores = record.before or record.after
    if not scores:
        return ""
    rows = []
    for family, score in scores.items():
        name = "<b>all families</b>" if family == "overall" else escape(family)
        before, after = record.before.get(family), record.after.get(family)
        gain = points(before, after) if before and after else "–"
        size = f"{score['n']} × {score['samples']}"
        rows.append([name, score_html(before), score_html(after), gain, size])
    head = ("family", "before RL [95 %]", "after RL [95 %]", "points", "problems × samples")
    title = "Evaluation on held-out problems"
    return f"<h2>{title}</h2>{table(title, head, rows)}"


def score_html(score: Mapping[str, float] | None) -> str:
    """Accuracy with its interval, or a dash."""
    if score is None:
        return "–"
    return f"{percent(score['accuracy'])} <span class=soft>{interval(score)}</span>"


def plot_section(record: Record) -> str:
    """Every plot that the run has figures for, in two columns."""
    plots: list[Plot] = [plot for make in PLOTS if (plot := make(record)) is not None]
    if not plots:
        return ""
    note = "Thin lines are single steps; where there are many, a bold line shows their moving mean."
    return f'<h2>What happened</h2><p class="soft">{note}</p>{in_columns(plots)}'


def event_section(record: Record) -> str:
    """Events by name: how often and when."""
    steps: dict[str, list[int]] = {}
    for line in record.metrics:
        for name in line["events"]:
            steps.setdefault(name, []).append(line["step"])
    stopped = record.summary.get("stopped", "steps_done")
    if stopped != "steps_done":
        steps[stopped] = [record.metrics[-1]["step"] if record.metrics else 0]
    if not steps:
        return "<h2>Events</h2><p>none</p>"
    rows = [
        [f"<code>{escape(name)}</code>", str(len(some)), str(some[0]), str(some[-1])]
        for name, some in steps.items()
    ]
    head = ("name", "times", "first at step", "last at step")
    return f"<h2>Events</h2>{table('Events by name', head, rows)}"
