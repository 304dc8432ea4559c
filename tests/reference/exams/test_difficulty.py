"""Solve rates come from evaluations, by statement, with intervals."""

from pathlib import Path

from seed.reference.evaluation.folder import Folder
from seed.reference.evaluation.policies import Response
from seed.reference.exams.difficulty import Difficulty, SolveRate
from seed.reference.verifiers.verdict import judgement_of
from tests.support.evaluations import question


def evaluation(path: Path, correct: int, of: int, **fields: str) -> Path:
    """The folder of an evaluation of one problem."""
    record = {"policy": {"kind": "server", "model": "tiny"}, "benchmarks": {}}
    folder = Folder.create(path, record, [question("one", **fields)])
    with folder.opened_for_writing():
        for sample in range(of):
            response = Response("sums/one", sample, "2")
            folder.add_response(response)
            folder.add_verdict(response, judgement_of(sample < correct))
    return path


def test_a_solve_rate_is_found_by_statement_or_by_the_id_of_a_built_problem(tmp_path: Path) -> None:
    difficulty = Difficulty([evaluation(tmp_path / "a", 3, 4, id="exam-1", problem="Find $x$.")])
    expected = [SolveRate("tiny", 3, 4)]
    assert difficulty.of("find \\(x\\).", "other") == expected
    assert difficulty.of("Told otherwise.", "exam-1") == expected
    assert difficulty.of("Told otherwise.", "one") == []
    assert difficulty.policies == ["tiny"]


def test_a_problem_is_too_easy_only_with_confidence(tmp_path: Path) -> None:
    few = Difficulty([evaluation(tmp_path / "few", 4, 4)])
    many = Difficulty([evaluation(tmp_path / "many", 40, 40)])
    assert not few.solved_too_often("1 + 1?", "", 0.9)
    assert many.solved_too_often("1 + 1?", "", 0.9)
    low, high = SolveRate("tiny", 40, 40).interval
    assert 0.9 < low < high == 1.0


def test_two_policies_are_told_apart(tmp_path: Path) -> None:
    folders = [evaluation(tmp_path / name, correct, 4) for name, correct in (("a", 1), ("b", 4))]
    rates = [rate.as_json() for rate in Difficulty(folders).of("1 + 1?", "")]
    assert [rate["rate"] for rate in rates] == [0.25, 1.0]
