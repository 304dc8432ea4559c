"""Properties of the plots of policy updates."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.cli.report.policy import LOSS_LABELS, LOSS_PREFIX, log_prob_gap_plot, loss_plot
from seed.cli.report.record import Record, read_record
from seed.spec.config_files import load_config
from tests.support.reports import write_run

CONFIG = load_config("tiny", "vapo")
TERMS = st.sets(st.from_regex("[a-z]{1,8}(_[a-z]{1,8})?", fullmatch=True), min_size=1, max_size=6)


def record_of(*lines: dict[str, float]) -> Record:
    """A run of so many RL steps with these metrics."""
    metrics = [
        {"phase": "reinforcement", "step": n, "phase_step": n, **line}
        for n, line in enumerate(lines, start=1)
    ]
    return Record(CONFIG, "", metrics=metrics)


@given(terms=TERMS)
@settings(max_examples=10)
def test_every_loss_term_in_the_metrics_is_drawn(terms: set[str]) -> None:
    """A new term appears by itself, from the step on that has it."""
    lines = [{}, {LOSS_PREFIX + term: 0.5 for term in terms}]
    plot = loss_plot(record_of(*lines, {"policy/entropy": 1.0}))
    assert plot is not None
    assert plot.svg.count(f'<g id="{plot.name}-line2d') > len(terms)
    for term in terms:
        label = LOSS_LABELS.get(term, term.replace("_", " "))
        assert len(terms) == 1 or f">{label}</text>" in plot.svg


def test_a_run_without_loss_terms_has_no_loss_plot() -> None:
    assert loss_plot(record_of({}, {"policy/entropy": 1.0})) is None


@pytest.mark.parametrize("term", ["surrogate", "positive", "kl", "load_balance", "router_z"])
def test_the_terms_of_today_have_a_label(term: str) -> None:
    plot = loss_plot(record_of({f"policy/loss_{term}": 1.0, "policy/loss_other": 1.0}))
    assert plot is not None
    assert f">{LOSS_LABELS.get(term, term)}</text>" in plot.svg


def test_the_gap_of_fp8_rollouts_is_drawn_in_a_run_that_has_them(tmp_path: Path) -> None:
    record = read_record(write_run(tmp_path / "run"))
    plain = log_prob_gap_plot(record)
    assert plain and "FP8" not in plain.caption + plain.svg
    lines = [line | {"rollout/log_prob_gap": 0.01} for line in record.rl_steps]
    config = load_config("tiny", "vapo", ["rollout.precision=fp8"])
    gap = log_prob_gap_plot(Record(config, "", metrics=lines))
    assert gap and "FP8" in gap.caption
    assert "in the updates" in gap.svg and "before them (FP8)" in gap.svg
