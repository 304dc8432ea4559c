"""Properties of a run's settings: those that are said to have no effect have none."""

from pathlib import Path

import pytest

from seed.reference.training import trainer
from seed.spec.config_effect import reason_of
from tests.support.small_runs import new_run, small_config

IDLE = {
    "grpo": (
        *("algorithm.discount=0.9", "algorithm.lambda_value=0.5", "algorithm.gae_alpha=1.0"),
        *("algorithm.length_adaptive=false", "algorithm.truncation_value=last"),
        *("algorithm.whiten=true", "algorithm.value_clip=0.1", "value_pretraining.steps=3"),
        *("value_optimizer.learning_rate=0.1", "algorithm.kl_estimator=k3"),
        *("algorithm.dynamic_sampling_tries=3", "reward.least_spread=0.5"),
        *("rollout.max_staleness=2", "rollout.at_staleness_bound=drop"),
        *("rollout.continue_with=snapshot", "algorithm.newest_segment_only=true"),
        *("rollout.fp8_phases=value_pretraining", "reward_model.steps=3", "reward.opponent=group"),
        *("evaluation.judge_pairs=3", "model.dense_width=8", "parallel.worker_slots=3"),
        *("policy_optimizer.final_learning_rate=1e-6", "data.difficulties.sudoku=[2]"),
        *("distribution.floor=0.9", "distribution.memory=3", "distribution.window=1"),
        *("distribution.easy_weight=0.5", "distribution.signal=progress"),
    ),
    "vapo": ("algorithm.lambda_policy=0.1", "algorithm.group_std=none"),
}


@pytest.mark.parametrize("recipe", IDLE)
def test_settings_that_are_said_to_have_no_effect_have_none(tmp_path: Path, recipe: str) -> None:
    short = ("rollout.steps=2", "supervised.steps=2", "value_pretraining.steps=1")
    plain, changed = small_config(recipe, *short), small_config(recipe, *short, *IDLE[recipe])
    names = [setting.partition("=")[0] for setting in IDLE[recipe]]
    assert all(reason_of(changed, name) for name in names)
    for name, config in (("plain", plain), ("changed", changed)):
        trainer.train(new_run(tmp_path / name, config))
    files = ("metrics.jsonl", "samples.jsonl")
    ours, theirs = (
        [(tmp_path / name / file).read_bytes() for file in files] for name in ("plain", "changed")
    )
    assert ours == theirs
