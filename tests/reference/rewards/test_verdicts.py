"""Verdicts on rollouts: who judges, in which order, what an error is, and that they overlap."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from seed.reference.rewards.sources import located
from seed.reference.rewards.verdicts import Verdicts, names_of
from seed.reference.tasks.problems import training_problem
from seed.spec.config_rl import RewardConfig
from seed.spec.datatypes import Finish, Outcome, Problem, Request, Rollout, Verdict
from seed.spec.errors import Reason, SeedError
from tests.support import reward_functions

PATIENCE_IN_SECONDS = 60.0
FUNCTIONS = reward_functions.__file__


def line(name: str, domain: str = "math", **instance: Any) -> Problem:
    """A problem of a file."""
    fields = {"domain": domain, "reference": "12", "row": {"level": 4}} | instance
    return Problem(name, domain, 1, "3 * 4 = ?", fields, "", "")


def rollout(problem: Problem, text: str, sample: int = 0, visit: int = 0) -> Rollout:
    tokens = tuple(map(ord, text))
    request = Request(problem, (1,), sample, visit)
    return Rollout(request, tokens, (0.0,) * len(tokens), (0,) * len(tokens), Finish.EOS)


def text_of(tokens: Iterable[int]) -> str:
    return "".join(map(chr, tokens))


def judges(group: int = 2, **settings: Any) -> Verdicts:
    named = {f"{FUNCTIONS}:{name}": weight for name, weight in settings.pop("of", {}).items()}
    functions = {"functions": settings.pop("functions", {}) | named}
    return Verdicts(RewardConfig.model_validate(functions | settings), text_of, group)


def verdicts_of(
    rollouts: Sequence[Rollout], early: Sequence[Rollout] = (), **settings: Any
) -> list[Verdict]:
    with closing(judges(**settings)) as run:
        run.check(rollouts[0].request.problem)
        for one in early:
            run.submit(one)
        return run.collect(rollouts)


def test_lines_are_judged_by_the_verifier_of_their_domain_and_puzzles_by_their_family() -> None:
    program = {"tests": [{"input": "4\n", "output": "16\n"}], "reference": ""}
    puzzle = training_problem(["twentyfour"], {"twentyfour": [1]}, 0, 1)
    cases = [
        (line("a"), r"so it is \boxed{12}", Outcome.CORRECT),
        (line("b"), r"so it is \boxed{13}", Outcome.WRONG),
        (line("c", "code", **program), "```python\nprint(int(input())**2)\n```", Outcome.CORRECT),
        (line("d", "code", **program), "```python\nprint(1)\n```", Outcome.WRONG),
        (puzzle, puzzle.demonstration, Outcome.CORRECT),
        (puzzle, "nothing", Outcome.WRONG),
    ]
    rollouts = [rollout(problem, text, n) for n, (problem, text, _) in enumerate(cases)]
    verdicts = verdicts_of(rollouts, rollouts[:3])
    assert [verdict.outcome for verdict in verdicts] == [outcome for _, _, outcome in cases]
    assert verdicts[0].extracted == "12"
    assert all(verdict.reward is None and not verdict.scores for verdict in verdicts)


def test_drawn_puzzles_start_no_process() -> None:
    puzzle = training_problem(["twentyfour"], {"twentyfour": [1]}, 0, 1)
    with closing(judges()) as run:
        run.check(puzzle)
        run.submit(rollout(puzzle, "1"))
        run.collect([rollout(puzzle, "1")])
        assert run.service.thread is None
        assert run.take_seconds() == {}


@pytest.mark.parametrize("workers", [1, 3])
def test_the_verdicts_do_not_depend_on_workers_order_or_when_they_were_asked_for(
    workers: int,
) -> None:
    problems = [line(f"p{n}") for n in range(3)]
    rollouts = [
        rollout(problem, text, sample)
        for problem in problems
        for sample, text in enumerate(("12", "7", "nothing at all", ""))
    ]
    of = {"compute_score": 0.5, "rank_in_group": 2.0}
    plain = verdicts_of(rollouts, group=4, of=of, workers=1)
    mixed = [*rollouts[::-2], *rollouts[::2]]
    assert verdicts_of(rollouts, mixed, group=4, of=of, workers=workers) == plain
    assert [verdict.reward for verdict in plain[:4]] == [5.0, 1.5, 5.5, -0.5]
    assert plain[0].scores == {"compute_score": 2.0, "rank_in_group": 2.0}
    assert plain[1].columns["compute_score.pred"] == "7"


def test_a_part_of_a_group_is_judged_as_it_is_collected() -> None:
    problem = line("p")
    group = [rollout(problem, text, n) for n, text in enumerate(("1", "123", "12", "1234"))]
    settings: dict[str, Any] = {"group": 4, "of": {"rank_in_group": 1.0}}
    whole = verdicts_of(group, group, **settings)
    assert [verdict.reward for verdict in whole] == [0.0, 2.0, 1.0, 3.0]
    with closing(judges(**settings)) as run:
        run.check(problem)
        for one in group:
            run.submit(one)
        parts = run.collect(group[1:3]) + run.collect([group[3], group[0]])
    assert [verdict.reward for verdict in parts] == [1.0, 0.0, 1.0, 0.0]


def test_a_sample_that_was_drawn_anew_is_judged_anew() -> None:
    problem = line("p")
    lost, again = rollout(problem, "7"), rollout(problem, "12")
    (verdict,) = verdicts_of([again], [lost], of={"of_item": 1.0})
    assert verdict.outcome is Outcome.CORRECT


def test_what_is_given_up_leaves_nothing_behind() -> None:
    problem = line("p")
    with closing(judges(of={"of_item": 1.0, "rank_in_group": 1.0})) as run:
        run.check(problem)
        first, second = rollout(problem, "7"), rollout(problem, "12", 1)
        for one in (first, second):
            run.submit(one)
        run.forget(first)
        assert run.collect([second])[0].outcome is Outcome.CORRECT
        for one in (first, second):
            run.submit(one)
        run.forget(first)
        run.forget(second)
        run.collect([rollout(problem, "8", 2)])
        assert not (run.single or run.ended or run.batches or run.service.done)


@pytest.mark.parametrize(
    ("settings", "reward", "correct"),
    [
        ({"of": {"of_item": 3.0}}, 3.0, True),
        ({"of": {"compute_score": -1.0}}, -2.0, True),
        ({"of": {"in_numpy": 1.0}}, 0.5, True),
        ({"of": {"in_numpy": 1.0}, "threshold": 0.6}, 0.5, False),
        ({"of": {"in_numpy": 1.0, "of_item": 1.0}, "threshold": 0.6}, 1.5, False),
        ({"of": {"applies_to_long_responses": 5.0, "of_item": 1.0}}, 1.0, True),
        ({"of": {"in_numpy": 1.0}, "functions": {"verifier": 2.0}, "threshold": 9}, 2.5, True),
    ],
)
def test_rewards_add_up_and_the_first_function_that_applies_decides_accuracy(
    settings: Mapping[str, Any], reward: float, correct: bool
) -> None:
    (verdict,) = verdicts_of([rollout(line("p"), "12")], **settings)
    assert verdict.reward == reward
    assert verdict.outcome is (Outcome.CORRECT if correct else Outcome.WRONG)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"of": {"raises": 1.0}}, "JSONDecodeError"),
        ({"of": {"is_not_a_number": 1.0}}, "the reward is nan, must be a finite number"),
        ({"of": {"returns_too_few": 1.0}}, "it returned 0 values for 1 responses"),
        ({"of": {"never_ends": 1.0}, "time_limit": 0.3}, "time limit of 0.3 s"),
        ({"of": {"exits": 1.0}}, "SystemExit: 3"),
        ({"of": {"applies_to_long_responses": 1.0}}, "no reward function applies"),
        ({"of": {"compute_score": 1.7e308}}, "the weighted sum of rewards is inf"),
        ({"of": {"of_item": 1.0}, "functions": {"verifier": 1.0}}, "verifier: "),
    ],
)
def test_a_failure_is_an_error_with_its_reason_and_spoils_no_other_response(
    settings: Mapping[str, Any], why: str
) -> None:
    broken = line("broken", reference=r"\frac{") if "verifier" in why else line("broken")
    (verdict,) = verdicts_of([rollout(broken, "12")], **settings)
    assert verdict.outcome is Outcome.ERROR
    assert why in verdict.why
    assert verdict.reward is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("asks_for_too_much", "asks_for_too_much: parameter colour is neither"),
        ("missing", "has no function missing"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused_before_anything_is_sampled(
    name: str, why: str
) -> None:
    with closing(judges(of={name: 1.0})) as run, pytest.raises(SeedError) as error:
        run.check(line("p"))
    assert error.value.reason is Reason.VERIFIER_FAILED
    assert why in error.value.line


def waits_for(file: Path, wanted: int) -> int:
    """Lines of a file once they are there; a bound ends a test that would fail anyway."""
    deadline = time.monotonic() + PATIENCE_IN_SECONDS
    while time.monotonic() < deadline:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) >= wanted:
            return len(lines)
        time.sleep(0.01)
    return len(lines)


def test_responses_are_judged_while_the_caller_does_other_work(tmp_path: Path) -> None:
    log = tmp_path / "judged"
    file = tmp_path / "slow.py"
    file.write_text(
        "def f(completion):\n"
        f"    open({str(log)!r}, 'a').write(completion + chr(10))\n"
        "    return 1.0\n"
    )
    rollouts = [rollout(line("p"), str(n), n) for n in range(4)]
    with closing(judges(functions={f"{file}:f": 1.0}, workers=2)) as run:
        run.check(rollouts[0].request.problem)
        for one in rollouts:
            run.submit(one)
        # The caller asks for nothing, and the verdicts come all the same.
        assert waits_for(log, 4) == 4
        assert [verdict.reward for verdict in run.collect(rollouts)] == [1.0] * 4
        assert sorted(log.read_text().split()) == ["0", "1", "2", "3"]
        assert run.take_seconds().keys() == {"verdict_seconds", "verdict_busy_seconds"}


def test_functions_are_named_by_themselves_and_by_their_file_where_that_is_needed() -> None:
    assert names_of(["a.py:f", "verifier", "b.py:g"]) == {"a.py:f": "f", "b.py:g": "g"}
    assert names_of(["a.py:f", "b.py:f"]) == {"a.py:f": "a.f", "b.py:f": "b.f"}
    assert names_of(["x/a.py:f", "y/a.py:f"]) == {"x/a.py:f": "x/a.py:f", "y/a.py:f": "y/a.py:f"}


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    file = tmp_path / "mine.py"
    file.write_text("def f(item):\n    return True\n")
    monkeypatch.chdir(tmp_path)
    yield file


def test_files_are_recorded_with_their_digest_and_a_changed_one_is_refused(source: Path) -> None:
    settings = RewardConfig.model_validate({"functions": {"mine.py:f": 2.0, "verifier": 1.0}})
    recorded = located(settings)
    assert dict(recorded.functions) == {f"{source}:f": 2.0, "verifier": 1.0}
    assert located(recorded) == recorded
    source.write_text("def f(item):\n    return False\n")
    with pytest.raises(SeedError) as error:
        located(recorded)
    assert error.value.reason is Reason.FOREIGN_CHECKPOINT
    assert error.value.line.startswith(f"{source} has sha256 ")
    source.unlink()
    with pytest.raises(SeedError, match="there is no file"):
        located(recorded)
