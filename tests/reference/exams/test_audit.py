"""The audit finds broken sets defect by defect, and nothing in a good one."""

from pathlib import Path
from typing import Any

import pytest

from seed.reference.exams import audit
from seed.reference.exams.audit import RULES, AuditedSet, audit_set, is_confirmed, total_counts
from seed.reference.exams.build import TOO_OFTEN
from seed.reference.exams.difficulty import Difficulty
from seed.reference.exams.known import KnownProblems
from seed.reference.exams.problem_sets import read_sets
from seed.reference.exams.reading import ACCEPTED, REJECTED
from tests.support.evaluations import write_lines
from tests.support.exams import BROKEN, GOOD, LONG

ELSEWHERE = (REJECTED, ACCEPTED, TOO_OFTEN)
"""Rules that no row breaks while our verifier is right; tests of ``reading`` and ``difficulty``."""


def audited(path: Path, rows: list[dict[str, Any]]) -> AuditedSet:
    known = KnownProblems()
    known.texts.add("old/1", str(BROKEN[audit.OVERLAP]["problem"]))
    (problems,) = read_sets([write_lines(path, rows)])
    return audit_set(problems, known, Difficulty([]), 0.9)


def test_every_rule_has_a_broken_row() -> None:
    assert set(RULES) == {*BROKEN, *ELSEWHERE}


def test_nothing_is_found_in_a_good_set(tmp_path: Path) -> None:
    found = audited(tmp_path / "good.jsonl", GOOD)
    assert found.counts == {} and found.flagged == [] and found.solved == []


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_finds_its_row(tmp_path: Path, rule: str) -> None:
    rows = [*GOOD, {"id": "long", "problem": LONG, "answer": "29"}, {"id": "bad"} | BROKEN[rule]]
    found = audited(tmp_path / "bad.jsonl", rows)
    assert found.counts.get(rule) == 1
    (row,) = found.flagged
    assert row.row.line == 4 and rule in [one.rule for one in row.findings]


def test_a_broken_set_is_found_as_a_whole(tmp_path: Path) -> None:
    rows = [{"id": f"r{number}"} | row for number, row in enumerate([*GOOD, *BROKEN.values()])]
    found = audited(tmp_path / "bad.jsonl", rows)
    assert set(total_counts([found])) >= set(BROKEN) - {audit.NEAR, audit.SAME_ID}
    assert found.as_json()["counts"] == found.counts
    assert found.guess == ("77", found.guess[1])


def test_an_answer_that_both_solvers_find_is_confirmed(tmp_path: Path) -> None:
    row = BROKEN[audit.WRONG_ANSWER] | {"id": "a", "answer": "299"}
    found = audited(tmp_path / "one.jsonl", [row])
    assert found.counts == {} and is_confirmed(found.rows[0])
    assert found.rows[0].as_json()["solvers"] == [299, 299]


def test_rows_of_other_domains_are_counted_apart(tmp_path: Path) -> None:
    code: dict[str, Any] = {"problem": "Write twice(x).", "tests": ["assert twice(2) == 4"]}
    found = audited(tmp_path / "mixed.jsonl", [*GOOD, code])
    assert len(found.rows) == 2 and found.problems.left_out == {"code": 1}


def test_a_row_without_an_answer_cannot_be_used(tmp_path: Path) -> None:
    found = audited(tmp_path / "bare.jsonl", [{"problem": "Find the number of primes."}])
    assert found.counts == {audit.UNUSABLE: 1}
    (tmp_path / "text.jsonl").write_text("no json\n")
    (problems,) = read_sets([tmp_path / "text.jsonl"])
    assert problems.rows[0].fault
