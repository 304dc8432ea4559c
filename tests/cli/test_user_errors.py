"""Laws of the command line's refusals: one line with the field, the value and the legal values, and
exit code 2.
"""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from seed.cli.main import BACKENDS, ISOLATIONS, PRESETS, seed

JUDGED = ("verify", "in", "--out", "out")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(seed, arguments)


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command of the command line with the words that call it."""
    found: list[tuple[tuple[str, ...], click.Command]] = [(path, group)]
    for name, command in group.commands.items():
        below = (
            commands(command, (*path, name))
            if isinstance(command, click.Group)
            else [((*path, name), command)]
        )
        found += below
    return found


COMMANDS = commands(seed)
OPTIONS = [
    (path, option)
    for path, command in COMMANDS
    for option in command.params
    if isinstance(option, click.Option)
]
NAMES = ", ".join(sorted(seed.commands))
TYPED = [
    (path, option)
    for path, option in OPTIONS
    if not isinstance(option.type, (click.types.StringParamType, click.Path))
]


def refusal(done: Result) -> str:
    """The one line of a refusal."""
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line.removeprefix("Error: ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((*JUDGED, "--isolation", "foo"), f"illegal-value: --isolation=foo must be one of {', '.join(ISOLATIONS)}"),
        ((*JUDGED, "--jobs=0"), "illegal-value: --jobs=0 must be an integer of at least 1 and at most 256"),
        ((*JUDGED, "--jobs", "many"), "illegal-value: --jobs=many must be an integer of at least 1 and at most 256"),
        ((*JUDGED, "--jobs", "1\n2"), r"illegal-value: --jobs='1\n2' must be an integer of at least 1 and at most 256"),
        ((*JUDGED, "--time-limit", "0"), "illegal-value: --time-limit=0 must be a number above 0.0"),
        (("run", "--backend", "foo"), f"illegal-value: --backend=foo must be one of {', '.join(BACKENDS)}"),
        (("explain", "--preset="), f"illegal-value: --preset= must be one of {', '.join(PRESETS)}"),
        (("run", "--seed", "1.5"), "illegal-value: --seed=1.5 must be an integer"),
        (
            ("conform", "--precision", "float64", "--precision", "half"),
            "illegal-value: --precision=half must be one of float64, float32, bfloat16",
        ),
        (("verify", "in"), "illegal-value: --out is missing; see seed verify --help"),
        (("verify", "--out", "out"), "illegal-value: FILE is missing; see seed verify --help"),
        (("diff", "reference"), "illegal-value: B is missing; see seed diff --help"),
        (("puzzles", "generate"), "illegal-value: FAMILY is missing; see seed puzzles generate --help"),
        (("run", "--out"), "illegal-value: --out needs a value; see seed run --help"),
        (("conform", "--full=3"), "illegal-value: --full takes no value; see seed conform --help"),
        (("audit", "a", "b"), "illegal-value: got unexpected extra argument (b); see seed audit --help"),
        (("run", "--outt", "x"), "unknown-name: --outt is not an option (did you mean --out?); legal options of seed run: "
         "--backend, --preset, --recipe, --seed, --out, --resume, --help"),
        (("--threads", "x"), "unknown-name: --threads is not an option; legal options of seed: --version, --help"),
        (("rnu",), f"unknown-name: rnu is not a command (did you mean run?); legal commands of seed: {NAMES}"),
        (("puzzles", "solve"), "unknown-name: solve is not a command; legal commands of seed puzzles: generate, read"),
        (
            ("run", "--resume", "x", "--seed", "2", "a.b=1"),
            "illegal-combination: --resume takes its configuration from the run directory; --seed, a.b=1 must not be given too",
        ),
        (("verify", "missing", "--out", "out"), "unreadable-file: missing: No such file or directory"),
    ],
)  # fmt: skip
def test_a_refusal_names_field_value_and_legal_values(
    arguments: tuple[str, ...], line: str
) -> None:
    assert refusal(run(*arguments)) == line


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS])
def test_an_unknown_option_is_refused_in_one_line_by_every_command(path: tuple[str, ...]) -> None:
    assert refusal(run(*path, "--quux", "x")).startswith(
        "unknown-name: --quux is not an option; legal options of seed"
    )


@pytest.mark.parametrize(
    ("path", "option"), TYPED, ids=[" ".join((*path, option.opts[0])) for path, option in TYPED]
)
def test_no_option_takes_any_text_and_says_what_it_takes(
    path: tuple[str, ...], option: click.Option
) -> None:
    line = refusal(run(*path, f"{option.opts[0]}=no such value"))
    assert line.startswith(f"illegal-value: {option.opts[0]}")
    assert option.is_flag or line.startswith(
        f"illegal-value: {option.opts[0]}=no such value must be "
    )


@pytest.mark.parametrize(("rank", "lines"), [("0", 1), ("3", 0)])
def test_one_rank_of_a_launched_job_speaks(
    monkeypatch: pytest.MonkeyPatch, rank: str, lines: int
) -> None:
    monkeypatch.setenv("PMI_RANK", rank)
    for arguments in (["--threads"], ["run", "--threads"], ["rnu"], ["run", "--resume", "missing"]):
        done = run(*arguments)
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, lines)


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS])
def test_help_is_help(path: tuple[str, ...]) -> None:
    done = run(*path, "--help")
    assert done.exit_code == 0
    assert done.stdout.startswith("Usage: ") and "--help" in done.stdout


def test_called_alone_the_command_shows_its_help() -> None:
    assert run().output.rstrip() == run("--help").output.rstrip()


def test_an_interrupt_is_told_in_one_line_with_the_command_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(run: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("seed.cli.run.trainer.train", interrupted)
    done = run("run", "--out", str(tmp_path / "here"))
    assert done.exit_code == 130, done.output
    assert (
        done.stderr.splitlines()[-1]
        == f"Error: interrupted; continue with: seed run --resume {tmp_path / 'here'}"
    )
