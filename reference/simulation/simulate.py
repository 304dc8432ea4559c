"""The streaming rollout scheduler in virtual time: how long a run would take on given machines.

Every decision is that of ``reference.rollouts.scheduler``, executed by
``reference.rollouts.streaming``; only the engine is simulated (``reference.simulation.engine``).
Training on a batch takes train + train_token for each response token. Remote workers decode
meanwhile; colocated workers are empty.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from seed.reference.rollouts.engine import RolloutStats
from seed.reference.rollouts.events import Event
from seed.reference.rollouts.rules import Rules
from seed.reference.rollouts.streaming import RolloutState, Streaming
from seed.reference.simulation.engine import Cost, SimulatedEngine, Span
from seed.spec.datatypes import Problem, Request

PROBLEM = Problem("simulated", "", 1, "", {}, "", "")
"""The problem of all simulated responses."""


@dataclass(frozen=True)
class Iteration:
    """One step of the trainer.

    Attributes:
        start: Seconds at which its weights were published.
        batch_ready: Seconds at which its batch was complete.
        end: Seconds at which the training ended: the start of the next iteration.
        stats: Cost of its rollouts, decoding during the training included.
        trained: Response tokens of the batch.
    """

    start: float
    batch_ready: float
    end: float
    stats: RolloutStats
    trained: int


@dataclass(frozen=True)
class Outcome:
    """Result of a simulation.

    Attributes:
        rules: Settings of the scheduler.
        iterations: Steps of the trainer.
        spans: What the workers decoded.
        log: Every event; ``reference.rollouts.scheduler.replay`` derives its decisions again.
    """

    rules: Rules
    iterations: tuple[Iteration, ...]
    spans: tuple[Span, ...]
    log: tuple[Event, ...]

    @property
    def seconds(self) -> float:
        """Wall time of all iterations."""
        return self.iterations[-1].end

    @property
    def decode_steps(self) -> int:
        """Forward passes that drew tokens, over all workers."""
        return sum(iteration.stats.decode_steps for iteration in self.iterations)


def simulate(
    rules: Rules, lengths: Sequence[int], cost: Cost, steps: int, prompt: int = 0, block: int = 1
) -> Outcome:
    """Simulate ``steps`` steps of the trainer.

    Args:
        rules: Settings of the scheduler; ``reference.rollouts.rules.rules_of`` has those of a run.
        lengths: Tokens of every response in order of submission, each >= 1; repeated if too few.
        cost: Durations; a decode step must take more than 0 seconds.
        steps: Steps of the trainer, >= 1.
        prompt: Tokens of every prompt.
        block: Tokens that a slot decodes between two reports, >= 1.

    Raises:
        SeedError: SCHEDULE_STUCK if no worker can run.
    """
    engine, log = SimulatedEngine(rules, cost, block), list[Event]()
    streaming = Streaming(rules, RolloutState(), engine, log.append)
    iterations, prompt_tokens = [], (0,) * prompt
    for policy_version in range(steps):
        start, engine.stats = engine.clock, RolloutStats()
        streaming.publish(policy_version)
        streaming.handle(engine.load(policy_version))
        first = streaming.scheduler.state.submitted
        numbers = range(first, first + streaming.prompts_needed() * rules.group)
        requests = [
            Request(PROBLEM, prompt_tokens, 0, n, forced_length=lengths[n % len(lengths)])
            for n in numbers
        ]
        batch = streaming.finish(requests)
        batch_ready, trained = engine.clock, sum(r.request.forced_length for r in batch)
        engine.training_end = batch_ready + cost.train + cost.train_token * trained
        streaming.serve(lambda: engine.clock < engine.training_end)
        engine.training_end = math.inf
        iterations.append(Iteration(start, batch_ready, engine.clock, engine.stats, trained))
    return Outcome(rules, tuple(iterations), tuple(engine.spans), tuple(log))
