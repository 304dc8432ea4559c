"""Properties of settings without effect: the rules name settings that exist, and say why.

That such settings change nothing is in ``tests/reference/training/test_run.py``.
"""

import pytest

from seed.spec.config_effect import RULES, reason_of, without_effect
from seed.spec.config_errors import legal_keys
from seed.spec.config_files import load_config, merged
from seed.spec.settings import all_settings

LLAMA3 = "model.rope_scaling=llama3 model.rope_original_positions=16"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.settings[0])
def test_every_rule_is_about_settings_that_exist(rule: object) -> None:
    known = [*all_settings(), *legal_keys(())]
    for name in getattr(rule, "settings"):  # noqa: B009
        assert name in known or any(key.startswith(f"{name}.") for key in known), name


@pytest.mark.parametrize(
    ("recipe", "name", "overrides", "reason"),
    [
        ("grpo", "algorithm.gae_alpha", "", "with algorithm.advantage=group, which has no"),
        ("vapo", "algorithm.gae_alpha", "", ""),
        ("grpo", "start.value_model", "", "with algorithm.advantage=group, which has no"),
        ("vapo", "start.value_model", "", ""),
        ("ppo", "algorithm.gae_alpha", "", "with algorithm.length_adaptive=false"),
        ("grpo", "value_optimizer.beta1", "", "with algorithm.advantage=group"),
        ("vapo", "algorithm.group_std", "", "with algorithm.advantage=gae"),
        ("vapo", "algorithm.kl_estimator", "", "with algorithm.kl_weight=0"),
        ("vapo", "algorithm.kl_estimator", "algorithm.kl_weight=0.1", ""),
        ("vapo", "rollout.max_staleness", "", "with rollout.srs_alpha=1"),
        ("vapo", "rollout.max_staleness", "rollout.srs_alpha=0.5", ""),
        ("vapo", "parallel.worker_tp", "", "with parallel.rollout_workers=0"),
        ("vapo", "data.difficulties.sudoku", "", "while data.families is without sudoku"),
        ("vapo", "data.difficulties.maze", "", ""),
        ("vapo", "policy_optimizer.final_learning_rate", "", "policy_optimizer.schedule=constant"),
        ("vapo", "supervised.optimizer.final_learning_rate", "", ""),
        ("vapo", "model.rope_original_positions", "", "unless model.rope_scaling is llama3 or"),
        ("vapo", "model.rope_beta_fast", "", "unless model.rope_scaling is yarn"),
        ("vapo", "model.rope_high_frequency_factor", LLAMA3, ""),
        ("vapo", "model.rope_attention_factor", LLAMA3, "unless model.rope_scaling is yarn"),
    ],
)
def test_a_setting_has_no_effect_exactly_where_the_others_make_it_idle(
    recipe: str, name: str, overrides: str, reason: str
) -> None:
    config = load_config("tiny", recipe, overrides.split())
    found = reason_of(config, name)
    assert reason in found and bool(found) is bool(reason)


def test_what_was_not_typed_is_not_said() -> None:
    config = load_config("tiny", "grpo")
    assert without_effect(config, {}) == []
    typed = merged({}, ["rollout.steps=3", "algorithm.gae_alpha=4"])
    (line,) = without_effect(config, typed)
    assert line.startswith("algorithm.gae_alpha has no effect with ")
