"""Properties of custom verifiers: what lies beside them is theirs, whatever its name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seed.reference.verifiers.files.file import verify_file
from seed.reference.verifiers.files.lines import Rule
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.worker import Limits
from tests.support.command_line import chess_line

NAMES = ("reference", "spec", "cli", "scaled", "conformance")
"""Our folders, which a user may have too."""


def verifier(folder: Path, *imported: str) -> str:
    """A verifier that rewards 1 if all these modules are those of its own folder."""
    folder.mkdir(parents=True, exist_ok=True)
    checks = "".join(f"    from {name} import OWNER as {name}_owner\n" for name in imported)
    owners = ", ".join(f"{name}_owner" for name in imported)
    lazy = f"def judge(item):\n{checks}    return {{{owners}}} == {{{str(folder)!r}}}\n"
    (folder / "mine.py").write_text(f"import {', '.join(imported)}\n{lazy}")
    return f"{folder / 'mine.py'}:judge"


def as_module(folder: Path, name: str) -> None:
    (folder / f"{name}.py").write_text(f"OWNER = {str(folder)!r}\n")


def as_package(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("from ." + "inner import OWNER\n")
    (folder / name / "inner.py").write_text(f"OWNER = {str(folder)!r}\n")


def verdicts(tmp_path: Path, lines: list[bytes], rule: Rule) -> list[str]:
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    with Pool(1, Limits(60.0, 2048)) as pool:
        ignore = lambda heading, judgement: None  # noqa: E731
        verify_file(tmp_path / "in", tmp_path / "out", rule, pool, False, ignore)
    written = (tmp_path / "out").read_text().splitlines()
    return [json.loads(line)["verdict"] for line in written]


@pytest.mark.parametrize("form", [as_module, as_package])
def test_a_verifier_imports_its_own_modules_of_our_names(tmp_path: Path, form: object) -> None:
    address = verifier(tmp_path / "user", *NAMES)
    for name in NAMES:
        form(tmp_path / "user", name)  # type: ignore[operator]
    assert verdicts(tmp_path, [chess_line("a")], Rule(address)) == ["correct"]


def test_verifiers_of_two_folders_have_a_module_of_the_same_name_each(tmp_path: Path) -> None:
    lines = []
    for folder in ("a", "b"):
        verifier(tmp_path / folder, "helpers", "shared")
        as_module(tmp_path / folder, "helpers")
        as_package(tmp_path / folder, "shared")
    for number in range(6):
        address = f"{tmp_path / 'ab'[number % 2]}/mine.py:judge"
        lines.append(chess_line(str(number), verifier=address))
    assert verdicts(tmp_path, lines, Rule(lines_may_choose=True)) == ["correct"] * 6


COMMANDS = """
import importlib, pkgutil
from click.testing import CliRunner
from seed import cli, reference, spec
from seed.cli.main import seed
for package in (cli, reference, spec):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
for words in (
    ["explain"], ["puzzles", "generate", "maze", "--solved", "--out", "lines"],
    ["verify", "lines", "--out", "verdicts", "--jobs", "1"],
):
    result = CliRunner().invoke(seed, words)
    assert result.exit_code == 0, (words, result.output, result.exception)
"""
"""Imports all that commands import when they run, and starts what has processes of its own."""


def test_generic_names_in_the_current_folder_break_no_command(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    ended = subprocess.run(
        [sys.executable, "-c", COMMANDS],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
