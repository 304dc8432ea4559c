"""Sections about the model, its data, its optimizer and the phases before RL."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from seed.spec.config_types import (
    AtLeastOne,
    Classes,
    Columns,
    Count,
    DataClass,
    Decay,
    Digests,
    FiniteFloat,
    Levels,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    PositiveShare,
    Section,
    Share,
    Switch,
    Temperature,
    Trackers,
    Weights,
    Words,
    words_of,
)


def _norm_named(value: object) -> object:
    """``true`` and ``false`` stand for the norm per head and for none."""
    if isinstance(value, bool):
        return "head" if value else "none"
    return value


QueryKeyNorm = Annotated[Literal["none", "head", "full"], BeforeValidator(_norm_named)]
RopeScaling = Literal["none", "linear", "llama3", "yarn"]


class ModelConfig(Section):
    """Decoder-only mixture of experts; by default Qwen3-MoE, with switches for other families.

    With ``dense_layers = layers`` it is a dense model (Llama, Qwen3) and has no experts.
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
    shared_experts: Count = Field(description="experts that every token visits")
    shared_expert_width: Count = Field(
        0, description="inner width of one shared expert (Qwen2-MoE), 0 = expert_width"
    )
    shared_expert_gate: Switch = Field(
        False, description="a sigmoid gate on what the shared experts give to a token (Qwen2-MoE)"
    )
    router_scores: Literal["softmax", "sigmoid"] = Field(
        "softmax",
        description=(
            "what makes a score of a router logit: softmax (Qwen, Mixtral, OLMoE) or sigmoid"
            " (DeepSeek-V3, GLM-4.5, MiniMax-M2)"
        ),
    )
    router_bias: Switch = Field(
        False,
        description=(
            "a correction bias per expert, added to the scores in the choice of experts only and"
            " not trained (DeepSeek-V3, GLM-4.5, MiniMax-M2)"
        ),
    )
    router_groups: PositiveInt = Field(
        1,
        description=(
            "groups of consecutive experts, a divisor of experts; those of the largest sum of their"
            " two best scores are kept (DeepSeek-V3: 8)"
        ),
    )
    router_groups_kept: PositiveInt = Field(
        1, description="groups that a token may choose experts from (DeepSeek-V3: 4)"
    )
    normalise_gates: Switch = Field(
        True, description="rescale the chosen gates to sum to one (OLMoE, Qwen2-MoE: no)"
    )
    gate_scale: PositiveFloat = Field(
        1.0,
        description=(
            "factor on the gates of routed experts (routed_scaling_factor of DeepSeek-V3 and"
            " GLM-4.5)"
        ),
    )
    query_key_value_bias: Switch = Field(
        False, description="a bias on queries, keys and values (Qwen2.5, R1-Distill-Qwen, Seed-OSS)"
    )
    query_key_norm: QueryKeyNorm = Field(
        "head",
        description=(
            "RMS-normalise queries and keys: per head (Qwen3; also written true), over all heads"
            " together (full: OLMoE, MiniMax-M2), or none (Llama, Qwen2.5; also written false)"
        ),
    )
    tied_embeddings: Switch = Field(False, description="use the embedding as the output head")
    rope_base: PositiveFloat = Field(10_000.0, description="base of the rotary frequencies")
    rotary_share: PositiveShare = Field(
        1.0, description="share of a head's width that is rotated (GLM-4.5, MiniMax-M2: 0.5)"
    )
    rope_scaling: RopeScaling = Field(
        "none",
        description=(
            "how rotary frequencies are slowed down for long texts: linear, llama3 (Llama 3.1 to"
            " 3.3, R1-Distill-Llama) or yarn (long-context Qwen)"
        ),
    )
    rope_factor: AtLeastOne = Field(
        1.0, description="by how much rope_scaling slows down the slow frequencies"
    )
    rope_original_positions: Count = Field(
        0, description="positions that the model was trained on before it was scaled"
    )
    rope_low_frequency_factor: PositiveFloat = Field(
        1.0, description="llama3: at most so many turns in the original positions: slowed down"
    )
    rope_high_frequency_factor: PositiveFloat = Field(
        4.0, description="llama3: at least so many turns in the original positions: kept"
    )
    rope_beta_fast: PositiveFloat = Field(
        32.0, description="yarn: at least so many turns in the original positions: kept"
    )
    rope_beta_slow: PositiveFloat = Field(
        1.0, description="yarn: at most so many turns in the original positions: slowed down"
    )
    rope_attention_factor: NonNegativeFloat = Field(
        0.0, description="yarn: factor on cosines and sines, 0 = 0.1 ln(rope_factor) + 1"
    )
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
        if self.rotary_width % 2 or not self.rotary_width:
            raise ValueError(
                f"model.rotary_share={self.rotary_share} must leave an even width of at least 2 of"
                f" model.head_width={self.head_width}, not {self.rotary_width}"
            )
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

    @model_validator(mode="after")
    def _experts_fit(self) -> Self:
        if self.experts % self.router_groups:
            raise ValueError(
                f"model.router_groups={self.router_groups} must divide model.experts={self.experts}"
            )
        of_group = self.experts // self.router_groups
        if self.router_groups > 1 and of_group < 2:
            raise ValueError(
                f"model.router_groups={self.router_groups} must leave at least 2 of"
                f" model.experts={self.experts} in a group"
            )
        if self.router_groups_kept > self.router_groups:
            raise ValueError(
                f"model.router_groups_kept={self.router_groups_kept} must be at most"
                f" model.router_groups={self.router_groups}"
            )
        if self.experts_per_token > self.router_groups_kept * of_group:
            raise ValueError(
                f"model.experts_per_token={self.experts_per_token} must be at most the"
                f" {self.router_groups_kept * of_group} experts of"
                f" model.router_groups_kept={self.router_groups_kept} groups"
            )
        if not self.shared_experts and (self.shared_expert_width or self.shared_expert_gate):
            name = "shared_expert_gate" if self.shared_expert_gate else "shared_expert_width"
            value = str(getattr(self, name)).lower()
            raise ValueError(f"model.{name}={value} needs model.shared_experts of at least 1")
        return self

    @model_validator(mode="after")
    def _rope_fits(self) -> Self:
        scaling = self.rope_scaling
        if scaling == "none" and self.rope_factor != 1.0:
            raise ValueError(
                f"model.rope_factor={self.rope_factor} must be 1 with model.rope_scaling=none;"
                " scalings: linear, llama3, yarn"
            )
        if scaling in ("llama3", "yarn") and not self.rope_original_positions:
            raise ValueError(
                "model.rope_original_positions=0 must be at least 1 with"
                f" model.rope_scaling={scaling}"
            )
        if self.rope_high_frequency_factor <= self.rope_low_frequency_factor:
            raise ValueError(
                f"model.rope_high_frequency_factor={self.rope_high_frequency_factor} must exceed"
                f" model.rope_low_frequency_factor={self.rope_low_frequency_factor}"
            )
        if self.rope_beta_fast <= self.rope_beta_slow:
            raise ValueError(
                f"model.rope_beta_fast={self.rope_beta_fast} must exceed"
                f" model.rope_beta_slow={self.rope_beta_slow}"
            )
        if scaling == "yarn" and self.rope_base <= 1.0:
            raise ValueError(
                f"model.rope_base={self.rope_base} must exceed 1 with model.rope_scaling=yarn"
            )
        return self

    @property
    def rotary_width(self) -> int:
        """Features of a head that are rotated, the first ones."""
        return int(self.head_width * self.rotary_share)

    @property
    def shared_width(self) -> int:
        """Inner width of one shared expert."""
        return self.shared_expert_width or self.expert_width


