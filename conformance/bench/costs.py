"""Measured costs of a backend for ``reference.simulation.simulate``, through the real scheduler.

    step of n slots    floor + n token          one slot, and all slots but one; scheduler included
    n new tokens       admit + prefill n        all texts into an empty worker, then one more prompt
    publish            a new worker

Responses in the slots have the positions of those in a run: quantiles of all positions that are
ever drawn, so that ``token`` includes the average cost of attention to earlier positions.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from seed.reference.rollouts.engine import LocalEngine
from seed.reference.rollouts.events import Requested, Submitted
from seed.reference.rollouts.rules import rules_of
from seed.reference.rollouts.streaming import RolloutState, Streaming
from seed.reference.simulation.engine import Cost
from seed.reference.training.prompt_stream import requests
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Request, Rollout, Sampling, unanswered

Clock = Callable[[], float]
"""Returns seconds."""
STEPS = 16
"""Decode steps of a reading: some 15 ms, long against the clock, short against a batch."""
UNSEEN = 10**6
"""First index of prompts, which no benchmark reaches."""


@dataclass(frozen=True)
class Reading:
    """Seconds of the work of a worker.

    Attributes:
        publish: Creating it.
        one: A decode step of one response.
        many: A decode step of all slots but one.
        enter: Creating it, adding texts for all slots but one, and a block of decode steps.
        join: Adding one more prompt, and a block.
    """

    publish: float
    one: float
    many: float
    enter: float
    join: float


class Probe:
    """Measures workers of a backend."""

    def __init__(
        self, backend: Backend[Any], config: Config, lengths: Sequence[int], clock: Clock
    ) -> None:
        """Prepare the responses of all readings.

        Args:
            backend: Backend of the workers.
            config: Of the run: one sample a prompt, as many slots as responses of a batch, >= 3.
            lengths: Tokens of the responses of the run.
            clock: Seconds.
        """
        self.backend, self.config, self.clock = backend, config, clock
        self.slots = rules_of(config).workers[0].slots
        self.state = backend.start_rl(backend.initial_state(config), config)
        self.readings: list[Reading] = []
        limit = config.rollout.max_response_tokens
        # No response may end while it is measured.
        last = limit - 2 * STEPS - 2 * config.rollout.block_tokens
        first, *others = requests(config, UNSEEN, self.slots)
        drawn = [min(position, last) for position in typical_positions(lengths, self.slots - 1)]
        self.running = [
            half_written(request, tokens, limit)
            for request, tokens in zip(others, drawn, strict=True)
        ]
        self.alone = self.running[len(drawn) // 2]
        self.fresh = half_written(first, 0, limit)

    def measure(self) -> None:
        """Take one reading."""
        sampling = self.config.rollout_sampling
        started = self.clock()
        self.backend.rollout_worker(self.state, self.config, self.slots, sampling, "rollout")
        publish = self.clock() - started
        alone, together = (self._streaming(sampling) for _ in range(2))
        self._enter(alone, [self.alone])
        one = self._step(alone)
        enter = self._enter(together, self.running)
        many = self._step(together)
        self.readings.append(
            Reading(publish, one, many, enter, self._enter(together, [self.fresh]))
        )

    def cost(self) -> Cost:
        """The cost model of the median readings, without the first, which warms up."""
        publish, one, many, enter, join = (
            statistics.median(getattr(reading, field.name) for reading in self.readings[1:])
            for field in fields(Reading)
        )
        block, token = self.config.rollout.block_tokens, max((many - one) / (self.slots - 2), 0.0)
        texts, prompt = sum(map(text_length, self.running)), text_length(self.fresh)
        entering, joining = enter - publish - block * many, join - block * (many + token)
        prefill = max((entering - joining) / (texts - prompt), 0.0)
        return Cost(
            one - token, token, prefill, max(joining - prefill * prompt, 0.0), publish=publish
        )

    def _streaming(self, sampling: Sampling) -> Streaming:
        """A scheduler whose trainer waits, with no response in flight."""
        engine = LocalEngine(self.backend, self.config, sampling, self.slots)
        engine.policies = {0: self.state}
        streaming = Streaming(rules_of(self.config), RolloutState(), engine)
        streaming.publish(0)
        streaming.apply(Requested(streaming.scheduler.rules.batch))
        return streaming

    def _enter(self, streaming: Streaming, texts: Sequence[Rollout]) -> float:
        """Seconds to put texts into slots and to decode a block."""
        first = streaming.scheduler.state.submitted
        for number, rollout in enumerate(texts, start=first):
            streaming.rollout_state.pool[number] = rollout
            streaming.apply(Submitted(number, (number,), len(rollout.request.prompt_tokens)))
        begun = self.clock()
        streaming.decide()
        streaming.handle(streaming.engine.wait())
        return self.clock() - begun

    def _step(self, streaming: Streaming) -> float:
        """Seconds of a decode step, with its share of the scheduler's work after a block."""
        blocks = max(STEPS // self.config.rollout.block_tokens, 1)
        begun = self.clock()
        for _ in range(blocks):
            streaming.decide()
            streaming.handle(streaming.engine.wait())
        return (self.clock() - begun) / (blocks * self.config.rollout.block_tokens)


def half_written(request: Request, tokens: int, limit: int) -> Rollout:
    """A response of which some tokens are drawn; which ones does not matter for the time."""
    drawn = tuple(3 + position % 8 for position in range(tokens))
    return replace(
        unanswered(replace(request, forced_length=limit)),
        response_tokens=drawn,
        log_probs=(-1.0,) * tokens,
        weight_versions=(0,) * tokens,
    )


def text_length(rollout: Rollout) -> int:
    """Tokens to prefill."""
    return len(rollout.request.prompt_tokens) + len(rollout.response_tokens)


def typical_positions(lengths: Sequence[int], count: int) -> list[int]:
    """Positions of the responses in full slots: quantiles of all positions of all responses."""
    positions = np.concatenate([np.arange(length) for length in lengths])
    return [int(position) for position in np.quantile(positions, (np.arange(count) + 0.5) / count)]
