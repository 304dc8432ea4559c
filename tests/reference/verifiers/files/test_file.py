"""Laws of files of judgements: one line each, in order, the same bytes however often the run is
killed.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.problems import problem_set
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.verifiers.files.audit import Audit, Finding, audit_file
from seed.reference.verifiers.files.file import count_lines, verify_file
from seed.reference.verifiers.files.lines import Heading, Rule
from seed.reference.verifiers.files.tally import Tally
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.worker import Limits
from seed.reference.verifiers.verdict import Judgement
from seed.spec.datatypes import Outcome
from seed.spec.errors import Reason, SeedError
from tests.reference.verifiers.runner.test_worker import BEHAVE

LIMITS = Limits(seconds=60.0, memory_mebibytes=512)
OWN = Rule(BEHAVE)
MANY = settings(max_examples=30)


def own_line(name: str, problem: str = "", response: str = "right", **more: Any) -> bytes:
    return json.dumps(
        {"id": name, "domain": "chess", "problem": problem, "response": response} | more
    ).encode()


def puzzle_lines() -> list[bytes]:
    problems = problem_set(
        list(FAMILIES), {name: [1] for name in FAMILIES}, 24, seed=3, held_out=False
    )
    return [
        json.dumps(
            {
                "id": f"{number}",
                "domain": "puzzle",
                "problem": problem.prompt,
                "puzzle": {"family": problem.family, "instance": dict(problem.instance)},
                "response": problem.answer if number % 3 else "no idea",
            }
        ).encode()
        for number, problem in enumerate(problems)
    ]


BAD_LINES = [
    b"",
    b"{",
    b"\xff",
    b"[[[",
    b'{"id": "x"}',
    own_line("y"),
    b'{"id": "\\ud800", "domain": "\\u001b[2J"}',
]
LINES = [line for pair in zip(puzzle_lines(), BAD_LINES * 4, strict=False) for line in pair]


def heard(heading: Heading, judgement: Judgement) -> None:
    """A listener that is not interested."""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(2, LIMITS) as pool:
        yield pool


@pytest.fixture(scope="module")
def whole(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """An input, and the output of a run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("verify")
    (folder / "in.jsonl").write_bytes(b"\n".join(LINES))
    verify_file(folder / "in.jsonl", folder / "out.jsonl", Rule(), pool, False, heard)
    return folder / "in.jsonl", (folder / "out.jsonl").read_bytes()


def test_every_input_line_has_exactly_one_output_line_in_its_place(
    whole: tuple[Path, bytes],
) -> None:
    said = [json.loads(line) for line in whole[1].splitlines()]
    assert len(said) == len(LINES) == count_lines(whole[0])
    for line, judgement in zip(LINES, said, strict=True):
        given_id = json.loads(line)["id"] if line.startswith(b'{"id": ') else None
        assert judgement["id"] == given_id
        assert (judgement["verdict"] == "error") == (judgement["reward"] is None)
    assert Counter(one["verdict"] for one in said) == {"correct": 16, "wrong": 8, "error": 24}


def test_the_output_does_not_depend_on_the_number_of_workers(
    whole: tuple[Path, bytes], tmp_path: Path
) -> None:
    for jobs in (1, 3):
        with Pool(jobs, LIMITS) as pool:
            verify_file(whole[0], tmp_path / f"{jobs}", Rule(), pool, False, heard)
        assert (tmp_path / f"{jobs}").read_bytes() == whole[1]


@given(data=st.data())
@MANY
def test_a_run_cut_off_at_any_byte_is_resumed_to_the_same_bytes(
    pool: Pool, whole: tuple[Path, bytes], data: st.DataObject
) -> None:
    path, output = whole
    out = path.with_name("resumed.jsonl")
    out.write_bytes(output[: data.draw(st.integers(0, len(output)))])
    again: list[str | None] = []
    tally = verify_file(
        path, out, Rule(), pool, True, lambda heading, judgement: again.append(heading.id)
    )
    assert out.read_bytes() == output
    assert len(again) == len(LINES) == sum(tally.overall.outcomes.values())


def test_a_last_line_that_was_cut_short_leaves_nothing_behind(
    pool: Pool, whole: tuple[Path, bytes], tmp_path: Path
) -> None:
    """The line may come out shorter this time: a judge gave long reasons, and now the server does
    not answer.
    """
    start = whole[1][: whole[1].index(b'"verdict": "') + len(b'"verdict": "')]
    (tmp_path / "out").write_bytes(start + b"x" * 100_000)
    verify_file(whole[0], tmp_path / "out", Rule(), pool, True, heard)
    assert (tmp_path / "out").read_bytes() == whole[1]


