"""Strata of every source: the same training problems as its stream, by domain and level."""

import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seed.reference.data.open_source import open_source
from seed.reference.tasks.puzzle_source import PuzzleSource
from seed.spec.config_model import DataConfig
from seed.spec.problem_source import ProblemSource

PUZZLES = {"families": ["maze", "arithmetic"], "difficulties": {"arithmetic": [2, 2, 3]}}


def section(**data: Any) -> DataConfig:
    return DataConfig.model_validate({"demonstrations": 6, "max_prompt_tokens": 200} | data)


def puzzles() -> ProblemSource:
    return PuzzleSource(section(**PUZZLES), 8, seed=1)


def opened(*train: str, **data: Any) -> ProblemSource:
    return open_source(section(train=train, **data), 8, seed=1)


def sums(path: Path, dataset: str, count: int) -> str:
    rows = [
        {"problem": f"{dataset} {n}+1=", "reference": str(n + 1), "dataset": dataset}
        for n in range(count)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return sums(tmp_path / "a.jsonl", "gsm8k", 120), sums(tmp_path / "b.jsonl", "math", 40)


def shares(source: ProblemSource) -> dict[str, float]:
    return {stratum.name: stratum.share for stratum in source.strata()}


def test_levels_of_puzzles_have_the_shares_of_the_stream() -> None:
    third = pytest.approx(1 / 6)
    assert shares(puzzles()) == {
        "maze/1": 0.5,
        "arithmetic/2": pytest.approx(1 / 3),
        "arithmetic/3": third,
    }


@pytest.mark.parametrize("task", ["puzzles", "addition:120", "word-problems", "files", "both"])
def test_strata_are_the_training_problems_and_no_others(task: str, files: tuple[str, str]) -> None:
    sources: dict[str, Callable[[], ProblemSource]] = {
        "puzzles": puzzles,
        "files": lambda: opened(*files, weights={files[0]: 3.0}),
        "both": lambda: opened(*files, "addition:9", "addition:12", weights={"addition:9": 2.0}),
    }
    source = sources[task]() if task in sources else opened(task)
    held_out = {problem.prompt for problem in source.held_out()}
    of_source = source.strata()
    assert math.fsum(stratum.share for stratum in of_source) == pytest.approx(1.0)
    assert len({stratum.name for stratum in of_source}) == len(of_source)
    for stratum in of_source:
        problems = [stratum.problem(place) for place in range(30)]
        assert {(p.family, p.difficulty) for p in problems} == {(stratum.domain, stratum.level)}
        assert not held_out & {problem.prompt for problem in problems}
        assert stratum.problem(7) == problems[7]
    # A family's share over its levels is its share of the stream.
    counts = Counter(source.training(index).family for index in range(3000))
    for family in counts:
        share = math.fsum(s.share for s in of_source if s.domain == family)
        assert counts[family] / 3000 == pytest.approx(share, abs=0.03)


def test_levels_of_the_built_in_tasks_are_digits_and_steps() -> None:
    of_addition = opened("addition:120").strata()
    assert [stratum.level for stratum in of_addition] == [1, 2, 3]
    for stratum in of_addition:
        row = stratum.problem(0).instance["row"]
        assert len(str(max(row["a"], row["b"]))) == stratum.level
    source = opened("word-problems")
    for stratum in source.strata():
        steps = {stratum.problem(place).instance["row"]["steps"] for place in range(30)}
        assert steps == {stratum.level}
        same = [source.training(n).instance["row"]["steps"] == stratum.level for n in range(1500)]
        assert sum(same) / 1500 == pytest.approx(stratum.share, abs=0.05)


def test_a_stratum_of_a_file_asks_every_row_once_an_epoch(files: tuple[str, str]) -> None:
    (stratum,) = opened(files[0]).strata()
    assert stratum.returns and stratum.name == "gsm8k/1"
    first = [stratum.problem(place).id for place in range(110)]
    size = len(set(first))
    assert sorted(first[:size]) == sorted({stratum.problem(size + n).id for n in range(size)})


def test_members_with_a_stratum_in_common_take_turns_in_it() -> None:
    source = opened("addition:9", "addition:12", weights={"addition:9": 3.0})
    low = next(stratum for stratum in source.strata() if stratum.level == 1)
    largest = [max(p.instance["row"].values()) for p in map(low.problem, range(40))]
    assert max(largest) <= 9 and low.share > 0.75
