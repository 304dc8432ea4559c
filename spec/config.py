"""The schema of a run: frozen typed sections, checked before anything loads.

``spec.config_files`` composes one from a preset, a recipe and overrides.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from seed.spec.config_distribution import DistributionConfig
from seed.spec.config_model import (
    DataConfig,
    EvaluationConfig,
    ModelConfig,
    OptimizerConfig,
    RunConfig,
    SupervisedConfig,
    ValuePretrainingConfig,
)
from seed.spec.config_parallel import ParallelConfig
from seed.spec.config_rl import AlgorithmConfig, RewardConfig, RewardModelConfig, RolloutConfig
from seed.spec.config_start import StartConfig
from seed.spec.config_text import TokenizerConfig
from seed.spec.config_types import Section
from seed.spec.datatypes import Sampling


class Config(Section):
    """All of a run."""

    preset: str
    recipe: str
    seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = Field(
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
    tokenizer: TokenizerConfig = Field(default_factory=lambda: TokenizerConfig.model_validate({}))
    data: DataConfig
    distribution: DistributionConfig = Field(
        default_factory=lambda: DistributionConfig.model_validate({})
    )
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
    start: StartConfig = Field(default_factory=lambda: StartConfig.model_validate({}))
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
        if self.rollout.samples_per_prompt < 2 and self.distribution.compares_within_groups:
            raise ValueError(
                "rollout.samples_per_prompt=1 must be at least 2 with distribution.method=adaptive"
                f" and distribution.signal={self.distribution.signal}; signal=progress needs no"
                " group"
            )
        self._sft_alone_fits()
        if self.reward.correct <= self.reward.wrong:
            raise ValueError(
                f"reward.correct={self.reward.correct} must exceed reward.wrong={self.reward.wrong}"
            )
        if self.reward.functions and self.data.preferred:
            raise ValueError(
                f"reward.functions={dict(self.reward.functions)} must be {{}} with"
                f" data.classes={dict(self.data.classes)}: the reward model scores those families"
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
                f"parallel.rollout_workers={parallel.rollout_workers} must be 0 with"
                " backend=reference, which runs in one process"
            )
        if parallel.rollout_workers and self.rollout.srs_alpha == 1.0:
            raise ValueError(
                f"parallel.rollout_workers={parallel.rollout_workers} must be 0 with"
                " rollout.srs_alpha=1.0: nothing is streamed"
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

    def _sft_alone_fits(self) -> None:
        """Refuse what needs problems where there are only chats, and chats that nothing reads."""
        supervised = self.supervised
        if self.data.chats and not (supervised.steps or supervised.epochs):
            raise ValueError(
                f"data.chats={list(self.data.chats)} needs supervised.steps or supervised.epochs"
                " above 0"
            )
        if self.data.trains_on_problems:
            return
        pretraining = self.value_pretraining.steps if self.uses_value_model else 0
        for name, value in {
            "rollout.steps": self.rollout.steps,
            "value_pretraining.steps": pretraining,
            "supervised.stop_accuracy": supervised.stop_accuracy,
        }.items():
            if value:
                raise ValueError(
                    f"{name}={value} must be 0 without problems: data.train or data.families"
                )

    @property
    def updates_per_step(self) -> int:
        """Policy updates of one RL step: passes over its responses times mini-batches of a pass."""
        responses = self.rollout.prompts * self.rollout.samples_per_prompt
        return self.algorithm.epochs * (responses // self.algorithm.mini_batch)

    @property
    def updates(self) -> int:
        """Policy updates of the whole RL phase, the length of its cosine schedule."""
        return self.rollout.steps * self.updates_per_step

    @property
    def rollout_sampling(self) -> Sampling:
        """How the responses that train are sampled."""
        rollout, ends = self.rollout, frozenset(self.tokenizer.ends)
        return Sampling(rollout.temperature, rollout.top_p, rollout.max_response_tokens, ends)

    @property
    def evaluation_sampling(self) -> Sampling:
        """How responses of evaluations are sampled."""
        evaluation, ends = self.evaluation, frozenset(self.tokenizer.ends)
        limit = self.rollout.max_response_tokens
        return Sampling(evaluation.temperature, evaluation.top_p, limit, ends)

    @property
    def needs_whole_groups(self) -> bool:
        """Whether a batch must hold all responses to a prompt or none, for statistics of groups."""
        algorithm = self.algorithm
        compares = self.reward.opponent == "group" and bool(self.data.preferred)
        return algorithm.advantage == "group" or algorithm.dynamic_sampling or compares

    @property
    def judges_in_workers(self) -> bool:
        """Whether verdicts need worker processes: all but those on puzzles that are drawn."""
        return bool(self.reward.functions or self.data.has_files)

    @property
    def uses_value_model(self) -> bool:
        """Whether the advantage needs V, so that a value model is built, pretrained and updated."""
        return self.algorithm.advantage == "gae"

    def in_phase(self, phase: str) -> Self:
        """The configuration of a phase: FP8 rollouts only if ``rollout.fp8_phases`` names it."""
        if self.rollout.precision == "trainer" or phase in self.rollout.fp8_phases:
            return self
        return self.model_copy(
            update={"rollout": self.rollout.model_copy(update={"precision": "trainer"})}
        )

    def samples_in_fp8(self, purpose: str) -> bool:
        """Whether responses for a purpose are sampled in FP8: training may, evaluation never."""
        return self.rollout.precision == "fp8" and purpose == "rollout"
