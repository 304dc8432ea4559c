"""Where a run stands: a plain value, stored with every checkpoint and read back exactly."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from seed.reference.rollouts.streaming import RolloutState
from seed.reference.training.prompt_stream import PromptStreamState


@dataclass
class Progress:
    """Everything the loop must remember beside what the backend does.

    Attributes:
        phase: supervised, value_pretraining, reinforcement or done.
        phase_step: Steps taken in this phase.
        step: Steps taken over all phases.
        phase_ends: Steps at which phases ended; their checkpoints are kept.
        patience: Consecutive steps of sufficient explained variance in value pretraining.
        prompt_stream: The stream of problems, and groups sampled but not yet trained on.
        rollout_state: Samples in flight: the scheduler's state and the partial rollouts.
        sft_reached: Whether SFT has reached ``supervised.stop_accuracy``.
        stopped: Name of the event that ended RL early, or empty.
        seconds: Wall seconds so far, over all resumes.
        eval_before: Scores of the model that RL starts from.
        eval_after: Scores of the trained model.
        schedule_bytes: Size of schedule.jsonl, whose last events belong to no step; -1 in
            checkpoints that do not say it.
        judges: "before" and "after" RL -> evaluation of the policy as a judge and of its
            unverifiable writing.
    """

    phase: str = "supervised"
    phase_step: int = 0
    step: int = 0
    phase_ends: list[int] = field(default_factory=list)
    patience: int = 0
    prompt_stream: PromptStreamState = field(default_factory=PromptStreamState)
    rollout_state: RolloutState = field(default_factory=RolloutState)
    sft_reached: bool = False
    stopped: str = ""
    seconds: float = 0.0
    eval_before: dict[str, Any] = field(default_factory=dict)
    eval_after: dict[str, Any] = field(default_factory=dict)
    schedule_bytes: int = -1
    judges: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; floats keep every bit."""
        return dict(_ADAPTER.dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Progress":
        """Undo ``to_json``."""
        return _ADAPTER.validate_python(
            {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        )


_ADAPTER = TypeAdapter(Progress)
