"""Properties of the metrics of a run: small runs write exactly the keys that the table explains."""

from pathlib import Path
from typing import Any

import pytest

from seed.reference.training import trainer
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config_files import load_config
from seed.spec.metrics import METRICS, TIMINGS
from tests.support.small_runs import SMALL, new_run

ROUTER = ("algorithm.load_balance_weight=0.01", "algorithm.router_z_weight=0.01")
STREAMING = (
    *("rollout.srs_alpha=0.5", "rollout.precision=fp8", "algorithm.importance_cap=2.0"),
    *("algorithm.kl_weight=0.01", "rollout.steps=2"),
)
JUDGED = (
    *("reward_model.steps=2", "reward_model.batch=8", "reward_model.evaluation_pairs=4"),
    *("rollout.steps=1", "value_pretraining.steps=1"),
)
RUNS = {
    "router": ("tiny", "vapo", ROUTER),
    "groups": ("tiny", "grpo", ("rollout.steps=1",)),
    "streaming": ("tiny", "vapo", STREAMING),
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
