"""Properties of the readers: no line is dropped, faults have reasons, problems our words."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.importers.enigmata import TASKS
from seed.reference.importers.expressions import joined_steps
from seed.reference.importers.lines import COLLECTIONS, Counts, problem_line
from seed.reference.importers.reading import Converted, Line, Reader
from seed.reference.tasks.puzzles import FAMILIES, hamiltonian, knights_and_knaves
from tests.reference.test_importers import ALL, ENIGMATA, GYM, ZEBRA, line
from tests.support.command_line import assert_user_error, json_lines, run
from tests.support.puzzles import accepted

CYCLE = {"question": "3\n0 1\n1 2\n2 0"}
DAMAGES = (
    st.none()
    | st.booleans()
    | st.integers(-9, 99)
    | st.text(max_size=9)
    | st.lists(st.lists(st.integers(-3, 12)), max_size=3)
)


def counted(*lines: bytes) -> Counts:
    counts = Counts()
    for number, content in enumerate(lines, start=1):
        problem_line(content, number, counts)
    return counts


def read_line(source: str, task: str, meta: Any, answer: Any, **more: Any) -> dict[str, Any]:
    """The problem that a line of a collection becomes."""
    read = problem_line(line(source, task, meta, answer, **more), 1, Counts())
    assert read is not None
    return read


def test_every_task_that_is_read_has_a_case() -> None:
    cases = {(source, task) for source, task, *_ in ALL}
    sources = {name: next(s for s in (ENIGMATA, GYM) if name in s) for name in COLLECTIONS}
    assert cases == {(sources[name], task) for name in COLLECTIONS for task in COLLECTIONS[name]}


def test_the_problem_has_the_words_of_its_family_and_not_those_of_the_collection() -> None:
    walk = [0, 1, 2, 0]
    assert read_line(ENIGMATA, "hamiltonian_cycle", CYCLE, walk, licence="Apache-2.0") == {
        "id": "a1",
        "domain": "puzzle",
        "problem": f"{hamiltonian.RULES}\n\nOC AB AC BC=",
        "puzzle": {"family": "hamiltonian", "instance": {"kind": "C", "edges": "AB AC BC"}},
        "prompt": "OC AB AC BC=",
        "response": "ABCA",
        "label": "correct",
        "claim": False,
        "task": "hamiltonian_cycle",
        "source": ENIGMATA,
        "licence": "Apache-2.0",
    }


@pytest.mark.parametrize("lines", [1, 2, 5])
def test_a_task_without_a_family_is_named_and_counted(lines: int) -> None:
    one, two = (line(source, "rush_hour", {}, None) for source in (GYM, ENIGMATA))
    counts = counted(*[one] * lines, two)
    assert dict(counts.no_family) == {"rush_hour": lines + 1}
    assert not counts.tasks and not counts.unreadable


def enigmata(task: str, question: Any, answer: Any = "") -> bytes:
    """A line whose meta has the question only."""
    return line(ENIGMATA, task, {"question": question}, answer)


def skyscraper(clue: int) -> bytes:
    """A city of one house with one clue that may be wrong."""
    clues = {"left": [clue], "right": [1], "top": [1], "bottom": [1]}
    return line(ENIGMATA, "skyscraper", {"grid_size": 1, "question": clues}, [[1]])


NOT_A_GRID = "meta.question must be a list of equally long lists"
NO_TERMS = {"statements": [["xor"]], "names": ["A"], "knight_knave_terms": {}}
MIXED = {"numbers": [1, "2"], "target": 3}
NO_PERMUTATION = {"input_sequence": [1], "output_sequence": [2]}


@pytest.mark.parametrize(
    ("given_line", "why"),
    [
        (b"", "the line is empty"),
        (b"[1]", "the line is JSON but no object"),
        (b"{", "the line is not JSON"),
        (b"\xff", "the line is not UTF-8"),
        (b'{"id": 3}', "id must be text"),
        (b'{"id": "a"}', "task is missing"),
        (line("mine", "maze", {}, ""), "source must name one of"),
        (line(ENIGMATA, "maze", [], ""), "meta must be an object"),
        (line(ENIGMATA, "maze", {}, ""), NOT_A_GRID),
        (enigmata("maze", [["S", "."], ["E"]]), NOT_A_GRID),
        (enigmata("maze", [["S", "."], ["S", "E"]]), "meta.question must hold one S, one E"),
        (enigmata("maze", [["S", "E"]], "none"), "answer must be a path such as"),
        (line(ENIGMATA, "car_painting", {"colors": ["A"]}, [1]), "meta.K is missing"),
        (
            line(ENIGMATA, "car_painting", {"colors": ["A"], "K": "1"}, [1]),
            "meta.K must be an integer",
        ),
        (enigmata("hitori", [[1, 2], [2, 1]], "[(0, 0)]"), "answer must be a list of pairs"),
        (enigmata("kakurasu", "Row sums: [1]", []), "meta.question must hold 'Row sums: […]' and"),
        (enigmata("kakurasu", "Row sums: [1,,2]\nColumn sums: [1]", []), "meta.question must hold"),
        (enigmata("kakurasu", "Row sums: [1 2]\nColumn sums: [1]", []), "meta.question must hold"),
        (skyscraper(12), "meta.question must hold clues of 0 to meta.grid_size"),
        (skyscraper(-1), "meta.question must hold clues of 0 to meta.grid_size"),
        (
            enigmata("campsite", "tents: 1\nto row: 1\nto column: 1 0\nX .\n. ."),
            "meta.question must hold a number of tents for each row and column",
        ),
        (
            enigmata("hamiltonian_path", "2\n0 5", "NO"),
            "meta.question must be the number of vertices, then",
        ),
        (line(ENIGMATA, "stack_permutation", NO_PERMUTATION, ""), "meta.output_sequence must hold"),
        (enigmata("zebra_logic", ZEBRA.replace("Pet:dog", "Pet:cow")), "meta.question: the clue"),
        (line(GYM, "knights_knaves", NO_TERMS, ""), "meta.statements must be"),
        (
            line(GYM, "countdown", MIXED, "1+2"),
            "meta.numbers must be a list of 1 to 40 members of type int",
        ),
        (line(GYM, "zebra_puzzles", {}, "dora"), "answer must be one of the names"),
    ],
)
def test_an_unreadable_line_names_its_number_and_the_field(given_line: bytes, why: str) -> None:
    counts = counted(line(ENIGMATA, "hamiltonian_cycle", CYCLE, "NO"), given_line)
    (fault,) = counts.unreadable
    assert fault.startswith(f"line 2: {why}")
    assert sum(count.lines for count in counts.tasks.values()) == 1


def test_a_line_on_which_a_reader_fails_is_named_and_the_rest_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(line: Line) -> Converted:
        raise ZeroDivisionError("a made-up mistake")

    monkeypatch.setitem(cast(dict[str, Reader], TASKS), "binario", fails)
    good = line(ENIGMATA, "hamiltonian_cycle", CYCLE, "NO")
    counts = counted(good, enigmata("binario", "0 1"), good)
    assert counts.unreadable == [
        "line 2: binario cannot be read: ZeroDivisionError: a made-up mistake"
    ]
    assert counts.tasks["hamiltonian_cycle"].read == 2


NO_ANSWER = "no answer exists, as the collection says"
SUNG = ZEBRA.replace("is on the far", "sings on the")
LETTERS = {"words_letters": ["A", "B"], "result_letters": "C", "allow_leading_zero": True}
STACK = {"input_sequence": [10], "output_sequence": [10]}


@pytest.mark.parametrize(
    ("given_line", "why"),
    [
        (enigmata("maze", [["S", "B", "E"]], "not exist the path"), NO_ANSWER),
        (enigmata("game24", [1, 1, 1, 1, 1], "cannot form 24"), NO_ANSWER),
        (line(GYM, "shortest_path", {"matrix": [["*", "X", "#"]]}, "infeasible"), NO_ANSWER),
        (
            line(ENIGMATA, "car_painting", {"colors": ["Z"], "K": 1}, [1]),
            "colours other than A to I",
        ),
        (enigmata("hamiltonian_path", "27\n0 1", "NO"), "27 vertices, and hamiltonian names 26"),
        (line(ENIGMATA, "stack_permutation", STACK, "is a valid"), "items of more than one"),
        (enigmata("hitori", [[12, 1], [1, 2]], []), "numbers outside 0 to 9"),
        (enigmata("zebra_logic", SUNG), "the clue 'Food:lemon sings on"),
        (line(GYM, "cryptarithm", LETTERS, ""), "numbers that begin"),
    ],
)
def test_what_a_family_cannot_express_is_counted_with_the_reason(
    given_line: bytes, why: str
) -> None:
    (count,) = counted(given_line).tasks.values()
    assert (count.lines, count.read) == (1, 0)
    (reason,) = count.unsuited
    assert reason.startswith(why)


@pytest.mark.parametrize(("source", "task", "meta", "answer", "broken"), ALL)
@given(data=st.data())
@settings(max_examples=8)
def test_whatever_a_field_holds_every_line_is_counted_once(
    source: str, task: str, meta: dict[str, Any], answer: Any, broken: Any, data: st.DataObject
) -> None:
    damage: Any = data.draw(DAMAGES)
    field = data.draw(st.sampled_from(["answer", *sorted(meta)]))
    if field == "answer":
        answer = damage
    else:
        meta = meta | {field: damage}
    counts = counted(line(source, task, meta, answer))
    lines = sum(count.read + count.unsuited.total() for count in counts.tasks.values())
    assert lines + len(counts.unreadable) == 1
    assert sum(count.lines for count in counts.tasks.values()) == lines


# --- what is translated


@pytest.mark.parametrize(
    ("steps", "expression"),
    [
        ("The answer is: (1+2)*8 = 24", "(1+2)*8"),
        ("1+1=2, (2+2)*(7-1) = 24", "((1+1)+2)*(7-1)"),
        ("The answer is: 7+1=8, 8+11=19, (19+9)+(8-12) = 24", "(((7+1)+11)+9)+(8-12)"),
        ("5-13=-8, 8/(1+(-8/12)) = 24", "8/(1+((5-13)/12))"),
        ("9-8=1, 9/9=1.0, 12+(3*(5-1.0)) = 24", "12+(3*(5-(9/9)))"),
        ("6*4", "6*4"),
    ],
)
def test_the_result_of_a_step_is_put_back_where_it_is_used(steps: str, expression: str) -> None:
    assert joined_steps(steps) == expression


def test_one_joint_expresses_any_nested_statement_of_two_claims() -> None:
    """Each statement of two claims, negated or not, is true of the roles of its translation."""
    truths: dict[str, Callable[[bool, bool], bool]] = {
        "and": lambda a, b: a and b,
        "or": lambda a, b: a or b,
        "->": lambda a, b: not a or b,
        "<=>": lambda a, b: a == b,
    }
    for joint, first, second, negated in product(
        truths, ("telling-truth", "lying"), ("telling-truth", "lying"), (False, True)
    ):
        statement = [joint, [first, 0], ["not", [second, 1]]]
        meta = {
            "statements": [["not", statement] if negated else statement, ["telling-truth", 1]],
            "names": ["Ann", "Bob"],
            "knight_knave_terms": {"knight": "knight", "knave": "knave"},
        }
        read = read_line(GYM, "knights_knaves", meta, "")
        for roles in product((True, False), repeat=2):
            claims = roles[0] == (first == "telling-truth"), roles[1] != (second == "telling-truth")
            consistent = (truths[joint](*claims) != negated) == roles[0]
            letters = "".join("K" if knight else "N" for knight in roles)
            assert accepted(knights_and_knaves, read["puzzle"]["instance"], letters) == consistent


def test_left_right_and_between_are_direct_neighbours() -> None:
    read = read_line(ENIGMATA, "zebra_logic", {"question": ZEBRA}, "| Pet | cat | dog | fish |")
    assert read["puzzle"]["instance"] == {"rows": "abc/def", "clues": "b|d b|c d#c e~b f~3"}
    street = read_line(GYM, "zebra_puzzles", {}, "carol")
    assert street["puzzle"]["instance"]["clues"] == "h^b f~b c|g d~1 b<a g~b"


def test_a_claim_that_does_not_hold_leaves_the_empty_response() -> None:
    order = {"input_sequence": [1, 2, 3], "output_sequence": [3, 1, 2]}
    tiles = [[1, 2, 3], [4, 5, 6], [8, 7, 0]]
    for task, meta, claim in (
        ("stack_permutation", order, "It is a valid one."),
        ("game24", {"question": [4, 6]}, "cannot form 24"),
        ("eight_puzzle", {"question": tiles}, tiles),
    ):
        assert read_line(ENIGMATA, task, meta, claim)["response"] == "", task


# --- at the command line


def test_a_collection_is_read_scored_and_counted_by_task(tmp_path: Path) -> None:
    lines = [
        line(ENIGMATA, "hamiltonian_cycle", CYCLE, [0, 1, 2, 0], id="a"),
        line(ENIGMATA, "hamiltonian_cycle", CYCLE, "NO", id="b"),
        line(ENIGMATA, "maze", {"question": [["S", "B", "E"]]}, "not exist", id="c"),
        line(GYM, "rush_hour", {}, None, id="d"),
        b"nonsense",
    ]
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    done = run("puzzles", "read", tmp_path / "in", "--out", tmp_path / "read")
    assert done.exit_code == 0, done.output
    shown = [row.split() for row in done.stdout.splitlines()]
    assert shown[1] == ["hamiltonian_cycle", "2", "2", "0"]
    assert shown[2][:5] == ["maze", "1", "0", "0", "1"]
    assert shown[3:5] == [["overall", "5", "2", "0"], ["no", "family", "1", "rush_hour", "1"]]
    assert shown[5] == ["unreadable", "1"]
    assert "line 5: the line is not JSON" in done.stdout
    assert [fields["id"] for fields in json_lines((tmp_path / "read").read_bytes())] == ["a", "b"]
    by_task = "--jobs", 1, "--by", "task"
    scored = run("verify", tmp_path / "read", "--out", tmp_path / "out", *by_task)
    assert [row.split()[:5] for row in scored.stdout.splitlines()] == [
        ["task", "lines", "correct", "wrong", "error"],
        ["hamiltonian_cycle", "2", "1", "1", "0"],
    ]
    audited = run("audit", tmp_path / "read", *by_task)
    assert "1 of 2 correct: 50.0 %" in audited.stdout


def test_what_exists_is_never_overwritten_and_a_file_of_something_else_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").write_bytes(line(ENIGMATA, "hamiltonian_cycle", CYCLE, "NO"))
    (tmp_path / "taken").write_text("mine")
    rejected = run("puzzles", "read", tmp_path / "in", "--out", tmp_path / "taken")
    assert_user_error(rejected, "taken exists; choose another --out")
    assert (tmp_path / "taken").read_text() == "mine"
    (tmp_path / "other").write_text(json.dumps({"id": "a", "question": "?"}))
    rejected = run("puzzles", "read", tmp_path / "other", "--out", tmp_path / "out")
    no_line = "holds no line of Enigmata or reasoning-gym"
    assert_user_error(rejected, no_line, "line 1: task is missing")
    rejected = run("puzzles", "read", tmp_path / "none", "--out", tmp_path / "out")
    assert_user_error(rejected, "No such file")
    assert not (tmp_path / "out").exists()


def test_every_family_that_is_read_exists() -> None:
    for source, task, meta, answer, _ in ALL:
        assert read_line(source, task, meta, answer)["puzzle"]["family"] in FAMILIES
