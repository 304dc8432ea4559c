"""A judge from the backend: any backend's state that has practised the ``equivalence`` family.

    direct     YES if P(Y | prompt) > P(N | prompt), by the log-probabilities of the two continuations
    thinking   ``#`` is put behind the prompt, so the model reasons first; the letter after the last ``=`` is the verdict

Its prompts are its principles: one letter, no words. It reads numbers written with digits and ``+ -
* / ^ .`` and refuses everything else, so an answer can neither leave its place in the prompt nor
say the verdict.
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
EVEN = 0.5
PRINCIPLES = "equivalence family"


@dataclass(frozen=True)
class ModelJudge(Generic[State]):
    """Fulfils ``spec.judge.Judge``; ``verdicts`` judges many at once.

    Attributes:
        backend: The backend that computes.
        state: Its weights.
        config: Sizes, temperature and nucleus of examinations, token limit.
        thinking: Whether it reasons before it judges.
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
            triplets: The question is not read: two numbers are compared, whatever was asked.

        Returns:
            One verdict each; ``error`` where the texts cannot be read or the model gives no
            verdict.
        """
        readable = [triplet for triplet in triplets if _is_readable(triplet)]
        prompts = [
            equivalence.prompt({"reference": t.reference, "answer": t.answer}) for t in readable
        ]
        said = iter(
            (self._reasoned(prompts) if self.thinking else self._direct(prompts)) if prompts else []
        )
        refused = Verdict(
            Outcome.ERROR, "", "the backend's judge reads numbers written with + - * / ^ only"
        )
        return [next(said) if _is_readable(triplet) else refused for triplet in triplets]

    def _direct(self, prompts: Sequence[str]) -> list[Verdict]:
        chances = yes_probability(self.backend, self.state, self.config, prompts)
        return [
            _verdict(
                equivalence.YES if chance > EVEN else equivalence.NO,
                f"direct, P(YES) = {chance:.3f}",
            )
            for chance in chances.tolist()
        ]

    def _reasoned(self, prompts: Sequence[str]) -> list[Verdict]:
        examination = self.config.evaluation
        sampling = Sampling(
            examination.temperature, examination.top_p, self.config.rollout.max_response_tokens
        )
        requests = [
            Request(_problem(text), encode(text + equivalence.THINK), 0, 0) for text in prompts
        ]
        rollouts = self.backend.generate(self.state, self.config, requests, sampling, "judge")
        replies = [decode(rollout.response_tokens) for rollout in rollouts]
        return [
            _verdict(reply.rpartition("=")[2] if "=" in reply else "", f"thinking, {reply[:80]!r}")
            for reply in replies
        ]


def _verdict(letter: str, how: str) -> Verdict:
    """YES, NO or no verdict, from the letter that a model said."""
    outcome, said = {
        equivalence.YES: (Outcome.CORRECT, "YES"),
        equivalence.NO: (Outcome.WRONG, "NO"),
    }.get(letter, (Outcome.ERROR, ""))
    return Verdict(outcome, said, f"backend judge ({how}; principles: {PRINCIPLES})")


def _is_readable(triplet: Triplet) -> bool:
    return all(READABLE.fullmatch(text) for text in (triplet.reference, triplet.answer))


def _problem(prompt: str) -> Problem:
    """A problem that is nothing but its prompt: its name keys the randomness of the reasoning."""
    name = f"equivalence/judge/{sha256(prompt.encode()).hexdigest()[:12]}"
    return Problem(name, "equivalence", 0, prompt, {}, demonstration="", answer="")
