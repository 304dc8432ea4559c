"""``seed data clean`` as a user calls it, and every verb on the real files where they are."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import assert_user_error, json_lines, run, succeeded

REAL = Path(__file__).parents[3] / "shared" / "data"
"""Files of real problems beside the repository; not every checkout has them."""

GOOD = [
    {"problem": f"What is {n} + {n}?", "answer": str(2 * n), "licence": "MIT"} for n in range(9)
]
BAD = {
    "proof": {"problem": "Prove that $2 > 1$.", "answer": "1"},
    "link": {"problem": "What is 1 more than https://x.org/a?", "answer": "3"},
    "foreign_language": {"problem": "求满足条件的所有整数的和。", "answer": "3"},
    "missing_figure": {"problem": "In the figure, find the angle.", "answer": "30"},
    "incomplete": {"problem": "Find the sum of the", "answer": "3"},
    "broken_notation": {"problem": "Find $x such that x = 3.", "answer": "3"},
    "yes_no": {"problem": "Is 7 a prime number?", "answer": "Yes"},
    "several_questions": {"problem": "What is 1 + 1? What is 2 + 2?", "answer": "2, 4"},
    "no_question": {"problem": "Let ABC have sides 3, 4, 5.", "answer": "6"},
    "answer_missing": {"problem": "What is 1 + 1?"},
    "answer_unreadable": {"problem": "What is 1 + 1?", "answer": "2 +* )"},
    "answer_in_statement": {"problem": "What is 4050 times 1?", "answer": "4050"},
    "empty": {"problem": "Add 1.", "answer": "2"},
    "too_long": {"problem": f"What is {'1 + ' * 6000} 1?", "answer": "6001"},
    "unreadable": {"unknown": 1},
}


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_every_rule_drops_its_row_and_no_other(tmp_path: Path) -> None:
    rows = [row for pair in zip(BAD.values(), GOOD * 2, strict=False) for row in pair]
    source, out = written(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    text = succeeded("data", "clean", source, "--out", out).stdout
    dropped = json_lines((tmp_path / "out.dropped.jsonl").read_bytes())
    assert [line["rule"] for line in dropped] == list(BAD)
    assert [line["row"] for line in dropped] == list(BAD.values())
    kept = out.read_bytes().splitlines()
    assert kept == source.read_bytes().splitlines()[1::2]
    assert f"{len(rows)} rows, {len(kept)} kept, {len(BAD)} dropped" in text
    page = (tmp_path / "out.report.html").read_text()
    assert all(f"<b>{rule}</b>" in page for rule in BAD)


def test_a_clean_file_stays_the_same_bytes(tmp_path: Path) -> None:
    source, out = written(tmp_path / "in.jsonl", GOOD), tmp_path / "out.jsonl"
    succeeded("data", "clean", source, "--out", out)
    assert out.read_bytes() == source.read_bytes()


def test_thresholds_come_from_defaults_a_file_and_options(tmp_path: Path) -> None:
    source = written(tmp_path / "in.jsonl", [BAD["proof"], BAD["link"], BAD["empty"], GOOD[0]])
    settings = tmp_path / "mine.toml"
    settings.write_text(succeeded("data", "clean", "--defaults").stdout)
    options = ("--settings", settings, "--set", "proof.enabled=false", "--set", "link.domains=[]")
    succeeded("data", "clean", source, "--out", tmp_path / "a.jsonl", *options)
    assert len(json_lines((tmp_path / "a.jsonl").read_bytes())) == 3
    settings.write_text("[empty]\nmin_characters = 0\n")
    succeeded("data", "clean", source, "--out", tmp_path / "b.jsonl", "--settings", settings)
    assert len(json_lines((tmp_path / "b.jsonl").read_bytes())) == 2


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    source = written(tmp_path / "in.jsonl", GOOD)
    call = ("data", "clean", source, "--out", tmp_path / "out.jsonl")
    assert_user_error(run(*call, "--set", "prof.enabled=1"), "prof is not a key", "proof")
    assert_user_error(run(*call, "--set", "proof.on=1"), "proof.on", "enabled, domains")
    assert_user_error(run(*call, "--set", "proof=1"), "proof is a section")
    assert_user_error(run(*call, "--set", "foreign_language.max_share=2"), "less than or equal")
    assert_user_error(run("data", "clean", source), "--out is missing")
    assert_user_error(run("data", "clean", tmp_path / "no", "--out", "x"), "does not exist")
    succeeded(*call)
    assert_user_error(run(*call), "out.jsonl exists")


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not beside the repository")
@pytest.mark.parametrize(
    "command",
    [
        ("import", "aime2024", "simpleqa", "humaneval", "livecodebench_sample"),
        ("stats", "aime2024", "beyondaime", "supergpqa"),
        ("clean", "beyondaime", "aime2025", "gsm8k"),
        ("dedup", "beyondaime", "aime2024", "aime2025"),
        ("decontaminate", "aime2025", "--against", "aime2025"),
        ("mcq-to-short", "supergpqa"),
        ("to-integer", "beyondaime"),
    ],
    ids=lambda command: command[0],
)
def test_every_verb_runs_on_real_files(tmp_path: Path, command: tuple[str, ...]) -> None:
    verb, *names = command
    files = [name if name.startswith("-") else REAL / f"{name}.jsonl" for name in names]
    out = () if verb == "stats" else ("--out", tmp_path / "out.jsonl")
    text = succeeded("data", verb, *files, *out).stdout
    if verb == "to-integer":
        assert (tmp_path / "out.jsonl").read_bytes() == files[0].read_bytes()
    assert {"decontaminate": "15 rows, 0 kept", "dedup": "70 rows, 70 kept"}.get(verb, "") in text
