"""``seed run --reward``: what is typed, what a file says, and every misuse in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from seed.reference.training.run_directory import RunDirectory
from tests.support.command_line import assert_user_error, run, succeeded
from tests.support.small_runs import SMALL

SHORT = (*SMALL, "rollout.steps=1", "value_pretraining.steps=1")


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(
        "def short(completion):\n    return 1 - len(completion) / 100\n"
        "def wants(colour):\n    return 1.0\n"
    )
    monkeypatch.chdir(tmp_path)
    return file


def test_functions_with_weights_are_recorded_and_repeat_the_run(tmp_path: Path, mine: Path) -> None:
    rewards = ("--reward", "mine.py:short,0.5", "--reward", "verifier")
    succeeded("run", *rewards, "--out", tmp_path / "run", *SHORT)
    _, config = RunDirectory.resume(tmp_path / "run")
    assert dict(config.reward.functions) == {f"{mine}:short": 0.5, "verifier": 1.0}
    assert list(config.reward.sha256) == [str(mine)]
    file = tmp_path / "run" / "config.toml"
    succeeded("run", "--config", file, "--out", tmp_path / "again")
    lines = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("run", "again")]
    assert lines[0] == lines[1]
    # With the option the file's functions, and their digests, are gone.
    mine.write_text("def other(completion):\n    return True\n")
    out = ("--config", file, "--dry-run", "--out", tmp_path / "third")
    assert_user_error(run("run", *out), f"foreign-checkpoint: {mine} has sha256 ")
    assert f"{mine}:other" in succeeded("run", *out, "--reward", "mine.py:other").stdout


def test_a_run_on_files_of_mathematics_code_and_problems_of_ones_own(
    tmp_path: Path, mine: Path
) -> None:
    mine.write_text(
        "def length(completion, wanted=None):\n"
        "    return None if wanted is None else 1 - abs(len(completion) - wanted) / 30\n"
    )
    case = {"input": "1\n", "output": "2\n"}
    rows: dict[str, list[dict[str, Any]]] = {
        "math": [{"reference": str(n + 2), "demonstration": str(n + 2)} for n in range(30)],
        "code": [{"tests": [case]} for _ in range(10)],
        "custom": [{"wanted": n} for n in range(10)],
    }
    for domain, lines in rows.items():
        texts = [
            json.dumps({"domain": domain, "problem": f"{domain} {n}"} | line)
            for n, line in enumerate(lines)
        ]
        (tmp_path / f"{domain}.jsonl").write_text("\n".join(texts))
    files = ("data.train=math.jsonl,code.jsonl,custom.jsonl", "data.families=[]")
    room = ("model.vocabulary=128", "evaluation.problems=6", "evaluation.samples=1")
    rewards = ("--reward", "verifier", "--reward", "mine.py:length,0.5")
    out = tmp_path / "run"
    succeeded("run", *rewards, "--out", out, *SHORT, *files, *room, "run.sampled_rollouts=4")
    samples = RunDirectory(out).read("samples.jsonl")
    for sample in samples:
        judge = "length" if sample["problem"].startswith("custom") else "verifier"
        assert sample["scores"].keys() == {judge}
        assert sample["why"]
    (line,) = RunDirectory(out).read("metrics.jsonl")[-1:]
    assert line["reward/accuracy_by_family"].keys() <= rows.keys()


@pytest.mark.parametrize(
    ("reward", "line"),
    [
        ("mine.py", "illegal-combination: reward.functions has mine.py, must be path.py:function"),
        ("mine.py:short,much", "illegal-value: --reward mine.py:short,much: 'much' is no weight"),
        ("mine.py:short,nan", "illegal-value: --reward mine.py:short,nan: 'nan' is no weight"),
        ("yours.py:short", "illegal-value: reward.functions=yours.py:short: there is no file"),
        ("mine.py:long", "verifier-failed: reward function "),
        ("mine.py:wants", "verifier-failed: reward function "),
    ],
)
def test_a_reward_that_cannot_be_used_is_refused_before_anything_is_written(
    tmp_path: Path, reward: str, line: str
) -> None:
    out = tmp_path / "run"
    assert_user_error(run("run", "--reward", reward, "--out", out, *SHORT), line)
    assert not out.exists()
