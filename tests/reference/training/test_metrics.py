"""Properties of the metrics of a run: small runs write exactly the keys that the table explains."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.reference.training import trainer
from seed.reference.training.batch import plain_batch
from seed.reference.training.metrics import value_metrics
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config_files import load_config
from seed.spec.datatypes import Batch
from seed.spec.metrics import METRICS, TIMINGS
from tests.support import reward_functions
from tests.support.small_runs import SMALL, new_run

ROUTER = ("algorithm.load_balance_weight=0.01", "algorithm.router_z_weight=0.01")
STREAMING = (
    *("rollout.srs_alpha=0.5", "rollout.precision=fp8", "algorithm.importance_cap=2.0"),
    *("algorithm.kl_weight=0.01", "rollout.steps=2"),
)
SLIDING = ("distribution.method=sliding", "data.difficulties.maze=[1, 2]")
JUDGED = (
    *("reward_model.steps=2", "reward_model.batch=8", "reward_model.evaluation_pairs=4"),
    *("rollout.steps=1", "value_pretraining.steps=1"),
)
FUNCTIONS = (
    f'reward.functions={{"{reward_functions.__file__}:compute_score" = 1.0}}',
    *("reward.on_error=drop", "rollout.steps=1"),
)
RUNS = {
    "router": ("tiny", "vapo", ROUTER),
    "groups": ("tiny", "grpo", ("rollout.steps=1", "distribution.method=adaptive")),
    "streaming": ("tiny", "vapo", (*STREAMING, *SLIDING)),
    "functions": ("tiny", "grpo", FUNCTIONS),
    "tokens": ("tiny", "grpo", ("supervised.batch_tokens=200", "rollout.steps=0")),
    "judged": ("mixed", "vapo", JUDGED),
}
"""Together these have every part of the program that writes a metric."""

TABLES = {"metrics.jsonl": METRICS, "timings.jsonl": TIMINGS}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Lines of ``metrics.jsonl`` and of ``timings.jsonl`` of all runs."""
    written: dict[str, list[dict[str, Any]]] = {file: [] for file in TABLES}
    for name, (preset, recipe, overrides) in RUNS.items():
        path: Path = tmp_path_factory.mktemp("runs") / name
        trainer.train(new_run(path, load_config(preset, recipe, [*SMALL, *overrides])))
        for file in written:
            written[file] += RunDirectory(path).read(file)
    return written


@pytest.mark.parametrize("file", TABLES)
def test_every_key_is_explained_and_every_explained_key_is_written(
    lines: dict[str, list[dict[str, Any]]], file: str
) -> None:
    assert {key for line in lines[file] for key in line} == set(TABLES[file])


def test_exactly_the_mappings_say_what_their_keys_are(
    lines: dict[str, list[dict[str, Any]]],
) -> None:
    for line in lines["metrics.jsonl"]:
        for key, value in line.items():
            assert isinstance(value, dict) is bool(METRICS[key].keys), key


def test_shares_and_counts_lie_where_the_table_says(lines: dict[str, list[dict[str, Any]]]) -> None:
    for line in lines["metrics.jsonl"]:
        for key, value in line.items():
            numbers = value.values() if isinstance(value, dict) else [value]
            if METRICS[key].values.startswith(("share", "probability, 0 to 1")):
                assert all(0.0 <= number <= 1.0 for number in numbers), key
            if METRICS[key].values.startswith("count"):
                assert all(isinstance(n, int) and n >= 0 for n in numbers), key


OUTCOMES = st.lists(
    st.tuples(st.sampled_from([-1.0, 1.0]), st.integers(1, 5)), min_size=1, max_size=8
)


def judged(outcomes: list[tuple[float, int]], error: float) -> Batch:
    """Responses of some outcome and length; the value misses every return by ``error`` times it."""
    batch = plain_batch([(5, 6)] * len(outcomes), [(7,) * length for _, length in outcomes])
    outcome = np.array([outcome for outcome, _ in outcomes])
    targets = np.where(batch.response, outcome[:, None], 0.0)
    return replace(batch, positive=outcome > 0, value_targets=targets, old_values=targets * error)


@given(outcomes=OUTCOMES)
def test_the_variance_of_returns_follows_from_the_share_of_tokens_in_right_responses(
    outcomes: list[tuple[float, int]],
) -> None:
    """Bernoulli: 4 p (1 - p) for outcomes of 1 and -1; where it is 0, there is no share of it."""
    right = sum(length for outcome, length in outcomes if outcome > 0)
    share = right / sum(length for _, length in outcomes)
    metrics = value_metrics(judged(outcomes, error=0.0))
    assert metrics["value/return_variance"] == pytest.approx(4 * share * (1 - share))
    assert np.isnan(metrics["value/explained_variance"]) == (share in (0.0, 1.0))


@given(outcomes=OUTCOMES, error=st.floats(-1.0, 2.0))
def test_what_is_not_explained_is_a_share_of_the_variance_of_returns(
    outcomes: list[tuple[float, int]], error: float
) -> None:
    batch = judged(outcomes, error)
    metrics = value_metrics(batch)
    left = np.var((batch.value_targets - batch.old_values)[batch.response])
    share = 1.0 - metrics["value/explained_variance"]
    assert np.isnan(share) or share * metrics["value/return_variance"] == pytest.approx(left)
