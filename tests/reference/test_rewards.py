"""Rewards in the loop: lines of files, functions of the user, errors by policy, resume, overlap."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.rewards.sources import located
from seed.reference.rewards.verdicts import verdicts_of
from seed.reference.rollouts.engine import LocalEngine
from seed.reference.rollouts.rules import rules_of
from seed.reference.rollouts.streaming import RolloutState, Streaming
from seed.reference.tasks import task
from seed.reference.training import trainer
from seed.reference.training.prompt_stream import PromptStreamState, collect
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.spec.characters import END, encode
from seed.spec.config import Config
from seed.spec.datatypes import Finish, Outcome, Problem, Request, Rollout, ScoredRollout, Verdict
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.small_runs import (
    EventRecorder,
    KillAfter,
    Killed,
    lasting_bytes,
    metrics_of,
    new_run,
    small_config,
)

PATIENCE_IN_SECONDS = 60.0
FUNCTIONS = """
def close(completion, reference):
    distance = abs(len(completion) - len(reference))
    return {"score": 1.0 - distance / 10, "characters": len(completion)}

def longest(completions, **columns):
    longest = max(map(len, completions))
    return [float(len(completion) == longest) for completion in completions]

def breaks_on_some(completion):
    assert len(completion) % 3, "a length that three divides"
    return len(completion) % 2 == 0

def breaks(completion):
    raise ValueError("broken")
