"""The one configuration: frozen typed sections, presets and recipes as TOML, overrides as
``section.key=value``.

A preset fixes sizes and the task, a recipe fixes the algorithm, an override changes one value;
later beats earlier. Everything is validated before anything loads, and a refusal names the field,
the value and the legal values.
"""

import copy
import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from spec.errors import Reason, SeedError

PositiveInt = Annotated[int, Field(ge=1, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0)]
PositiveFloat = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegativeFloat = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]
Levels = Annotated[
    Mapping[str, tuple[PositiveInt, ...]],
    AfterValidator(lambda levels: MappingProxyType(dict(levels))),
    PlainSerializer(
        lambda levels: {family: list(of_family) for family, of_family in levels.items()}
    ),
]

DataClass = Literal["verifiable", "general", "hybrid"]
Classes = Annotated[
    Mapping[str, DataClass],
    AfterValidator(lambda classes: MappingProxyType(dict(classes))),
    PlainSerializer(dict),
]

RECIPES = ("vapo", "dapo", "grpo", "ppo")
PRESETS = ("tiny", "mixed", "seed-200b")


class Section(BaseModel):
    """A frozen group of settings that knows no key but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ModelConfig(Section):
    """Decoder-only mixture of experts in the Qwen3-MoE family; with ``dense_layers = layers`` it is
    Qwen3 or Llama.
    """

    vocabulary: PositiveInt = Field(description="entries of the embedding and of the head")
    layers: PositiveInt = Field(description="transformer blocks")
    hidden: PositiveInt = Field(description="width of the residual stream")
    heads: PositiveInt = Field(description="query heads")
    key_value_heads: PositiveInt = Field(description="key-value heads, a divisor of heads")
    head_width: PositiveInt = Field(
        description="width of one head, even (rotary embedding works on pairs)"
    )
    dense_layers: Count = Field(
        description="the first so many blocks have a dense MLP in place of experts"
    )
    dense_width: Count = Field(description="inner width of a dense MLP")
    experts: PositiveInt = Field(description="routed experts per MoE block")
    experts_per_token: PositiveInt = Field(description="routed experts that a token visits")
    expert_width: PositiveInt = Field(description="inner width of one expert")
    shared_experts: Count = Field(
        description="experts that every token visits, each of expert_width"
    )
    normalise_gates: Switch = Field(True, description="rescale the chosen gates to sum to one")
    query_key_norm: Switch = Field(
        True, description="RMS-normalise queries and keys per head (Qwen3: yes, Llama: no)"
    )
    tied_embeddings: Switch = Field(False, description="use the embedding as the output head")
    rope_base: PositiveFloat = Field(10_000.0, description="base of the rotary frequencies")
    norm_epsilon: PositiveFloat = Field(
        1e-6, description="added to the mean square before its root"
    )

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.heads % self.key_value_heads:
            raise ValueError(
                f"model.key_value_heads={self.key_value_heads} must divide model.heads={self.heads}"
            )
        if self.head_width % 2:
            raise ValueError(f"model.head_width={self.head_width} must be even")
        if self.experts_per_token > self.experts:
            raise ValueError(
                f"model.experts_per_token={self.experts_per_token} must be at most"
                f" model.experts={self.experts}"
            )
        if self.dense_layers > self.layers:
            raise ValueError(
                f"model.dense_layers={self.dense_layers} must be at most model.layers={self.layers}"
            )
        if self.dense_layers and not self.dense_width:
            raise ValueError("model.dense_width=0 must be at least 1 when model.dense_layers > 0")
        return self


class DataConfig(Section):
    """Which puzzles to practise and to be examined on."""

    families: tuple[str, ...] = Field(
        description="puzzle families, see `seed explain`", min_length=1
    )
    difficulties: Levels = Field(description="family -> difficulties to draw from")
    classes: Classes = Field(
        default_factory=dict,
        validate_default=True,
        description=(
            "family -> verifiable (a verifier judges), general (a reward model scores) or hybrid"
            " (both); verifiable where not named"
        ),
    )
    demonstrations: PositiveInt = Field(
        description="worked solutions of the cold start, over all families"
    )
    bare_share: Share = Field(
        0.0,
        description=(
            "share of the demonstrations that give the answer without reasoning, like text from the"
            " wild"
        ),
    )
    max_prompt_tokens: PositiveInt = Field(description="longest legal prompt")

    @model_validator(mode="after")
    def _every_family_has_difficulties(self) -> Self:
        for family in self.families:
            if not self.difficulties.get(family):
                legal = ", ".join(name for name, levels in self.difficulties.items() if levels)
                raise ValueError(
                    f"data.families={family!r} has no entry in data.difficulties; families that"
                    f" have one: {legal}"
                )
        return self

    def class_of(self, family: str) -> DataClass:
        """How responses to a family's problems are scored (report 4.2: three data classes)."""
        return self.classes.get(family, "verifiable")

    @property
    def preferred(self) -> tuple[str, ...]:
        """The families that a reward model takes part in scoring."""
        return tuple(family for family in self.families if self.class_of(family) != "verifiable")


