"""Properties of ``seed sample``: what was asked for, with verdicts and values that belong to it."""

import json
import re
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from seed.cli.sample import line_text, value_rows
from seed.reference.tasks.problems import is_held_out, problem_set
from seed.reference.tasks.puzzles import FAMILIES
from tests.support.command_line import assert_user_error, json_lines, run, succeeded


def lines_of(*arguments: Any) -> list[dict[str, Any]]:
    return json_lines(succeeded("sample", *arguments, "--json").stdout)


def test_drawn_problems_are_held_out_and_verified(finished: Path) -> None:
    lines = lines_of(finished, "-n", 4, "--samples", 2)
    assert len(lines) == 8 and len({line["problem"] for line in lines}) == 4
    problems = {p.id: p for p in problem_set(("arithmetic", "maze"), LEVELS, 4, 0, True)}
    for line in lines:
        problem = problems[line["problem"]]
        family = FAMILIES[problem.family]
        assert is_held_out(f"{problem.family}:{family.identity(problem.instance)}")
        assert line["prompt"] == problem.prompt
        verdict = family.verify(problem.instance, line["response"])
        assert (line["outcome"], line["why"]) == (str(verdict.outcome), verdict.why)


LEVELS = {"arithmetic": (3,), "maze": (1,)}


def test_the_same_command_samples_the_same_and_another_seed_something_else(finished: Path) -> None:
    arguments = (finished, "--family", "maze", "-n", 3)
    first = lines_of(*arguments)
    assert lines_of(*arguments) == first
    assert {line["problem"].split("/")[0] for line in first} == {"maze"}
    other = lines_of(*arguments, "--seed", 7)
    assert {line["prompt"] for line in other} != {line["prompt"] for line in first}


def test_typed_prompts_get_responses_without_a_verdict(finished: Path) -> None:
    lines = lines_of(finished, "C2*3=", "MS./.G=", "--samples", 2)
    assert [line["prompt"] for line in lines] == ["C2*3="] * 2 + ["MS./.G="] * 2
    assert all("outcome" not in line for line in lines)
    short = lines_of(finished, "C2*3=", "--set", "rollout.max_response_tokens=1")
    assert len(short[0]["response"]) <= 1


def test_a_low_temperature_samples_one_response_again_and_again(finished: Path) -> None:
    lines = lines_of(finished, "C2*3=", "--samples", 4, "--temperature", "0.0001")
    assert len({line["response"] for line in lines}) == 1


def test_every_token_has_a_value(finished: Path) -> None:
    for line in lines_of(finished, "-n", 4, "--values"):
        assert len(line["tokens"]) == len(line["values"])
        ended = line["tokens"][-1] == "END"
        assert ended == (line["finish"] == "eos")
        characters = [token for token in line["tokens"] if token not in ("END", "PAD")]
        assert "".join(characters) == line["response"]


def test_values_stand_below_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    tokens, values = [*"1+3-2=2", "END"], [0.5, -0.25, 1.0, 0.0, -1.0, 0.12, 0.75, 0.62]
    rows = value_rows(tokens, values)
    assert max(map(len, rows)) <= 40
    ends = [[match.end() for match in re.finditer(r"\S+", row)] for row in rows]
    for of_tokens, of_values in zip(ends[::2], ends[1::2], strict=True):
        assert of_tokens[-len(of_values) + 1 :] == of_values[1:]
    shown = " ".join(row[12:] for row in rows[1::2]).split()
    assert [float(value) for value in shown] == pytest.approx(values, abs=0.005)


def test_text_of_a_model_cannot_control_the_terminal() -> None:
    line = {"prompt": "a", "response": "\x1b[2J\n", "finish": "length"}
    assert line_text(line).splitlines()[1].endswith("\\x1b[2J\\n (cut off at the token limit)")


def test_out_writes_the_lines_to_a_new_file_only(finished: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    succeeded("sample", finished, "-n", 2, "--out", file)
    content = file.read_bytes()
    assert json_lines(content) == lines_of(finished, "-n", 2)
    assert_user_error(run("sample", finished, "--out", file), "file-exists", str(file))
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("é",), ("'é'", "has no token")),
        (("abc",), ("prompt 'abc'", "beyond the model's model.vocabulary=32")),
        (("1" * 99,), ("99 tokens", "data.max_prompt_tokens=32")),
        (("--family", "chess"), ("family 'chess' does not exist", "maze")),
        (("--family", "zebra"), ("model.vocabulary=32",)),
        (("C2=", "--family", "maze"), ("--family=maze with a PROMPT",)),
        (("C2=", "-n", "3"), ("--problems=3 with a PROMPT",)),
        (("--temperature", "0"), ("--temperature=0", "of at least 0.0001 and at most 1000")),
        (("--set", "algorithm.advantage=group", "--values"), ("needs a value model",)),
    ],
)
def test_what_cannot_be_sampled_is_one_line(
    finished: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_user_error(run("sample", finished, *arguments), *words)


def test_a_checkpoint_of_sft_has_no_values(finished: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "step_6"
    copytree(min((finished / "checkpoints").iterdir(), key=lambda p: int(p.name[5:])), checkpoint)
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    manifest["progress"]["phase"] = "supervised"
    manifest.pop("manifest_sha256")
    (checkpoint / "manifest.json").write_text(json.dumps(manifest))
    assert_user_error(run("sample", checkpoint, "--values"), "needs a value model", "from SFT")
