"""Names of settings in other frameworks, for error lines; the table changes no configuration.

A key is the leaf of a setting elsewhere (``kl_coef``) or the end of its dotted name
(``critic.optim.lr``), in lower case with underscores. The longest end in the table decides. A note
is given where the value means something else there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Alias:
    """Our dotted setting, and how its value differs, if it does."""

    setting: str
    note: str = ""


_LAMBDA_NOTE = "used if algorithm.length_adaptive=false; value targets have algorithm.lambda_value"
_ONE_BOUND_NOTE = "it is the lower bound only; set algorithm.clip_high too"
_OVERLONG_NOTE = "a share of rollout.max_response_tokens, not a number of tokens"
_PENALTY_NOTE = "a weight in the loss; there it scales a penalty in the reward"
_REFERENCE_NOTE = "the reference policy is the one that RL started from"
_RESPONSES_NOTE = "responses per optimizer step, over all ranks"
_PER_DEVICE_NOTE = "responses per forward and backward pass; it changes no result"
_WARMUP_NOTE = "a number of optimizer steps, not a share"

ALIASES: Mapping[str, Alias] = MappingProxyType(
    {
        # How many responses, how long. verl, OpenRLHF, slime, ms-swift, prime-rl, TRL.
        "num_generations": Alias("rollout.samples_per_prompt"),
        "n_samples_per_prompt": Alias("rollout.samples_per_prompt"),
        "group_size": Alias("rollout.samples_per_prompt"),
        "rollout.n": Alias("rollout.samples_per_prompt"),
        "rollout_batch_size": Alias("rollout.prompts", "prompts per step, not responses"),
        "train_batch_size": Alias(
            "rollout.prompts", "as in verl; in OpenRLHF it is algorithm.mini_batch"
        ),
        "batch_size": Alias("rollout.prompts", "prompts per step; in prime-rl it counts responses"),
        "max_steps": Alias("rollout.steps", "RL steps, each with one batch of rollouts"),
        "max_completion_length": Alias("rollout.max_response_tokens"),
        "max_response_length": Alias("rollout.max_response_tokens"),
        "rollout_max_response_len": Alias("rollout.max_response_tokens"),
        "max_tokens": Alias("rollout.max_response_tokens"),
        "max_prompt_length": Alias(
            "data.max_prompt_tokens", "a longer prompt is an error, it is not cut"
        ),
        # One optimizer step.
        "ppo_mini_batch_size": Alias(
            "algorithm.mini_batch", "counts responses; in verl it counts prompts"
        ),
        "global_batch_size": Alias("algorithm.mini_batch", _RESPONSES_NOTE),
        "gradient_accumulation_steps": Alias(
            "algorithm.mini_batch", _RESPONSES_NOTE + "; accumulation follows from it"
        ),
        "per_device_train_batch_size": Alias("algorithm.micro_batch", _PER_DEVICE_NOTE),
        "ppo_micro_batch_size_per_gpu": Alias("algorithm.micro_batch", _PER_DEVICE_NOTE),
        "ppo_max_token_len_per_gpu": Alias("parallel.micro_batch_tokens"),
        "ppo_epochs": Alias("algorithm.epochs"),
        "num_iterations": Alias(
            "algorithm.epochs", "passes over each batch of rollouts; RL steps are rollout.steps"
        ),
        # Advantages.
        "adv_estimator": Alias("algorithm.advantage", "gae, or group for grpo"),
        "advantage_estimator": Alias(
            "algorithm.advantage", "gae, or group for grpo and group_norm"
        ),
        "gamma": Alias("algorithm.discount"),
        "lam": Alias("algorithm.lambda_policy", _LAMBDA_NOTE),
        "gae_lambda": Alias("algorithm.lambda_policy", _LAMBDA_NOTE),
        "length_adaptive_alpha": Alias("algorithm.gae_alpha"),
        "scale_rewards": Alias(
            "algorithm.group_std", "group is sample, none is none; batch has no counterpart"
        ),
        "norm_adv_by_std_in_grpo": Alias(
            "algorithm.group_std", "a choice: population, sample or none"
        ),
        "critic_warmup": Alias(
            "value_pretraining.steps",
            "an upper limit; value_pretraining.explained_variance ends it earlier",
        ),
        # The loss.
        "epsilon": Alias(
            "algorithm.clip_low",
            _ONE_BOUND_NOTE + "; the epsilon of AdamW is policy_optimizer.epsilon",
        ),
        "epsilon_high": Alias("algorithm.clip_high"),
        "clip_ratio": Alias("algorithm.clip_low", _ONE_BOUND_NOTE),
        "clip_ratio_low": Alias("algorithm.clip_low"),
        "clip_ratio_high": Alias("algorithm.clip_high"),
        "clip_ratio_c": Alias("algorithm.dual_clip", "off by default (0); 3.0 by default in verl"),
        "cliprange_value": Alias("algorithm.value_clip", "off by default (0)"),
        "delta": Alias("algorithm.dual_clip", "it bounds the loss at negative advantages only"),
        "beta": Alias(
            "algorithm.kl_weight",
            _REFERENCE_NOTE + "; the decays of AdamW are beta1 and beta2 of an optimizer",
        ),
        "kl_coef": Alias("algorithm.kl_weight", _PENALTY_NOTE),
        "kl_loss_coef": Alias("algorithm.kl_weight", _REFERENCE_NOTE),
        "kl_loss_type": Alias("algorithm.kl_estimator", "mse is k2, low_var_kl is k3"),
        "loss_agg_mode": Alias(
            "algorithm.aggregation", "token-mean is token, seq-mean-token-mean is sequence"
        ),
        "loss_type": Alias(
            "algorithm.aggregation", "dapo is token, grpo is sequence, dr_grpo is constant"
        ),
        "router_aux_loss_coef": Alias(
            "algorithm.load_balance_weight", "balances within each sequence, off by default (0)"
        ),
        "positive_example_nll_weight": Alias("algorithm.positive_weight"),
        "vllm_importance_sampling_cap": Alias("algorithm.importance_cap", "off by default (0)"),
        "mask_truncated_completions": Alias("algorithm.overlong_filter"),
        # Dynamic sampling, length penalty, streaming.
        "filter_groups": Alias(
            "algorithm.dynamic_sampling", "a switch; it drops groups of accuracy 0 or 1"
        ),
        "dynamic_filtering": Alias("algorithm.dynamic_sampling"),
        "max_num_gen_batches": Alias("algorithm.dynamic_sampling_tries"),
        "overlong_buffer": Alias("reward.overlong_share", _OVERLONG_NOTE),
        "overlong_buffer_len": Alias("reward.overlong_share", _OVERLONG_NOTE),
        "max_off_policy_steps": Alias("rollout.max_staleness"),
        "staleness_threshold": Alias(
            "rollout.srs_alpha",
            "the least share of fresh responses; there the largest of stale ones",
        ),
        # What a run asks. prime-rl's pools, RLVE's range.
        "hard_threshold": Alias("distribution.hard_at_most", "with distribution.method=pools"),
        "easy_threshold": Alias(
            "distribution.easy_above", "with distribution.method=pools; a rate equal to it is below"
        ),
        "difficulty_sliding_window_size": Alias(
            "distribution.window", "with distribution.method=sliding"
        ),
        "min_metric_to_increase_difficulty": Alias("distribution.raise_at"),
        "min_prompts_before_difficulty_check": Alias("distribution.least_groups"),
        # Optimizers.
        "lr": Alias("policy_optimizer.learning_rate"),
        "learning_rate": Alias(
            "policy_optimizer.learning_rate", "RL only; SFT has supervised.optimizer.learning_rate"
        ),
        "critic.optim.lr": Alias("value_optimizer.learning_rate"),
        "value_optimizer.lr": Alias("value_optimizer.learning_rate"),
        "supervised.optimizer.lr": Alias("supervised.optimizer.learning_rate"),
        "critic_learning_rate": Alias("value_optimizer.learning_rate"),
        "max_grad_norm": Alias("policy_optimizer.clip_norm"),
        "grad_clip": Alias("policy_optimizer.clip_norm"),
        "lr_scheduler_type": Alias("policy_optimizer.schedule", "constant or cosine"),
        "warmup_ratio": Alias("policy_optimizer.warmup_steps", _WARMUP_NOTE),
        "lr_warmup_steps": Alias("policy_optimizer.warmup_steps"),
        # Layout, memory, files.
        "tensor_model_parallel_size": Alias("parallel.tp"),
        "ulysses_sequence_parallel_size": Alias("parallel.cp"),
        "expert_model_parallel_size": Alias("parallel.ep"),
        "fsdp_size": Alias("parallel.fsdp", "0 = all ranks that tp and cp leave over"),
        "vllm_num_engines": Alias(
            "parallel.rollout_workers",
            "needs rollout.srs_alpha below 1; 0 = the trainer samples itself",
        ),
        "gradient_checkpointing": Alias("parallel.recompute"),
        "bf16": Alias("precision", "precision=bfloat16 with backend=scaled"),
        "save_steps": Alias("run.checkpoint_every", "in RL steps"),
        "save_freq": Alias("run.checkpoint_every"),
        "save_total_limit": Alias("run.keep_checkpoints"),
        # Evaluation.
        "val_kwargs.n": Alias("evaluation.samples"),
        "eval_n_samples_per_prompt": Alias("evaluation.samples"),
    }
)
"""Name elsewhere -> our setting. Without a note it means the same wherever it exists."""


def hint_for(name: str) -> str:
    """One line about a name in another framework: ``kl_coef is algorithm.kl_weight here``.

    Args:
        name: A key as it was written, dotted or not; case, hyphens and leading hyphens do not
            matter.

    Returns:
        The line, made only of names in the table, or "" if the name is not in it.
    """
    if found := alias_of(name):
        key, alias = found
        note = f" ({alias.note})" if alias.note else ""
        return f"{key} is {alias.setting} here{note}"
    return ""


def alias_of(name: str) -> tuple[str, Alias] | None:
    """The longest end of a name that is in the table, and its entry; None if there is none."""
    components = name.lstrip("-").replace("-", "_").lower().split(".")
    for start in range(len(components)):
        key = ".".join(components[start:])
        if alias := ALIASES.get(key):
            return key, alias
    return None