@given(data=st.data())
@MANY
def test_an_output_that_belongs_to_something_else_is_refused_and_left_as_it_is(
    pool: Pool, whole: tuple[Path, bytes], data: st.DataObject
) -> None:
    path, output = whole
    out = path.with_name("foreign.jsonl")
    said = [json.loads(line) for line in output.splitlines()]
    place = data.draw(st.integers(0, len(said) - 1))
    field = data.draw(
        st.sampled_from(["id", "domain", "line", "verdict", "reward", "order", "more"])
    )
    if field == "order":
        said[place], said[place - 1] = said[place - 1], said[place]
    else:
        said[place][field] = "something else"
    foreign = b"".join(json.dumps(one).encode() + b"\n" for one in said)
    out.write_bytes(foreign)
    with pytest.raises(SeedError) as refusal:
        verify_file(path, out, Rule(), pool, True, heard)
    assert refusal.value.reason is Reason.FOREIGN_OUTPUT
    assert out.read_bytes() == foreign


@pytest.mark.parametrize(
    ("foreign", "why"),
    [
        (
            b"my notes, without a line end",
            "line 1, the last, is not the beginning of a judgement of that input line",
        ),
        (b"my notes\n", "line 1 is no judgement of that input line"),
        (b"\n", "line 1 is no judgement of that input line"),
        (LINES[0] + b"\n", "line 1 is no judgement of that input line"),
    ],
)
def test_no_foreign_file_is_resumed(
    pool: Pool, whole: tuple[Path, bytes], tmp_path: Path, foreign: bytes, why: str
) -> None:
    out = tmp_path / "out"
    out.write_bytes(foreign)
    with pytest.raises(SeedError, match=why):
        verify_file(whole[0], out, Rule(), pool, True, heard)
    assert out.read_bytes() == foreign


def test_an_output_longer_than_its_input_or_by_another_verifier_is_refused(
    pool: Pool, tmp_path: Path
) -> None:
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(own_line("a") + b"\n" + own_line("b"))
    verify_file(path, out, OWN, pool, False, heard)
    with pytest.raises(
        SeedError, match="line 1 is no judgement of that input line by this verifier"
    ):
        verify_file(path, out, Rule(BEHAVE.replace(":behave", ":exits")), pool, True, heard)
    path.write_bytes(own_line("a"))
    with pytest.raises(SeedError, match="the input has no line 2"):
        verify_file(path, out, OWN, pool, True, heard)


