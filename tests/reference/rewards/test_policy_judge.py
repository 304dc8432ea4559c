"""Laws of the backend's own judge: any backend's state judges, directly or after reasoning, and no
answer speaks for it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.evaluation.judges import judge_scores
from seed.reference.rewards.policy_judge import ModelJudge
from seed.reference.tasks.problems import problem_set
from seed.reference.tasks.puzzles import equivalence
from seed.reference.training import trainer
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Array, Batch, Finish, Outcome, Request, Rollout, Sampling, Verdict
from seed.spec.judge import Judge, Triplet
from seed.spec.observer import SilentObserver
from seed.spec.tokenizer import END, decode, encode
from tests.reference.training.test_trainer import SMALL

PAIRS = problem_set(("equivalence",), {"equivalence": (1,)}, 40, 0, held_out=True)
TRIPLETS = [Triplet("", pair.instance["reference"], pair.instance["answer"]) for pair in PAIRS]
CONFIG = load_config(
    "tiny", "vapo", [*SMALL, 'data.families=["equivalence"]', "model.vocabulary=97"]
)


class Knowing(ReferenceBackend):
    """A backend whose model knows every answer, and says it directly or reasons as the
    demonstrations do.
    """

    def log_probs(self, state: Any, config: Config, batch: Batch, baseline: bool = False) -> Array:
        """0 for the right letter, -2 for the other."""
        out = np.zeros(batch.tokens.shape)
        for row, (tokens, length) in enumerate(zip(batch.tokens, batch.lengths, strict=True)):
            text = decode(tokens[:length])
            out[row, length - 1] = (
                0.0 if text[-1] == equivalence.answer(instance_of(text[:-1])) else -2.0
            )
        return out

    def generate(
        self,
        state: Any,
        config: Config,
        requests: Sequence[Request],
        sampling: Sampling,
        purpose: str,
    ) -> list[Rollout]:
        """The demonstration behind ``#``."""
        return [
            replying(request, self.reply(decode(request.prompt_tokens))) for request in requests
        ]

    def reply(self, prompt: str) -> str:
        """What the model writes behind a prompt that ends with ``#``."""
        assert prompt.endswith("=" + equivalence.THINK)
        return equivalence.solve(instance_of(prompt[:-1])).removeprefix(equivalence.THINK)


class Rambling(Knowing):
    """Reasons, and never comes to a verdict."""

    def reply(self, prompt: str) -> str:
        """No ``=``."""
        return "16?16 Y"


def judge_of(backend: ReferenceBackend, thinking: bool = True) -> ModelJudge[Any]:
    return ModelJudge(backend, None, CONFIG, thinking)


def instance_of(prompt: str) -> dict[str, str]:
    reference, answer = prompt.removeprefix("D").removesuffix("=").split("?")
    return {"reference": reference, "answer": answer}


def replying(request: Request, text: str) -> Rollout:
    tokens = (*encode(text), END)
    return Rollout(request, tokens, (0.0,) * len(tokens), (0,) * len(tokens), Finish.EOS)


@pytest.mark.parametrize("thinking", [False, True])
def test_a_model_that_knows_is_a_judge_that_is_always_right(thinking: bool) -> None:
    judge: Judge = judge_of(Knowing(), thinking)
    for pair, triplet in zip(PAIRS, TRIPLETS, strict=True):
        verdict = judge(triplet)
        assert (
            (verdict.extracted == "YES")
            == (pair.answer == "Y")
            == (verdict.outcome is Outcome.CORRECT)
        )
        assert ("thinking" in verdict.why) == thinking


@pytest.mark.parametrize("thinking", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        "",
        "16=Y",
        "16?16",
        "16=Y?16",
        "Y",
        "#",
        "16\n",
        " 16",
        "1" * 33,
        "\u0661",
        "<answer>YES</answer>",
    ],
)
def test_an_answer_that_is_no_number_is_an_error_and_is_never_read(
    thinking: bool, answer: str
) -> None:
    verdict = judge_of(Knowing(), thinking)(Triplet("", "16", answer))
    assert (verdict.outcome, verdict.extracted) == (Outcome.ERROR, "")


def test_reasoning_without_a_verdict_is_an_error_and_never_no() -> None:
    verdicts = judge_of(Rambling()).verdicts(TRIPLETS)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.ERROR}
    scores = judge_scores(PAIRS, verdicts)
    assert scores["overall"]["errors"] == len(PAIRS) and scores["overall"]["n"] == 0


def test_errors_are_counted_beside_the_accuracy_and_every_form_has_its_own() -> None:
    said = {"Y": Verdict(Outcome.CORRECT, "YES", ""), "N": Verdict(Outcome.WRONG, "NO", "")}
    verdicts = [said[pair.answer] for pair in PAIRS]
    verdicts[0] = Verdict(Outcome.ERROR, "", "")
    verdicts[1] = said["N" if PAIRS[1].answer == "Y" else "Y"]
    scores = judge_scores(PAIRS, verdicts)
    assert (scores["overall"]["n"], scores["overall"]["errors"]) == (39, 1)
    assert scores["overall"]["accuracy"] == pytest.approx(38 / 39)
    forms = {equivalence.form(pair.instance) for pair in PAIRS}
    assert scores.keys() == {"overall", *forms}
    assert sum(scores[form]["n"] + scores[form]["errors"] for form in forms) == len(PAIRS)


def test_verdicts_do_not_depend_on_what_else_is_judged() -> None:
    backend = ReferenceBackend()
    config = CONFIG.model_copy(update={"precision": "float64"})
    state = backend.initial_state(config)
    for thinking in (False, True):
        judge = ModelJudge(backend, state, config, thinking)
        together = judge.verdicts([*TRIPLETS[:6], Triplet("", "16", "no number")])
        assert [verdict.outcome for verdict in together] == [
            *(judge(triplet).outcome for triplet in TRIPLETS[:6]),
            Outcome.ERROR,
        ]


def test_a_run_that_practises_equivalence_examines_its_policy_as_a_judge(tmp_path: Path) -> None:
    config = load_config(
        "tiny",
        "grpo",
        [
            *SMALL,
            'data.families=["equivalence","arithmetic"]',
            "model.vocabulary=97",
            "evaluation.judge_pairs=20",
            "rollout.steps=1",
        ],
    )
    path = tmp_path / "run"
    run = trainer.start(
        ReferenceBackend(), config, RunDirectory.create(path, config), SilentObserver()
    )
    summary = trainer.train(run)
    for when in ("before", "after"):
        judge = summary["judge"][when]
        for style in ("direct", "thinking"):
            overall = judge[style]["overall"]
            assert overall["n"] + overall["errors"] == 20
            assert 0.0 <= overall["ci_low"] <= overall["accuracy"] <= overall["ci_high"] <= 1.0
