"""The ``seed`` command in tests: called in this process, its user errors checked."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from seed.cli.main import seed
from tests.support import badly_behaved

VERIFIER = f"{badly_behaved.__file__}:behave"
BADLY_BEHAVED = ("--verifier", VERIFIER, "--jobs", "2")
"""Options that judge all lines with the verifier of ``tests.support.badly_behaved``."""


def run(*arguments: str | int | Path, columns: int = 200) -> Result:
    """Call ``seed`` with these arguments, in a terminal so wide that few lines are folded."""
    environment = {"COLUMNS": str(columns)}
    return CliRunner(env=environment).invoke(seed, list(map(str, arguments)))


def succeeded(*arguments: str | int | Path) -> Result:
    """Call ``seed``; it must exit with 0."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result


def assert_user_error(result: Result, *words: str) -> None:
    """Exit code 2 and one error line that holds the words; no traceback."""
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error")]
    assert "Traceback" not in result.output
    for word in words:
        assert word in line


def json_lines(text: str | bytes) -> list[Any]:
    """The values of JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def chess_line(name: str, problem: str = "", response: str = "right", **more: Any) -> bytes:
    """A line of a domain without a verifier of its own."""
    fields = {"id": name, "domain": "chess", "problem": problem, "response": response}
    return json.dumps(fields | more).encode()
