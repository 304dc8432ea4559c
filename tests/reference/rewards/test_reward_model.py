"""Properties of the pairwise reward model: both orders count, and no response contains a verdict.

The reward model is part of a run: it is trained once, saved, and restored when the run resumes.
"""

import json
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.backend import ReferenceBackend
from seed.reference.rewards import reward_model
from seed.reference.rewards.reward import score
from seed.reference.rewards.reward_model import (
    TASKS,
    Comparison,
    RewardModel,
    compare,
    comparison_prompt,
    draw_pairs,
    evaluate_reward_model,
    load_or_train,
    preferences,
    prefers,
)
from seed.reference.tasks.problems import problem_set, training_problem, verify
from seed.reference.tasks.puzzles import FAMILIES, prose
from seed.reference.training import trainer
from seed.reference.training.progress import Progress
from seed.reference.training.prompt_stream import PromptStreamState
from seed.reference.training.run import Run, check
from seed.reference.training.run_directory import RunDirectory
from seed.spec.characters import END, decode, encode
from seed.spec.config import Config
from seed.spec.datatypes import Array, Batch, Finish, Preference, Request, Rollout
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.small_runs import (
    KillAfter,
    Killed,
    lasting_bytes,
    metrics_of,
    new_run,
    small_config,
)

PROSE = (
    *('data.families=["prose"]', "model.vocabulary=97", "evaluation.problems=4"),
    *("reward_model.steps=3", "reward_model.batch=8", "reward_model.evaluation_pairs=20"),
    *("supervised.steps=2", "value_pretraining.steps=1"),
    *("rollout.steps=3", "rollout.max_response_tokens=8"),
)
FAMILIES_OF_TWO_CLASSES = 'data.families=["prose","arithmetic"]'
MIXED = (FAMILIES_OF_TWO_CLASSES, "data.classes.prose=hybrid", "reward.opponent=group")
PROBLEM = training_problem(("prose",), {"prose": (1,)}, 0, seed=1)
SECOND_PROBLEM = training_problem(("prose",), {"prose": (1,)}, 1, seed=1)
SUM = training_problem(("arithmetic",), {"arithmetic": (3,)}, 0, seed=1)
LINES = st.text(alphabet=prose.LETTERS, max_size=7)
LogOdds = Callable[[str, str, str], float]
"""Task, first and second response -> log-odds of YES against NO."""


class ScriptedBackend(ReferenceBackend):
    """A backend whose model says YES with given log-odds."""

    def __init__(self, log_odds: LogOdds) -> None:
        self.log_odds = log_odds

    def log_probs(self, state: Any, config: Config, batch: Batch, baseline: bool = False) -> Array:
        """Half of the log-odds for Y, minus half for N."""
        out = np.zeros(batch.tokens.shape)
        for row, tokens in enumerate(batch.tokens):
            task, responses, verdict = decode(tokens[: batch.lengths[row]]).split("=")
            sign = 0.5 if verdict == "Y" else -0.5
            out[row, batch.lengths[row] - 1] = sign * self.log_odds(task, *responses.split("?"))
        return out


def config_of(*overrides: str) -> Config:
    return small_config("vapo", *PROSE, *overrides)


def scripted(log_odds: LogOdds, *overrides: str) -> RewardModel[Any]:
    return RewardModel(ScriptedBackend(log_odds), None, config_of(*overrides), {})


def rollout(text: str, sample: int = 0, draw: int = 0, problem: Any = PROBLEM) -> Rollout:
    tokens = (*encode(text), END)
    request = Request(problem, encode(problem.prompt), sample, draw)
    return Rollout(request, tokens, (-0.5,) * len(tokens), (0,) * len(tokens), Finish.EOS)


def arbitrary(task: str, first: str, second: str) -> float:
    """Log-odds without any meaning, and with position bias."""
    return float(sum(ord(a) * 37 % 11 for a in first) - sum(ord(b) * 53 % 13 for b in second)) / 4


def hidden(task: str, first: str, second: str) -> float:
    """The hidden preference, as a difference of utilities."""
    instance = {"theme": task[1:-1], "length": int(task[-1])}
    return prose.utility(instance, first) - prose.utility(instance, second)


def opposite(task: str, first: str, second: str) -> float:
    return -hidden(task, first, second)