class OptimizerConfig(Section):
    """AdamW with linear warm-up, then a constant or cosine learning rate, and clipping by the
    global gradient norm.
    """

    learning_rate: PositiveFloat = Field(description="peak learning rate")
    final_learning_rate: NonNegativeFloat = Field(
        0.0, description="where the cosine ends; not used by constant"
    )
    schedule: Literal["constant", "cosine"] = Field("constant", description="after the warm-up")
    warmup_steps: Count = Field(0, description="optimizer steps of linear warm-up")
    beta1: Decay = Field(0.9, description="decay of the first moment")
    beta2: Decay = Field(0.95, description="decay of the second moment")
    epsilon: PositiveFloat = Field(1e-8, description="added to the root of the second moment")
    weight_decay: NonNegativeFloat = Field(
        0.0, description="decoupled decay of matrices (not of norms and biases)"
    )
    clip_norm: NonNegativeFloat = Field(
        1.0, description="largest global gradient norm, 0 = no clipping"
    )

    @model_validator(mode="after")
    def _cosine_falls(self) -> Self:
        if self.schedule == "cosine" and self.final_learning_rate > self.learning_rate:
            raise ValueError(
                f"{{section}}.final_learning_rate={self.final_learning_rate} must be at most "
                f"{{section}}.learning_rate={self.learning_rate}"
            )
        return self


class SupervisedConfig(Section):
    """Cold-start supervised fine-tuning on demonstrations (report 4.1)."""

    steps: Count = Field(description="optimizer steps, 0 = start RL from random weights")
    batch: PositiveInt = Field(description="demonstrations per optimizer step")
    optimizer: OptimizerConfig


class ValuePretrainingConfig(Section):
    """Fit the value model to Monte-Carlo returns of the frozen policy until it explains them (VAPO
    4.1, VC-PPO).
    """

    steps: Count = Field(
        description="most rollout steps with a frozen policy, 0 = no value pretraining"
    )
    explained_variance: FiniteFloat = Field(
        description="stop once held-back explained variance reaches this in two consecutive steps"
    )


