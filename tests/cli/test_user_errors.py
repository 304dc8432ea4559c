"""Properties of user errors: one line with option, value and legal values, and exit code 2."""

import click
import pytest
from click.testing import Result

from seed.cli.main import seed
from seed.cli.options import BACKENDS, ISOLATIONS, PRESETS
from tests.support.command_line import run

JUDGED = ("verify", "in", "--out", "out")


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command of the command line with the words that call it."""
    result: list[tuple[tuple[str, ...], click.Command]] = [(path, group)]
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            result += commands(command, (*path, name))
        else:
            result.append(((*path, name), command))
    return result


COMMANDS = commands(seed)
PARAMETERS = [(path, parameter) for path, command in COMMANDS for parameter in command.params]
OPTIONS = [(path, option) for path, option in PARAMETERS if isinstance(option, click.Option)]
NAMES = ", ".join(sorted(seed.commands))
TYPED = [
    (path, option)
    for path, option in OPTIONS
    if not isinstance(option.type, (click.types.StringParamType, click.Path))
]


def error_line(done: Result) -> str:
    """The one line of a user error."""
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line.removeprefix("Error: ")


JOBS = "must be an integer of at least 1 and at most 256"
ILLEGAL_VALUES = [
    ((*JUDGED, "--isolation", "foo"), f"--isolation=foo must be one of {', '.join(ISOLATIONS)}"),
    ((*JUDGED, "--jobs=0"), f"--jobs=0 {JOBS}"),
    ((*JUDGED, "--jobs", "many"), f"--jobs=many {JOBS}"),
    ((*JUDGED, "--jobs", "1\n2"), rf"--jobs='1\n2' {JOBS}"),
    (
        (*JUDGED, "--time-limit", "0"),
        "--time-limit=0 must be a number above 0.0 and at most 86400.0",
    ),
    (("run", "--backend", "foo"), f"--backend=foo must be one of {', '.join(BACKENDS)}"),
    (("explain", "--preset="), f"--preset= must be one of {', '.join(PRESETS)}"),
    (("run", "--seed", "1.5"), "--seed=1.5 must be an integer"),
    (
        ("conform", "--precision", "float64", "--precision", "half"),
        "--precision=half must be one of float64, float32, bfloat16",
    ),
    (("verify", "in"), "--out is missing; see seed verify --help"),
    (("verify", "--out", "out"), "FILE is missing; see seed verify --help"),
    (("diff", "reference"), "B is missing; see seed diff --help"),
    (("puzzles", "generate"), "FAMILY is missing; see seed puzzles generate --help"),
    (("run", "--out"), "--out needs a value; see seed run --help"),
    (("conform", "--full=3"), "--full takes no value; see seed conform --help"),
    (("audit", "a", "b"), "got unexpected extra argument (b); see seed audit --help"),
]
UNKNOWN_NAMES = [
    (
        ("run", "--outt", "x"),
        "--outt is not an option (did you mean --out?); legal options of seed run: --backend,"
        " --preset, --recipe, --model, --data, --eval-data, --chats, --reward, --seed, --out,"
        " --config, --from, --resume, --dry-run, --help",
    ),
    (("--threads", "x"), "--threads is not an option; legal options of seed: --version, --help"),
    (("rnu",), f"rnu is not a command (did you mean run?); legal commands of seed: {NAMES}"),
    (
        ("puzzles", "solve"),
        "solve is not a command; legal commands of seed puzzles: generate, read, show",
    ),
]


@pytest.mark.parametrize(("arguments", "line"), ILLEGAL_VALUES)
def test_an_illegal_value_is_named_with_the_legal_ones(
    arguments: tuple[str, ...], line: str
) -> None:
    assert error_line(run(*arguments)) == f"illegal-value: {line}"


@pytest.mark.parametrize(("arguments", "line"), UNKNOWN_NAMES)
def test_an_unknown_name_is_refused_with_the_legal_ones(
    arguments: tuple[str, ...], line: str
) -> None:
    assert error_line(run(*arguments)) == f"unknown-name: {line}"


def test_a_seed_error_of_a_command_is_its_line() -> None:
    result = run("verify", "missing", "--out", "out")
    assert error_line(result) == "unreadable-file: missing: No such file or directory"


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS])
def test_every_command_refuses_an_unknown_option_in_one_line(path: tuple[str, ...]) -> None:
    assert error_line(run(*path, "--quux", "x")).startswith(
        "unknown-name: --quux is not an option; legal options of seed"
    )


@pytest.mark.parametrize(
    ("path", "option"), TYPED, ids=[" ".join((*path, option.opts[0])) for path, option in TYPED]
)
def test_an_option_that_does_not_take_any_text_names_its_legal_values(
    path: tuple[str, ...], option: click.Option
) -> None:
    line = error_line(run(*path, f"{option.opts[0]}=no such value"))
    assert line.startswith(f"illegal-value: {option.opts[0]}")
    assert option.is_flag or line.startswith(
        f"illegal-value: {option.opts[0]}=no such value must be "
    )


@pytest.mark.parametrize(("rank", "lines"), [("0", 1), ("3", 0)])
def test_one_rank_of_a_launched_job_prints(
    monkeypatch: pytest.MonkeyPatch, rank: str, lines: int
) -> None:
    monkeypatch.setenv("PMI_RANK", rank)
    for arguments in (["--threads"], ["run", "--threads"], ["rnu"], ["run", "--resume", "missing"]):
        done = run(*arguments)
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, lines)


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS])
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    done = run(*path, "--help")
    assert done.exit_code == 0
    assert done.stdout.startswith("Usage: ") and "--help" in done.stdout
