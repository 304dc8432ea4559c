"""``report.html``: one page without network or script that shows whether a run worked."""

from html import escape
from pathlib import Path

from seed.cli.report import accuracy, policy, rewards, value_model
from seed.cli.report.data_classes import class_rewards, class_section
from seed.cli.report.distribution import distribution_section
from seed.cli.report.document import details, document, in_columns, table
from seed.cli.report.drawing import Plot
from seed.cli.report.families import family_section
from seed.cli.report.header import REFRESH_SECONDS, header, points, score_html
from seed.cli.report.judges import judge_section
from seed.cli.report.record import Record, read_record
from seed.cli.report.samples import sample_section
from seed.cli.report.speed import speed_plot
from seed.cli.report.streaming import streaming_section
from seed.spec.atomic_files import write_atomically

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


def write_report(directory: Path) -> Path:
    """Write ``report.html`` of a run, finished or not, at once, and return its path.

    Equal contents of the run directory give equal bytes.

    Raises:
        SeedError: NOT_A_RUN_DIRECTORY.
    """
    path = directory / "report.html"
    write_atomically(path, report_page(read_record(directory), followed=True))
    return path


def report_page(record: Record, followed: bool) -> str:
    """The whole page of a run.

    Args:
        record: What the run has written.
        followed: Whether the run itself writes the page again while it goes on. Such a page loads
            itself again every ``REFRESH_SECONDS`` until the run is finished.
    """
    config = record.config
    refresh = REFRESH_SECONDS if followed and not record.summary else None
    sections = (
        header(record, refresh),
        score_section(record),
        class_section(class_rewards(record.rl_steps, config.data)),
        judge_section(record.summary),
        plot_section(record),
        distribution_section(record),
        streaming_section(record),
        event_section(record),
        sample_section(record),
        family_section(config.data),
        "<h2>Configuration</h2>" + details("Every setting of this run", record.config_text),
    )
    title = f"{config.recipe} on {config.preset}, seed {config.seed}"
    return document(title, "\n".join(sections), refresh)


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
