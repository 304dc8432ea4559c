"""Laws of the pairwise reward model: both orders count, nothing a response says is heard, and it is
part of the run.
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
    Comparison,
    RewardModel,
    compare,
    examined,
    labelled,
    preferences,
    prefers,
    question,
)
from seed.reference.rewards.yes_no import yes_probability
from seed.reference.tasks.problems import training_problem
from seed.reference.tasks.puzzles import prose
from seed.reference.training import trainer
from seed.reference.training.batch import plain_batch
from seed.reference.training.progress import Progress
from seed.reference.training.prompt_stream import PromptStreamState
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Array, Batch, Finish, Preference, Request, Rollout
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from seed.spec.tokenizer import END, decode, encode
from tests.reference.training.test_trainer import (
    SMALL,
    KillAfter,
    Killed,
    lasting_bytes,
    metrics_of,
)

WRITING = (
    'data.families=["prose"]',
    "model.vocabulary=97",
    "reward_model.steps=3",
    "reward_model.batch=8",
    "reward_model.evaluation_pairs=20",
    "supervised.steps=2",
    "value_pretraining.steps=1",
    "rollout.steps=3",
    "rollout.max_response_tokens=8",
    "evaluation.problems=4",
)
MIXED = (
    'data.families=["prose","arithmetic"]',
    "data.classes.prose=hybrid",
    "reward.opponent=group",
)
PROBLEM = training_problem(("prose",), {"prose": (1,)}, 0, seed=1)
OTHER = training_problem(("prose",), {"prose": (1,)}, 1, seed=1)
SUM = training_problem(("arithmetic",), {"arithmetic": (3,)}, 0, seed=1)
LINES = st.text(alphabet=prose.LETTERS, max_size=7)
Opinion = Callable[[str, str, str], float]


class Scripted(ReferenceBackend):
    """A backend whose model says YES with the odds that a function of task and responses names."""

    def __init__(self, log_odds: Opinion) -> None:
        self.log_odds = log_odds

    def log_probs(self, state: Any, config: Config, batch: Batch, baseline: bool = False) -> Array:
        """Half of the log-odds for Y, minus half for N."""
        out = np.zeros(batch.tokens.shape)
        for row, tokens in enumerate(batch.tokens):
            task, lines, said = decode(tokens[: batch.lengths[row]]).split("=")
            out[row, batch.lengths[row] - 1] = (0.5 if said == "Y" else -0.5) * self.log_odds(
                task, *lines.split("?")
            )
        return out


def config_of(*overrides: str) -> Config:
    return load_config("tiny", "vapo", [*SMALL, *WRITING, *overrides])


def scripted(log_odds: Opinion, *overrides: str) -> RewardModel[Any]:
    return RewardModel(Scripted(log_odds), None, config_of(*overrides), {})


def rollout(text: str, sample: int = 0, visit: int = 0, problem: Any = PROBLEM) -> Rollout:
    tokens = (*encode(text), END)
    request = Request(problem, encode(problem.prompt), sample, visit)
    return Rollout(request, tokens, (-0.5,) * len(tokens), (0,) * len(tokens), Finish.EOS)


def hashed(task: str, first: str, second: str) -> float:
    """An opinion without any rhyme or reason."""
    return float(sum(ord(a) * 37 % 11 for a in first) - sum(ord(b) * 53 % 13 for b in second)) / 4


def known(task: str, first: str, second: str) -> float:
    """The hidden preference itself, as a difference of utilities."""
    instance = {"theme": task[1:-1], "length": int(task[-1])}
    return prose.utility(instance, first) - prose.utility(instance, second)


# --- both orders
# ------------------------------------------------------------------------------------------------------


@given(first=LINES, second=LINES)
@settings(max_examples=60)
def test_a_preference_and_its_reverse_add_up_to_one_whatever_the_model_says(
    first: str, second: str
) -> None:
    model = scripted(hashed)
    forward, backward = compare(
        model, [Comparison(PROBLEM, first, second), Comparison(PROBLEM, second, first)]
    )
    assert 0.0 <= forward.score <= 1.0
    assert forward.score + backward.score == pytest.approx(1.0, abs=1e-12)
    assert forward.order_gap == pytest.approx(backward.order_gap, abs=1e-12)


@pytest.mark.parametrize("bias", [-3.0, -0.1, 0.0, 2.0])
def test_a_model_that_only_looks_at_the_position_finds_every_pair_tied(bias: float) -> None:
    (word,) = compare(
        scripted(lambda task, first, second: bias), [Comparison(PROBLEM, "abc", "bcd")]
    )
    assert word.score == pytest.approx(0.5, abs=1e-12)
    assert word.order_gap == pytest.approx(2 / (1 + math.exp(-bias)) - 1, abs=1e-12)


def test_without_bias_the_preference_is_bradley_terry_in_the_models_log_odds() -> None:
    model = scripted(lambda task, first, second: float(len(first) - len(second)))
    (word,) = compare(model, [Comparison(PROBLEM, "abcd", "ab")])
    assert word.score == pytest.approx(1 / (1 + math.exp(-2)), abs=1e-12)
    assert word.order_gap == pytest.approx(0.0, abs=1e-12)


def test_the_examination_measures_bias_before_averaging_and_none_after() -> None:
    report = examined(
        scripted(lambda *case: known(*case) + 1.5, "reward_model.evaluation_pairs=80")
    )
    bias = report["position_bias"]
    assert bias["before"]["ci_low"] > 0.1
    assert abs(bias["after"]["mean"]) < 1e-12
    assert report["agreement"]["accuracy"] > report["agreement_one_order"]["accuracy"]
    assert report["verdict_depends_on_order"] > 0.1


def test_a_model_that_knows_the_preference_agrees_with_all_of_it_and_a_contrary_one_with_none() -> (
    None
):
    examine = "reward_model.evaluation_pairs=60"
    assert examined(scripted(known, examine))["agreement"]["accuracy"] == 1.0
    assert examined(scripted(lambda *case: -known(*case), examine))["agreement"]["accuracy"] == 0.0


# --- opponents
# --------------------------------------------------------------------------------------------------------


def test_the_reference_opponent_is_the_demonstration_and_a_copy_of_it_is_a_tie() -> None:
    config = config_of("reward.opponent=reference")
    words = preferences(
        scripted(hashed), config, [rollout(PROBLEM.demonstration), rollout("abcab", 1)]
    )
    (alone,) = compare(scripted(hashed), [Comparison(PROBLEM, "abcab", PROBLEM.demonstration)])
    assert (
        words[0] is not None and words[0].score == 0.5
    )  # to the last bit: a near tie would count as won or lost
    assert words[1] == alone


def test_the_group_opponent_is_every_other_response_to_the_same_visit() -> None:
    config = config_of("reward.opponent=group")
    texts = ["abcab", "bbbbb", "cabca"]
    rollouts = [rollout(text, sample) for sample, text in enumerate(texts)]
    strangers = [
        rollout("ppppp", 0, 1),
        rollout("opopo", 1, 1),
        rollout("ababa", 0, 0, OTHER),
        rollout("a", 1, 0, OTHER),
    ]
    words = preferences(scripted(hashed), config, [*rollouts, *strangers])
    for place, text in enumerate(texts):
        said = compare(
            scripted(hashed), [Comparison(PROBLEM, text, other) for other in texts if other != text]
        )
        found = words[place]
        assert found is not None and found.score == pytest.approx(
            np.mean([word.score for word in said]), abs=1e-12
        )


@given(texts=st.lists(LINES, min_size=2, max_size=5))
@settings(max_examples=30)
def test_preferences_within_a_group_average_to_a_tie(texts: list[str]) -> None:
    config = config_of("reward.opponent=group")
    words = preferences(
        scripted(hashed), config, [rollout(text, sample) for sample, text in enumerate(texts)]
    )
    assert np.mean([word.score for word in words if word]) == pytest.approx(0.5, abs=1e-12)


def test_verifiable_problems_are_not_asked_about() -> None:
    config = config_of('data.families=["prose","arithmetic"]')
    words = preferences(scripted(hashed), config, [rollout("=2", problem=SUM), rollout("abcab")])
    assert words[0] is None and words[1] is not None
    assert preferences(None, config, [rollout("=2", problem=SUM)]) == [None]


# --- what a response may say
# ------------------------------------------------------------------------------------------


@given(text=st.text(alphabet="ab?=#YN w5", max_size=14) | st.text(max_size=8))
@settings(max_examples=120)
def test_no_response_leaves_its_place_in_the_question_or_says_the_verdict(text: str) -> None:
    asked = question(Comparison(PROBLEM, text, "abcab"))
    assert asked.startswith(PROBLEM.prompt) and asked.endswith("?abcab=")
    assert asked.count("=") == 2 and asked.count("?") == 1
    assert not set("YN") & set(asked)
    assert encode(asked)


def test_labels_follow_the_hidden_preference_and_ties_are_not_asked_about() -> None:
    pairs = labelled([PROBLEM] * 50, np.random.default_rng(0))
    utilities = [
        [prose.utility(PROBLEM.instance, text) for text in (pair.first, pair.second)]
        for pair in pairs
    ]
    assert all(first != second for first, second in utilities)
    assert [prefers(pair) for pair in pairs] == [first > second for first, second in utilities]
    assert 10 < sum(map(prefers, pairs)) < 40


# --- a real model
# -----------------------------------------------------------------------------------------------------


def test_yes_and_no_are_weighed_against_each_other_and_nothing_else_is() -> None:
    config, backend = config_of("precision=float64"), ReferenceBackend()
    state = backend.initial_state(config)
    prompts = ["wabcd5=abc?bcd=", "wabcd5=", "wabcd5=abc?bcd="]
    found = yes_probability(backend, state, config, prompts)
    for prompt, chance in zip(prompts, found, strict=True):
        both = plain_batch([encode(prompt)] * 2, [encode("Y"), encode("N")])
        yes, no = np.exp(backend.log_probs(state, config, both).sum(axis=1))
        assert chance == pytest.approx(yes / (yes + no), rel=1e-9)
        assert yes + no < 0.5  # an untrained model would rather say something else
    assert found[0] == found[2]
    warmer = config.model_copy(
        update={"rollout": config.rollout.model_copy(update={"temperature": 3.0})}
    )
    np.testing.assert_array_equal(yes_probability(backend, state, warmer, prompts), found)
    assert yes_probability(backend, state, config, []).shape == (0,)


class Plain:
    """A preference that anyone can see: the line with more ``#`` is better."""

    def candidate(self, random: np.random.Generator, instance: Mapping[str, Any]) -> str:
        return "".join(random.choice(["a", "#"], 3, p=[0.7, 0.3]).tolist())

    def utility(self, instance: Mapping[str, Any], response: str) -> float:
        return float("#" in response)

    def quoted(self, instance: Mapping[str, Any], response: str) -> str:
        return response


