"""What ``reference.simulation.simulate`` must be reports of a backend: seconds of decode steps and of
reading, measured through the schedule.

    step of n slots         floor + n token                 one slot against all slots but one, looks at the schedule included
    entering of texts       admit + prefill (their tokens)  all of them into an empty worker, then a prompt beside the others
    publishing              a new worker

Slots stand where those of a run do: at the quantiles of all positions that are ever drawn, so that
what attention over earlier positions costs is in ``token`` as it is on average.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from seed.reference.rollouts.events import Requested, Submitted
from seed.reference.rollouts.streaming import LocalEngine, RolloutState, Streaming, rules_of
from seed.reference.simulation.simulate import Cost
from seed.reference.training.prompt_stream import requests
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Request, Rollout, Sampling, unanswered

Clock = Callable[[], float]
"""Tells seconds."""
STEPS = 16
"""Decode steps of a reading: some 15 ms, long against the clock and short against the batches in
between.
"""
UNSEEN = 10**6
"""Place in the stream from where prompts are taken that no benchmark reaches."""


@dataclass(frozen=True)
class Reading:
    """Seconds of what a worker did.

    Attributes:
        publish: Making it.
        one: A decode step of one response.
        many: A decode step of all slots but one.
        enter: Making the worker, texts for all slots but one entering it, and a block of decode
            steps.
        join: A prompt entering beside them, and a block.
    """

    publish: float
    one: float
    many: float
    enter: float
    join: float


class Probe:
    """Measures workers of a backend, as often as it is asked."""

    def __init__(
        self, backend: Backend[Any], config: Config, lengths: Sequence[int], clock: Clock
    ) -> None:
        """Say what to measure.

        Args:
            backend: Whose workers.
            config: Of the run; one sample a prompt, and as many slots as a batch has responses, >=
                3.
            lengths: Tokens of the responses of the run.
            clock: Seconds.
        """
        self.backend, self.config, self.clock = backend, config, clock
        self.slots = rules_of(config).workers[0].slots
        self.state = backend.start_rl(backend.initial_state(config), config)
        self.readings: list[Reading] = []
        limit = config.rollout.max_response_tokens
        last = (
            limit - 2 * STEPS - 2 * config.rollout.block_tokens
        )  # nothing may end while it is measured
        asked = requests(config, UNSEEN, self.slots)
        drawn = [min(position, last) for position in typical_positions(lengths, self.slots - 1)]
        self.running = [
            half_written(request, tokens, limit)
            for request, tokens in zip(asked[1:], drawn, strict=True)
        ]
        self.alone = self.running[len(drawn) // 2]
        self.fresh = half_written(asked[0], 0, limit)

    def measure(self) -> None:
        """Take one reading."""
        settings = self.config.rollout
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        begun = self.clock()
        self.backend.rollout_worker(self.state, self.config, self.slots, sampling, "rollout")
        publish = self.clock() - begun
        alone, together = (self._streaming(sampling) for _ in range(2))
        self._enter(alone, [self.alone])
        one = self._step(alone)
        enter = self._enter(together, self.running)
        many = self._step(together)
        self.readings.append(
            Reading(publish, one, many, enter, self._enter(together, [self.fresh]))
        )

    def cost(self) -> Cost:
        """The cost model that the middle readings fit; the first, which warms caches, is left
        out.
        """
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
        """A schedule whose trainer waits, with nothing under way."""
        engine = LocalEngine(self.backend, self.config, sampling, self.slots)
        engine.policies = {0: self.state}
        streaming = Streaming(rules_of(self.config), RolloutState(), engine)
        streaming.publish(0)
        streaming.apply(Requested(streaming.scheduler.rules.batch))
        return streaming

    def _enter(self, streaming: Streaming, texts: Sequence[Rollout]) -> float:
        """Seconds that it takes to put texts into slots and to decode a block."""
        first = streaming.scheduler.state.submitted
        for number, rollout in enumerate(texts, start=first):
            streaming.rollout_state.pool[number] = rollout
            streaming.apply(Submitted(number, (number,), len(rollout.request.prompt_tokens)))
        begun = self.clock()
        streaming.decide()
        streaming.handle(streaming.engine.wait())
        return self.clock() - begun

    def _step(self, streaming: Streaming) -> float:
        """Seconds of a decode step, with its share of the look at the schedule that follows a
        block.
        """
        blocks = max(STEPS // self.config.rollout.block_tokens, 1)
        begun = self.clock()
        for _ in range(blocks):
            streaming.decide()
            streaming.handle(streaming.engine.wait())
        return (self.clock() - begun) / (blocks * self.config.rollout.block_tokens)


def half_written(request: Request, tokens: int, limit: int) -> Rollout:
    """A response that so many tokens are drawn of; what they say is nothing to the clock."""
    asked = replace(request, forced_length=limit)
    drawn = tuple(3 + place % 8 for place in range(tokens))
    return replace(
        unanswered(asked),
        response_tokens=drawn,
        log_probs=(-1.0,) * tokens,
        weight_versions=(0,) * tokens,
    )


def text_length(rollout: Rollout) -> int:
    """Tokens that are read when it enters a slot."""
    return len(rollout.request.prompt_tokens) + len(rollout.response_tokens)


def typical_positions(lengths: Sequence[int], count: int) -> list[int]:
    """Where in their responses full slots stand: quantiles of all positions of all responses; long
    ones have more of them.
    """
    positions = np.concatenate([np.arange(length) for length in lengths])
    return [int(position) for position in np.quantile(positions, (np.arange(count) + 0.5) / count)]
