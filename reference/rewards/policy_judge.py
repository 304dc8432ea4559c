"""A judge from a policy of this project that was trained on the ``equivalence`` family.

- direct: YES if P(Y | prompt) > P(N | prompt).
- thinking: ``#`` is appended to the prompt, so that the model reasons first. The letter after its
  last ``=`` is the verdict.

The judge reads numbers written with digits and ``+ - * / ^ .`` only. Any other text is an error, so
an answer can neither end its place in the prompt early nor contain a verdict. It has no written
principles: the family defines what is equal.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import compress
from typing import Generic, TypeVar

from seed.reference.rewards.yes_no import yes_probability
from seed.reference.tasks.puzzles import equivalence
from seed.spec.backend import Backend
from seed.spec.characters import decode, encode
from seed.spec.config import Config
from seed.spec.datatypes import Outcome, Problem, Request, Verdict
from seed.spec.judge import Triplet

State = TypeVar("State")
READABLE = re.compile(r"[0-9+\-*/^.]{1,32}")
WHY_UNREADABLE = "the policy as a judge reads numbers written with + - * / ^ only"
VERDICTS = {equivalence.YES: (Outcome.CORRECT, "YES"), equivalence.NO: (Outcome.WRONG, "NO")}
THRESHOLD = 0.5
"""P(YES) above this is YES."""
PRINCIPLES = "equivalence family"


@dataclass(frozen=True)
class PolicyJudge(Generic[State]):
    """Implements ``spec.judge.Judge``; ``verdicts`` judges many answers at once.

    Attributes:
        backend: The backend that computes.
        state: Its weights.
        config: Sizes, temperature and top-p of evaluations, token limit.
        thinking: Whether the model reasons before its verdict.
    """

    backend: Backend[State]
    state: State
    config: Config
    thinking: bool = True

    def __call__(self, triplet: Triplet) -> Verdict:
        """Judge one answer."""
        return self.verdicts([triplet])[0]

    def verdicts(self, triplets: Sequence[Triplet]) -> list[Verdict]:
        """Judge answers, each independently of the others; the question is not read.

        The verdict is ``error`` where a text is unreadable or the model gives no verdict.
        """
        readable = [_is_readable(triplet) for triplet in triplets]
        pairs = [{"reference": triplet.reference, "answer": triplet.answer} for triplet in triplets]
        prompts = list(map(equivalence.prompt, compress(pairs, readable)))
        judge = self._thinking if self.thinking else self._direct
        verdicts = iter(judge(prompts) if prompts else [])
        unreadable = Verdict(Outcome.ERROR, "", WHY_UNREADABLE)
        return [next(verdicts) if is_readable else unreadable for is_readable in readable]

    def _direct(self, prompts: Sequence[str]) -> list[Verdict]:
        probabilities = yes_probability(self.backend, self.state, self.config, prompts).tolist()
        letters = [equivalence.YES if p > THRESHOLD else equivalence.NO for p in probabilities]
        methods = [f"direct, P(YES) = {p:.3f}" for p in probabilities]
        return list(map(_verdict, letters, methods))

    def _thinking(self, prompts: Sequence[str]) -> list[Verdict]:
        sampling = self.config.evaluation_sampling
        requests = [Request(_problem(p), encode(p + equivalence.THINK), 0, 0) for p in prompts]
        rollouts = self.backend.generate(self.state, self.config, requests, sampling, "judge")
        replies = [decode(rollout.response_tokens) for rollout in rollouts]
        letters = [reply.rpartition("=")[2] if "=" in reply else "" for reply in replies]
        methods = [f"thinking, {reply[:80]!r}" for reply in replies]
        return list(map(_verdict, letters, methods))


def _verdict(letter: str, method: str) -> Verdict:
    """YES or NO, or an error for any other text in place of the letter."""
    outcome, extracted = VERDICTS.get(letter, (Outcome.ERROR, ""))
    return Verdict(outcome, extracted, f"policy judge ({method}; principles: {PRINCIPLES})")


def _is_readable(triplet: Triplet) -> bool:
    return all(READABLE.fullmatch(text) for text in (triplet.reference, triplet.answer))


def _problem(prompt: str) -> Problem:
    """A problem that has only a prompt; its id keys the randomness of the reasoning."""
    name = f"equivalence/judge/{sha256(prompt.encode()).hexdigest()[:12]}"
    return Problem(name, "equivalence", 0, prompt, {}, demonstration="", answer="")
