"""Properties of the evaluation of judges: errors never count as wrong, every form has a score."""

from pathlib import Path

import pytest

from seed.reference.evaluation.judges import judge_scores
from seed.reference.tasks.problems import problem_set
from seed.reference.tasks.puzzles import equivalence
from seed.reference.training import trainer
from seed.spec.datatypes import Outcome, Verdict
from tests.support.small_runs import new_run, small_config

PAIRS = problem_set(("equivalence",), {"equivalence": (1,)}, 40, 0, held_out=True)
VERDICTS = {"Y": Verdict(Outcome.CORRECT, "YES", ""), "N": Verdict(Outcome.WRONG, "NO", "")}
ERROR = Verdict(Outcome.ERROR, "", "")


def test_errors_are_counted_beside_the_accuracy_and_every_form_has_its_own() -> None:
    verdicts = [VERDICTS[pair.answer] for pair in PAIRS]
    verdicts[0] = ERROR
    verdicts[1] = VERDICTS["N" if PAIRS[1].answer == "Y" else "Y"]
    scores = judge_scores(PAIRS, verdicts)
    assert (scores["overall"]["n"], scores["overall"]["errors"]) == (39, 1)
    assert scores["overall"]["accuracy"] == pytest.approx(38 / 39)
    forms = {equivalence.form(pair.instance) for pair in PAIRS}
    assert scores.keys() == {"overall", *forms}
    assert sum(scores[form]["n"] + scores[form]["errors"] for form in forms) == len(PAIRS)


def test_a_judge_without_verdicts_has_errors_only() -> None:
    scores = judge_scores(PAIRS, [ERROR] * len(PAIRS))
    assert (scores["overall"]["errors"], scores["overall"]["n"]) == (len(PAIRS), 0)


def test_a_run_on_equivalence_evaluates_its_policy_as_a_judge(tmp_path: Path) -> None:
    config = small_config(
        "grpo",
        'data.families=["equivalence","arithmetic"]',
        "model.vocabulary=97",
        "evaluation.judge_pairs=20",
        "rollout.steps=1",
    )
    summary = trainer.train(new_run(tmp_path / "run", config))
    for when in ("before", "after"):
        for style in ("direct", "thinking"):
            overall = summary["judge"][when][style]["overall"]
            assert overall["n"] + overall["errors"] == 20
            assert 0.0 <= overall["ci_low"] <= overall["accuracy"] <= overall["ci_high"] <= 1.0