class RolloutConfig(Section):
    """Sampling of the responses that train the policy."""

    steps: Count = Field(description="RL steps (one batch of rollouts each)")
    prompts: PositiveInt = Field(description="prompts per step, over all ranks")
    samples_per_prompt: PositiveInt = Field(description="group size G: responses per prompt")
    max_response_tokens: PositiveInt = Field(
        description="token limit of a response, end of sequence included"
    )
    temperature: PositiveFloat = Field(
        1.0, description="softmax temperature of rollouts and of the trained log-probs"
    )
    top_p: float = Field(
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
            "publications of weights by which the oldest token of a trained sample may lag; our"
            " choice, as in prime-rl"
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
            " policy per version under way)"
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
    precision: Literal["trainer", "fp8"] = Field(
        "trainer",
        description=(
            "of the policy that draws rollouts: the trainer's own, or its matrices quantised to FP8"
            " (E4M3), which the report does; off by default since small models do not need the"
            " speed"
        ),
    )
    fp8_phases: tuple[Literal["value_pretraining", "reinforcement"], ...] = Field(
        ("reinforcement",),
        description=(
            "phases whose rollouts are drawn in FP8 if rollout.precision is fp8; examinations never"
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


class RewardConfig(Section):
    """From verdict to number (DAPO eq. 7 and eq. 13)."""

    correct: FiniteFloat = Field(1.0, description="reward of a correct answer")
    wrong: FiniteFloat = Field(-1.0, description="reward of a wrong answer")
    overlong_share: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
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
            " anchor), or all other responses of its group"
        ),
    )
    least_spread: NonNegativeFloat = Field(
        0.05,
        description=(
            "dynamic sampling drops a general problem whose scores have a smaller standard"
            " deviation, as report 2.1 drops prompts of low score variance; our value"
        ),
    )


class RewardModelConfig(Section):
    """The pairwise generative reward model: a model of the policy's sizes, taught by preference
    pairs before the run.
    """

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
        default_factory=lambda: OptimizerConfig.model_validate(
            {
                "learning_rate": 3e-3,
                "final_learning_rate": 3e-4,
                "schedule": "cosine",
                "warmup_steps": 10,
            }
        ),
        description="as in the cold start of the tiny preset",
    )


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
    clip_low: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        0.2, description="eps_low: ratio floor is 1 - clip_low"
    )
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


class EvaluationConfig(Section):
    """The examination on held-out problems (VAPO 5.1: temperature 1.0, top-p 0.7)."""

    problems: PositiveInt = Field(description="held-out problems, over all families")
    samples: PositiveInt = Field(description="responses per problem (avg@k)")
    temperature: PositiveFloat = Field(1.0, description="softmax temperature")
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] = Field(0.7, description="nucleus mass")
    judge_pairs: PositiveInt = Field(
        160,
        description=(
            "held-out pairs on which the policy is examined as a judge, if it practises equivalence"
        ),
    )


class ParallelConfig(Section):
    """How the torch backend spreads a model over ranks; never changes a result. The reference runs
    in one process.

    ``fsdp * cp * tp`` ranks; expert parallelism folds over the same ranks, so ``ep`` divides their
    number.
    """

    fsdp: Count = Field(
        0,
        description="data-parallel ranks that share the weights, 0 = all that tp and cp leave over",
    )
    cp: PositiveInt = Field(
        1, description="context parallelism: ranks that share the positions of a sequence"
    )
    tp: PositiveInt = Field(
        1, description="tensor parallelism: ranks that share the heads, divides key_value_heads"
    )
    ep: PositiveInt = Field(
        1, description="expert parallelism: ranks that share the experts, divides their number"
    )
    balance: Literal["none", "tokens", "flops"] = Field(
        "tokens",
        description="cost by which a mini-batch is spread evenly over micro-batches and data ranks",
    )
    share_prompts: Switch = Field(
        True,
        description=(
            "compute a prompt once for all its responses in a micro-batch, if it is as long as they"
            " are on average"
        ),
    )
    micro_batch_tokens: Count = Field(
        0, description="most tokens of a micro-batch of a data rank, 0 = no cap"
    )
    recompute: Switch = Field(
        False,
        description="keep only the input of each block and compute it again in the backward pass",
    )
    activation_offload: Switch = Field(
        False, description="keep saved activations off the device until the backward pass"
    )
    optimizer_offload: Switch = Field(
        False, description="keep the moments of AdamW off the device between steps"
    )
    rollout_workers: Count = Field(
        0,
        description=(
            "standalone streaming workers, processes or groups of ranks that decode while others"
            " train"
        ),
    )
    worker_tp: PositiveInt = Field(1, description="tensor parallelism within a worker")
    worker_cp: PositiveInt = Field(
        1, description="context parallelism within a worker; it has worker_cp * worker_tp ranks"
    )
    worker_ep: PositiveInt = Field(
        1, description="expert parallelism within a worker, divides its ranks"
    )
    worker_slots: Count = Field(
        0,
        description="responses that a worker decodes side by side, 0 = as many as beside the trainer",
    )
    worker_timeout: PositiveFloat = Field(
        120.0,
        description=(
            "seconds of silence after which a worker is given up and its samples are issued again"
        ),
    )
    rollout_slots: Count = Field(
        0, description="responses decoded side by side over all data ranks, 0 = all at once"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto = a GPU per rank if there is one, else the CPU"
    )
    collective_timeout: PositiveFloat = Field(
        600.0, description="seconds that a rank waits for the others before all stop"
    )

    @property
    def worker_ranks(self) -> int:
        """Ranks of a standalone worker."""
        return self.worker_cp * self.worker_tp

    @property
    def remote_worker_ranks(self) -> int:
        """Ranks of all standalone workers, the last of a job."""
        return self.rollout_workers * self.worker_ranks


