"""Settings of the streaming scheduler: the batch it fills and the workers it may use."""

import math
from dataclasses import dataclass
from typing import Literal

from seed.spec.config import Config


@dataclass(frozen=True)
class WorkerSpec:
    """A rollout worker as the scheduler sees it.

    Attributes:
        slots: Samples decoded side by side.
        memory: Positions that its cache can hold over all slots, 0 = no limit.
        remote: Has processors of its own and decodes while the trainer trains; a colocated worker
            shares the trainer's.
    """

    slots: int
    memory: int = 0
    remote: bool = False


@dataclass(frozen=True)
class Rules:
    """Settings that stay the same over a run.

    Attributes:
        alpha: srs_alpha, the share of a batch that must be drawn from the newest weights alone, in
            [0, 1].
        batch: Samples of a batch, N.
        group: Samples of a prompt, submitted together; divides ``batch``.
        atomic_group: Samples that enter a batch together: 1, or ``group`` where the advantage needs
            whole groups.
        max_staleness: Most policy versions by which the oldest token of a trained sample may lag,
            >= 0.
        at_bound: Treatment of a sample that would exceed ``max_staleness`` in the next step: the
            batch waits for it, or it is dropped.
        continue_with: Weights that continue a preempted sample: the newest, or those of its own
            snapshot.
        workers: Rollout workers; a worker's number is its index.
    """

    alpha: float
    batch: int
    group: int
    atomic_group: int
    max_staleness: int
    at_bound: Literal["wait", "drop"]
    continue_with: Literal["newest", "snapshot"]
    workers: tuple[WorkerSpec, ...]

    @property
    def in_flight(self) -> int:
        """Samples in flight at the start of a step, O: whole groups."""
        factor = min(1.0 / self.alpha if self.alpha else math.inf, 1.0 + self.max_staleness)
        return self.group * math.ceil(round(self.batch * factor / self.group, 9))

    def allowed_old(self, size: int) -> int:
        """Most samples of a batch that may hold tokens of older weights."""
        return size - math.ceil(round(self.alpha * size, 9))

    def slots_for_old(self, worker: WorkerSpec) -> int:
        """Slots of a colocated worker that old samples may take while fresh ones wait."""
        return worker.slots - math.floor(self.alpha * worker.slots)


def rules_of(config: Config) -> Rules:
    """The rules of a run: worker 0 is colocated with the trainer, all others are remote."""
    rollout, parallel = config.rollout, config.parallel
    batch = rollout.prompts * rollout.samples_per_prompt
    colocated = WorkerSpec(parallel.rollout_slots or batch, rollout.cache_tokens)
    remote = WorkerSpec(parallel.worker_slots or colocated.slots, rollout.cache_tokens, remote=True)
    return Rules(
        alpha=rollout.srs_alpha,
        batch=batch,
        group=rollout.samples_per_prompt,
        atomic_group=rollout.samples_per_prompt if config.needs_whole_groups else 1,
        max_staleness=rollout.max_staleness,
        at_bound=rollout.at_staleness_bound,
        continue_with=rollout.continue_with,
        workers=(colocated, *[remote] * parallel.rollout_workers),
    )
