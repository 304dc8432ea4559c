"""Properties of locales: where the terminal does not know all characters, every command prints."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from seed.cli.main import seed
from tests.support.command_line import VERIFIER

C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""Python itself would choose UTF-8 in this locale."""
CHARSETS = ("ascii", "latin-1")


def printed(charset: str, *arguments: str | Path) -> str:
    """What a command prints on a stdout with this encoding; it must exit with 0."""
    result = CliRunner(charset=charset).invoke(seed, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.stdout


def lines_file(path: Path, **more: Any) -> Path:
    """Lines whose domain and ids no ASCII has."""
    lines = [
        {"id": f"é{n}", "domain": "Schach ♞", "problem": problem, "response": "right"} | more
        for n, problem in enumerate(("1", "raises"))
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("charset", CHARSETS)
def test_the_summaries_of_verify_and_audit_are_printed(tmp_path: Path, charset: str) -> None:
    options = ("--verifier", VERIFIER, "--jobs", "1")
    path = lines_file(tmp_path / "in", label="wrong")
    for command in (("verify", path, "--out", tmp_path / "out"), ("audit", path)):
        text = printed(charset, *command, *options)
        # click writes UTF-8 where the locale names ASCII; that never fails.
        assert charset == "ascii" or "Schach \\u265e" in text


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("explain",),
        ("explain", "--equations"),
        ("explain", "--preset", "seed-200b"),
        ("puzzles", "show", "magic_square"),
        ("exercise", "list"),
    ],
    ids=" ".join,
)
def test_explanations_are_printed(arguments: tuple[str, ...], charset: str) -> None:
    assert printed(charset, *arguments)


def test_what_a_run_leaves_is_printed(finished: Path, tmp_path: Path) -> None:
    assert printed("latin-1", "eval", finished, "evaluation.problems=2", "evaluation.samples=1")
    assert printed("latin-1", "sample", finished, "-n", "1")
    assert printed("latin-1", "report", finished, "--out", tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 1000


@pytest.mark.parametrize("variables", [C_LOCALE, {"PYTHONIOENCODING": "latin-1"}])
def test_a_process_in_such_a_locale_ends_well(tmp_path: Path, variables: dict[str, str]) -> None:
    path = lines_file(tmp_path / "in")
    command: list[str | Path] = [sys.executable, "-m", "seed.cli.main", "verify", path]
    command += ["--out", tmp_path / "out"]
    ended = subprocess.run(
        [*command, "--verifier", VERIFIER, "--jobs", "1"],
        env=os.environ | variables,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count(b"Schach") == 1
    assert len((tmp_path / "out").read_text().splitlines()) == 2


@pytest.mark.parametrize("charset", [*CHARSETS, "utf-8"])
def test_a_name_that_is_no_text_is_printed(tmp_path: Path, charset: str) -> None:
    runner = CliRunner(charset=charset)
    result = runner.invoke(seed, ["verify", "\udcff", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and result.stderr.startswith("Error: unreadable-file: ")
    out = str(tmp_path / "\udcff")
    result = runner.invoke(seed, ["puzzles", "generate", "maze", "--count", "1", "--out", out])
    assert result.exit_code == 0, result.output