class RunConfig(Section):
    """What a run leaves on disk and how often."""

    checkpoint_every: PositiveInt = Field(
        20, description="RL steps between checkpoints; a phase's end always has one"
    )
    keep_checkpoints: PositiveInt = Field(2, description="newest checkpoints to keep")
    sampled_rollouts: PositiveInt = Field(4, description="rollouts a step written out as text")


class Config(Section):
    """All of a run."""

    preset: str
    recipe: str
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        1, description="keys all randomness of the run"
    )
    backend: Literal["reference", "scaled"] = Field(
        "reference", description="the backend that computes"
    )
    precision: Literal["float64", "float32", "bfloat16"] = Field(
        "float32",
        description=(
            "of weights and arithmetic; bfloat16 (scaled only) computes in it over float32 weights"
            " and sums"
        ),
    )
    model: ModelConfig
    data: DataConfig
    supervised: SupervisedConfig
    value_pretraining: ValuePretrainingConfig
    rollout: RolloutConfig
    reward: RewardConfig
    reward_model: RewardModelConfig = Field(
        default_factory=lambda: RewardModelConfig.model_validate({})
    )
    algorithm: AlgorithmConfig
    policy_optimizer: OptimizerConfig
    value_optimizer: OptimizerConfig
    evaluation: EvaluationConfig
    parallel: ParallelConfig = Field(default_factory=lambda: ParallelConfig.model_validate({}))
    run: RunConfig

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        responses = self.rollout.prompts * self.rollout.samples_per_prompt
        algorithm = self.algorithm
        if responses % algorithm.mini_batch:
            raise ValueError(
                f"algorithm.mini_batch={algorithm.mini_batch} must divide rollout.prompts *"
                f" rollout.samples_per_prompt = {self.rollout.prompts} *"
                f" {self.rollout.samples_per_prompt} = {responses}"
            )
        if algorithm.advantage == "group" and self.rollout.samples_per_prompt < 2:
            raise ValueError(
                "rollout.samples_per_prompt=1 must be at least 2 with algorithm.advantage=group"
            )
        if algorithm.dynamic_sampling and self.rollout.samples_per_prompt < 2:
            raise ValueError(
                "rollout.samples_per_prompt=1 must be at least 2 with"
                " algorithm.dynamic_sampling=true"
            )
        if (
            self.reward.opponent == "group"
            and self.data.preferred
            and self.rollout.samples_per_prompt < 2
        ):
            raise ValueError(
                "rollout.samples_per_prompt=1 must be at least 2 with reward.opponent=group"
            )
        if self.reward.correct <= self.reward.wrong:
            raise ValueError(
                f"reward.correct={self.reward.correct} must exceed reward.wrong={self.reward.wrong}"
            )
        if self.evaluation.problems < len(self.data.families):
            raise ValueError(
                f"evaluation.problems={self.evaluation.problems} must be at least"
                f" {len(self.data.families)}, one per family"
            )
        if self.backend == "reference" and self.precision == "bfloat16":
            raise ValueError(
                "precision='bfloat16' needs backend=scaled; the reference has: float64, float32"
            )
        model, parallel = self.model, self.parallel
        if model.key_value_heads % parallel.tp:
            raise ValueError(
                f"parallel.tp={parallel.tp} must divide"
                f" model.key_value_heads={model.key_value_heads}"
            )
        if model.experts % parallel.ep:
            raise ValueError(f"parallel.ep={parallel.ep} must divide model.experts={model.experts}")
        if parallel.rollout_workers and self.backend == "reference":
            raise ValueError(
                f"parallel.rollout_workers={parallel.rollout_workers} must be 0 with backend=reference, which runs in"
                " one process"
            )
        if parallel.rollout_workers and self.rollout.srs_alpha == 1.0:
            raise ValueError(
                f"parallel.rollout_workers={parallel.rollout_workers} must be 0 with rollout.srs_alpha=1.0: nothing is"
                " streamed"
            )
        if parallel.worker_ranks % parallel.worker_ep or model.experts % parallel.worker_ep:
            raise ValueError(
                f"parallel.worker_ep={parallel.worker_ep} must divide parallel.worker_cp *"
                f" parallel.worker_tp = {parallel.worker_ranks} and model.experts={model.experts}"
            )
        if model.key_value_heads % parallel.worker_tp:
            raise ValueError(
                f"parallel.worker_tp={parallel.worker_tp} must divide"
                f" model.key_value_heads={model.key_value_heads}"
            )
        return self

    @property
    def updates_per_step(self) -> int:
        """Policy updates of one RL step: passes over its responses, times mini-batches of one
        pass.
        """
        responses = self.rollout.prompts * self.rollout.samples_per_prompt
        return self.algorithm.epochs * (responses // self.algorithm.mini_batch)

    @property
    def updates(self) -> int:
        """Policy updates of the whole RL phase, the length of its cosine schedule."""
        return self.rollout.steps * self.updates_per_step

    @property
    def needs_whole_groups(self) -> bool:
        """Whether a batch must hold all responses to a prompt or none, as statistics of the group
        are asked for.
        """
        algorithm = self.algorithm
        compares = self.reward.opponent == "group" and bool(self.data.preferred)
        return algorithm.advantage == "group" or algorithm.dynamic_sampling or compares

    @property
    def uses_value_model(self) -> bool:
        """Whether the advantage needs V, so that a value model is built, pretrained and updated."""
        return self.algorithm.advantage == "gae"

    def in_phase(self, phase: str) -> Self:
        """The configuration that a phase rolls out by: in FP8 only if ``rollout.fp8_phases`` names
        the phase.
        """
        if self.rollout.precision == "trainer" or phase in self.rollout.fp8_phases:
            return self
        return self.model_copy(
            update={"rollout": self.rollout.model_copy(update={"precision": "trainer"})}
        )

    def samples_in_fp8(self, purpose: str) -> bool:
        """Whether responses of a random stream are drawn in FP8: those that train the policy, never
        those that examine it.
        """
        return self.rollout.precision == "fp8" and purpose == "rollout"


def load_config(preset: str, recipe: str, overrides: Sequence[str] = (), **top: Any) -> Config:
    """Compose preset, recipe and ``section.key=value`` overrides into a validated configuration.

    Args:
        preset: One of ``PRESETS``.
        recipe: One of ``RECIPES``.
        overrides: Strings ``section.key=value``; the value is read as TOML, a bare word as a
            string.
        top: Values of the top-level keys (``seed``, ``backend``).

    Raises:
        SeedError: UNKNOWN_NAME, UNKNOWN_KEY, ILLEGAL_VALUE or ILLEGAL_COMBINATION.
    """
    tree = _read_named("presets", preset, PRESETS)
    _merge(tree, _read_named("recipes", recipe, RECIPES))
    _merge(tree, top)
    tree = merged(tree, overrides)
    for name in ("preset", "recipe"):
        if name in tree:
            raise SeedError(
                Reason.ILLEGAL_VALUE,
                f"{name}={tree[name]!r} cannot be an override; choose it with --{name}",
            )
    return validated({"preset": preset, "recipe": recipe, **tree})


def merged(tree: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Nested plain values with ``section.key=value`` overrides laid over them; the argument is not
    changed.
    """
    result = copy.deepcopy(dict(tree))
    for override in overrides:
        _merge(result, parse_override(override))
    return result


def parse_override(override: str) -> dict[str, Any]:
    """Read ``a.b=value`` as the nested mapping ``{"a": {"b": value}}``."""
    path, separator, text = override.partition("=")
    if not separator or not all(path.split(".")) or "\n" in text:
        raise SeedError(
            Reason.ILLEGAL_VALUE, f"override {override!r} must look like section.key=value"
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


def validated(tree: Mapping[str, Any]) -> Config:
    """Build the configuration from nested plain values, with refusals in one clear line."""
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise _refusal(error) from None


def to_toml(config: Config) -> str:
    """The resolved configuration as TOML text that ``validated`` reads back to an equal value."""
    lines: list[str] = []
    _write_table(config.model_dump(mode="json"), (), lines)
    return "\n".join(lines).strip() + "\n"


def _write_table(table: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    if path:
        lines += ["", f"[{'.'.join(map(_toml_key, path))}]"]
    lines += [
        f"{_toml_key(key)} = {_toml_value(value)}"
        for key, value in table.items()
        if not isinstance(value, Mapping)
    ]
    for key, value in table.items():
        if isinstance(value, Mapping):
            _write_table(value, (*path, key), lines)


def _toml_key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    return repr(value)


def _read_named(folder: str, name: str, legal: Iterable[str]) -> dict[str, Any]:
    if name not in legal:
        raise SeedError(
            Reason.UNKNOWN_NAME, f"{folder[:-1]} {name!r} is not one of: {', '.join(legal)}"
        )
    return tomllib.loads((files("spec") / folder / f"{name}.toml").read_text(encoding="utf-8"))


def _merge(tree: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value


def _refusal(error: ValidationError) -> SeedError:
    """Turn the first complaint of pydantic into our one line."""
    first = error.errors()[0]
    location = tuple(str(part) for part in first["loc"])
    name = ".".join(location)
    if first["type"] == "extra_forbidden":
        return SeedError(Reason.UNKNOWN_KEY, _unknown_key_line(location))
    if first["type"] == "missing":
        return SeedError(Reason.ILLEGAL_VALUE, f"{name} is missing and has no default")
    if first["type"] == "value_error":
        message = first["msg"].removeprefix("Value error, ").replace("{section}", name)
        return SeedError(Reason.ILLEGAL_COMBINATION, message)
    message = first["msg"].replace("Input should be", "must be")
    return SeedError(Reason.ILLEGAL_VALUE, f"{name}={first['input']!r} {message}")


def _unknown_key_line(location: tuple[str, ...]) -> str:
    legal = legal_keys(location[:-1])
    near = difflib.get_close_matches(location[-1], legal, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    where = f"section {'.'.join(location[:-1])}" if len(location) > 1 else "the configuration"
    return f"{'.'.join(location)} is not a key{hint}; legal keys of {where}: {', '.join(legal)}"


def legal_keys(path: Sequence[str]) -> list[str]:
    """Names of the settings of the section that ``path`` leads to."""
    section: type[BaseModel] = Config
    for name in path:
        annotation = section.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)