def test_a_plain_preference_is_learned_from_pairs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reward_model, "TASKS", {"prose": Plain()})
    fast = (
        "reward_model.optimizer.learning_rate=1e-2",
        "reward_model.steps=20",
        "reward_model.batch=32",
    )
    config = config_of(*fast, "reward_model.evaluation_pairs=100")
    model = reward_model.ready(ReferenceBackend(), config, tmp_path / "model", SilentObserver())
    assert model is not None
    assert model.report["agreement"]["ci_low"] > 0.8


def test_a_reward_model_is_read_back_bit_by_bit_and_not_trained_again(tmp_path: Path) -> None:
    config, backend = config_of(), ReferenceBackend()
    first = reward_model.ready(backend, config, tmp_path / "model", SilentObserver())
    again = reward_model.ready(backend, config, tmp_path / "other", SilentObserver())
    read = reward_model.ready(backend, config, tmp_path / "model", KillAfter(0))
    assert first is not None and again is not None and read is not None
    for other in (again, read):
        assert all(
            np.array_equal(first.state.policy[name], other.state.policy[name])
            for name in first.state.policy
        )
        assert json.dumps(first.report) == json.dumps(other.report)
    assert (
        reward_model.ready(
            backend, config_of('data.families=["maze"]'), tmp_path / "none", SilentObserver()
        )
        is None
    )


