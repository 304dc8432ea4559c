"""Properties of ``import seed``: one small run through every public function, and no output."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import seed
from seed.reference.tasks.problems import problem_set
from seed.spec.datatypes import Outcome
from tests.support.small_runs import SMALL

ROOT = Path(__file__).parents[2]
SECTIONS = ("Args", "Returns", "Raises")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> seed.RunRecord:
    """A run of about a second."""
    config = seed.load_config("tiny", "vapo", SMALL, seed=3)
    return seed.train(config, tmp_path_factory.mktemp("public") / "run")


def test_importing_seed_loads_nothing_heavy() -> None:
    heavy = {"numpy", "torch", "mpi4py", "pydantic", "h5py", "matplotlib", "click"}
    code = f"import sys, seed; print(sorted({heavy!r} & set(sys.modules)), hasattr(seed, 'train'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] True"


def test_every_public_name_exists_and_every_function_documents_arguments_result_and_errors() -> (
    None
):
    for name in seed.__all__:
        value = getattr(seed, name)
        assert value.__doc__, name
        if name[0].islower():
            assert all(f"\n    {section}:" in value.__doc__ for section in SECTIONS), name
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        getattr(seed, "trian")  # noqa: B009


def test_train_returns_what_it_wrote(trained: seed.RunRecord) -> None:
    assert trained.config.seed == 3
    assert trained.summary is not None and trained.summary["steps"] == 4
    assert [line["step"] for line in trained.metrics] == list(range(1, len(trained.metrics) + 1))
    assert trained.metrics[-1]["phase"] == "reinforcement"


def test_the_file_of_a_run_is_its_configuration(trained: seed.RunRecord) -> None:
    file = trained.path / "config.toml"
    assert seed.load_config(file=file) == trained.config
    changed = seed.load_config(file=str(file), overrides=["rollout.steps=9"], seed=4)
    assert (changed.seed, changed.rollout.steps) == (4, 9)
    assert changed.model == trained.config.model


def test_train_starts_from_a_checkpoint(trained: seed.RunRecord, tmp_path: Path) -> None:
    start = ("supervised.steps=0", "rollout.steps=1", f"start.checkpoint={trained.path}")
    run = seed.train(seed.load_config("tiny", "grpo", [*SMALL, *start]), tmp_path / "run")
    assert run.summary is not None and len(run.metrics) == 1
    assert run.summary["started_from"] == run.config.start.model_dump()
    assert run.config.start.step == 12


def test_train_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seed.train(seed.load_config("tiny", "grpo", [*SMALL, "rollout.steps=1"]), tmp_path / "run")
    assert capfd.readouterr() == ("", "")


def test_read_run_returns_what_train_returned(trained: seed.RunRecord) -> None:
    assert seed.read_run(trained.path) == trained
    assert seed.read_run(str(trained.path)).metrics == trained.metrics


def test_read_run_reads_an_unfinished_run(trained: seed.RunRecord, tmp_path: Path) -> None:
    for name in ("config.toml", "metrics.jsonl"):
        (tmp_path / name).write_bytes((trained.path / name).read_bytes())
    assert seed.read_run(tmp_path).summary is None


def test_resume_of_a_finished_run_changes_no_metric(trained: seed.RunRecord) -> None:
    before = (trained.path / "metrics.jsonl").read_bytes()
    assert seed.resume(trained.path).metrics == trained.metrics
    assert (trained.path / "metrics.jsonl").read_bytes() == before


def test_evaluate_repeats_the_runs_own_evaluation(trained: seed.RunRecord) -> None:
    assert trained.summary is not None
    assert seed.evaluate(trained.path) == trained.summary["eval_after"]
    assert seed.evaluate(trained.path, ["evaluation.samples=1"])["overall"]["samples"] == 1


def test_generate_is_deterministic_in_prompt_sample_and_draw(trained: seed.RunRecord) -> None:
    data = trained.config.data
    prompts = [
        problem.prompt
        for problem in problem_set(data.families, data.difficulties, 2, seed=0, held_out=True)
    ]
    responses = seed.generate(trained.path, prompts, samples=3)
    assert [len(of_prompt) for of_prompt in responses] == [3, 3]
    assert seed.generate(trained.path, prompts[::-1], samples=3) == responses[::-1]
    assert seed.generate(trained.path, prompts[:1] * 2, samples=2) == [responses[0][:2]] * 2
    assert seed.generate(trained.path, prompts, samples=3, draw=1) != responses
    short = seed.generate(trained.path, prompts, overrides=["rollout.max_response_tokens=1"])
    assert all(len(text) <= 1 for of_prompt in short for text in of_prompt)
    assert seed.generate(trained.path, []) == []


def test_verify_judges_mathematics_and_a_puzzle() -> None:
    (problem,) = problem_set(["maze"], {"maze": [1]}, 1, seed=1, held_out=False)
    puzzle = {"family": "maze", "instance": dict(problem.instance)}
    maze = {"domain": "puzzle", "problem": problem.prompt, "puzzle": puzzle}
    half = {"domain": "math", "problem": "1/4 + 1/4 = ?", "reference": "1/2"}
    judgements = seed.verify(
        [
            {"id": "a", "response": "It is \\boxed{0.5}.", **half},
            {"id": "b", "response": "It is \\boxed{0.25}.", **half},
            {"id": "c", "response": problem.answer, **maze},
            {"id": "d", "response": "no idea", **maze},
            {"id": "e", "domain": "math", "problem": "?", "response": "1"},
        ],
        jobs=1,
    )
    outcomes = [judgement.verdict.outcome for judgement in judgements]
    assert outcomes == [Outcome.CORRECT, Outcome.WRONG] * 2 + [Outcome.ERROR]
    assert [judgement.reward for judgement in judgements] == [1.0, 0.0, 1.0, 0.0, None]
    assert judgements[-1].verdict.why == "reference is missing"


def test_verify_uses_the_users_own_function(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def check(fields):\n    return fields['response'] == 'right'\n"
    )
    lines = [
        {"id": word, "domain": "chess", "problem": "", "response": word}
        for word in ("right", "left")
    ]
    judgements = seed.verify(lines, verifier=f"{tmp_path / 'mine.py'}:check", jobs=1)
    assert [judgement.reward for judgement in judgements] == [1.0, 0.0]


def test_user_errors_are_seed_errors(trained: seed.RunRecord, tmp_path: Path) -> None:
    no_effect = seed.load_config("tiny", "vapo", ["parallel.tp=2"])
    calls: dict[str, Callable[[], object]] = {
        "illegal-combination": lambda: seed.train(no_effect, tmp_path / "new"),
        "unknown-name": lambda: seed.load_config("tiny", "vapor"),
        "run-directory-in-use": lambda: seed.train(trained.config, trained.path),
        "not-a-run-directory": lambda: seed.read_run(tmp_path),
        "not-a-checkpoint": lambda: seed.evaluate(tmp_path / "missing"),
        "unknown-key": lambda: seed.evaluate(trained.path, ["evaluation.sample=1"]),
    }
    for reason, call in calls.items():
        with pytest.raises(seed.SeedError) as error:
            call()
        assert error.value.reason == reason


@pytest.mark.parametrize(
    ("prompts", "samples"),
    [(["~"], 1), (["é"], 1), ([""], 1), (["1" * 10_000], 1), ("1+1", 1), (["1+1"], 0)],
    ids=repr,
)
def test_generate_refuses_what_the_model_cannot_read(
    trained: seed.RunRecord, prompts: list[str], samples: int
) -> None:
    with pytest.raises(seed.SeedError) as error:
        seed.generate(trained.path, prompts, samples=samples)
    assert error.value.reason is seed.Reason.ILLEGAL_VALUE
