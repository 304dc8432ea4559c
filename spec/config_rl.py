"""Sections about RL: rollouts, rewards, the algorithm with a switch for every equation."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from seed.spec.config_model import OptimizerConfig
from seed.spec.config_types import (
    LIST,
    Count,
    Decay,
    Digests,
    FiniteFloat,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    RewardWeights,
    Section,
    Share,
    Switch,
    Temperature,
)


class RolloutConfig(Section):
    """Sampling of the responses that train the policy."""

    steps: Count = Field(description="RL steps (one batch of rollouts each)")
    prompts: Annotated[PositiveInt, Field(le=100_000)] = Field(
        description="prompts per step, over all ranks"
    )
    samples_per_prompt: Annotated[PositiveInt, Field(le=100_000)] = Field(
        description="group size G: responses per prompt"
    )
    max_response_tokens: PositiveInt = Field(
        description="token limit of a response, end of sequence included"
    )
    temperature: Temperature = Field(
        1.0, description="softmax temperature of rollouts and of the trained log-probs"
    )
    top_p: FiniteFloat = Field(
        1.0,
        description=(
            "only 1.0: a smaller nucleus changes with the weights, so a sampled token could later"
            " have probability 0 and the ratio would not be defined"
        ),
    )
    srs_alpha: Share = Field(
        1.0,
        description=(
            "streaming: share of a batch that must be drawn from the newest weights alone; 1 ="
            " synchronous"
        ),
    )
    max_staleness: Count = Field(
        8,
        description=(
            "policy versions by which the oldest token of a trained sample may lag; our choice, as"
            " in prime-rl"
        ),
    )
    at_staleness_bound: Literal["wait", "drop"] = Field(
        "wait",
        description=(
            "a sample that the next step could not take any more: wait for it, or give it up (which"
            " favours short responses)"
        ),
    )
    continue_with: Literal["newest", "snapshot"] = Field(
        "newest",
        description=(
            "weights that an unfinished sample goes on with: the newest (its tokens are then of"
            " several versions), or the snapshot that began it (report 5.2; keeps a copy of the"
            " policy per version in flight)"
        ),
    )
    block_tokens: PositiveInt = Field(
        1, description="tokens that a slot decodes between two looks at the schedule"
    )
    cache_tokens: Count = Field(
        0,
        description=(
            "positions that the key-value cache of a worker holds over its slots, 0 = no limit"
        ),
    )
    needs_contrast: Switch = Field(
        True,
        description=(
            "stop before the first update if in every group of the first batch all responses are"
            " right or all are wrong: there is nothing to learn from"
        ),
    )
    precision: Literal["trainer", "fp8"] = Field(
        "trainer",
        description=(
            "of the policy that draws rollouts: the trainer's own, or its matrices quantised to FP8"
            " (E4M3), which the report does; off by default since small models do not need the"
            " speed"
        ),
    )
    fp8_phases: Annotated[tuple[Literal["value_pretraining", "reinforcement"], ...], LIST] = Field(
        ("reinforcement",),
        description=(
            "phases whose rollouts are drawn in FP8 if rollout.precision is fp8; evaluation never"
            " are. Value pretraining is short and its policy frozen: V would learn the returns of"
            " one fixed rounding"
        ),
    )

    @model_validator(mode="after")
    def _sampling_can_be_trained_on(self) -> Self:
        if self.top_p != 1.0:
            raise ValueError(
                f"rollout.top_p={self.top_p} must be 1.0 (log-probs of a changing nucleus cannot be"
                " recomputed; evaluation.top_p may be smaller)"
            )
        if self.precision == "fp8" and not self.fp8_phases:
            raise ValueError(
                "rollout.fp8_phases=[] must name a phase with rollout.precision=fp8:"
                " value_pretraining or reinforcement"
            )
        return self


VERIFIER = "verifier"
"""Entry of ``reward.functions`` that stands for the verifier of the problem."""


class RewardConfig(Section):
    """From verdict to number (DAPO eq. 7 and eq. 13), and reward functions of the user."""

    correct: FiniteFloat = Field(1.0, description="reward of a correct answer")
    wrong: FiniteFloat = Field(-1.0, description="reward of a wrong answer")
    overlong_share: Decay = Field(
        0.0,
        description=(
            "L_cache / L_max of the soft overlong punishment, 0 = off; L_max is"
            " rollout.max_response_tokens"
        ),
    )
    format_penalty: NonNegativeFloat = Field(
        0.0,
        description=(
            "taken off for a response without '=' where the demonstration has one, 0 = off; in no"
            " paper"
        ),
    )
    hybrid_rule: Literal["gate", "product", "mean"] = Field(
        "gate",
        description=(
            "hybrid problems: gate = verifier first, the reward model shapes correct responses"
            " only; product of both; weighted mean of both. The report combines them and does not"
            " say how"
        ),
    )
    preference_weight: Share = Field(
        0.5, description="weight of the reward model within gate and mean"
    )
    opponent: Literal["reference", "group"] = Field(
        "reference",
        description=(
            "what the reward model compares a response with: the demonstration (Pairwise-RL's"
            " baseline), or all other responses of its group"
        ),
    )
    least_spread: NonNegativeFloat = Field(
        0.05,
        description=(
            "dynamic sampling drops a general problem whose scores have a smaller standard"
            " deviation, as report 2.1 drops prompts of low score variance; our value"
        ),
    )
    functions: RewardWeights = Field(
        default_factory=dict,
        validate_default=True,
        description=(
            "path.py:function -> weight of its score in the reward, in place of the verdict; the"
            " entry verifier adds the verdict as reward.correct or reward.wrong. The first that"
            " applies decides accuracy, or verifier where it is named"
        ),
    )
    threshold: FiniteFloat = Field(
        0.5,
        description=(
            "smallest score of a reward function that counts as correct where the function does"
            " not say it by a bool, acc or verdict"
        ),
    )
    on_error: Literal["stop", "drop"] = Field(
        "stop",
        description=(
            "a response whose verifier or reward function fails: end the run with the reason, or"
            " train on the others of its group alone"
        ),
    )
    time_limit: NonNegativeFloat = Field(
        0.0,
        description=(
            "seconds that a verdict may take in its worker; 0 = 10, of code and judges 300"
        ),
    )
    workers: Count = Field(
        0,
        description=(
            "processes that judge while responses decode; 0 = all cores but one. Drawn puzzles need"
            " none"
        ),
    )
    memory_limit: Annotated[int, Field(ge=512, strict=True)] = Field(
        4096, description="MiB of address space that one of these processes may take"
    )
    isolation: Literal["automatic", "bubblewrap", "landlock", "weak"] = Field(
        "automatic",
        description=(
            "where programs of code problems run: the strongest that there is; weak does not"
            " protect against attacks and must be named"
        ),
    )
    sha256: Digests = Field(
        default_factory=dict,
        validate_default=True,
        description=(
            "file of reward.functions, or imported by one beside it -> digest; filled in when the"
            " run starts"
        ),
    )

    @model_validator(mode="after")
    def _functions_are_named(self) -> Self:
        for address, weight in self.functions.items():
            path, _, function = address.rpartition(":")
            if address != VERIFIER and not (path.endswith(".py") and function.isidentifier()):
                raise ValueError(
                    f"{{section}}.functions has {address}, must be path.py:function or {VERIFIER}"
                )
            if not weight:
                raise ValueError(f"{{section}}.functions has weight 0 for {address}: leave it out")
        return self


_AS_IN_SFT = {
    "learning_rate": 3e-3,
    "final_learning_rate": 3e-4,
    "schedule": "cosine",
    "warmup_steps": 10,
}


class RewardModelConfig(Section):
    """The pairwise generative reward model: of the policy's sizes, trained before the run."""

    steps: PositiveInt = Field(
        1200, description="optimizer steps; only taken if some family is general or hybrid"
    )
    batch: Annotated[int, Field(ge=2, multiple_of=2, strict=True)] = Field(
        64,
        description=(
            "comparisons per optimizer step: half as many fresh pairs, each in both presentation"
            " orders"
        ),
    )
    evaluation_pairs: PositiveInt = Field(
        400, description="held-out pairs that its agreement and position bias are measured on"
    )
    optimizer: OptimizerConfig = Field(
        default_factory=lambda: OptimizerConfig.model_validate(_AS_IN_SFT),
        description="as in SFT of the tiny preset",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_change_keeps_the_rest_of_the_optimizer(cls, values: Any) -> Any:
        optimizer = values.get("optimizer") if isinstance(values, dict) else None
        if not isinstance(optimizer, dict):
            return values
        return values | {"optimizer": _AS_IN_SFT | optimizer}


class AlgorithmConfig(Section):
    """Every equation's switch. Defaults are the papers'; what no paper mentions is off."""

    advantage: Literal["gae", "group"] = Field(
        "gae", description="gae = with a value model; group = GRPO and DAPO"
    )
    discount: Share = Field(1.0, description="gamma")
    lambda_value: Share = Field(1.0, description="lambda of the value targets (decoupled GAE)")
    lambda_policy: Share = Field(
        0.95, description="lambda of the policy advantages where not length-adaptive"
    )
    length_adaptive: Switch = Field(
        True, description="lambda_policy = 1 - 1/(gae_alpha * l), clamped to [0, 1]"
    )
    gae_alpha: PositiveFloat = Field(
        0.05, description="alpha of the length-adaptive lambda (VAPO: 0.05)"
    )
    truncation_value: Literal["zero", "last"] = Field(
        "zero", description="value after a cut response: 0, or the last state's value (T-PPO)"
    )
    whiten: Switch = Field(
        False, description="normalise GAE advantages over the batch; in no paper"
    )
    group_std: Literal["population", "sample", "none"] = Field(
        "population", description="divisor of group advantages; none = only subtract the mean"
    )
    clip_low: Share = Field(0.2, description="eps_low: ratio floor is 1 - clip_low")
    clip_high: NonNegativeFloat = Field(
        0.28, description="eps_high: ratio cap is 1 + clip_high, at least clip_low"
    )
    dual_clip: NonNegativeFloat = Field(
        0.0, description="bound c > 1 of the loss at negative advantages, 0 = off"
    )
    aggregation: Literal["token", "sequence", "group", "constant"] = Field(
        "token",
        description=(
            "whose mean the policy loss is; constant divides token sums by max_response_tokens"
        ),
    )
    positive_weight: NonNegativeFloat = Field(
        0.1, description="mu of the positive-example LM loss, 0 = off"
    )
    value_clip: NonNegativeFloat = Field(0.0, description="clip of the value update, 0 = off")
    kl_weight: NonNegativeFloat = Field(
        0.0, description="weight of the KL to the policy that RL started from, 0 = off"
    )
    kl_estimator: Literal["k2", "k3"] = Field(
        "k2", description="k2 has the exact reverse-KL gradient, k3 has not"
    )
    load_balance_weight: NonNegativeFloat = Field(
        0.0, description="weight of the sequence-wise balance loss, 0 = off"
    )
    router_z_weight: NonNegativeFloat = Field(
        0.0, description="weight of the router z loss, 0 = off"
    )
    importance_cap: NonNegativeFloat = Field(
        0.0,
        description=(
            "truncated importance sampling: the ratio's denominator is the policy at the start of"
            " the step, and a token's loss weighs min(pi_start / pi_behaviour, cap); 0 = off: the"
            " denominator is pi_behaviour"
        ),
    )
    newest_segment_only: Switch = Field(
        False,
        description=(
            "policy loss only on tokens that the newest weights drew; the report does not say so"
        ),
    )
    overlong_filter: Switch = Field(
        False, description="mask the policy loss of truncated responses (DAPO)"
    )
    dynamic_sampling: Switch = Field(
        False, description="drop groups of accuracy 0 or 1 and refill the batch (DAPO)"
    )
    dynamic_sampling_tries: PositiveInt = Field(
        10, description="most generation rounds to fill one batch"
    )
    epochs: PositiveInt = Field(1, description="passes over each batch of rollouts")
    mini_batch: PositiveInt = Field(description="responses per optimizer step, over all ranks")
    micro_batch: PositiveInt = Field(
        description=(
            "responses per forward and backward pass, shared prompts counted once; never changes a"
            " result"
        )
    )

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        if self.clip_high < self.clip_low:
            raise ValueError(
                f"algorithm.clip_high={self.clip_high} must be at least"
                f" algorithm.clip_low={self.clip_low}"
            )
        if 0.0 < self.dual_clip <= 1.0:
            raise ValueError(
                f"algorithm.dual_clip={self.dual_clip} must be 0 (off) or greater than 1"
            )
        return self