def test_an_output_that_exists_is_refused_without_resume(
    pool: Pool, whole: tuple[Path, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.write_bytes(whole[1])
    with pytest.raises(
        SeedError, match="exists; choose another --out, or continue it with --resume"
    ):
        verify_file(whole[0], out, Rule(), pool, False, heard)
    assert out.read_bytes() == whole[1]


def test_an_output_has_one_writer_at_a_time(
    pool: Pool, whole: tuple[Path, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def intrude(heading: Heading, judgement: Judgement) -> None:
        with (
            Pool(1, LIMITS) as other,
            pytest.raises(SeedError, match="is being written by another process"),
        ):
            verify_file(whole[0], out, Rule(), other, True, heard)

    verify_file(whole[0], out, Rule(), pool, False, intrude)
    assert out.read_bytes() == whole[1]


def test_lines_may_name_their_own_verifier_if_the_user_allows_it(
    pool: Pool, tmp_path: Path
) -> None:
    path = tmp_path / "in"
    path.write_bytes(
        b"\n".join(
            [own_line("a", verifier=BEHAVE), own_line("b", response="", verifier=BEHAVE), LINES[0]]
        )
    )
    verify_file(path, tmp_path / "out", Rule("", lines_may_choose=True), pool, False, heard)
    said = [json.loads(line) for line in (tmp_path / "out").read_bytes().splitlines()]
    assert [one["verdict"] for one in said] == ["correct", "wrong", "wrong"]
    assert [one.get("verifier") for one in said] == [BEHAVE, BEHAVE, None]
    verify_file(path, tmp_path / "refused", Rule(), pool, False, heard)
    said = [json.loads(line) for line in (tmp_path / "refused").read_bytes().splitlines()]
    assert [one["verdict"] for one in said] == ["error", "error", "wrong"]


def test_a_verifier_that_does_not_load_is_refused_before_anything_is_written(
    pool: Pool, tmp_path: Path
) -> None:
    path = tmp_path / "in"
    path.write_bytes(own_line("a"))
    for verifier in ("missing.py:f", "no address", BEHAVE.replace(":behave", ":nothing")):
        with pytest.raises(SeedError, match="verifier="):
            verify_file(path, tmp_path / "out", Rule(verifier), pool, False, heard)
    assert not (tmp_path / "out").exists()


def test_killed_with_its_lines_in_flight_and_resumed_a_command_writes_the_same_bytes(
    pool: Pool, tmp_path: Path
) -> None:
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(b"\n".join(own_line(str(number), "is_slow") for number in range(40)))
    verify_file(path, tmp_path / "whole", OWN, pool, False, heard)
    program = "from seed.cli.main import seed; seed()"
    command = [
        sys.executable,
        "-c",
        program,
        "verify",
        str(path),
        "--out",
        str(out),
        "--verifier",
        BEHAVE,
        "--jobs",
        "2",
    ]
    with subprocess.Popen(command, cwd=Path(__file__).parents[4], stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and not (out.exists() and out.stat().st_size > 1000):
            time.sleep(0.001)
        run.kill()
    whole, part = (tmp_path / "whole").read_bytes(), out.read_bytes()
    assert len(whole) > len(part) > 0 and whole.startswith(part)
    verify_file(path, out, OWN, pool, True, heard)
    assert out.read_bytes() == whole


# --- counts
# -----------------------------------------------------------------------------------------------------------


def test_counts_are_hand_counts_and_errors_are_in_no_accuracy() -> None:
    tally = Tally()
    for row, problem, outcome in [
        ("math", "p", "correct"),
        ("math", "q", "wrong"),
        ("code", "r", "error"),
    ]:
        tally.add(row, problem, Outcome(outcome), "why")
    tally.add("math", "s", Outcome.ERROR, "why not")
    math, code = tally.rows["math"], tally.rows["code"]
    assert math.outcomes == {Outcome.CORRECT: 1, Outcome.WRONG: 1, Outcome.ERROR: 1}
    assert (math.accuracy.rate().hits, math.accuracy.rate().cases, math.accuracy.rate().share) == (
        1,
        2,
        0.5,
    )
    assert (code.accuracy.rate().cases, code.accuracy.rate().share) == (0, None)
    assert (code.accuracy.rate().low, code.accuracy.rate().high) == (0.0, 1.0)
    assert sum(tally.overall.outcomes.values()) == 4
    assert tally.reasons == {"why": 1, "why not": 1}


def test_four_equal_answers_to_each_problem_are_no_surer_than_one() -> None:
    once, four = Tally(), Tally()
    for number in range(10):
        outcome = Outcome.CORRECT if number < 7 else Outcome.WRONG
        once.add("math", str(number), outcome, "")
        for _ in range(4):
            four.add("math", str(number), outcome, "")
    low, high = (getattr(once.overall.accuracy.rate(), side) for side in ("low", "high"))
    assert (four.overall.accuracy.rate().low, four.overall.accuracy.rate().high) == pytest.approx(
        (low, high)
    )


# --- audit
# ------------------------------------------------------------------------------------------------------------

CASES = st.lists(
    st.tuples(st.sampled_from(["chess", "go"]), st.sampled_from(["correct", "wrong", "right", None]),
              st.sampled_from(["right", "wrong", "raises"])),
    max_size=30,
)  # fmt: skip


@given(cases=CASES)
@settings(max_examples=25)
def test_audit_counts_are_hand_counts(
    pool: Pool, tmp_path_factory: pytest.TempPathFactory, cases: list[Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "labelled.jsonl"
    path.write_bytes(
        b"".join(
            own_line(
                str(number),
                "raises" if response == "raises" else f" {number}",
                response,
                domain=domain,
                label=label,
            )
            + b"\n"
            for number, (domain, label, response) in enumerate(cases)
        )
    )
    audited = audit_file(path, OWN, pool, heard)
    for domain, row in [*audited.rows.items(), (None, audited.overall)]:
        mine = [(label, response) for name, label, response in cases if domain in (None, name)]
        judged = [case for case in mine if case[0] in ("correct", "wrong") and case[1] != "raises"]
        positives, negatives = row.false_positives.rate(), row.false_negatives.rate()
        assert (row.lines, row.errors) == (len(mine), len(mine) - len(judged))
        assert (positives.hits, positives.cases) == (
            judged.count(("wrong", "right")),
            sum(c[0] == "wrong" for c in judged),
        )
        assert (negatives.hits, negatives.cases) == (
            judged.count(("correct", "wrong")),
            sum(c[0] == "correct" for c in judged),
        )
    kinds = Counter(kind for kind, _ in audited.findings)
    assert kinds[Finding.FALSE_POSITIVE] == audited.overall.false_positives.rate().hits
    assert kinds[Finding.FALSE_NEGATIVE] == audited.overall.false_negatives.rate().hits
    assert kinds[Finding.ERROR] == audited.overall.errors


def test_a_label_that_is_none_is_an_error_and_is_told(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(
        own_line("a", label=["correct"]) + b"\n{\n" + own_line("b", label="wrong")
    )
    audited: Audit = audit_file(tmp_path / "in", OWN, pool, heard)
    assert [(str(kind), said["id"]) for kind, said in audited.findings] == [
        ("error", "a"),
        ("error", None),
        ("false positive", "b"),
    ]
    assert audited.findings[0][1]["why"] == "label must be correct or wrong"
    assert audited.findings[1][1]["why"].startswith("the line is not JSON")