def test_a_family_without_preferences_cannot_be_general() -> None:
    config = config_of('data.families=["arithmetic"]', "data.classes.arithmetic=hybrid")
    with pytest.raises(SeedError) as refusal:
        trainer.check(config)
    assert refusal.value.reason is Reason.ILLEGAL_VALUE
    legal = "legal families of the other classes: prose, maze"
    assert refusal.value.line == f"data.classes.arithmetic='hybrid' must be 'verifiable'; {legal}"


def test_the_vocabulary_must_hold_what_the_reward_model_reads_and_says() -> None:
    hybrid = ('data.families=["maze"]', "data.classes.maze=hybrid")
    trainer.check(config_of('data.families=["maze"]', "model.vocabulary=32"))
    trainer.check(config_of(*hybrid, "model.vocabulary=60"))
    with pytest.raises(SeedError) as refusal:
        trainer.check(config_of(*hybrid, "model.vocabulary=59"))
    assert refusal.value.line.startswith("model.vocabulary=59 must be at least 60")


def test_a_preference_survives_the_way_through_a_checkpoint() -> None:
    word = Preference(0.1 + 0.2, -1 / 3)
    scored = score(rollout("abcab"), config_of("data.classes.prose=hybrid"), word)
    progress = Progress(prompt_stream=PromptStreamState(7, ([scored],)))
    read = Progress.from_json(json.loads(json.dumps(progress.to_json())))
    assert read.prompt_stream.surplus[0][0].preference == word


