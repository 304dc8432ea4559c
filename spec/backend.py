"""The backend swap: what a house must be able to do. ``reference.training.trainer`` is written
against this and nothing else.

A state is a value: methods take one and return a new one. Under MPI every method is collective.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from spec.config import Config
from spec.datatypes import Array, Batch, Metrics, Request, Rollout, Sampling

State = TypeVar("State")
Answer = TypeVar("Answer")


class Unit(Protocol):
    """Slots that decode responses side by side, with the weights of one version of the policy."""

    @property
    def running(self) -> int:
        """Responses in the slots, over all processes."""
        ...

    def admit(self, entering: Sequence[Rollout]) -> None:
        """Put partial rollouts into free slots: their prompts, and what was sampled of their
        answers, are read anew.
        """
        ...

    def advance(self, steps: int) -> list[Rollout]:
        """Draw so many tokens of every response in the slots, fewer of one that ends.

        Returns:
            The rollouts that ended; they have left their slots.
        """
        ...

    def release(self, chosen: Collection[Request] | None) -> list[Rollout]:
        """Take responses out of the slots unfinished, the chosen or all, with everything sampled so
        far.
        """
        ...


class Fleet(Protocol):
    """Standalone units of a job, numbered from 1, which decode in processes of their own while the
    trainer trains.
    """

    units: int

    def publish(self, state: Any, publication: int, precision: str) -> None:
        """Send the policy's weights to all units; returns before they have them. Collective among
        trainer ranks.

        Args:
            state: Holds the policy.
            publication: Its number.
            precision: ``rollout.precision`` of the phase.
        """
        ...

    def tell(self, unit: int, message: Any) -> None:
        """Send plain data to a unit; what is sent first arrives first. Only the coordinator
        does.
        """
        ...

    def hear(self, patience: float) -> list[tuple[int, Any]]:
        """What units have said since, after at most so many seconds if nobody has said anything."""
        ...

    def abandon(self, unit: int) -> None:
        """End a unit, and send nothing more to it."""
        ...

    def stop(self) -> None:
        """Let all units end."""
        ...


class Backend(Protocol[State]):
    """The face of a house."""

    name: str
    coordinator: bool
    """Whether this process is the one that writes, prints and decides; in a single process it
    is.
    """

    @property
    def fleet(self) -> Fleet | None:
        """Standalone units, if the job has any."""
        ...

    def once(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns or raises at the coordinator, the same for every process.

        For all that is not arithmetic on shared weights: verdicts, files, anything that looks at a
        clock.
        """
        ...

    def initial_state(self, config: Config) -> State:
        """Random weights, zero optimizer moments, version 0."""
        ...

    def version(self, state: State) -> int:
        """Version of the policy's weights: optimizer steps it has taken; recorded with every
        sampled token.
        """
        ...

    def begin_reinforcement(self, state: State, config: Config) -> State:
        """Start RL from the policy as it is: it becomes the KL anchor and the value model's body;
        moments start anew.
        """
        ...

    def generate(
        self,
        state: State,
        config: Config,
        requests: Sequence[Request],
        sampling: Sampling,
        purpose: str,
    ) -> list[Rollout]:
        """One rollout per request, in their order, each independent of the others in the list."""
        ...

    def unit(
        self, state: State, config: Config, slots: int, sampling: Sampling, purpose: str
    ) -> Unit:
        """Free slots that decode with the policy of a state; to be emptied before the state is
        updated.
        """
        ...

    def snapshot(self, state: State, config: Config) -> State:
        """A state that holds the policy as it is now, whatever becomes of the given one, and
        nothing else.
        """
        ...

    def log_probs(self, state: State, config: Config, batch: Batch, anchor: bool = False) -> Array:
        """Log-probability of each response token under the policy, or under the KL anchor [B, S]; 0
        elsewhere.
        """
        ...

    def values(self, state: State, config: Config, batch: Batch) -> Array:
        """V of the state before each response token [B, S]; 0 elsewhere."""
        ...

    def advantages(self, state: State, config: Config, batch: Batch, rewards: Array) -> Batch:
        """The batch with policy advantages and, where there is a value model, old values and value
        targets.

        Args:
            rewards: One finite reward per row [B].
        """
        ...

    def imitate(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One supervised optimizer step: mean negative log-likelihood of the response tokens."""
        ...

    def update_policy(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the policy on one mini-batch, in micro-batches that do not change
        the result.
        """
        ...

    def update_value(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the value model on one mini-batch, in micro-batches that do not
        change the result.
        """
        ...

    def save(self, state: State, config: Config, progress: dict[str, Any], directory: Path) -> None:
        """Publish a checkpoint at once or not at all."""
        ...

    def restore(self, config: Config, directory: Path) -> tuple[State, dict[str, Any]]:
        """Read a checkpoint back, verified; state and progress are bit-equal to what was saved."""
        ...