"""


class Sums:
    """Lines of a file that does not exist: sums, judged by the verifier of mathematics."""

    groups = ("sums",)

    def training(self, index: int) -> Problem:
        first, second = index % 7 + 1, index % 3 + 1
        total = str(first + second)
        instance = {"domain": "math", "reference": total, "row": {"level": index % 2}}
        name = f"sums/{index}"
        return Problem(name, "sums", 1, f"C{first}+{second}=", instance, total, total)

    def held_out(self) -> list[Problem]:
        return [self.training(index) for index in range(100, 104)]

    def demonstrations(self) -> list[tuple[Problem, str]]:
        return [(problem, problem.answer) for problem in map(self.training, range(200, 220))]


@pytest.fixture
def sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "_problems", lambda *settings: Sums())


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(FUNCTIONS)
    return file


def rewarded(file: Path, *overrides: str, recipe: str = "grpo", **weights: float) -> Config:
    """A small run with functions of a file."""
    table = ", ".join(
        f'"{name if name == "verifier" else f"{file}:{name}"}" = {weight}'
        for name, weight in weights.items()
    )
    base = ("rollout.steps=3", "evaluation.problems=4", "evaluation.samples=1")
    config = small_config(recipe, *base, f"reward.functions={{{table}}}", *overrides)
    return config.model_copy(update={"reward": located(config.reward)})


def of_lines(file: Path, *overrides: str, **weights: float) -> Config:
    lines = ('data.train=["sums.jsonl"]', "data.families=[]", "supervised.steps=8")
    return rewarded(file, *lines, *overrides, recipe="grpo", **weights)


def resumed(path: Path) -> None:
    directory, config = RunDirectory.resume(path)
    trainer.train(Run.resume(ReferenceBackend(), config, directory, SilentObserver()))


@pytest.mark.parametrize("streaming", [(), ("rollout.srs_alpha=0.5", "parallel.rollout_slots=8")])
def test_a_run_on_lines_and_functions_that_is_killed_and_resumed_is_the_uninterrupted_run(
    tmp_path: Path, functions: Path, sums: None, streaming: tuple[str, ...]
) -> None:
    weights = {"verifier": 1.0, "close": 0.5, "longest": 0.25}
    config = of_lines(functions, *streaming, "run.checkpoint_every=1", **weights)
    trainer.train(new_run(tmp_path / "whole", config))
    with pytest.raises(Killed):
        trainer.train(new_run(tmp_path / "run", config, KillAfter(10)))
    resumed(tmp_path / "run")
    assert lasting_bytes(tmp_path / "run") == lasting_bytes(tmp_path / "whole")
    (sample, *_) = RunDirectory(tmp_path / "run").read("samples.jsonl")
    assert sample["scores"].keys() == weights.keys()
    assert sample["columns"] == {"close.characters": len(sample["response"])}
    assert {"extracted", "why"} <= sample.keys()
    (*_, last) = metrics_of(tmp_path / "run")
    assert last["reward/function"].keys() == weights.keys()
    assert last["reward/column"]["close.characters"] > 0.0
    (*_, timing) = RunDirectory(tmp_path / "run").read("timings.jsonl")
    assert timing["verdict_busy_seconds"] > 0.0 <= timing["verdict_seconds"]


def test_lines_are_rewarded_by_their_verifier_where_no_function_is_named(
    tmp_path: Path, functions: Path, sums: None
) -> None:
    run = new_run(tmp_path / "run", of_lines(functions))
    trainer.train(run)
    for line in metrics_of(tmp_path / "run"):
        if line["phase"] == "reinforcement":
            assert line["reward/mean"] == pytest.approx(2 * line["reward/accuracy"] - 1)
            assert line["reward/accuracy_by_family"].keys() == {"sums"}
            assert "reward/function" not in line
    for sample in RunDirectory(tmp_path / "run").read("samples.jsonl"):
        assert sample.keys() >= {"extracted"} and "scores" not in sample


def test_a_changed_function_is_refused_at_resume_and_named(tmp_path: Path, functions: Path) -> None:
    config = rewarded(functions, "run.checkpoint_every=1", close=1.0)
    with pytest.raises(Killed):
        trainer.train(new_run(tmp_path / "run", config, KillAfter(7)))
    functions.write_text(FUNCTIONS + "# changed\n")
    with pytest.raises(SeedError) as error:
        resumed(tmp_path / "run")
    assert error.value.reason is Reason.FOREIGN_CHECKPOINT
    assert error.value.line.startswith(f"{functions} has sha256 ")
    # Whoever deletes the digest goes on with the changed function.
    settings = tmp_path / "run" / "config.toml"
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith(f'"{functions}" =')))
    resumed(tmp_path / "run")


def test_what_a_function_imports_beside_it_is_recorded_and_refused_too(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import rules\n\ndef f(completion):\n    return 1.0\n")
    (tmp_path / "rules.py").write_text("")
    config = rewarded(tmp_path / "mine.py", f=1.0)
    assert {Path(path).name for path in config.reward.sha256} == {"mine.py", "rules.py"}
    (tmp_path / "rules.py").write_text("# changed")
    with pytest.raises(SeedError) as error:
        located(config.reward)
    assert error.value.line.startswith(f"{tmp_path / 'rules.py'} has sha256 ")


def test_an_error_stops_the_run_with_problem_and_reason(tmp_path: Path, functions: Path) -> None:
    with pytest.raises(SeedError) as error:
        trainer.train(new_run(tmp_path / "run", rewarded(functions, breaks=1.0)))
    assert error.value.reason is Reason.VERIFIER_FAILED
    assert error.value.line.startswith("problem arithmetic/")
    assert error.value.line.endswith(":breaks: ValueError: broken (mine.py line 15)")


def test_dropped_responses_train_nothing_and_are_counted_and_named(
    tmp_path: Path, functions: Path
) -> None:
    listener = EventRecorder()
    config = rewarded(functions, "reward.on_error=drop", breaks_on_some=1.0)
    trainer.train(new_run(tmp_path / "run", config, listener))
    lines = [line for line in metrics_of(tmp_path / "run") if line["phase"] == "reinforcement"]
    assert all(line["rollout/responses"] + line["reward/errors"] == 16 for line in lines)
    assert any(line["reward/errors"] for line in lines)
    assert {"reward_errors", "evaluation_errors"} <= set(listener.events)


def test_a_run_ends_if_nothing_has_a_verdict(tmp_path: Path, functions: Path) -> None:
    config = rewarded(functions, "reward.on_error=drop", breaks=1.0)
    with pytest.raises(SeedError) as error:
        trainer.train(new_run(tmp_path / "run", config))
    assert error.value.line.startswith("none of 16 responses has a verdict; the first, of problem ")


def scored(outcomes: Sequence[str]) -> Any:
    """Scores requests by turns."""

    def score(requests: Sequence[Request]) -> list[ScoredRollout]:
        result = []
        for number, request in enumerate(requests):
            verdict = Verdict(Outcome(outcomes[number % len(outcomes)]), "", "why")
            rollout = Rollout(request, (END,), (0.0,), (0,), Finish.EOS)
            accuracy = float(verdict.outcome is Outcome.CORRECT)
            result.append(ScoredRollout(rollout, verdict, accuracy, accuracy))
        return result

    return score


def test_the_rest_of_a_group_is_the_group_and_nothing_is_sampled_instead() -> None:
    config = small_config("grpo")
    outcomes = ["correct", "error", "wrong", "error"]
    collection = collect(config, PromptStreamState(), scored(outcomes), lambda: 4)
    assert [len(group) for group in collection.groups] == [2, 2, 2, 2]
    assert len(collection.errors) == 8 and len(collection.sampled) == 8
    assert not collection.exhausted and collection.rounds == 1


def test_dynamic_sampling_refills_what_errors_have_emptied() -> None:
    config = small_config("dapo")
    outcomes = ["correct", "error", "wrong", "correct"]
    collection = collect(config, PromptStreamState(), scored(outcomes), lambda: 4)
    assert collection.rounds == 2 and len(collection.errors) == 8
    assert not collection.exhausted
    outcomes = ["correct", "error", "correct", "error"]  # alike but for the errors
    assert collect(config, PromptStreamState(), scored(outcomes), lambda: 4).exhausted


class PatientWorker:
    """A rollout worker that decodes the last response only when all others are judged."""

    def __init__(self, worker: Any, unjudged: Callable[[], int]) -> None:
        self.worker, self.unjudged = worker, unjudged
        self.add, self.preempt = worker.add, worker.preempt
        self.has_waited = False

    @property
    def running(self) -> int:
        return int(self.worker.running)

    def decode(self, steps: int) -> Any:
        if self.worker.running == 1 and not self.has_waited:
            self.has_waited = True
            deadline = time.monotonic() + PATIENCE_IN_SECONDS  # of a test that fails
            while self.unjudged() and time.monotonic() < deadline:
                time.sleep(0.01)
        return self.worker.decode(steps)


def test_all_verdicts_but_the_last_are_there_before_decoding_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "slow.py"
    file.write_text(
        "import time\ndef f(completion):\n    time.sleep(0.05)\n    return len(completion)\n"
    )
    config, backend, problem = rewarded(file, f=1.0), ReferenceBackend(), Sums().training(0)
    prompt, visits = encode(problem.prompt), config.rollout.prompts
    lengths = [2] * (4 * visits - 1) + [20]
    requests = [
        Request(problem, prompt, number % 4, number // 4, length)
        for number, length in enumerate(lengths)
    ]
    ended: list[Rollout] = []
    workers: list[PatientWorker] = []
    with closing(verdicts_of(config)) as verdicts:
        verdicts.check(problem)

        def submit(rollout: Rollout) -> None:
            verdicts.submit(rollout)
            ended.append(rollout)

        def patient(*arguments: Any) -> PatientWorker:
            worker = ReferenceBackend.rollout_worker(backend, *arguments)
            workers.append(PatientWorker(worker, lambda: len(ended) - len(judged())))
            return workers[-1]

        def judged() -> list[Rollout]:
            return list(filter(verdicts.is_judged, ended))

        monkeypatch.setattr(backend, "rollout_worker", patient)
        rules = rules_of(config)
        engine = LocalEngine(backend, config, config.rollout_sampling, rules.workers[0].slots)
        streaming = Streaming(rules, RolloutState(), engine, ended=submit)
        engine.policies = {streaming.publish(0): backend.initial_state(config)}
        rollouts = streaming.finish(requests)
        assert workers[0].has_waited
        assert len(judged()) >= len(requests) - 1
        assert all(verdict.reward for verdict in verdicts.collect(rollouts))
