"""Properties of files of judgements: one line each, in order, the same bytes after any kill."""

import bz2
import errno
import gzip
import json
import lzma
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
from seed.spec.version import seed_version
from tests.support.command_line import VERIFIER, chess_line

LIMITS = Limits(seconds=60.0, memory_mebibytes=512)
CUSTOM = Rule(VERIFIER)
MANY = settings(max_examples=30)


def puzzle_lines() -> list[bytes]:
    levels = {name: [1] for name in FAMILIES}
    lines = []
    for number, problem in enumerate(problem_set(list(FAMILIES), levels, 24, 3, held_out=False)):
        fields = {
            "id": f"{number}",
            "domain": "puzzle",
            "problem": problem.prompt,
            "puzzle": {"family": problem.family, "instance": dict(problem.instance)},
            "response": problem.answer if number % 3 else "no idea",
        }
        lines.append(json.dumps(fields).encode())
    return lines


BAD_LINES = [b"", b"{", b"\xff", b"[[[", b'{"id": "x"}', chess_line("y")]
BAD_LINES += [b'{"id": "\\ud800", "domain": "\\u001b[2J"}']
LINES = [line for pair in zip(puzzle_lines(), BAD_LINES * 4, strict=False) for line in pair]


def ignore(heading: Heading, judgement: Judgement) -> None:
    """Report nothing."""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(2, LIMITS) as pool:
        yield pool