class DataConfig(Section):
    """Which problems the policy is trained and evaluated on: puzzles that are drawn, or files."""

    families: Words = Field(
        (), description="puzzle families, see `seed explain data.families`; empty with data.train"
    )
    train: Words = Field(
        (),
        description=(
            "files of problems (JSONL or Parquet) and names of built-in text tasks to train on, in"
            " place of puzzle families; see docs/data.md"
        ),
    )
    evaluation: Words = Field(
        (), description="files to evaluate on; empty = problems held out from data.train"
    )
    chats: Words = Field(
        (),
        description=(
            "files of chats (JSONL or Parquet) that SFT reads, in place of the demonstrations; see"
            " docs/sft.md"
        ),
    )
    columns: Columns = Field(
        default_factory=dict,
        validate_default=True,
        description=(
            "our field -> column of the files, such as problem = question; empty = recognised"
        ),
    )
    weights: Weights = Field(
        default_factory=dict,
        validate_default=True,
        description="entry of data.train -> its share of the prompts, relative to the others; 1",
    )
    held_out_share: Decay = Field(
        0.125,
        description=(
            "share of the problems of data.train held out, by a hash of their text; not used with"
            " data.evaluation"
        ),
    )
    overlong: Literal["refuse", "drop"] = Field(
        "refuse", description="problems of files beyond data.max_prompt_tokens"
    )
    sha256: Digests = Field(
        default_factory=dict,
        validate_default=True,
        description="file of problems or chats -> digest; filled in when the run starts",
    )
    shots: Count = Field(
        0, description="worked examples in front of every prompt, from files with demonstrations"
    )
    difficulties: Levels = Field(
        default_factory=dict,
        validate_default=True,
        description="family -> difficulties to draw from; [1] where not named",
    )
    classes: Classes = Field(
        default_factory=dict,
        validate_default=True,
        description=(
            "family -> verifiable (a verifier judges), general (a reward model scores) or hybrid"
            " (both); verifiable where not named"
        ),
    )
    demonstrations: Annotated[PositiveInt, Field(le=10_000_000)] = Field(
        description="worked solutions for SFT, over all families"
    )
    bare_share: Share = Field(
        0.0,
        description=(
            "share of the demonstrations that give the answer without reasoning, like text from the"
            " wild"
        ),
    )
    max_prompt_tokens: PositiveInt = Field(description="longest legal prompt")

    @model_validator(mode="before")
    @classmethod
    def _first_level_by_default(cls, values: Any) -> Any:
        given = values if isinstance(values, dict) else {}
        if not given.get("families"):
            return values
        families, levels = words_of(given.get("families")), given.get("difficulties", {})
        if not isinstance(families, list | tuple) or not isinstance(levels, Mapping):
            return values
        return given | {"difficulties": {str(family): (1,) for family in families} | dict(levels)}

    @model_validator(mode="after")
    def _problems_come_from_one_place(self) -> Self:
        if self.families and self.train:
            raise ValueError(
                f"data.families={list(self.families)} must be [] with data.train="
                f"{list(self.train)}: give puzzles as lines of a file to mix them"
            )
        if not self.families and not self.train and not self.chats:
            raise ValueError(
                "data.families=[] must name a puzzle family, or data.train a file or a built-in"
                " task"
            )
        if self.train or (self.evaluation and not self.families):
            return self
        for name in ("evaluation", "columns", "weights", "shots"):
            if value := getattr(self, name):
                written = dict(value) if isinstance(value, Mapping) else value
                raise ValueError(f"data.{name}={written!r} needs data.train")
        return self

    @model_validator(mode="after")
    def _families_are_whole(self) -> Self:
        for family in self.families:
            if self.families.count(family) > 1:
                names = ",".join(self.families)
                raise ValueError(f"data.families={names} must name {family} once only")
        for family, levels in self.difficulties.items():
            if not levels:
                raise ValueError(f"data.difficulties.{family}=[] must name at least one level")
        return self

    def class_of(self, family: str) -> DataClass:
        """How responses to a family's problems are scored (report 4.2: three data classes)."""
        return self.classes.get(family, "verifiable")

    @property
    def trains_on_problems(self) -> bool:
        """Whether there are problems for RL; without them a run is SFT alone."""
        return bool(self.families or self.train)

    @property
    def has_files(self) -> bool:
        """Whether problems come from files or built-in tasks."""
        return bool(self.train or self.evaluation)

    @property
    def preferred(self) -> tuple[str, ...]:
        """The families that a reward model takes part in scoring."""
        return tuple(family for family in self.families if self.class_of(family) != "verifiable")


