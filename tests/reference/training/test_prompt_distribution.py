"""Properties of a distribution that adapts, with synthetic learners, and of runs that use one."""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.backend import ReferenceBackend
from seed.reference.training import trainer
from seed.reference.training.progress import Progress
from seed.reference.training.prompt_distribution import (
    BANDS,
    DistributionState,
    Group,
    PromptDistribution,
    band_of,
    check_distribution,
    stratum_of,
)
from seed.reference.training.prompt_stream import PromptStreamState
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config_distribution import DistributionConfig
from seed.spec.config_effect import without_effect
from seed.spec.config_files import load_config, merged
from seed.spec.datatypes import Finish, Outcome, Problem, Request, Rollout, ScoredRollout, Verdict
from seed.spec.errors import Reason, SeedError
from seed.spec.problem_source import Stratum
from tests.support.small_runs import (
    KillAfter,
    Killed,
    lasting_bytes,
    metrics_of,
    new_run,
    small_config,
)

GROUP = 8
METHODS = ("adaptive", "pools", "sliding")
SIGNALS = ("variance", "advantage", "progress")
Rates = Mapping[str, float]


def strata(*names: str, returns: bool = False, count: int = 0) -> list[Stratum]:
    """Strata ``maze/3`` of equal shares; of ``count`` problems each, or of endlessly many."""

    def stratum(name: str) -> Stratum:
        domain, _, level = name.rpartition("/")

        def problem(place: int) -> Problem:
            number = place % count if count else place
            return Problem(f"{name}/{number}", domain, int(level), "", {}, "", "")

        return Stratum(domain, int(level), 1 / len(names), returns, problem)

    return [stratum(name) for name in names]


def rule(method: str, of_strata: list[Stratum], **chosen: Any) -> PromptDistribution:
    section = DistributionConfig.model_validate({"method": method, **chosen})
    return PromptDistribution(section, of_strata, seed=3)


def answered(problem: Problem, right: int, size: int = GROUP) -> Group:
    """A group of which so many are right."""
    rollouts = [Rollout(Request(problem, (), i, 0), (), (), (), Finish.EOS) for i in range(size)]
    verdict = Verdict(Outcome.CORRECT, "", "")
    return [
        ScoredRollout(rollout, verdict, float(place < right), 0.0)
        for place, rollout in enumerate(rollouts)
    ]


def followed(
    of_rule: PromptDistribution,
    rate: Callable[[Problem], float],
    steps: int,
    prompts: int = 16,
    state: DistributionState | None = None,
) -> tuple[DistributionState, list[Counter[str]]]:
    """The state after some steps of a learner, and what each step asked."""
    state, asked = state or of_rule.initial(), []
    for _ in range(steps):
        problems, state = of_rule.draw(state, prompts)
        groups = [answered(problem, round(rate(problem) * GROUP)) for problem in problems]
        state = of_rule.observed(state, groups, lambda compute: compute())
        asked.append(Counter(map(stratum_of, groups)))
    return state, asked


def by_rates(rates: Rates) -> Callable[[Problem], float]:
    return lambda problem: rates[f"{problem.family}/{problem.difficulty}"]


LEVELS = ("arithmetic/1", "arithmetic/2", "arithmetic/9", "maze/1", "maze/10")


@pytest.mark.parametrize("signal", SIGNALS[:2])
def test_weight_moves_to_where_learning_happens(signal: str) -> None:
    rates = dict.fromkeys(LEVELS, 0.0) | {"arithmetic/1": 1.0, "maze/10": 0.5}
    of_rule = rule("adaptive", strata(*LEVELS), signal=signal)
    state, asked = followed(of_rule, by_rates(rates), 30)
    assert state.strata["maze/10"].share > 0.7
    assert sum(asked[-5:], Counter())["maze/10"] > 0.6 * 5 * 16
    # The learner masters it and can solve another one at times: the weight moves on.
    rates |= {"maze/10": 1.0, "arithmetic/9": 0.5}
    state, _ = followed(of_rule, by_rates(rates), 60, state=state)
    assert state.strata["arithmetic/9"].share > 0.7


def test_progress_follows_a_rate_that_changes_and_leaves_one_that_stands_still() -> None:
    of_rule = rule("adaptive", strata("a/1", "b/1"), signal="progress", temperature=0.05, memory=16)
    seen = 0

    def rate(problem: Problem) -> float:
        nonlocal seen
        seen += 1
        return 0.5 if problem.family == "a" else min(1.0, seen / 800)

    state, _ = followed(of_rule, rate, 40)
    assert state.strata["b/1"].share > 0.6


