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
from typing import Generic, TypeVar

from seed.reference.rewards.yes_no import yes_probability
from seed.reference.tasks.puzzles import equivalence
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Outcome, Problem, Request, Sampling, Verdict
from seed.spec.judge import Triplet
from seed.spec.tokenizer import decode, encode

State = TypeVar("State")
READABLE = re.compile(r"[0-9+\-*/^.]{1,32}")
UNREADABLE = Verdict(
    Outcome.ERROR, "", "the policy as a judge reads numbers written with + - * / ^ only"
)
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
        """Judge answers, each independently of the others in the list.

        Args:
            triplets: Reference and answer are compared; the question is not read.

        Returns:
            One verdict each; ``error`` where a text is unreadable or the model gives no verdict.
        """
        prompts = [
            equivalence.prompt({"reference": triplet.reference, "answer": triplet.answer})
            for triplet in triplets
            if _is_readable(triplet)
        ]
        judge = self._thinking if self.thinking else self._direct
        verdicts = iter(judge(prompts) if prompts else [])
        return [next(verdicts) if _is_readable(triplet) else UNREADABLE for triplet in triplets]

    def _direct(self, prompts: Sequence[str]) -> list[Verdict]:
        return [
            _verdict(
                equivalence.YES if probability > THRESHOLD else equivalence.NO,
                f"direct, P(YES) = {probability:.3f}",
            )
            for probability in yes_probability(
                self.backend, self.state, self.config, prompts
            ).tolist()
        ]

    def _thinking(self, prompts: Sequence[str]) -> list[Verdict]:
        settings, limit = self.config.evaluation, self.config.rollout.max_response_tokens
        sampling = Sampling(settings.temperature, settings.top_p, limit)
        requests = [
            Request(_problem(prompt), encode(prompt + equivalence.THINK), 0, 0)
            for prompt in prompts
        ]
        rollouts = self.backend.generate(self.state, self.config, requests, sampling, "judge")
        replies = [decode(rollout.response_tokens) for rollout in rollouts]
        return [
            _verdict(reply.rpartition("=")[2] if "=" in reply else "", f"thinking, {reply[:80]!r}")
            for reply in replies
        ]


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
