"""Properties of the readers: no line is dropped, faults have reasons, problems our words."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.importers.expressions import joined_steps
from seed.reference.importers.lines import COLLECTIONS, Counts, problem_line
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


def response(source: str, task: str, meta: Any, answer: Any) -> str:
    read = problem_line(line(source, task, meta, answer), 1, Counts())
    assert read is not None
    return str(read["response"])


def test_every_task_that_is_read_has_a_case() -> None:
    cases = {(source, task) for source, task, *_ in ALL}
    tasks = {
        (source, task)
        for name, tasks in COLLECTIONS.items()
        for source in (ENIGMATA, GYM)
        if name in source
        for task in tasks
    }
    assert cases == tasks


def test_the_problem_has_the_words_of_its_family_and_not_those_of_the_collection() -> None:
    read = problem_line(
        line(ENIGMATA, "hamiltonian_cycle", CYCLE, [0, 1, 2, 0], licence="Apache-2.0"), 1, Counts()
    )
    assert read == {
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
    counts = counted(
        *[line(GYM, "rush_hour", {}, None)] * lines, line(ENIGMATA, "rush_hour", {}, None)
    )
    assert (dict(counts.no_family), counts.tasks, counts.unreadable) == (
        {"rush_hour": lines + 1},
        {},
        [],
    )


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
        (line(ENIGMATA, "maze", {}, ""), "meta.question must be a list of equally long lists"),
        (
            line(ENIGMATA, "maze", {"question": [["S", "."], ["E"]]}, ""),
            "meta.question must be a list of equally long lists",
        ),
        (
            line(ENIGMATA, "maze", {"question": [["S", "."], ["S", "E"]]}, ""),
            "meta.question must hold one S, one E",
        ),
        (
            line(ENIGMATA, "maze", {"question": [["S", "E"]]}, "none"),
            "answer must be a path such as",
        ),
        (line(ENIGMATA, "car_painting", {"colors": ["A"]}, [1]), "meta.K is missing"),
        (
            line(ENIGMATA, "car_painting", {"colors": ["A"], "K": "1"}, [1]),
            "meta.K must be an integer",
        ),
        (
            line(ENIGMATA, "hitori", {"question": [[1, 2], [2, 1]]}, "[(0, 0)]"),
            "answer must be a list of pairs",
        ),
        (
            line(ENIGMATA, "kakurasu", {"question": "Row sums: [1]"}, []),
            "meta.question must hold 'Row sums: […]' and",
        ),
        (
            line(ENIGMATA, "hamiltonian_path", {"question": "2\n0 5"}, "NO"),
            "meta.question must be the number of vertices, then",
        ),
        (
            line(
                ENIGMATA, "stack_permutation", {"input_sequence": [1], "output_sequence": [2]}, ""
            ),
            "meta.output_sequence must hold",
        ),
        (
            line(ENIGMATA, "zebra_logic", {"question": ZEBRA.replace("Pet:dog", "Pet:cow")}, ""),
            "meta.question: the clue",
        ),
        (
            line(
                GYM,
                "knights_knaves",
                {"statements": [["xor"]], "names": ["A"], "knight_knave_terms": {}},
                "",
            ),
            "meta.statements must be",
        ),
        (
            line(GYM, "countdown", {"numbers": [1, "2"], "target": 3}, "1+2"),
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


@pytest.mark.parametrize(
    ("source", "task", "meta", "answer", "why"),
    [
        (
            ENIGMATA,
            "maze",
            {"question": [["S", "B", "E"]]},
            "not exist the path",
            "no answer exists, as the collection says",
        ),
        (
            ENIGMATA,
            "game24",
            {"question": [1, 1, 1, 1, 1]},
            "cannot form 24",
            "no answer exists, as the collection says",
        ),
        (
            GYM,
            "shortest_path",
            {"matrix": [["*", "X", "#"]]},
            "infeasible",
            "no answer exists, as the collection says",
        ),
        (ENIGMATA, "car_painting", {"colors": ["Z"], "K": 1}, [1], "colours other than A to I"),
        (
            ENIGMATA,
            "hamiltonian_path",
            {"question": "27\n0 1"},
            "NO",
            "27 vertices, and hamiltonian names 26",
        ),
        (
            ENIGMATA,
            "stack_permutation",
            {"input_sequence": [10], "output_sequence": [10]},
            "is a valid",
            "items of more than one",
        ),
        (ENIGMATA, "hitori", {"question": [[12, 1], [1, 2]]}, [], "numbers outside 0 to 9"),
        (
            ENIGMATA,
            "zebra_logic",
            {"question": ZEBRA.replace("is on the far", "sings on the")},
            "",
            "the clue 'Food:lemon sings on",
        ),
        (
            GYM,
            "cryptarithm",
            {"words_letters": ["A", "B"], "result_letters": "C", "allow_leading_zero": True},
            "",
            "numbers that begin",
        ),
    ],
)
def test_what_a_family_cannot_express_is_counted_with_the_reason(
    source: str, task: str, meta: Any, answer: Any, why: str
) -> None:
    count = counted(line(source, task, meta, answer)).tasks[task]
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
        read = problem_line(line(GYM, "knights_knaves", meta, ""), 1, Counts())
        assert read is not None
        for roles in product((True, False), repeat=2):
            claims = roles[0] == (first == "telling-truth"), roles[1] != (second == "telling-truth")
            consistent = (truths[joint](*claims) != negated) == roles[0]
            letters = "".join("K" if knight else "N" for knight in roles)
            assert accepted(knights_and_knaves, read["puzzle"]["instance"], letters) == consistent


def test_left_right_and_between_are_direct_neighbours() -> None:
    read = problem_line(
        line(ENIGMATA, "zebra_logic", {"question": ZEBRA}, "| Pet | cat | dog | fish |"),
        1,
        Counts(),
    )
    assert read is not None
    assert read["puzzle"]["instance"] == {"rows": "abc/def", "clues": "b|d b|c d#c e~b f~3"}
    street = problem_line(line(GYM, "zebra_puzzles", {}, "carol"), 1, Counts())
    assert street is not None
    assert street["puzzle"]["instance"]["clues"] == "h^b f~b c|g d~1 b<a g~b"


def test_a_claim_that_does_not_hold_leaves_the_empty_response() -> None:
    order = {"input_sequence": [1, 2, 3], "output_sequence": [3, 1, 2]}
    assert response(ENIGMATA, "stack_permutation", order, "It is a valid one.") == ""
    assert response(ENIGMATA, "game24", {"question": [4, 6]}, "cannot form 24") == ""
    assert (
        response(
            ENIGMATA,
            "eight_puzzle",
            {"question": [[1, 2, 3], [4, 5, 6], [8, 7, 0]]},
            [[1, 2, 3], [4, 5, 6], [8, 7, 0]],
        )
        == ""
    )


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
    assert shown[3:6] == [
        ["overall", "5", "2", "0"],
        ["no", "family", "1", "rush_hour", "1"],
        ["unreadable", "1"],
    ]
    assert "line 5: the line is not JSON" in done.stdout
    assert [fields["id"] for fields in json_lines((tmp_path / "read").read_bytes())] == ["a", "b"]
    scored = run(
        "verify", tmp_path / "read", "--out", tmp_path / "out", "--jobs", 1, "--by", "task"
    )
    assert [row.split()[:5] for row in scored.stdout.splitlines()] == [
        ["task", "lines", "correct", "wrong", "error"],
        ["hamiltonian_cycle", "2", "1", "1", "0"],
    ]
    audited = run("audit", tmp_path / "read", "--jobs", 1, "--by", "task")
    assert "1 of 2 correct: 50.0 %" in audited.stdout


def test_what_exists_is_never_overwritten_and_a_file_of_something_else_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").write_bytes(line(ENIGMATA, "hamiltonian_cycle", CYCLE, "NO"))
    (tmp_path / "taken").write_text("mine")
    assert_user_error(
        run("puzzles", "read", tmp_path / "in", "--out", tmp_path / "taken"),
        "taken exists; choose another --out",
    )
    assert (tmp_path / "taken").read_text() == "mine"
    (tmp_path / "other").write_text(json.dumps({"id": "a", "question": "?"}))
    rejected = run("puzzles", "read", tmp_path / "other", "--out", tmp_path / "out")
    assert_user_error(
        rejected, "holds no line of Enigmata or reasoning-gym", "line 1: task is missing"
    )
    assert_user_error(
        run("puzzles", "read", tmp_path / "none", "--out", tmp_path / "out"), "No such file"
    )
    assert not (tmp_path / "out").exists()


def test_every_family_that_is_read_exists() -> None:
    for source, task, meta, answer, _ in ALL:
        read = problem_line(line(source, task, meta, answer), 1, Counts())
        assert read is not None and read["puzzle"]["family"] in FAMILIES