# --- in a run
# ---------------------------------------------------------------------------------------------------------


def start(path: Path, config: Config, observer: Any = None) -> trainer.Run[Any]:
    return trainer.start(
        ReferenceBackend(), config, RunDirectory.create(path, config), observer or SilentObserver()
    )


def everything(path: Path) -> dict[str, Any]:
    """All that must not depend on kills, the reward model included."""
    model = ReferenceBackend().restore(RunDirectory.resume(path)[1], path / "reward_model")[0]
    return lasting_bytes(path) | {
        f"reward model {name}": weight.tobytes() for name, weight in model.policy.items()
    }


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    path = tmp_path_factory.mktemp("runs") / "whole"
    return path, trainer.train(start(path, config_of(*MIXED)))


# Killed within the reward model's training, at the end of RL, and again and again; the last one
# loses the reward model too.
@pytest.mark.parametrize(("kills", "lost"), [((1,), False), ((9,), False), ((6, 2), True)])
def test_p23_a_run_with_a_reward_model_killed_anywhere_is_the_uninterrupted_run(
    tmp_path: Path, uninterrupted: tuple[Path, dict[str, Any]], kills: tuple[int, ...], lost: bool
) -> None:
    path = tmp_path / "killed"
    run = start(path, config_of(*MIXED), KillAfter(kills[0]))
    for following in (*kills[1:], 10**6):
        with pytest.raises(Killed):
            trainer.train(run)
        if lost:
            shutil.rmtree(path / "reward_model")
        directory, found = RunDirectory.resume(path)
        run = trainer.resume(ReferenceBackend(), found, directory, KillAfter(following + 3 * lost))
    pieced = trainer.train(run)
    assert everything(path) == everything(uninterrupted[0])
    for key in ("preference", "reward_model", "eval_after"):
        assert pieced[key] == uninterrupted[1][key]


def test_a_general_run_reports_preference_bias_and_both_win_rates(tmp_path: Path) -> None:
    summary = trainer.train(start(tmp_path / "run", config_of()))
    lines = [line for line in metrics_of(tmp_path / "run") if line["phase"] == "reinforcement"]
    for line in lines:
        assert (
            0.0 <= line["reward/preference_mean"] <= 1.0
            and -1.0 <= line["reward/position_bias"] <= 1.0
        )
    assert not any(
        "reward/preference_mean" in line
        for line in metrics_of(tmp_path / "run")
        if line["phase"] == "supervised"
    )
    for when in ("before", "after"):
        for name in ("by_reward_model", "by_hidden_preference"):
            found = summary["preference"][when][name]
            assert 0.0 <= found["ci_low"] <= found["accuracy"] <= found["ci_high"] <= 1.0
    assert set(summary["reward_model"]) >= {"agreement", "position_bias"}
    samples = RunDirectory(tmp_path / "run").read("samples.jsonl")
    assert {line["outcome"] for line in samples} == {"unjudged"}


def test_a_run_without_judges_says_nothing_of_them(tmp_path: Path) -> None:
    summary = trainer.train(start(tmp_path / "run", load_config("tiny", "grpo", SMALL)))
    assert not {"judge", "preference", "reward_model"} & summary.keys()
    assert not (tmp_path / "run" / "reward_model").exists()
    assert not any("reward/preference_mean" in line for line in metrics_of(tmp_path / "run"))
