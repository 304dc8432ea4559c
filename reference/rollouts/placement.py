"""Placement: waiting samples enter the free slots of workers.

- Worker: the one whose cache holds least per slot, since a worker reads all of it again when
  weights come. Old samples prefer remote workers with a free slot.
- Kind: a colocated worker keeps the share srs_alpha of its slots for fresh samples while one waits,
  and the rest for old ones, since a batch needs both.
- Order: old samples by oldest token, then by length; fresh samples by order of submission.

A sample that does not fit into the memory blocks all behind it. So no sample starves: whatever
waits longest comes before all that arrived later.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from seed.reference.rollouts.events import Scheduled
from seed.reference.rollouts.rules import Rules, WorkerSpec
from seed.reference.rollouts.schedule_state import Sample, ScheduleState


@dataclass
class _Occupancy:
    """What the slots of a worker hold while samples are placed.

    Attributes:
        worker, spec: The worker and what it can hold.
        samples, positions, old: Its samples, their cache positions, and how many samples are old.
    """

    worker: int
    spec: WorkerSpec
    samples: int
    positions: int
    old: int

    def load(self) -> float:
        """Cache positions per slot."""
        return self.positions / self.spec.slots

    def fits(self, sample: Sample) -> bool:
        """Whether the memory holds one more sample and its next token; the first always fits."""
        return (
            not (self.spec.memory and self.samples)
            or self.positions + sample.positions < self.spec.memory
        )

    def add(self, sample: Sample, is_old: bool) -> None:
        """Place a sample, with room for its next token."""
        self.samples += 1
        self.positions += sample.positions + 1
        self.old += is_old


def placements(rules: Rules, state: ScheduleState) -> Iterator[Scheduled]:
    """Waiting samples that enter a free slot now, in order of entry.

    Colocated workers decode only while the trainer waits for a batch.
    """
    occupancies = _occupancies(rules, state)
    if all(here.samples >= here.spec.slots for here in occupancies):
        return
    waiting = [s for s in state.samples.values() if s.worker < 0 and not s.finished]
    # Both queues are sorted with the next sample last.
    old = sorted((s for s in waiting if state.is_old(s)), key=state.rank, reverse=True)
    fresh = sorted(
        (s for s in waiting if not state.is_old(s)), key=lambda sample: sample.number, reverse=True
    )
    while old or fresh:
        free = [here for here in occupancies if here.samples < here.spec.slots]
        for_old = [here for here in free if here.spec.remote] or [
            here for here in free if not fresh or here.old < rules.slots_for_old(here.spec)
        ]
        queue, choice = (old, for_old) if old and for_old else (fresh, free)
        fitting = [here for here in choice if queue and here.fits(queue[-1])]
        if not fitting:
            return
        sample, target = queue.pop(), min(fitting, key=_Occupancy.load)
        target.add(sample, is_old=queue is old)
        yield Scheduled(sample.number, target.worker, _policy_version_for(sample, rules, state))


def _occupancies(rules: Rules, state: ScheduleState) -> list[_Occupancy]:
    """The workers that may decode now."""
    occupancies = []
    for worker, spec in enumerate(rules.workers):
        if (spec.remote or state.wanted) and worker not in state.lost_workers:
            here = state.running(worker)
            positions = sum(sample.positions for sample in here)
            old = sum(map(state.is_old, here))
            occupancies.append(_Occupancy(worker, spec, len(here), positions, old))
    return occupancies


def _policy_version_for(sample: Sample, rules: Rules, state: ScheduleState) -> int:
    """The policy version that continues a sample."""
    from_snapshot = rules.continue_with == "snapshot" and sample.tokens > 0
    return sample.newest if from_snapshot else state.newest
