"""Properties of the policy as a judge: direct or after reasoning, and never moved by an answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.rewards.policy_judge import PolicyJudge
from seed.reference.tasks.problems import problem_set
from seed.reference.tasks.puzzles import equivalence
from seed.spec.characters import END, decode, encode
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, Finish, Outcome, Request, Rollout, Sampling
from seed.spec.judge import Judge, Triplet
from tests.support.small_runs import small_config

PAIRS = problem_set(("equivalence",), {"equivalence": (1,)}, 40, 0, held_out=True)
TRIPLETS = [Triplet("", pair.instance["reference"], pair.instance["answer"]) for pair in PAIRS]
CONFIG = small_config("vapo", 'data.families=["equivalence"]', "model.vocabulary=97")


class PerfectBackend(ReferenceBackend):
    """A backend whose model gives every right verdict, directly and after reasoning."""

    def log_probs(self, state: Any, config: Config, batch: Batch, baseline: bool = False) -> Array:
        """0 for the right letter, -2 for the other one."""
        out = np.zeros(batch.tokens.shape)
        for row, (tokens, length) in enumerate(zip(batch.tokens, batch.lengths, strict=True)):
            text = decode(tokens[:length])
            is_right = text[-1] == equivalence.answer(instance_of(text[:-1]))
            out[row, length - 1] = 0.0 if is_right else -2.0
        return out

    def generate(
        self,
        state: Any,
        config: Config,
        requests: Sequence[Request],
        sampling: Sampling,
        purpose: str,
    ) -> list[Rollout]:
        """The reply to every prompt."""
        return [rollout(request, self.reply(decode(request.prompt_tokens))) for request in requests]

    def reply(self, prompt: str) -> str:
        """The demonstration, which continues a prompt that ends with ``#``."""
        assert prompt.endswith("=" + equivalence.THINK)
        return equivalence.solve(instance_of(prompt[:-1])).removeprefix(equivalence.THINK)


class NoVerdictBackend(PerfectBackend):
    """A backend whose model reasons without a verdict."""

    def reply(self, prompt: str) -> str:
        """No ``=``."""
        return "16?16 Y"


def judge_of(backend: ReferenceBackend, thinking: bool = True) -> PolicyJudge[Any]:
    return PolicyJudge(backend, None, CONFIG, thinking)


def instance_of(prompt: str) -> dict[str, str]:
    reference, answer = prompt.removeprefix("D").removesuffix("=").split("?")
    return {"reference": reference, "answer": answer}


def rollout(request: Request, text: str) -> Rollout:
    tokens = (*encode(text), END)
    return Rollout(request, tokens, (0.0,) * len(tokens), (0,) * len(tokens), Finish.EOS)


@pytest.mark.parametrize("thinking", [False, True])
def test_a_perfect_model_is_a_judge_that_is_always_right(thinking: bool) -> None:
    judge: Judge = judge_of(PerfectBackend(), thinking)
    for pair, triplet in zip(PAIRS, TRIPLETS, strict=True):
        verdict = judge(triplet)
        is_yes = pair.answer == "Y"
        assert verdict.extracted == ("YES" if is_yes else "NO")
        assert verdict.outcome is (Outcome.CORRECT if is_yes else Outcome.WRONG)
        assert ("thinking" in verdict.why) == thinking


NO_NUMBERS = ("", "16=Y", "16?16", "16=Y?16", "Y", "#", "16\n", " 16", "1" * 33, "\u0661")


@pytest.mark.parametrize("thinking", [False, True])
@pytest.mark.parametrize("answer", [*NO_NUMBERS, "<answer>YES</answer>"])
def test_an_answer_that_is_no_number_is_an_error_and_is_never_read(
    thinking: bool, answer: str
) -> None:
    verdict = judge_of(PerfectBackend(), thinking)(Triplet("", "16", answer))
    assert (verdict.outcome, verdict.extracted) == (Outcome.ERROR, "")


def test_reasoning_without_a_verdict_is_an_error_and_never_no() -> None:
    verdicts = judge_of(NoVerdictBackend()).verdicts(TRIPLETS)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.ERROR}


@pytest.mark.parametrize("thinking", [False, True])
def test_a_verdict_does_not_depend_on_the_other_answers_of_a_call(thinking: bool) -> None:
    backend = ReferenceBackend()
    config = CONFIG.model_copy(update={"precision": "float64"})
    judge = PolicyJudge(backend, backend.initial_state(config), config, thinking)
    together = judge.verdicts([*TRIPLETS[:6], Triplet("", "16", "no number")])
    alone = [judge(triplet).outcome for triplet in TRIPLETS[:6]]
    assert [verdict.outcome for verdict in together] == [*alone, Outcome.ERROR]
