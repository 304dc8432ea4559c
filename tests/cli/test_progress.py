"""Properties of what a run shows: scores when they are known, samples, and an honest estimate."""

import re
from typing import Any

import pytest

from seed.cli.progress import Estimate, ProgressBars, duration
from seed.spec.config_files import load_config
from tests.cli.test_meter import Clock, plain_lines

SCORES = {"overall": {"accuracy": 0.616, "ci_low": 0.549, "ci_high": 0.678}}
SAMPLE: dict[str, Any] = {
    "step": 1820,
    "prompt": "C2*3=",
    "response": "1\n\x1b[2J=1",
    "outcome": "correct",
    "why": "the final value is right",
    "reward": 1.0,
}


def take_steps(estimate: Estimate, clock: Clock, count: int, seconds: float) -> None:
    """Steps that take as long as given."""
    for _ in range(count):
        clock.now += seconds
        estimate.step()


def test_the_end_of_the_run_is_the_steps_left_and_an_evaluation_like_the_one_before() -> None:
    clock = Clock()
    estimate = Estimate(None, clock)
    estimate.phase("evaluation before RL", 2, 0)
    take_steps(estimate, clock, 2, 15.0)
    assert estimate.text() == ""
    estimate.phase("RL", 60, 10)
    take_steps(estimate, clock, 10, 2.0)
    assert estimate.text() == f"eta {duration(40 * 2.0 + 30.0)}"


def test_the_estimate_follows_the_last_steps() -> None:
    clock = Clock()
    estimate = Estimate(None, clock)
    estimate.evaluation_seconds = 0.0
    estimate.phase("RL", 100, 0)
    take_steps(estimate, clock, 30, 1.0)
    take_steps(estimate, clock, 20, 3.0)
    assert estimate.text() == f"eta {duration(150.0)}"


def test_after_a_resume_the_evaluation_is_estimated_by_its_responses() -> None:
    clock, config = Clock(), load_config("tiny", "vapo")
    estimate = Estimate(config, clock)
    estimate.phase("RL", 60, 40)
    take_steps(estimate, clock, 10, 2.0)
    responses = config.rollout.prompts * config.rollout.samples_per_prompt
    steps = config.evaluation.problems * config.evaluation.samples / responses
    assert estimate.text() == f"eta {duration((10 + steps) * 2.0)}"


def test_before_rl_only_the_end_of_the_phase_is_estimated_and_never_from_two_steps() -> None:
    clock = Clock()
    estimate = Estimate(None, clock)
    for name in ("SFT", "value pretraining", "RL"):
        estimate.phase(name, 10, 0)
        take_steps(estimate, clock, 2, 1.0)
        assert estimate.text() == ""
        take_steps(estimate, clock, 1, 1.0)
        assert estimate.text() == ("eta 7 s" if name == "RL" else "phase eta 7 s")
        take_steps(estimate, clock, 7, 1.0)
        assert estimate.text() == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (89, "89 s"), (91, "2 min"), (3570, "1 h 0 min"), (86400 * 2, "2 d 0 h")],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_log_has_phases_events_and_the_score_before_rl_in_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = ProgressBars(None, Clock())
    shown.phase("SFT", 2, 0)
    shown.advance(loss=0.51234)
    shown.advance(loss=0.25)
    shown.scores("before", 2, SCORES)
    shown.phase("RL", 1, 0)
    shown.event("zero_variance_batch", "step 3: nothing to learn")
    shown.advance(reward=1.0)
    shown.scores("after", 3, SCORES)
    shown.close()
    lines = [re.sub(r"^\d\d:\d\d:\d\d ", "", x) for x in capsys.readouterr().err.splitlines()]
    assert lines == [
        "SFT 1/2 loss 0.512",
        "SFT 2/2 loss 0.25",
        "held-out accuracy before RL: 61.6 % [54.9, 67.8]",
        "event zero_variance_batch: step 3: nothing to learn",
        "RL 1/1 reward 1",
    ]


def test_a_sample_is_three_lines_that_cannot_control_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ProgressBars().sample(SAMPLE)
    assert capsys.readouterr().err.splitlines() == [
        "step 1820  prompt    C2*3=",
        "           response  1\\n\\x1b[2J=1",
        "           verdict   correct, reward 1: the final value is right",
    ]


def test_a_phase_that_ends_early_still_shows_its_last_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = ProgressBars(None, Clock())
    shown.phase("value pretraining", 10, 0)
    for value in (0.1, 0.4):
        shown.advance(explained_variance=value)
    shown.phase("RL", 5, 0)
    assert plain_lines(capsys.readouterr().err) == [
        "value pretraining 1/10 explained variance 0.1",
        "value pretraining 2/10 explained variance 0.4",
    ]
