"""Which settings have no effect beside the others: said when a person sets one of them.

A preset or a file holds settings for every recipe, so only what was typed is looked at. What the
backend would ignore is an error instead (``spec.config_errors.check_effect``).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seed.spec.config import Config
from seed.spec.config_rl import VERIFIER


@dataclass(frozen=True)
class Rule:
    """Settings without effect.

    Attributes:
        settings: Dotted settings, or sections for all of theirs.
        applies: Whether the rest of the configuration makes them idle.
        reason: How a sentence ends that begins with "SETTING has no effect".
    """

    settings: tuple[str, ...]
    applies: Callable[[Config], bool]
    reason: str


_GAE = (
    *("algorithm.discount", "algorithm.lambda_value", "algorithm.lambda_policy"),
    *("algorithm.length_adaptive", "algorithm.gae_alpha", "algorithm.truncation_value"),
    *("algorithm.whiten", "algorithm.value_clip", "value_pretraining", "value_optimizer"),
    *("start.value_model", "start.value_model_sha256"),
)
_EXPERTS = (
    *("model.experts", "model.experts_per_token", "model.expert_width", "model.shared_experts"),
    *("model.shared_expert_width", "model.shared_expert_gate", "model.router_scores"),
    *("model.router_bias", "model.router_groups", "model.router_groups_kept", "model.gate_scale"),
    *("model.normalise_gates", "algorithm.load_balance_weight", "algorithm.router_z_weight"),
)
_LLAMA3 = ("model.rope_low_frequency_factor", "model.rope_high_frequency_factor")
_YARN = ("model.rope_beta_fast", "model.rope_beta_slow", "model.rope_attention_factor")
_WORKERS = tuple(f"parallel.worker_{name}" for name in ("tp", "cp", "ep", "slots", "timeout"))
_STALENESS = ("rollout.max_staleness", "rollout.at_staleness_bound", "rollout.continue_with")
_JUDGED = ("reward_model", "reward.hybrid_rule", "reward.preference_weight", "reward.opponent")

_ADAPTIVE = tuple(f"distribution.{name}" for name in ("signal", "temperature", "floor"))
_POOLS = tuple(
    f"distribution.{name}" for name in ("hard_at_most", "easy_above", "hard_weight", "easy_weight")
)
_SLIDING = tuple(
    f"distribution.{name}" for name in ("window", "raise_at", "lower_at", "least_groups")
)


def _has_other_method(method: str) -> Callable[[Config], bool]:
    """Whether ``distribution.method`` is another one."""
    return lambda config: config.distribution.method != method


def _is_constant(section: str) -> Callable[[Config], bool]:
    """Whether the optimizer of a dotted section keeps its learning rate."""

    def applies(config: Config) -> bool:
        value: Any = config
        for name in section.split("."):
            value = getattr(value, name)
        return bool(value.schedule == "constant")

    return applies


RULES = (
    Rule(
        _GAE,
        lambda config: not config.uses_value_model,
        "with algorithm.advantage=group, which has no value model",
    ),
    Rule(
        ("algorithm.group_std",),
        lambda config: config.algorithm.advantage == "gae",
        "with algorithm.advantage=gae",
    ),
    Rule(
        ("algorithm.gae_alpha",),
        lambda config: not config.algorithm.length_adaptive,
        "with algorithm.length_adaptive=false",
    ),
    Rule(
        ("algorithm.lambda_policy",),
        lambda config: config.algorithm.length_adaptive,
        "with algorithm.length_adaptive=true",
    ),
    Rule(
        ("algorithm.kl_estimator",),
        lambda config: not config.algorithm.kl_weight,
        "with algorithm.kl_weight=0",
    ),
    Rule(
        ("algorithm.dynamic_sampling_tries", "reward.least_spread"),
        lambda config: not config.algorithm.dynamic_sampling,
        "with algorithm.dynamic_sampling=false",
    ),
    Rule(
        ("value_pretraining.explained_variance",),
        lambda config: not config.value_pretraining.steps,
        "with value_pretraining.steps=0",
    ),
    Rule(
        (
            *("supervised.batch", "supervised.optimizer", "supervised.stop_accuracy"),
            *("supervised.batch_tokens", "data.bare_share"),
        ),
        lambda config: not (config.supervised.steps or config.supervised.epochs),
        "with supervised.steps=0",
    ),
    Rule(
        ("supervised.batch",),
        lambda config: bool(config.supervised.batch_tokens),
        "with supervised.batch_tokens above 0",
    ),
    Rule(
        ("supervised.max_sequence_tokens", "supervised.overlong"),
        lambda config: not config.data.chats,
        "without data.chats",
    ),
    Rule(
        ("data.demonstrations", "data.bare_share"),
        lambda config: bool(config.data.chats),
        "with data.chats, which SFT reads",
    ),
    Rule(
        ("supervised.check_every",),
        lambda config: (
            not (
                (config.supervised.steps or config.supervised.epochs)
                and config.supervised.stop_accuracy
            )
        ),
        "with supervised.stop_accuracy=0 or without SFT",
    ),
    Rule(
        _STALENESS,
        lambda config: config.rollout.srs_alpha == 1.0,
        "with rollout.srs_alpha=1, which streams nothing",
    ),
    Rule(
        ("algorithm.newest_segment_only",),
        lambda config: config.rollout.srs_alpha == 1.0 and not config.algorithm.dynamic_sampling,
        "with rollout.srs_alpha=1: the newest weights draw every token",
    ),
    Rule(
        ("rollout.fp8_phases",),
        lambda config: config.rollout.precision == "trainer",
        "with rollout.precision=trainer",
    ),
    Rule(
        _JUDGED,
        lambda config: not config.data.preferred,
        "without a general or hybrid family (data.classes)",
    ),
    Rule(
        ("reward.threshold",),
        lambda config: not config.reward.functions,
        "without reward.functions",
    ),
    Rule(
        ("reward.correct", "reward.wrong"),
        lambda config: bool(config.reward.functions) and VERIFIER not in config.reward.functions,
        "with reward.functions that do not name verifier",
    ),
    Rule(
        ("reward.format_penalty",),
        lambda config: bool(config.data.train),
        "with data.train: the form of an answer is its verifier's business",
    ),
    Rule(
        (
            *("reward.workers", "reward.time_limit", "reward.memory_limit", "reward.isolation"),
            "reward.on_error",
        ),
        lambda config: not config.judges_in_workers,
        "with puzzles that are drawn and without reward.functions",
    ),
    Rule(
        ("evaluation.judge_pairs",),
        lambda config: "equivalence" not in config.data.families,
        "without the family equivalence",
    ),
    Rule(
        ("model.dense_width",),
        lambda config: not config.model.dense_layers,
        "with model.dense_layers=0",
    ),
    Rule(
        _EXPERTS,
        lambda config: config.model.dense_layers == config.model.layers,
        "with model.dense_layers=model.layers, which leaves no experts",
    ),
    Rule(
        ("model.rope_original_positions",),
        lambda config: config.model.rope_scaling in ("none", "linear"),
        "unless model.rope_scaling is llama3 or yarn",
    ),
    Rule(
        _LLAMA3,
        lambda config: config.model.rope_scaling != "llama3",
        "unless model.rope_scaling is llama3",
    ),
    Rule(
        _YARN,
        lambda config: config.model.rope_scaling != "yarn",
        "unless model.rope_scaling is yarn",
    ),
    Rule(
        _WORKERS,
        lambda config: not config.parallel.rollout_workers,
        "with parallel.rollout_workers=0",
    ),
    *(
        Rule(settings, _has_other_method(method), f"unless distribution.method is {method}")
        for method, settings in (("adaptive", _ADAPTIVE), ("pools", _POOLS), ("sliding", _SLIDING))
    ),
    Rule(
        ("distribution.memory",),
        lambda config: config.distribution.method == "in_turn",
        "with distribution.method=in_turn",
    ),
    *(
        Rule(
            (f"{section}.final_learning_rate",),
            _is_constant(section),
            f"with {section}.schedule=constant",
        )
        for section in (
            *("policy_optimizer", "value_optimizer"),
            *("supervised.optimizer", "reward_model.optimizer"),
        )
    ),
)


def without_effect(config: Config, typed: Mapping[str, Any]) -> list[str]:
    """A line for each typed setting that changes nothing: the setting, and because of what.

    Args:
        config: The whole configuration.
        typed: What a person set, as nested plain values.
    """
    lines = []
    for name in _dotted(typed):
        if reason := reason_of(config, name):
            lines.append(f"{name} has no effect {reason}")
    return lines


def reason_of(config: Config, name: str) -> str:
    """Why a dotted setting has no effect; empty if it has one."""
    section, _, family = name.rpartition(".")
    if section in ("data.difficulties", "data.classes") and family not in config.data.families:
        return f"while data.families is without {family}"
    for rule in RULES:
        is_named = any(
            name == setting or name.startswith(f"{setting}.") for setting in rule.settings
        )
        if is_named and rule.applies(config):
            return rule.reason
    return ""


def _dotted(tree: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"
