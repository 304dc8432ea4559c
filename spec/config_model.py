"""Sections about the model, its data, its optimizer and the phases before RL."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from seed.spec.config_types import (
    Classes,
    Count,
    DataClass,
    Decay,
    FiniteFloat,
    Levels,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Section,
    Share,
    Switch,
    Temperature,
    Trackers,
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
    """Which puzzles the policy is trained and evaluated on."""

    families: Words = Field(
        description="puzzle families, see `seed explain data.families`", min_length=1
    )
    difficulties: Levels = Field(
        description="family -> difficulties to draw from; [1] where not named"
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
        families, levels = words_of(given.get("families")), given.get("difficulties", {})
        if not isinstance(families, list | tuple) or not isinstance(levels, Mapping):
            return values
        return given | {"difficulties": {str(family): (1,) for family in families} | dict(levels)}

    @model_validator(mode="after")
    def _every_family_has_difficulties(self) -> Self:
        for family in self.families:
            if not self.difficulties[family]:
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

    steps: Count = Field(description="optimizer steps, 0 = start RL from random weights")
    batch: PositiveInt = Field(description="demonstrations per optimizer step")
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
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] = Field(0.7, description="nucleus mass")
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