@given(rates=st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5), floor=st.floats(0.1, 1.0))
@settings(max_examples=15)
def test_no_domain_starves(rates: list[float], floor: float) -> None:
    of_rule = rule("adaptive", strata(*LEVELS), floor=floor, temperature=0.01)
    state, asked = followed(of_rule, by_rates(dict(zip(LEVELS, rates, strict=True))), 40)
    assert all(known.share >= floor / 5 - 1e-12 for known in state.strata.values())
    counts, prompts = sum(asked, Counter()), 40 * 16
    assert all(counts[name] > floor / 5 * prompts - len(LEVELS) for name in LEVELS)
    assert sum(counts.values()) == prompts


@pytest.mark.parametrize("method", METHODS)
def test_a_stationary_learner_gets_a_stationary_distribution(method: str) -> None:
    rates = dict(zip(LEVELS, (1.0, 0.5, 0.125, 0.5, 0.0), strict=True))
    of_rule = rule(method, strata(*LEVELS))
    early, _ = followed(of_rule, by_rates(rates), 150)
    late, asked = followed(of_rule, by_rates(rates), 100, state=early)
    for name in LEVELS:
        assert late.strata[name].share == pytest.approx(early.strata[name].share, abs=1e-3)
        drawn = sum(counts[name] for counts in asked)
        assert drawn == pytest.approx(1600 * late.strata[name].share, abs=len(LEVELS) + 2)
    assert math.fsum(known.share for known in late.strata.values()) == pytest.approx(1.0)


@given(order=st.permutations(range(5)), method=st.sampled_from(METHODS))
@settings(max_examples=20)
def test_the_order_of_domains_does_not_matter(order: list[int], method: str) -> None:
    rates = by_rates(dict(zip(LEVELS, (1.0, 0.5, 0.125, 0.5, 0.0), strict=True)))
    given_order = strata(*LEVELS)
    one, asked = followed(rule(method, given_order), rates, 10)
    other, again = followed(rule(method, [given_order[i] for i in order]), rates, 10)
    assert (one, asked) == (other, again)


@pytest.mark.parametrize("method", METHODS)
def test_a_state_read_back_goes_on_bit_by_bit(method: str) -> None:
    of_rule = rule(method, strata(*LEVELS, returns=True, count=40), least_groups=2)
    rates = by_rates(dict(zip(LEVELS, (1.0, 0.5, 0.3, 0.9, 0.0), strict=True)))
    state, _ = followed(of_rule, rates, 7)
    saved = json.dumps(Progress(prompt_stream=PromptStreamState(9, (), state)).to_json())
    restored = Progress.from_json(json.loads(saved)).prompt_stream.distribution
    assert restored == state
    assert followed(of_rule, rates, 7, state=restored) == followed(of_rule, rates, 7, state=state)


def test_a_rank_that_computes_nothing_asks_the_same() -> None:
    of_rule, rates = rule("adaptive", strata(*LEVELS)), dict.fromkeys(LEVELS, 0.5)
    main, follower = of_rule.initial(), of_rule.initial()
    for _ in range(5):
        problems, main = of_rule.draw(main, 16)
        others, follower = of_rule.draw(follower, 16)
        assert problems == others
        groups = [answered(p, round(by_rates(rates)(p) * GROUP)) for p in problems]
        sent: list[DistributionState] = []

        def broadcast(compute: Callable[[], DistributionState]) -> DistributionState:
            sent.append(compute())  # noqa: B023
            return sent[0]  # noqa: B023

        main = of_rule.observed(main, groups, broadcast)
        follower = of_rule.observed(follower, groups, lambda compute: sent[0])  # noqa: B023
        assert main == follower


def test_a_range_rises_with_the_solve_rate_and_falls_only_if_asked() -> None:
    names = tuple(f"maze/{level}" for level in range(1, 7))
    mastered = 4
    rate = lambda problem: 1.0 if problem.difficulty <= mastered else 0.0  # noqa: E731
    of_rule = rule("sliding", strata(*names), window=2)
    state, asked = followed(of_rule, rate, 40)
    assert set(asked[0]) == {"maze/1"}
    assert state.ranges["maze"].top == 4 and set(asked[-1]) == {"maze/4", "maze/5"}
    never, _ = followed(of_rule, lambda problem: 0.0, 40, state=state)
    assert never.ranges["maze"].top == 4
    lowering = rule("sliding", strata(*names), window=2, lower_at=0.1)
    lowered, asked = followed(lowering, lambda problem: 0.0, 40, state=state)
    assert lowered.ranges["maze"].top == 0 and set(asked[-1]) == {"maze/1"}


