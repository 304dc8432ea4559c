"""Properties of the evaluation on held-out problems."""

from typing import Any

import pytest

from seed.reference.evaluation.evaluate import evaluate_held_out, held_out_problems
from seed.reference.tasks.puzzles import FAMILIES
from seed.spec.characters import END, encode
from seed.spec.datatypes import Finish, Rollout
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.small_runs import small_config


class Scripted:
    """Answers a problem correctly in as many of its samples as the script says."""

    def __init__(self, correct: dict[str, int]) -> None:
        self.correct = correct

    def generate(self, state: Any, config: Any, requests: Any, *_: Any) -> list[Rollout]:
        return [self.rollout(request) for request in requests]

    def rollout(self, request: Any) -> Rollout:
        problem = request.problem
        right = request.sample < self.correct[problem.id]
        text = FAMILIES[problem.family].solve(problem.instance) if right else "?"
        tokens = (*encode(text), END)
        return Rollout(request, tokens, (0.0,) * len(tokens), (0,) * len(tokens), Finish.EOS)

    def on_rank_zero(self, compute: Any) -> Any:
        return compute()


def scores(config: Any, backend: Any) -> dict[str, Any]:
    return evaluate_held_out(backend, None, config, SilentObserver(), "evaluation")


def test_the_problems_are_distinct_and_the_same_for_every_seed() -> None:
    problems = held_out_problems(small_config())
    assert len({problem.id for problem in problems}) == len(problems) == 8
    assert held_out_problems(small_config().model_copy(update={"seed": 7})) == problems


def test_scores_count_correct_responses_of_each_family_and_of_all() -> None:
    config = small_config("vapo", "evaluation.samples=4")
    problems = held_out_problems(config)
    correct = {problem.id: place % 5 for place, problem in enumerate(problems)}
    result = scores(config, Scripted(correct))
    for family in (*config.data.families, "overall"):
        counts = [correct[p.id] for p in problems if family in (p.family, "overall")]
        assert result[family]["n"] == len(counts) and result[family]["samples"] == 4
        assert result[family]["accuracy"] == pytest.approx(sum(counts) / (4 * len(counts)))
        assert result[family]["pass_at_k"] == pytest.approx(sum(map(bool, counts)) / len(counts))
    assert result["overall"]["correct_by_problem"] == correct


def test_a_verifier_that_fails_gives_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    config = small_config()
    backend = Scripted(dict.fromkeys((p.id for p in held_out_problems(config)), 1))
    family = FAMILIES[config.data.families[0]]
    monkeypatch.setattr(family, "verify", lambda *_: (_ for _ in ()).throw(RuntimeError("broken")))
    with pytest.raises(SeedError) as error:
        scores(config, backend)
    assert error.value.reason is Reason.VERIFIER_FAILED and "broken" in error.value.line