# --- both orders


@given(first=LINES, second=LINES)
@settings(max_examples=60)
def test_a_preference_and_its_reverse_add_up_to_one(first: str, second: str) -> None:
    pair = Comparison(PROBLEM, first, second)
    forward, backward = compare(scripted(arbitrary), [pair, pair.swapped])
    assert 0.0 <= forward.score <= 1.0
    assert forward.score + backward.score == pytest.approx(1.0, abs=1e-12)
    assert forward.order_gap == pytest.approx(backward.order_gap, abs=1e-12)


@pytest.mark.parametrize("bias", [-3.0, -0.1, 0.0, 2.0])
def test_a_model_that_sees_only_the_position_ties_every_pair(bias: float) -> None:
    model = scripted(lambda task, first, second: bias)
    (preference,) = compare(model, [Comparison(PROBLEM, "abc", "bcd")])
    assert preference.score == pytest.approx(0.5, abs=1e-12)
    assert preference.order_gap == pytest.approx(2 / (1 + math.exp(-bias)) - 1, abs=1e-12)


def test_without_bias_the_preference_is_bradley_terry_in_the_log_odds() -> None:
    model = scripted(lambda task, first, second: float(len(first) - len(second)))
    (preference,) = compare(model, [Comparison(PROBLEM, "abcd", "ab")])
    assert preference.score == pytest.approx(1 / (1 + math.exp(-2)), abs=1e-12)
    assert preference.order_gap == pytest.approx(0.0, abs=1e-12)


def test_the_evaluation_measures_bias_before_averaging_and_none_after() -> None:
    report = evaluate_reward_model(
        scripted(lambda *case: hidden(*case) + 1.5, "reward_model.evaluation_pairs=80")
    )
    bias = report["position_bias"]
    assert bias["before"]["ci_low"] > 0.1
    assert abs(bias["after"]["mean"]) < 1e-12
    assert report["agreement"]["accuracy"] > report["agreement_one_order"]["accuracy"]
    assert report["verdict_depends_on_order"] > 0.1


@pytest.mark.parametrize(("log_odds", "agreement"), [(hidden, 1.0), (opposite, 0.0)])
def test_agreement_is_1_with_the_hidden_preference_and_0_with_its_opposite(
    log_odds: LogOdds, agreement: float
) -> None:
    report = evaluate_reward_model(scripted(log_odds, "reward_model.evaluation_pairs=60"))
    assert report["agreement"]["accuracy"] == agreement


# --- opponents


def test_the_reference_opponent_is_the_demonstration_and_ties_with_its_copy() -> None:
    config = config_of("reward.opponent=reference")
    copy, different = preferences(
        scripted(arbitrary), config, [rollout(PROBLEM.demonstration), rollout("abcab", 1)]
    )
    # To the last bit: a near tie would count as a win or a loss.
    assert copy is not None and copy.score == 0.5
    pair = Comparison(PROBLEM, "abcab", PROBLEM.demonstration)
    assert [different] == compare(scripted(arbitrary), [pair])


def test_the_group_opponents_are_all_other_responses_to_the_same_draw() -> None:
    texts = ["abcab", "bbbbb", "cabca"]
    group = [rollout(text, sample) for sample, text in enumerate(texts)]
    other_groups = [rollout("ppppp", 0, 1), rollout("opopo", 1, 1)]
    other_groups += [rollout("ababa", 0, 0, SECOND_PROBLEM), rollout("a", 1, 0, SECOND_PROBLEM)]
    model = scripted(arbitrary)
    scored = preferences(model, config_of("reward.opponent=group"), [*group, *other_groups])
    for text, preference in zip(texts, scored, strict=False):
        pairs = [Comparison(PROBLEM, text, opponent) for opponent in texts if opponent != text]
        expected = np.mean([item.score for item in compare(model, pairs)])
        assert preference is not None and preference.score == pytest.approx(expected, abs=1e-12)


@given(texts=st.lists(LINES, min_size=2, max_size=5))
@settings(max_examples=30)
def test_preferences_within_a_group_average_to_a_tie(texts: list[str]) -> None:
    rollouts = [rollout(text, sample) for sample, text in enumerate(texts)]
    scored = preferences(scripted(arbitrary), config_of("reward.opponent=group"), rollouts)
    assert np.mean([item.score for item in scored if item]) == pytest.approx(0.5, abs=1e-12)


