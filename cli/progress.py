"""A run on stderr: a meter per phase with its most useful figures, events, scores and samples.

The end of the whole run is estimated in RL only, from its third step on: RL steps take as long as
the last ones did, and the evaluation after RL as long as the one before. Earlier phases show their
own end: how long a step of RL takes is not known before there is one. Both are estimates. Value
pretraining, and RL with dynamic sampling, may end before their last step.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import click

from seed.cli.formatting import score_text
from seed.cli.meter import Meter, Pace, cut, escaped, open_meter, width
from seed.spec.config import Config

RECENT_STEPS = 20
"""Steps whose mean duration is that of a step to come: responses get longer while a run goes on."""
FEWEST_STEPS = 3
"""Steps that make a first estimate."""
EVALUATION = "evaluation"
BEFORE_RL = "evaluation before RL"


class ProgressBars:
    """Implements ``spec.observer.Observer``.

    Attributes:
        meter: Of the phase at hand.
        pace: Of the plain lines.
        estimate: Of the seconds to the end.
    """

    def __init__(
        self, config: Config | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.meter: Meter | None = None
        self.pace = Pace(clock)
        self.estimate = Estimate(config, clock)

    def phase(self, name: str, total: int, done: int) -> None:
        """Close the meter of the phase before and open one for this."""
        self.close()
        self.estimate.phase(name, total, done)
        self.meter = open_meter(name, total, done, pace=self.pace)

    def advance(self, **figures: float) -> None:
        """Move the meter by one step."""
        self.estimate.step()
        if self.meter is not None:
            texts = [f"{name.replace('_', ' ')} {value:.3g}" for name, value in figures.items()]
            self.meter.advance(1, texts, self.estimate.text())

    def metrics(self, line: Mapping[str, Any]) -> None:
        """Ignore: ``advance`` has what is shown."""

    def event(self, name: str, line: str) -> None:
        """Write the event as a line that stays."""
        self.write(f"event {name}: {line}")

    def sample(self, line: Mapping[str, Any]) -> None:
        """Write prompt, response, verdict and reward as lines that stay."""
        for text in sample_lines(line):
            self.write(text)

    def scores(self, moment: str, step: int, scores: Mapping[str, Any]) -> None:
        """Write the score before RL; the one after stands in the table at the end."""
        self.close()
        if moment == "before":
            self.write(score_before_line(scores))

    def write(self, line: str) -> None:
        """Write a line that stays, above the bar if there is one."""
        if self.meter is None:
            click.echo(line, err=True)
        else:
            self.meter.write(line)

    def close(self) -> None:
        """Leave the meter in its last state on the screen."""
        if self.meter is not None:
            self.meter.close()
            self.meter = None


class Estimate:
    """Seconds to the end of the phase at hand and, in RL, of the run.

    Attributes:
        evaluation_steps: RL steps that sample as many responses as an evaluation; used where the
            evaluation before RL was not measured, after a resume.
        evaluation_seconds: What the evaluation before RL took; None if it was not measured.
    """

    def __init__(self, config: Config | None, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.evaluation_steps = 0.0
        self.evaluation_seconds: float | None = None
        if config is not None:
            responses = config.rollout.prompts * config.rollout.samples_per_prompt
            evaluated = config.evaluation.problems * config.evaluation.samples
            self.evaluation_steps = evaluated / responses
        self.phase("", 0, 0)

    def phase(self, name: str, total: int, done: int) -> None:
        """A phase begins."""
        self.name, self.remaining = name, total - done
        self.began = self.last = self.clock()
        self.durations: deque[float] = deque(maxlen=RECENT_STEPS)

    def step(self) -> None:
        """One step of the phase is done."""
        now = self.clock()
        self.durations.append(now - self.last)
        self.last = now
        self.remaining -= 1
        if self.name == BEFORE_RL:
            self.evaluation_seconds = now - self.began

    def text(self) -> str:
        """``eta 4 min`` of the run, ``phase eta 12 s`` of the phase; empty if it is not known."""
        few = len(self.durations) < FEWEST_STEPS
        if few or self.remaining <= 0 or self.name.startswith(EVALUATION):
            return ""
        seconds_per_step = sum(self.durations) / len(self.durations)
        rest = self.remaining * seconds_per_step
        if self.name != "RL":
            return f"phase eta {duration(rest)}"
        evaluation = self.evaluation_seconds
        if evaluation is None:
            evaluation = self.evaluation_steps * seconds_per_step
        return f"eta {duration(rest + evaluation)}"


def duration(seconds: float) -> str:
    """``12 s``, ``4 min``, ``3 h 20 min``, ``2 d 5 h``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(minutes / 60)
    return f"{hours // 24} d {hours % 24} h"


def score_before_line(scores: Mapping[str, Any]) -> str:
    """What the SFT model scores, in one line."""
    return f"held-out accuracy before RL: {score_text(scores['overall'])}"


def sample_lines(line: Mapping[str, Any]) -> list[str]:
    """A response as three lines that fit the terminal and cannot control it."""
    verdict = f"{line['outcome']}, reward {line['reward']:.3g}: {line['why']}"
    step = f"step {line['step']}"
    blank = " " * len(step)
    rows = (
        f"{step}  prompt    {line['prompt']}",
        f"{blank}  response  {line['response']}",
        f"{blank}  verdict   {verdict}",
    )
    return [cut(escaped(row), width()) for row in rows]
