"""What a policy is worth as a judge, and what its unverifiable writing is worth: two examinations
beside accuracy.

    judge        held-out equivalence pairs, labelled by exact arithmetic: direct against thinking, by form of the answer
    preference   held-out general and hybrid problems: how often a response beats its baseline, by the reward model and by the
                 hidden preference that the reward model was trained to stand for

Where the two win rates part, the policy has learned to please the reward model and not what it
stands for.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from seed.reference.evaluation.evaluate import HELD_OUT_SEED, held_out_problems
from seed.reference.evaluation.intervals import clustered_interval, score_problems
from seed.reference.rewards.policy_judge import ModelJudge
from seed.reference.rewards.reward_model import DECIDED, Comparison, RewardModel, compare, utility
from seed.reference.tasks.problems import problem_set
from seed.reference.tasks.puzzles import equivalence
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Outcome, Problem, Request, Sampling, Verdict
from seed.spec.judge import Triplet
from seed.spec.tokenizer import decode, encode

State = TypeVar("State")
FAMILY = "equivalence"


def evaluate_judges(
    backend: Backend[State], state: State, config: Config, model: RewardModel[State] | None
) -> dict[str, Any]:
    """Both examinations, as far as the run's data call for them.

    Args:
        backend: The backend that computes.
        state: The policy's weights.
        config: Families, number of pairs and problems.
        model: The run's reward model, if it has one.

    Returns:
        ``{"judge": ..., "preference": ...}`` with the keys that apply.
    """
    found: dict[str, Any] = {}
    if FAMILY in config.data.families:
        found["judge"] = evaluate_judge(backend, state, config)
    if model is not None:
        found["preference"] = evaluate_preference(backend, state, config, model)
    return found


def judge_summary(
    examinations: Mapping[str, Mapping[str, Any]], model: RewardModel[State] | None
) -> dict[str, Any]:
    """What a run's summary says of judges: nothing for a run that has neither a reward model nor
    the equivalence family.

    Args:
        examinations: "before" and "after" RL -> what ``evaluate_judges`` found.
        model: The run's reward model, if it has one.

    Returns:
        ``judge`` and ``preference`` -> "before" and "after" -> scores, and ``reward_model`` -> its
        report, as far as they apply.
    """
    found = {
        name: {
            when: examination[name]
            for when, examination in examinations.items()
            if name in examination
        }
        for name in ("judge", "preference")
    }
    known = {name: scores for name, scores in found.items() if scores}
    return known | ({"reward_model": model.report} if model else {})


def evaluate_judge(backend: Backend[State], state: State, config: Config) -> dict[str, Any]:
    """Let the policy judge pairs that no run has trained on, once directly and once after
    reasoning.

    Returns:
        ``direct`` and ``thinking`` -> ``overall`` and form of the answer -> accuracy with interval,
        and ``errors``.
    """
    pairs = problem_set(
        (FAMILY,),
        config.data.difficulties,
        config.evaluation.judge_pairs,
        HELD_OUT_SEED,
        held_out=True,
    )
    triplets = [Triplet("", pair.instance["reference"], pair.instance["answer"]) for pair in pairs]
    return {
        style: judge_scores(
            pairs, ModelJudge(backend, state, config, style == "thinking").verdicts(triplets)
        )
        for style in ("direct", "thinking")
    }


def judge_scores(pairs: Sequence[Problem], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Accuracy of a judge over the pairs that it gave a verdict on, overall and by form; errors are
    counted beside it.
    """
    hits: dict[str, list[int]] = {"overall": []}
    errors: dict[str, int] = {"overall": 0}
    for pair, verdict in zip(pairs, verdicts, strict=True):
        said_yes = verdict.outcome is Outcome.CORRECT
        for name in ("overall", equivalence.form(pair.instance)):
            hits.setdefault(name, [])
            errors.setdefault(name, 0)
            if verdict.outcome is Outcome.ERROR:
                errors[name] += 1
            else:
                hits[name].append(int(said_yes == (pair.answer == equivalence.YES)))
    return {
        name: score_problems(of_name, 1).as_json() | {"errors": errors[name]}
        for name, of_name in hits.items()
    }


def evaluate_preference(
    backend: Backend[State], state: State, config: Config, model: RewardModel[State]
) -> dict[str, Any]:
    """Let the policy write for held-out problems, and compare what it writes with the baselines.

    Returns:
        ``by_reward_model`` and ``by_hidden_preference``: share of responses better than their
        baseline, a tie counting one half, with interval, and ``by_family`` the same of each family
        where there are several; ``agreement`` of the two on responses that are not tied; mean
        preference and hidden utility.
    """
    problems = [
        problem for problem in held_out_problems(config) if problem.family in config.data.preferred
    ]
    samples = config.evaluation.samples
    sampling = Sampling(
        config.evaluation.temperature, config.evaluation.top_p, config.rollout.max_response_tokens
    )
    requests = [
        Request(p, encode(p.prompt), sample, 0) for p in problems for sample in range(samples)
    ]
    rollouts = backend.generate(state, config, requests, sampling, "evaluation")
    pairs = [
        Comparison(
            rollout.request.problem,
            decode(rollout.response_tokens),
            rollout.request.problem.demonstration,
        )
        for rollout in rollouts
    ]
    scores = np.array([word.score for word in compare(model, pairs)])
    written, baselines = (
        np.array([utility(pair.problem, text) for pair, text in zip(pairs, texts, strict=True)])
        for texts in ([pair.first for pair in pairs], [pair.second for pair in pairs])
    )
    signs = {
        "by_reward_model": np.sign(scores - DECIDED),
        "by_hidden_preference": np.sign(written - baselines),
    }
    of_family = np.array([pair.problem.family for pair in pairs])
    by_family = {
        family: {
            name: win_rate(of_all[of_family == family], samples) for name, of_all in signs.items()
        }
        for family in config.data.preferred
    }
    decided = written != baselines
    agree = (scores > DECIDED) == (written > baselines)
    return {
        **{name: win_rate(of_all, samples) for name, of_all in signs.items()},
        **({"by_family": by_family} if len(by_family) > 1 else {}),
        "agreement": float(agree[decided].mean()) if decided.any() else float("nan"),
        "reward/preference_mean": float(scores.mean()),
        "utility_mean": float(written.mean()),
        "utility_mean_of_anchors": float(baselines.mean()),
    }


def win_rate(
    signs: "np.ndarray[Any, np.dtype[np.floating[Any]]]", samples: int
) -> dict[str, float]:
    """Share of wins, ties counting one half, over consecutive groups of ``samples`` responses to a
    problem each.
    """
    shares = ((1.0 + signs) / 2.0).reshape(-1, samples).mean(axis=1)
    low, high = clustered_interval(shares.tolist(), samples)
    return {
        "accuracy": float(shares.mean()),
        "ci_low": low,
        "ci_high": high,
        "n": len(shares),
        "samples": samples,
    }