def test_verifiable_problems_have_no_preference() -> None:
    config = config_of('data.families=["prose","arithmetic"]')
    rollouts = [rollout("=2", problem=SUM), rollout("abcab")]
    verifiable, general = preferences(scripted(arbitrary), config, rollouts)
    assert verifiable is None and general is not None
    assert preferences(None, config, rollouts) == [None, None]


# --- prompts and labels


@given(text=st.text(alphabet="ab?=#YN w5", max_size=14) | st.text(max_size=8))
@settings(max_examples=120)
def test_no_response_ends_early_in_the_prompt_or_contains_the_verdict(text: str) -> None:
    prompt = comparison_prompt(Comparison(PROBLEM, text, "abcab"))
    assert prompt.startswith(PROBLEM.prompt) and prompt.endswith("?abcab=")
    assert prompt.count("=") == 2 and prompt.count("?") == 1
    assert not set("YN") & set(prompt)
    assert encode(prompt)


def test_labels_follow_the_hidden_preference() -> None:
    pairs = draw_pairs([PROBLEM] * 50, np.random.default_rng(0))
    utilities = [
        [prose.utility(PROBLEM.instance, text) for text in (pair.first, pair.second)]
        for pair in pairs
    ]
    assert [prefers(pair) for pair in pairs] == [first > second for first, second in utilities]
    assert 10 < sum(map(prefers, pairs)) < 40


@pytest.mark.parametrize("family", TASKS)
def test_training_and_held_out_pairs_share_no_problem_and_none_is_a_tie(family: str) -> None:
    levels = {family: (1,)}
    trained = [training_problem((family,), levels, index, seed=1) for index in range(300)]
    held_out = problem_set((family,), levels, 40, 0, held_out=True)
    identities = {FAMILIES[family].identity(problem.instance) for problem in trained}
    assert identities.isdisjoint(FAMILIES[family].identity(item.instance) for item in held_out)
    for pair in draw_pairs(held_out, np.random.default_rng(0)):
        assert prefers(pair) != prefers(pair.swapped)


# --- training


class HashPreference:
    """A preference that is easy to learn: a line with ``#`` is better than one without."""

    def candidate(self, random: np.random.Generator, instance: Mapping[str, Any]) -> str:
        return "".join(random.choice(["a", "#"], 3, p=[0.7, 0.3]).tolist())

    def utility(self, instance: Mapping[str, Any], response: str) -> float:
        return float("#" in response)

    def quoted(self, instance: Mapping[str, Any], response: str) -> str:
        return response


def test_an_easy_preference_is_learned_from_pairs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reward_model, "TASKS", {"prose": HashPreference()})
    sizes = "reward_model.steps=20", "reward_model.batch=32", "reward_model.evaluation_pairs=100"
    config = config_of("reward_model.optimizer.learning_rate=1e-2", *sizes)
    model = load_or_train(ReferenceBackend(), config, tmp_path / "model", SilentObserver())
    assert model is not None
    assert model.report["agreement"]["ci_low"] > 0.8


def test_a_reward_model_is_restored_bit_by_bit_and_not_trained_again(tmp_path: Path) -> None:
    config, backend = config_of(), ReferenceBackend()
    first = load_or_train(backend, config, tmp_path / "model", SilentObserver())
    second = load_or_train(backend, config, tmp_path / "second", SilentObserver())
    restored = load_or_train(backend, config, tmp_path / "model", KillAfter(0))
    assert first is not None and second is not None and restored is not None
    for model in (second, restored):
        for name, weight in first.state.policy.items():
            assert np.array_equal(weight, model.state.policy[name])
        assert json.dumps(first.report) == json.dumps(model.report)


def test_a_verifiable_run_has_no_reward_model(tmp_path: Path) -> None:
    config = config_of('data.families=["maze"]')
    assert load_or_train(ReferenceBackend(), config, tmp_path, SilentObserver()) is None


def test_a_family_without_preferences_cannot_be_general() -> None:
    config = config_of('data.families=["arithmetic"]', "data.classes.arithmetic=hybrid")
    with pytest.raises(SeedError) as error:
        check(config, ReferenceBackend())
    assert error.value.reason is Reason.ILLEGAL_VALUE
    legal = "legal families of the other classes: prose, maze"
    assert error.value.line == f"data.classes.arithmetic='hybrid' must be 'verifiable'; {legal}"


