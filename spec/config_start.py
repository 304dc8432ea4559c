"""The section about the weights that a run starts from."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from seed.spec.config_types import Count, Section

Digest = Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
"""SHA-256 in hexadecimal, or empty."""


class StartConfig(Section):
    """Where a new run takes its weights from; random ones by default.

    ``seed run --from CHECKPOINT`` is short for ``start.checkpoint=CHECKPOINT supervised.steps=0``.
    When the run starts, step and digests are filled in, so its ``config.toml`` says what was
    loaded, and a resume before the first checkpoint loads the same again or stops.
    """

    checkpoint: str = Field(
        "",
        description=(
            "checkpoint, or run directory for its newest, whose policy and value model the run"
            " starts from; empty = random weights. Optimizers, schedules and random numbers begin"
            " anew"
        ),
    )
    model: str = Field(
        "",
        description=(
            "folder of a pretrained model (config.json and safetensors) whose weights the policy"
            " starts from; empty = none"
        ),
    )
    value_model: str = Field(
        "",
        description=(
            "model folder, checkpoint or run directory of a reward model whose body the value model"
            " starts from, with its scalar head if the folder has one (score.weight), else with"
            " zeros; empty = the policy's body, or the value model of start.checkpoint"
        ),
    )
    step: Count = Field(0, description="step of that checkpoint; filled in when the run starts")
    sha256: Digest = Field(
        "",
        description=(
            "digest of its arrays, or of the model folder; filled in when the run starts, checked"
            " if given"
        ),
    )
    value_model_sha256: Digest = Field(
        "", description="the same of start.value_model; filled in when the run starts"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.checkpoint and self.model:
            raise ValueError(
                f"{{section}}.model={self.model} must be empty with {{section}}.checkpoint="
                f"{self.checkpoint}: weights come from one place"
            )
        return self
