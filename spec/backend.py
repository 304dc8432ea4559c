"""The backend swap: what a backend must be able to do. ``reference.training.trainer`` is written
against this and nothing else.

A state is a value: methods take one and return a new one. Under MPI every method is collective.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, Metrics, Request, Rollout, Sampling

State = TypeVar("State")
Answer = TypeVar("Answer")


class RolloutWorker(Protocol):
    """Slots that decode responses side by side, with the weights of one optimizer_step of the policy."""

    @property
    def running(self) -> int:
        """Responses in the slots, over all processes."""
        ...

    def add(self, entering: Sequence[Rollout]) -> None:
        """Put partial rollouts into free slots: their prompts, and what was sampled of their
        answers, are read anew.
        """
        ...

    def decode(self, steps: int) -> list[Rollout]:
        """Draw so many tokens of every response in the slots, fewer of one that ends.

        Returns:
            The rollouts that ended; they have left their slots.
        """
        ...

    def preempt(self, chosen: Collection[Request] | None) -> list[Rollout]:
        """Take responses out of the slots unfinished, the chosen or all, with everything sampled so
        far.
        """
        ...


class WorkerPool(Protocol):
    """Standalone workers of a job, numbered from 1, which decode in processes of their own while the
    trainer trains.
    """

    workers: int

    def publish(self, state: Any, policy_version: int, precision: str) -> None:
        """Send the policy's weights to all workers; returns before they have them. Collective among
        trainer ranks.

        Args:
            state: Holds the policy.
            policy_version: Its number.
            precision: ``rollout.precision`` of the phase.
        """
        ...

    def send(self, worker: int, message: Any) -> None:
        """Send plain data to a worker; what is sent first arrives first. Only the is_main_process
        does.
        """
        ...

    def receive(self, patience: float) -> list[tuple[int, Any]]:
        """What workers have said since, after at most so many seconds if nobody has said anything."""
        ...

    def give_up(self, worker: int) -> None:
        """End a worker, and send nothing more to it."""
        ...

    def stop(self) -> None:
        """Let all workers end."""
        ...


class Backend(Protocol[State]):
    """The face of a backend."""

    name: str
    is_main_process: bool
    """Whether this process is the one that writes, prints and decides; in a single process it
    is.
    """

    @property
    def worker_pool(self) -> WorkerPool | None:
        """Standalone workers, if the job has any."""
        ...

    def on_rank_zero(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns or raises at the is_main_process, the same for every process.

        For all that is not arithmetic on shared weights: verdicts, files, anything that looks at a
        clock.
        """
        ...

    def initial_state(self, config: Config) -> State:
        """Random weights, zero optimizer moments, optimizer_step 0."""
        ...

    def optimizer_step(self, state: State) -> int:
        """Version of the policy's weights: optimizer steps it has taken; recorded with every
        sampled token.
        """
        ...

    def start_rl(self, state: State, config: Config) -> State:
        """Start RL from the policy as it is: it becomes the reference policy and the value model's body;
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

    def rollout_worker(
        self, state: State, config: Config, slots: int, sampling: Sampling, purpose: str
    ) -> RolloutWorker:
        """Free slots that decode with the policy of a state; to be emptied before the state is
        updated.
        """
        ...

    def snapshot(self, state: State, config: Config) -> State:
        """A state that holds the policy as it is now, whatever becomes of the given one, and
        nothing else.
        """
        ...

    def log_probs(
        self, state: State, config: Config, batch: Batch, reference_policy: bool = False
    ) -> Array:
        """Log-probability of each response token under the policy, or under the reference policy [B, S]; 0
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

    def sft_step(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
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
