"""Sections about the model, its data, its optimizer and the phases before RL."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from seed.spec.config_types import (
    Classes,
    Columns,
    Count,
    DataClass,
    Decay,
    FiniteFloat,
    Levels,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    PositiveShare,
    Section,
    Share,
    Switch,
    Trackers,
    Weights,
    Words,
    words_of,
)


class ModelConfig(Section):
    """Decoder-only mixture of experts in the Qwen3-MoE family.

    With ``dense_layers = layers`` it is Qwen3 or Llama.
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
    demonstrations: PositiveInt = Field(description="worked solutions for SFT, over all families")
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
        if not self.families and not self.train:
            raise ValueError(
                "data.families=[] must name a puzzle family, or data.train a file or a built-in"
                " task"
            )
        if self.train:
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
    """Supervised fine-tuning (SFT) on demonstrations (report 4.1)."""

    steps: Count = Field(description="most optimizer steps, 0 = RL begins from the first weights")
    batch: PositiveInt = Field(description="demonstrations per optimizer step")
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

    problems: PositiveInt = Field(description="held-out problems, over all families")
    samples: PositiveInt = Field(description="responses per problem (avg@k)")
    temperature: PositiveFloat = Field(1.0, description="softmax temperature")
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
    track: Trackers = Field(
        (), description="also send metrics to tensorboard, wandb, or a list of both; none = nowhere"
    )
