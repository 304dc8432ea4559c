"""Two evaluations beside accuracy: the policy as a judge, and what its unverifiable responses win.

- judge: held-out equivalence pairs, labelled by exact arithmetic. The policy judges them directly
  and after reasoning; accuracy by form of the answer.
- preference: held-out general and hybrid problems. How often a response beats its baseline, by
  the reward model and by the hidden preference that the reward model was trained to approximate.

Where the two win rates differ, the policy has learned to exploit the reward model.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from seed.reference.evaluation.evaluate import held_out_problems, sample_held_out
from seed.reference.evaluation.intervals import clustered_interval, score_problems
from seed.reference.rewards.policy_judge import PolicyJudge
from seed.reference.rewards.reward_model import TIE, Comparison, RewardModel, compare, utility
from seed.reference.tasks.problems import problem_set
from seed.reference.tasks.puzzle_source import HELD_OUT_SEED
from seed.reference.tasks.puzzles import equivalence
from seed.spec.backend import Backend
from seed.spec.characters import decode
from seed.spec.config import Config
from seed.spec.datatypes import Array, Outcome, Problem, Verdict
from seed.spec.judge import Triplet

State = TypeVar("State")
FAMILY = "equivalence"


def evaluate_judges(
    backend: Backend[State], state: State, config: Config, model: RewardModel[State] | None
) -> dict[str, Any]:
    """Both evaluations, ``judge`` and ``preference``, as far as the run's data need them."""
    scores: dict[str, Any] = {}
    if FAMILY in config.data.families:
        scores["judge"] = evaluate_judge(backend, state, config)
    if model is not None:
        scores["preference"] = evaluate_preference(backend, state, config, model)
    return scores


def judge_summary(
    evaluations: Mapping[str, Mapping[str, Any]], model: RewardModel[State] | None
) -> dict[str, Any]:
    """The entries of a run's summary about judges.

    Args:
        evaluations: "before" and "after" RL -> result of ``evaluate_judges``.
        model: The run's reward model, if it has one.

    Returns:
        ``judge`` and ``preference`` -> "before" and "after" -> scores, and ``reward_model`` -> its
        report, as far as they apply.
    """
    summary: dict[str, Any] = {}
    for name in ("judge", "preference"):
        by_time = {when: scores[name] for when, scores in evaluations.items() if name in scores}
        summary |= {name: by_time} if by_time else {}
    return summary | ({"reward_model": model.report} if model else {})


def evaluate_judge(backend: Backend[State], state: State, config: Config) -> dict[str, Any]:
    """Let the policy judge pairs that no run has trained on, directly and after reasoning.

    Returns:
        ``direct`` and ``thinking`` -> ``overall`` and form of the answer -> accuracy with interval,
        and ``errors``.
    """
    difficulties, count = config.data.difficulties, config.evaluation.judge_pairs
    pairs = problem_set((FAMILY,), difficulties, count, HELD_OUT_SEED, held_out=True)
    triplets = [Triplet("", pair.instance["reference"], pair.instance["answer"]) for pair in pairs]
    scores = {}
    for style in ("direct", "thinking"):
        judge = PolicyJudge(backend, state, config, style == "thinking")
        scores[style] = judge_scores(pairs, judge.verdicts(triplets))
    return scores


def judge_scores(pairs: Sequence[Problem], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Accuracy of a judge, overall and by form of the answer.

    Pairs without a verdict do not count as wrong: ``errors`` counts them.
    """
    hits: dict[str, list[int]] = {"overall": []}
    errors: Counter[str] = Counter()
    for pair, verdict in zip(pairs, verdicts, strict=True):
        is_yes = verdict.outcome is Outcome.CORRECT
        for name in ("overall", equivalence.form(pair.instance)):
            of_name = hits.setdefault(name, [])
            if verdict.outcome is Outcome.ERROR:
                errors[name] += 1
            else:
                of_name.append(int(is_yes == (pair.answer == equivalence.YES)))
    return {
        name: score_problems(of_name, 1).as_json() | {"errors": errors[name]}
        for name, of_name in hits.items()
    }


def evaluate_preference(
    backend: Backend[State], state: State, config: Config, model: RewardModel[State]
) -> dict[str, Any]:
    """Compare the policy's responses to held-out general and hybrid problems with the baselines.

    Returns:
        - ``by_reward_model``, ``by_hidden_preference``: win rate with interval, a tie counts 1/2.
        - ``by_family``: both win rates of each family, where there are several.
        - ``agreement``: share of responses on which both agree, utility ties left out.
        - ``preference_mean``, ``utility_mean``, ``utility_mean_of_baselines``.
    """
    families = config.data.preferred
    problems = [problem for problem in held_out_problems(config) if problem.family in families]
    pairs = [
        Comparison(problem, decode(rollout.response_tokens), problem.demonstration)
        for rollout in sample_held_out(backend, state, config, problems)
        for problem in [rollout.request.problem]
    ]
    scores = np.array([preference.score for preference in compare(model, pairs)])
    responses = np.array([utility(pair.problem, pair.first) for pair in pairs])
    baselines = np.array([utility(pair.problem, pair.second) for pair in pairs])
    family_of = np.array([pair.problem.family for pair in pairs])
    signs = {
        "by_reward_model": np.sign(scores - TIE),
        "by_hidden_preference": np.sign(responses - baselines),
    }

    def win_rates(rows: Any) -> dict[str, Any]:
        return {name: win_rate(s[rows], config.evaluation.samples) for name, s in signs.items()}

    by_family = {family: win_rates(family_of == family) for family in families}
    decided = responses != baselines
    agree = (scores > TIE) == (responses > baselines)
    return {
        **win_rates(slice(None)),
        **({"by_family": by_family} if len(by_family) > 1 else {}),
        "agreement": float(agree[decided].mean()) if decided.any() else float("nan"),
        "preference_mean": float(scores.mean()),
        "utility_mean": float(responses.mean()),
        "utility_mean_of_baselines": float(baselines.mean()),
    }


def win_rate(signs: Array, samples: int) -> dict[str, float]:
    """Share of wins with its interval, a tie counting 1/2.

    Args:
        signs: 1 win, 0 tie, -1 loss [problems * samples], the responses to a problem side by side.
        samples: Responses per problem.
    """
    shares = ((1.0 + signs) / 2.0).reshape(-1, samples).mean(axis=1)
    low, high = clustered_interval(shares.tolist(), samples)
    bounds = {"accuracy": float(shares.mean()), "ci_low": low, "ci_high": high}
    return bounds | {"n": len(shares), "samples": samples}