@pytest.fixture(scope="module")
def uninterrupted(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """An input, and the output of a run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("verify")
    (folder / "in.jsonl").write_bytes(b"\n".join(LINES))
    verify_file(folder / "in.jsonl", folder / "out.jsonl", Rule(), pool, False, ignore)
    return folder / "in.jsonl", (folder / "out.jsonl").read_bytes()


def test_every_input_line_has_exactly_one_output_line_in_its_place(
    uninterrupted: tuple[Path, bytes],
) -> None:
    judgements = [json.loads(line) for line in uninterrupted[1].splitlines()]
    assert len(judgements) == len(LINES) == count_lines(uninterrupted[0])
    for line, judgement in zip(LINES, judgements, strict=True):
        given_id = json.loads(line)["id"] if line.startswith(b'{"id": ') else None
        assert judgement["id"] == given_id
        assert (judgement["verdict"] == "error") == (judgement["reward"] is None)
    verdicts = Counter(judgement["verdict"] for judgement in judgements)
    assert verdicts == {"correct": 16, "wrong": 8, "error": 24}


def test_the_output_does_not_depend_on_the_number_of_workers(
    uninterrupted: tuple[Path, bytes], tmp_path: Path
) -> None:
    for jobs in (1, 3):
        with Pool(jobs, LIMITS) as pool:
            verify_file(uninterrupted[0], tmp_path / f"{jobs}", Rule(), pool, False, ignore)
        assert (tmp_path / f"{jobs}").read_bytes() == uninterrupted[1]


@given(data=st.data())
@MANY
def test_a_run_cut_off_at_any_byte_is_resumed_to_the_same_bytes(
    pool: Pool, uninterrupted: tuple[Path, bytes], data: st.DataObject
) -> None:
    path, output = uninterrupted
    out = path.with_name("resumed.jsonl")
    out.write_bytes(output[: data.draw(st.integers(0, len(output)))])
    again: list[str | None] = []
    tally = verify_file(
        path, out, Rule(), pool, True, lambda heading, judgement: again.append(heading.id)
    )
    assert out.read_bytes() == output
    assert len(again) == len(LINES) == sum(tally.overall.outcomes.values())


def test_a_last_line_that_was_cut_short_leaves_nothing_behind(
    pool: Pool, uninterrupted: tuple[Path, bytes], tmp_path: Path
) -> None:
    """The line may be shorter this time: a judge gave long reasons, and now the server fails."""
    start = uninterrupted[1][: uninterrupted[1].index(b'"verdict": "') + len(b'"verdict": "')]
    (tmp_path / "out").write_bytes(start + b"x" * 100_000)
    verify_file(uninterrupted[0], tmp_path / "out", Rule(), pool, True, ignore)
    assert (tmp_path / "out").read_bytes() == uninterrupted[1]


@given(data=st.data())
@MANY
def test_an_output_that_belongs_to_something_else_is_refused_and_left_as_it_is(
    pool: Pool, uninterrupted: tuple[Path, bytes], data: st.DataObject
) -> None:
    path, output = uninterrupted
    out = path.with_name("foreign.jsonl")
    judgements = [json.loads(line) for line in output.splitlines()]
    index = data.draw(st.integers(0, len(judgements) - 1))
    fields = ["id", "domain", "line", "verdict", "reward", "order", "more"]
    field = data.draw(st.sampled_from(fields))
    if field == "order":
        judgements[index], judgements[index - 1] = judgements[index - 1], judgements[index]
    else:
        judgements[index][field] = "something else"
    foreign = b"".join(json.dumps(judgement).encode() + b"\n" for judgement in judgements)
    out.write_bytes(foreign)
    with pytest.raises(SeedError) as raised:
        verify_file(path, out, Rule(), pool, True, ignore)
    assert raised.value.reason is Reason.FOREIGN_OUTPUT
    assert out.read_bytes() == foreign


NO_JUDGEMENT = "line 1 is no judgement of that input line"
NO_BEGINNING = "line 1, the last, is not the beginning of a judgement of that input line"


@pytest.mark.parametrize(
    ("foreign", "why"),
    [
        (b"my notes, without a line end", NO_BEGINNING),
        (b"my notes\n", NO_JUDGEMENT),
        (b"\n", NO_JUDGEMENT),
        (LINES[0] + b"\n", NO_JUDGEMENT),
    ],
)
def test_no_foreign_file_is_resumed(
    pool: Pool, uninterrupted: tuple[Path, bytes], tmp_path: Path, foreign: bytes, why: str
) -> None:
    out = tmp_path / "out"
    out.write_bytes(foreign)
    with pytest.raises(SeedError, match=why):
        verify_file(uninterrupted[0], out, Rule(), pool, True, ignore)
    assert out.read_bytes() == foreign


def test_an_output_longer_than_its_input_or_by_another_verifier_is_refused(
    pool: Pool, tmp_path: Path
) -> None:
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(chess_line("a") + b"\n" + chess_line("b"))
    verify_file(path, out, CUSTOM, pool, False, ignore)
    with pytest.raises(SeedError, match=f"{NO_JUDGEMENT} by this verifier"):
        verify_file(path, out, Rule(VERIFIER.replace(":behave", ":exits")), pool, True, ignore)
    path.write_bytes(chess_line("a"))
    with pytest.raises(SeedError, match="the input has no line 2"):
        verify_file(path, out, CUSTOM, pool, True, ignore)


def test_an_output_that_exists_is_refused_without_resume(
    pool: Pool, uninterrupted: tuple[Path, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.write_bytes(uninterrupted[1])
    advice = "exists; choose another --out, or continue it with --resume"
    with pytest.raises(SeedError, match=advice):
        verify_file(uninterrupted[0], out, Rule(), pool, False, ignore)
    assert out.read_bytes() == uninterrupted[1]


def test_an_output_has_one_writer_at_a_time(
    pool: Pool, uninterrupted: tuple[Path, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def intrude(heading: Heading, judgement: Judgement) -> None:
        with (
            Pool(1, LIMITS) as second_pool,
            pytest.raises(SeedError, match=r"is being written by (another )?process"),
        ):
            verify_file(uninterrupted[0], out, Rule(), second_pool, True, ignore)

    verify_file(uninterrupted[0], out, Rule(), pool, False, intrude)
    assert out.read_bytes() == uninterrupted[1]


def test_a_file_system_without_locks_is_said_and_written(
    uninterrupted: tuple[Path, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_lock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_lock)
    notes: list[str] = []
    with Pool(1, LIMITS) as pool:
        verify_file(uninterrupted[0], tmp_path / "out", Rule(), pool, False, ignore, notes.append)
    assert (tmp_path / "out").read_bytes() == uninterrupted[1]
    (note,) = notes
    assert "has no locks (No locks available); see to it" in note


def test_what_a_custom_verifier_began_is_not_continued_by_another_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine, out = tmp_path / "mine.py", tmp_path / "out"
    (tmp_path / "in").write_bytes(chess_line("a"))
    rule = Rule("mine.py:judge")

    def verify(resume: bool) -> list[str]:
        notes: list[str] = []
        with Pool(1, LIMITS) as fresh:
            verify_file(tmp_path / "in", out, rule, fresh, resume, ignore, notes.append)
        return notes

    beside = tmp_path / "rules" / "strict.py"
    beside.parent.mkdir()
    beside.write_text("VERDICT = True\n")
    mine.write_text("from rules.strict import VERDICT\ndef judge(item): return VERDICT\n")
    verify(resume=False)
    before = out.read_bytes()
    assert verify(resume=True) == []
    for changed in (beside, mine):
        content = changed.read_text()
        changed.write_text(content + "VERDICT = False\n")
        with pytest.raises(SeedError, match=r"mine.py, or what it imports .* line 1 of .*out was"):
            verify(resume=True)
        changed.write_text(content)
    assert out.read_bytes() == before
    assert verify(resume=True) == []


@pytest.mark.parametrize("version", ["0.0.9", ""])
def test_verdicts_of_another_version_are_continued_with_a_note(
    pool: Pool, uninterrupted: tuple[Path, bytes], tmp_path: Path, version: str
) -> None:
    lines = [json.loads(line) for line in uninterrupted[1].splitlines()[:3]]
    for line in lines:
        assert line.pop("version") == seed_version()
        line |= {"version": version} if version else {}
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "out").write_text(text)
    notes: list[str] = []
    verify_file(uninterrupted[0], tmp_path / "out", Rule(), pool, True, ignore, notes.append)
    (note,) = notes
    by = "seed 0.0.9" if version else "an earlier version of seed"
    assert f"3 lines of {tmp_path / 'out'} were judged by {by}, the rest by seed " in note
    assert (tmp_path / "out").read_bytes().splitlines()[3:] == uninterrupted[1].splitlines()[3:]


def test_an_id_that_stands_twice_is_an_error_also_after_a_resume(
    pool: Pool, tmp_path: Path
) -> None:
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(b"\n".join(chess_line(name) for name in ("a", "b", "a", "b")))
    tally = verify_file(path, out, CUSTOM, pool, False, ignore)
    assert tally.overall.outcomes[Outcome.ERROR] == 2
    why = [json.loads(line)["why"] for line in out.read_bytes().splitlines()]
    assert why[2:] == [f"id must be unique, line {n} has it too" for n in (1, 2)]
    whole = out.read_bytes()
    for kept in range(len(whole)):
        if kept % 97 == 0:
            out.write_bytes(whole[:kept])
            verify_file(path, out, CUSTOM, pool, True, ignore)
            assert out.read_bytes() == whole


def test_a_file_may_be_compressed_by_gzip_and_others_are_named(
    pool: Pool, uninterrupted: tuple[Path, bytes], tmp_path: Path
) -> None:
    path, out = tmp_path / "in.gz", tmp_path / "out"
    packed = gzip.compress(uninterrupted[0].read_bytes())
    path.write_bytes(packed)
    assert count_lines(path) == len(LINES)
    verify_file(path, out, Rule(), pool, False, ignore)
    assert out.read_bytes() == uninterrupted[1]
    path.write_bytes(packed[: len(packed) // 2])
    count_lines(path)
    with pytest.raises(SeedError, match=r"in.gz: Compressed file ended before"):
        verify_file(path, tmp_path / "cut", Rule(), pool, False, ignore)
    for content, name in ((lzma.compress(packed), "xz"), (bz2.compress(packed), "bzip2")):
        path.write_bytes(content)
        with pytest.raises(SeedError, match=f"is compressed by {name}") as raised:
            verify_file(path, tmp_path / "other", Rule(), pool, False, ignore)
        assert raised.value.reason is Reason.UNREADABLE_FILE
    assert not (tmp_path / "other").exists()


def test_lines_may_name_a_custom_verifier_if_the_user_allows_it(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "in"
    chess = [chess_line("a", verifier=VERIFIER), chess_line("b", response="", verifier=VERIFIER)]
    path.write_bytes(b"\n".join([*chess, LINES[0]]))
    verify_file(path, tmp_path / "out", Rule("", lines_may_choose=True), pool, False, ignore)
    judgements = [json.loads(line) for line in (tmp_path / "out").read_bytes().splitlines()]
    assert [judgement["verdict"] for judgement in judgements] == ["correct", "wrong", "wrong"]
    assert [judgement.get("verifier") for judgement in judgements] == [VERIFIER, VERIFIER, None]
    verify_file(path, tmp_path / "refused", Rule(), pool, False, ignore)
    judgements = [json.loads(line) for line in (tmp_path / "refused").read_bytes().splitlines()]
    assert [judgement["verdict"] for judgement in judgements] == ["error", "error", "wrong"]


def test_a_verifier_that_does_not_load_is_a_user_error_before_anything_is_written(
    pool: Pool, tmp_path: Path
) -> None:
    path = tmp_path / "in"
    path.write_bytes(chess_line("a"))
    for verifier in ("missing.py:f", "no address", VERIFIER.replace(":behave", ":nothing")):
        with pytest.raises(SeedError, match="verifier="):
            verify_file(path, tmp_path / "out", Rule(verifier), pool, False, ignore)
    assert not (tmp_path / "out").exists()


def test_killed_with_its_lines_in_flight_and_resumed_a_command_writes_the_same_bytes(
    pool: Pool, tmp_path: Path
) -> None:
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(b"\n".join(chess_line(str(number), "is_slow") for number in range(40)))
    verify_file(path, tmp_path / "whole", CUSTOM, pool, False, ignore)
    program = "from seed.cli.main import seed; seed()"
    command = [sys.executable, "-c", program, "verify", str(path), "--out", str(out)]
    command += ["--verifier", VERIFIER, "--jobs", "2"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[4], stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and not (out.exists() and out.stat().st_size > 1000):
            time.sleep(0.001)
        run.kill()
    expected, cut_off = (tmp_path / "whole").read_bytes(), out.read_bytes()
    assert len(expected) > len(cut_off) > 0 and expected.startswith(cut_off)
    verify_file(path, out, CUSTOM, pool, True, ignore)
    assert out.read_bytes() == expected


# --- counts


def test_counts_are_hand_counts_and_errors_are_in_no_accuracy() -> None:
    tally = Tally()
    tally.add("math", "p", Outcome.CORRECT, "why")
    tally.add("math", "q", Outcome.WRONG, "why")
    tally.add("code", "r", Outcome.ERROR, "why")
    tally.add("math", "s", Outcome.ERROR, "why not")
    math, code = tally.rows["math"], tally.rows["code"]
    assert math.outcomes == {Outcome.CORRECT: 1, Outcome.WRONG: 1, Outcome.ERROR: 1}
    rate = math.accuracy.rate()
    assert (rate.hits, rate.cases, rate.share) == (1, 2, 0.5)
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
    once_rate, four_rate = once.overall.accuracy.rate(), four.overall.accuracy.rate()
    assert (four_rate.low, four_rate.high) == pytest.approx((once_rate.low, once_rate.high))


# --- audit

CASES = st.lists(
    st.tuples(
        st.sampled_from(["chess", "go"]),
        st.sampled_from(["correct", "wrong", "right", None]),
        st.sampled_from(["right", "wrong", "raises"]),
    ),
    max_size=30,
)


@given(cases=CASES)
@settings(max_examples=25)
def test_audit_counts_are_hand_counts(
    pool: Pool, tmp_path_factory: pytest.TempPathFactory, cases: list[Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "labelled.jsonl"
    lines = []
    for number, (domain, label, response) in enumerate(cases):
        problem = "raises" if response == "raises" else f" {number}"
        lines.append(chess_line(str(number), problem, response, domain=domain, label=label))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    audited = audit_file(path, CUSTOM, pool, ignore)
    for domain, row in [*audited.rows.items(), (None, audited.overall)]:
        mine = [(label, response) for name, label, response in cases if domain in (None, name)]
        judged = [case for case in mine if case[0] in ("correct", "wrong") and case[1] != "raises"]
        positives, negatives = row.false_positives.rate(), row.false_negatives.rate()
        assert (row.lines, row.errors) == (len(mine), len(mine) - len(judged))
        assert positives.hits == judged.count(("wrong", "right"))
        assert positives.cases == sum(label == "wrong" for label, _ in judged)
        assert negatives.hits == judged.count(("correct", "wrong"))
        assert negatives.cases == sum(label == "correct" for label, _ in judged)
    kinds = Counter(kind for kind, _ in audited.findings)
    assert kinds[Finding.FALSE_POSITIVE] == audited.overall.false_positives.rate().hits
    assert kinds[Finding.FALSE_NEGATIVE] == audited.overall.false_negatives.rate().hits
    assert kinds[Finding.ERROR] == audited.overall.errors


def test_a_label_that_is_none_is_an_error_and_is_reported(pool: Pool, tmp_path: Path) -> None:
    lines = [chess_line("a", label=["correct"]), b"{", chess_line("b", label="wrong")]
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    audited: Audit = audit_file(tmp_path / "in", CUSTOM, pool, ignore)
    findings = [(str(kind), fields["id"]) for kind, fields in audited.findings]
    assert findings == [("error", "a"), ("error", None), ("false positive", "b")]
    assert audited.findings[0][1]["why"] == "label must be correct or wrong"
    assert audited.findings[1][1]["why"].startswith("the line is not JSON")
