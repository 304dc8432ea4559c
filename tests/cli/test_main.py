"""Properties of the command as a whole: it starts fast, and every command has help."""

import subprocess
import sys

import click
import pytest

from seed.cli import options
from seed.cli.main import seed
from seed.conformance.grid import PRECISIONS
from seed.reference.verifiers.sandbox import probe
from seed.spec import config_files
from tests.support.command_line import run

COMMANDS = [
    *("ablate", "audit", "bench", "conform", "data", "diff", "eval", "exercise", "explain"),
    *("export", "model", "puzzles", "report", "run", "sample", "serve", "srs", "verify"),
]
WORDS = [
    (),
    *((name,) for name in seed.commands),
    *(
        (name, below)
        for name, group in seed.commands.items()
        if isinstance(group, click.Group)
        for below in group.commands
    ),
]
"""The words that call every command."""
HEAVY = {"numpy", "torch", "mpi4py", "matplotlib", "h5py", "pydantic", "tqdm"}


def test_the_choices_of_the_options_are_those_of_the_modules_that_they_repeat() -> None:
    assert (options.PRESETS, options.RECIPES) == (config_files.PRESETS, config_files.RECIPES)
    assert (probe.AUTOMATIC, *probe.PREFERRED, probe.WEAK) == options.ISOLATIONS
    assert set(options.PRECISIONS) == set(PRECISIONS)


def test_no_command_imports_what_it_does_not_need_for_its_help() -> None:
    code = f"import sys, seed.cli.main; print(sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_called_alone_the_command_shows_its_help() -> None:
    assert run().output.rstrip() == run("--help").output.rstrip()


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command(flag: str) -> None:
    assert sorted(seed.commands) == COMMANDS
    lines = run(flag).output.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines if line[:3].strip()] == COMMANDS


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_no_line_of_a_help_is_cut_or_too_long(words: tuple[str, ...]) -> None:
    lines = run(*words, "--help", columns=80).output.splitlines()
    assert not [line for line in lines if line.endswith("...") and not line.startswith("Usage")]
    assert max(map(len, lines)) <= 80
