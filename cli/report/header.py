"""The top of a run's page: what kind of run, how far it is, its outcome in a few large figures."""

from collections.abc import Mapping
from html import escape

from seed.cli.formatting import interval, percent
from seed.cli.report.document import card, heading
from seed.cli.report.held_out import difference, worse_text
from seed.cli.report.record import Record

REFRESH_SECONDS = 30
"""An unfinished run's page is loaded again this often."""


def header(record: Record, refresh: int | None) -> str:
    """The kind of run, and its outcome in a few large figures.

    Args:
        record: What the run has written.
        refresh: Seconds after which the page of an unfinished run is loaded again, if it is.
    """
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
        f" steps. {ending(record, refresh)}"
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


def ending(record: Record, refresh: int | None) -> str:
    """How the run ended, or that it has not."""
    if record.summary:
        stopped = record.summary["stopped"]
        return "" if stopped == "steps_done" else f"RL ended early: <b>{escape(stopped)}</b>."
    text = f"<b>The run is not finished</b>: it is in {phase_name(record)}."
    if refresh is None:
        return text
    again = f"This page loads itself again every {refresh} seconds; a run that goes on writes it"
    return f"{text} {again} anew."


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


def score_html(score: Mapping[str, float] | None) -> str:
    """Accuracy with its interval, or a dash."""
    if score is None:
        return "–"
    return f"{percent(score['accuracy'])} <span class=soft>{interval(score)}</span>"