def test_the_vocabulary_must_hold_the_characters_of_comparisons() -> None:
    hybrid = ('data.families=["maze"]', "data.classes.maze=hybrid")
    check(config_of('data.families=["maze"]', "model.vocabulary=32"), ReferenceBackend())
    check(config_of(*hybrid, "model.vocabulary=60"), ReferenceBackend())
    with pytest.raises(SeedError) as error:
        check(config_of(*hybrid, "model.vocabulary=59"), ReferenceBackend())
    assert error.value.line.startswith("model.vocabulary=59 must be at least 60")


# --- in a run


def test_a_preference_survives_a_checkpoint() -> None:
    preference = Preference(0.1 + 0.2, -1 / 3)
    response = rollout("abcab")
    verdict = verify(response.request.problem, "abcab")
    scored = score(response, verdict, config_of("data.classes.prose=hybrid"), preference)
    progress = Progress(prompt_stream=PromptStreamState(7, ([scored],)))
    restored = Progress.from_json(json.loads(json.dumps(progress.to_json())))
    assert restored.prompt_stream.surplus[0][0].preference == preference


def lasting(path: Path) -> dict[str, Any]:
    """All bytes that must not depend on interruptions, the reward model included."""
    model = ReferenceBackend().restore(RunDirectory.resume(path)[1], path / "reward_model")[0]
    return lasting_bytes(path) | {
        f"reward model {name}": weight.tobytes() for name, weight in model.policy.items()
    }


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    path = tmp_path_factory.mktemp("runs") / "whole"
    return path, trainer.train(new_run(path, config_of(*MIXED)))


# Killed during the reward model's training, at the end of RL, and twice; the last also loses the
# reward model.
@pytest.mark.parametrize(("kills", "is_lost"), [((1,), False), ((9,), False), ((6, 2), True)])
def test_p23_a_run_with_a_reward_model_killed_anywhere_is_the_uninterrupted_run(
    tmp_path: Path,
    uninterrupted: tuple[Path, dict[str, Any]],
    kills: tuple[int, ...],
    is_lost: bool,
) -> None:
    path = tmp_path / "killed"
    run = new_run(path, config_of(*MIXED), KillAfter(kills[0]))
    for steps in (*kills[1:], 10**6):
        with pytest.raises(Killed):
            trainer.train(run)
        if is_lost:
            shutil.rmtree(path / "reward_model")
        directory, config = RunDirectory.resume(path)
        run = Run.resume(ReferenceBackend(), config, directory, KillAfter(steps + 3 * is_lost))
    summary = trainer.train(run)
    assert lasting(path) == lasting(uninterrupted[0])
    for key in ("preference", "reward_model", "eval_after"):
        assert summary[key] == uninterrupted[1][key]


def test_a_general_run_reports_preference_bias_and_both_win_rates(tmp_path: Path) -> None:
    summary = trainer.train(new_run(tmp_path / "run", config_of()))
    for line in metrics_of(tmp_path / "run"):
        if line["phase"] == "reinforcement":
            assert 0.0 <= line["reward/preference_mean"] <= 1.0
            assert -1.0 <= line["reward/position_bias"] <= 1.0
        if line["phase"] == "supervised":
            assert "reward/preference_mean" not in line
    for when in ("before", "after"):
        for name in ("by_reward_model", "by_hidden_preference"):
            rate = summary["preference"][when][name]
            assert 0.0 <= rate["ci_low"] <= rate["accuracy"] <= rate["ci_high"] <= 1.0
    assert set(summary["reward_model"]) >= {"agreement", "position_bias"}
    samples = RunDirectory(tmp_path / "run").read("samples.jsonl")
    assert {line["outcome"] for line in samples} == {"unjudged"}


def test_a_verifiable_run_reports_nothing_of_judges(tmp_path: Path) -> None:
    summary = trainer.train(new_run(tmp_path / "run", small_config("grpo")))
    assert not {"judge", "preference", "reward_model"} & summary.keys()
    assert not (tmp_path / "run" / "reward_model").exists()
    assert not any("reward/preference_mean" in line for line in metrics_of(tmp_path / "run"))