class OptimizerConfig(Section):
    """AdamW: linear warm-up, then a constant or cosine learning rate; clipping by global norm.

    The papers print AdamW and the learning rates only. beta1 and epsilon are AdamW's usual ones,
    beta2 is our choice, clip_norm that of DAPO's script.
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
    """Supervised fine-tuning (SFT) on demonstrations or chats (report 4.1)."""

    steps: Count = Field(
        description=(
            "most optimizer steps, 0 = RL begins from the first weights; with supervised.epochs"
            " filled in when the run starts"
        )
    )
    epochs: NonNegativeFloat = Field(
        0.0,
        description=(
            "passes over the demonstrations or chats, in place of supervised.steps; 0 ="
            " supervised.steps decides"
        ),
    )
    batch: PositiveInt = Field(description="demonstrations or chats per optimizer step")
    batch_tokens: Count = Field(
        0,
        description=(
            "tokens per optimizer step: so many demonstrations or chats as fit; 0 ="
            " supervised.batch decides"
        ),
    )
    max_sequence_tokens: Annotated[PositiveInt, Field(ge=2)] = Field(
        32_000, description="longest chat, prompts and template included (report 4.1: 32k)"
    )
    overlong: Literal["refuse", "drop", "truncate"] = Field(
        "refuse",
        description=(
            "chats beyond supervised.max_sequence_tokens; truncate cuts their end off (report 4.1)"
        ),
    )
    stop_accuracy: Share = Field(
        0.0,
        description=(
            "end SFT once this share of the responses sampled to training prompts is correct, so"
            " that RL has something left to explore; 0 = take all steps"
        ),
    )
    check_every: PositiveInt = Field(
        1, description="SFT steps between looks at supervised.stop_accuracy"
    )
    optimizer: OptimizerConfig


class ValuePretrainingConfig(Section):
    """Fit the value model to Monte-Carlo returns of the frozen policy (VAPO 4.1, VC-PPO)."""

    steps: Count = Field(
        description="most rollout steps with a frozen policy, 0 = no value pretraining"
    )
    explained_variance: FiniteFloat = Field(
        description="stop once held-back explained variance reaches this in two consecutive steps"
    )


class EvaluationConfig(Section):
    """Evaluation on held-out problems (VAPO 5.1: temperature 1.0, top-p 0.7)."""

    problems: Annotated[PositiveInt, Field(le=100_000)] = Field(
        description=(
            "held-out problems, over all families; of 100000 an accuracy is known to 0.3 percentage"
            " points"
        )
    )
    samples: Annotated[PositiveInt, Field(le=100_000)] = Field(
        description="responses per problem (avg@k)"
    )
    temperature: Temperature = Field(1.0, description="softmax temperature")
    top_p: PositiveShare = Field(0.7, description="nucleus mass")
    judge_pairs: PositiveInt = Field(
        160,
        description=(
            "held-out pairs for evaluating the policy as a judge, if it trains on equivalence"
        ),
    )


class RunConfig(Section):
    """What a run leaves on disk and how often."""

    checkpoint_every: PositiveInt = Field(
        20, description="RL steps between checkpoints; a phase's end always has one"
    )
    keep_checkpoints: PositiveInt = Field(2, description="newest checkpoints to keep")
    keep_phase_ends: Switch = Field(
        True, description="also keep the checkpoint at the end of every phase"
    )
    save_moments: Switch = Field(
        True,
        description=(
            "write the optimizers' moments into checkpoints; without them a checkpoint is a third"
            " as large, and a resumed run begins with zero moments, so it is not the same run"
        ),
    )
    sampled_rollouts: PositiveInt = Field(4, description="rollouts a step written out as text")
    show: Count = Field(
        20, description="RL steps between responses shown while the run goes on, 0 = none"
    )
    save_on_signal: Switch = Field(
        False,
        description=(
            "SIGTERM, SIGHUP and Ctrl-C save a checkpoint at the next step before the run ends; a"
            " second signal ends it at once"
        ),
    )
    track: Trackers = Field(
        (), description="also send metrics to tensorboard, wandb, or a list of both; none = nowhere"
    )