def test_pools_pass_over_problems_that_were_always_or_never_solved() -> None:
    of_rule = rule("pools", strata("gsm8k/1", "math/1", returns=True, count=60))
    solved = lambda problem: (0.0, 0.5, 1.0)[int(problem.id.rpartition("/")[2]) % 3]  # noqa: E731
    state, _ = followed(of_rule, solved, 20)
    rates = Counter[float]()
    for _ in range(40):
        problems, state = of_rule.draw(state, 16)
        rates.update(map(solved, problems))
    # Weights 0.2, 1 and 0.2 over equally many problems.
    assert rates[0.5] / rates.total() == pytest.approx(1 / 1.4, abs=0.08)
    assert state.strata["gsm8k/1"].share == 0.5


def test_a_group_of_one_counts_for_the_solve_rate_alone() -> None:
    of_rule = rule("adaptive", strata("a/1", "b/1"))
    (problem, _), state = of_rule.draw(of_rule.initial(), 2)
    state = of_rule.observed(state, [answered(problem, 1, size=1)], lambda compute: compute())
    known = state.strata["a/1"]
    assert (known.groups, known.rate, known.compared, known.signal) == (1, 1.0, 0, 1.0)


def test_bands_are_named_by_their_ends() -> None:
    rates = (0.0, 0.25, 0.75, 0.76, 1.0)
    assert tuple(map(band_of, rates)) == BANDS


# Runs

MIXED = (
    *("data.difficulties.arithmetic=[1, 2]", "data.difficulties.maze=[1, 2]"),
    "distribution.memory=4",
)


@pytest.mark.parametrize(
    "overrides",
    [
        ("distribution.method=adaptive",),
        ("distribution.method=sliding", "distribution.least_groups=1", "distribution.raise_at=0.1"),
        ("distribution.method=pools", "rollout.srs_alpha=0.5"),
        (
            *("distribution.method=adaptive", "rollout.srs_alpha=0.5"),
            "rollout.continue_with=snapshot",
        ),
    ],
    ids=lambda overrides: "-".join(text.rpartition("=")[2] for text in overrides),
)
def test_a_killed_run_asks_what_the_whole_run_asks(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    config = small_config("vapo", *MIXED, *overrides)
    trainer.train(new_run(tmp_path / "whole", config))
    run = new_run(tmp_path / "killed", config, KillAfter(11))
    with pytest.raises(Killed):
        trainer.train(run)
    directory, resumed = RunDirectory.resume(tmp_path / "killed")
    trainer.train(Run.resume(ReferenceBackend(), resumed, directory, KillAfter(10**6)))
    assert lasting_bytes(tmp_path / "killed") == lasting_bytes(tmp_path / "whole")
    lines = [line for line in metrics_of(tmp_path / "whole") if "data/weight" in line]
    assert len(lines) == 6
    for line in lines:
        for key in ("data/weight", "data/weight_by_domain", "data/solve_rate_bands"):
            assert math.fsum(line[key].values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("method", "needs"),
    [
        ("adaptive", "two domains or levels"),
        ("pools", "two domains or levels, or problems that come up again"),
        ("sliding", "a domain with two levels (data.difficulties)"),
    ],
)
def test_a_method_without_a_choice_is_refused(method: str, needs: str) -> None:
    config = load_config("tiny", "vapo", ["data.families=maze", f"distribution.method={method}"])
    with pytest.raises(SeedError) as caught:
        check_distribution(config)
    line = f"distribution.method={method} needs {needs}; section data has maze/1"
    assert (caught.value.reason, caught.value.line) == (Reason.ILLEGAL_COMBINATION, line)


def test_groups_of_one_are_refused_where_the_signal_is_of_a_group() -> None:
    single = ["rollout.samples_per_prompt=1", "algorithm.mini_batch=16"]
    adaptive = [*single, "distribution.method=adaptive"]
    with pytest.raises(SeedError) as caught:
        load_config("tiny", "vapo", adaptive)
    assert caught.value.line == (
        "rollout.samples_per_prompt=1 must be at least 2 with distribution.method=adaptive and"
        " distribution.signal=variance; signal=progress needs no group"
    )
    load_config("tiny", "vapo", [*adaptive, "distribution.signal=progress"])


def test_a_setting_of_another_method_is_said_to_have_no_effect() -> None:
    typed = ["distribution.method=sliding", "distribution.floor=0.5", "distribution.window=2"]
    lines = without_effect(load_config("tiny", "vapo", typed), merged({}, typed))
    assert lines == ["distribution.floor has no effect unless distribution.method is adaptive"]
    alone = ["distribution.memory=5"]
    lines = without_effect(load_config("tiny", "vapo", alone), merged({}, alone))
    assert lines == ["distribution.memory has no effect with distribution.method=in_turn"]
