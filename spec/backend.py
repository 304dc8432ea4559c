"""The backend swap: what a backend must be able to do.

``reference.training.trainer`` is written against this contract and nothing else. A state is a
value: methods take one and return a new one. Under MPI every method is collective.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, Metrics, Request, Rollout, Sampling
from seed.spec.weight_source import WeightSource

State = TypeVar("State")
Answer = TypeVar("Answer")


class RolloutWorker(Protocol):
    """Slots that decode responses side by side, with the weights of one policy version."""

    @property
    def running(self) -> int:
        """Responses in the slots, over all processes."""
        ...

    def add(self, entering: Sequence[Rollout]) -> None:
        """Put partial rollouts into free slots.

        Their prompts, and what was sampled of their responses, are read again.
        """
        ...

    def decode(self, steps: int) -> list[Rollout]:
        """Sample so many tokens of every response in the slots, fewer of one that ends.

        Returns:
            The rollouts that ended; they have left their slots.
        """
        ...

    def progress(self) -> list[Rollout]:
        """The responses in the slots with everything sampled so far; they stay there."""
        ...

    def preempt(self, chosen: Collection[Request] | None) -> list[Rollout]:
        """Take responses out of the slots unfinished, with everything sampled so far.

        Args:
            chosen: Which; None for all.
        """
        ...


class WorkerPool(Protocol):
    """Remote rollout workers of a job, numbered from 1.

    They decode in processes of their own while the trainer trains. Only the main process sends and
    receives.
    """

    workers: int

    def publish(self, state: Any, policy_version: int, precision: str) -> None:
        """Send the policy's weights to all workers, and return before they have arrived.

        Collective among trainer ranks.

        Args:
            state: Holds the policy.
            policy_version: Number of these weights.
            precision: ``rollout.precision`` of the phase.
        """
        ...

    def send(self, worker: int, message: Any) -> None:
        """Send plain data to a worker; messages arrive in order."""
        ...

    def receive(self, patience: float) -> list[tuple[int, Any]]:
        """Messages of workers that have arrived, after at most so many seconds if there is none."""
        ...

    def give_up(self, worker: int) -> None:
        """End a worker, and send nothing more to it."""
        ...

    def stop(self) -> None:
        """Let all workers end."""
        ...


class Backend(Protocol[State]):
    """All that computes on weights."""

    name: str
    loss_terms: tuple[str, ...]
    """Optional terms of the policy's loss that this backend computes."""
    is_main_process: bool
    """Whether this process writes, prints and decides: rank 0, or the only one."""

    @property
    def worker_pool(self) -> WorkerPool | None:
        """Remote rollout workers, if the job has any."""
        ...

    def on_rank_zero(self, compute: Callable[[], Answer]) -> Answer:
        """What ``compute`` returns or raises at rank 0, the same in every process.

        For all that is not arithmetic on shared weights: verdicts, files, anything that reads a
        clock.
        """
        ...

    def initial_state(self, config: Config) -> State:
        """Random weights, zero optimizer moments, optimizer step 0."""
        ...

    def initial_state_from(self, config: Config, directory: Path) -> State:
        """A checkpoint's policy, and its value model if the recipe has one; all else is initial."""
        ...

    def initial_state_of(self, config: Config, weights: WeightSource) -> State:
        """The weights of a source in the run's precision; all else is initial.

        Under MPI every process reads only its part of them.
        """
        ...

    def value_model_of(self, state: State, config: Config, weights: WeightSource) -> State:
        """The state with a value model of these weights in the run's precision.

        It takes the place of one that the state has. Under MPI every process reads only its part.

        Args:
            state: Before ``start_rl``.
            config: Of a recipe with a value model.
            weights: Has a value model's names (``spec.weights.value_shapes``).
        """
        ...

    def optimizer_step(self, state: State) -> int:
        """Optimizer steps that the policy has taken; recorded with every sampled token."""
        ...

    def start_rl(self, state: State, config: Config) -> State:
        """Make the policy the reference policy and the value model's body; moments start anew.

        A value model that the state has already is kept: of the checkpoint that the run started
        from, or of ``value_model_of``.
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
        """Free slots that decode with the policy of a state.

        They must be empty before the state is updated.
        """
        ...

    def snapshot(self, state: State, config: Config) -> State:
        """A state that holds a copy of the policy and nothing else; no later update changes it."""
        ...

    def log_probs(
        self, state: State, config: Config, batch: Batch, reference_policy: bool = False
    ) -> Array:
        """Log-probability of each response token under the policy or the reference policy [B, S].

        It is 0 outside the response.
        """
        ...

    def values(self, state: State, config: Config, batch: Batch) -> Array:
        """V of the state before each response token [B, S]; 0 elsewhere."""
        ...

    def advantages(self, state: State, config: Config, batch: Batch, rewards: Array) -> Batch:
        """The batch with policy advantages; with a value model also old values and value targets.

        Args:
            state: Before any update of the step.
            config: Estimator and switches.
            batch: Rows as they were sampled.
            rewards: One finite reward per row [B].
        """
        ...

    def split_ratio(self, state: State, config: Config, batch: Batch) -> Batch:
        """Split the ratio ``pi / pi_behaviour`` at the start of the step.

        The log-probabilities under the policy at the start of the step take the place of the
        behaviour's, and ``importance`` is ``min(pi_start / pi_behaviour, importance_cap)``.

        Args:
            state: Before any update of the step.
            config: ``algorithm.importance_cap`` > 0.
            batch: Rows as they were sampled.
        """
        ...

    def sft_step(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One supervised optimizer step: mean negative log-likelihood of the response tokens."""
        ...

    def update_policy(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the policy on one mini-batch; micro-batches change no result."""
        ...

    def update_value(self, state: State, config: Config, batch: Batch) -> tuple[State, Metrics]:
        """One optimizer step of the value model on a mini-batch; micro-batches change no result."""
        ...

    def save(self, state: State, config: Config, progress: dict[str, Any], directory: Path) -> None:
        """Publish a checkpoint at once or not at all."""
        ...

    def restore(self, config: Config, directory: Path) -> tuple[State, dict[str, Any]]:
        """Read a checkpoint back, verified; state and progress are bit-equal to what was saved."""
        ...
