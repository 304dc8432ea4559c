"""What ``reference.simulate`` must be told of a house: seconds of decode steps and of reading, measured on its own units.

    step of n slots         floor + n token                 one slot against all slots but one
    entering of texts       admit + prefill (their tokens)  all of them into an empty unit, then a prompt beside the others
    publishing              a new unit

Slots stand where those of a run do: at the quantiles of all positions that are ever drawn, so that what attention over
earlier positions costs is in ``token`` as it is on average.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from reference.curriculum import requests
from reference.simulate import Cost
from reference.streaming import rules_of
from spec.backend import Backend, Unit
from spec.config import Config
from spec.types import Request, Rollout, Sampling, unanswered

Clock = Callable[[], float]
"""Tells seconds."""
STEPS = 16
"""Decode steps of a reading: some 15 ms, long against the clock and short against the batches in between."""
UNSEEN = 10**6
"""Place in the stream from where prompts are taken that no benchmark reaches."""


@dataclass(frozen=True)
class Reading:
    """Seconds of what a unit did.

    Attributes:
        publish: Making it.
        one: A decode step of one response.
        many: A decode step of all slots but one.
        enter: Texts for all slots but one entering it, and a decode step.
        join: A prompt entering beside them, and a decode step.
    """

    publish: float
    one: float
    many: float
    enter: float
    join: float


class Probe:
    """Measures units of a house, as often as it is asked."""

    def __init__(self, house: Backend[Any], config: Config, lengths: Sequence[int], clock: Clock) -> None:
        """Say what to measure.

        Args:
            house: Whose units.
            config: Of the run; its unit has as many slots as a batch has responses, >= 3.
            lengths: Tokens of the responses of the run.
            clock: Seconds.
        """
        self.house, self.config, self.clock = house, config, clock
        self.slots = rules_of(config).units[0].slots
        self.state = house.begin_reinforcement(house.initial_state(config), config)
        self.readings: list[Reading] = []
        limit = config.rollout.max_response_tokens
        last = limit - 2 * STEPS - 1  # nothing may end while it is measured
        asked = requests(config, UNSEEN, -(-self.slots // config.rollout.samples_per_prompt))[: self.slots]
        drawn = [min(position, last) for position in typical_positions(lengths, self.slots - 1)]
        self.running = [half_written(request, tokens, limit) for request, tokens in zip(asked[1:], drawn, strict=True)]
        self.alone = self.running[len(drawn) // 2]
        self.fresh = half_written(asked[0], 0, limit)

    def measure(self) -> None:
        """Take one reading."""
        _, _, one = self._decode([self.alone])
        unit, (publish, enter), many = self._decode(self.running)
        begun = self.clock()
        unit.admit([self.fresh])
        unit.advance(1)
        self.readings.append(Reading(publish, one, many, enter, self.clock() - begun))

    def cost(self) -> Cost:
        """The cost model that the middle readings fit; the first, which warms caches, is left out."""
        publish, one, many, enter, join = (
            statistics.median(getattr(reading, field.name) for reading in self.readings[1:]) for field in fields(Reading)
        )
        token = max((many - one) / (self.slots - 2), 0.0)
        texts, prompt = sum(map(text_length, self.running)), text_length(self.fresh)
        entering, joining = enter - many, join - many - token
        prefill = max((entering - joining) / (texts - prompt), 0.0)
        return Cost(one - token, token, prefill, max(joining - prefill * prompt, 0.0), publish=publish)

    def _decode(self, filling: Sequence[Rollout]) -> tuple[Unit, tuple[float, float], float]:
        """A unit with these texts in its slots; seconds of making and of filling it, and of a decode step."""
        settings = self.config.rollout
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        begun = self.clock()
        unit = self.house.unit(self.state, self.config, self.slots, sampling, "rollout")
        made = self.clock()
        unit.admit(filling)
        unit.advance(1)
        entered = self.clock()
        unit.advance(STEPS)
        return unit, (made - begun, entered - made), (self.clock() - entered) / STEPS


def half_written(request: Request, tokens: int, limit: int) -> Rollout:
    """A response that so many tokens are drawn of; what they say is nothing to the clock."""
    asked = replace(request, forced_length=limit)
    drawn = tuple(3 + place % 8 for place in range(tokens))
    return replace(unanswered(asked), response_tokens=drawn, log_probs=(-1.0,) * tokens, weight_versions=(0,) * tokens)


def text_length(rollout: Rollout) -> int:
    """Tokens that are read when it enters a slot."""
    return len(rollout.request.prompt_tokens) + len(rollout.response_tokens)


def typical_positions(lengths: Sequence[int], count: int) -> list[int]:
    """Where in their responses full slots stand: quantiles of all positions of all responses; long ones have more of them."""
    positions = np.concatenate([np.arange(length) for length in lengths])
    return [int(position) for position in np.quantile(positions, (np.arange(count) + 0.5) / count)]
