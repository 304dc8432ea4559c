"""Who waits for whom: turns requests into finished rollouts. Synchronous for now (srs_alpha = 1).

The trainer asks ``Schedule.finish`` for rollouts and never calls the sampler itself, so a streaming schedule can hand
back samples of mixed weight versions without the loop changing: every rollout carries its versions and log-probs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spec.types import Request, Rollout

Generate = Callable[[Sequence[Request]], list[Rollout]]


@dataclass(frozen=True)
class SynchronousSchedule:
    """Every requested sample is finished under the newest weights before the step goes on."""

    generate: Generate

    def finish(self, requests: Sequence[Request]) -> list[Rollout]:
        """One finished rollout per request, in their order."""
        return self.generate(requests)
