"""``seed serve`` as a person uses it: it says where it listens, answers, and ends with Ctrl-C."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from seed.cli.serve import name_of
from tests.support.command_line import assert_user_error, run

COMMAND = (sys.executable, "-c", "import seed.cli.main; seed.cli.main.seed()", "serve")


def asked(address: str, fields: object) -> str:
    """The text of a chat reply."""
    request = urllib.request.Request(
        f"{address}/chat/completions",
        json.dumps(fields).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        text: str = json.load(response)["choices"][0]["message"]["content"]
    return text


def test_a_run_is_served_until_ctrl_c(finished: Path) -> None:
    command = [*COMMAND, str(finished), "--port", "0", "--max-tokens", "5"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as job:
        assert job.stdout is not None and job.stderr is not None
        found = re.match(r"finished at (http://127\.0\.0\.1:\d+/v1) ", job.stdout.readline())
        assert found, job.stderr.read()
        assert "at most 32 tokens of prompt and 5 of response" in job.stdout.readline()
        fields = {"messages": [{"role": "user", "content": "A7+5="}], "seed": 1, "temperature": 1.5}
        first, second = (asked(found[1], fields) for _ in range(2))
        assert first == second and len(first) <= 5
        job.send_signal(signal.SIGINT)
        assert job.wait(30) == 0
        assert "Traceback" not in job.stderr.read()


def test_an_address_in_use_is_a_user_error(finished: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", finished, "--port", port)
    assert_user_error(result, f"--port {port}", "legal: a free address")
    assert_user_error(run("serve", finished, "--host", "no.such.host.invalid"), "--host no.such")


def test_what_is_no_model_is_a_user_error(tmp_path: Path) -> None:
    assert_user_error(run("serve", tmp_path / "nothing"), "nothing")


@pytest.mark.parametrize(
    ("path", "name"),
    [("runs/mine", "mine"), ("runs/mine/checkpoints/step_4", "mine/step_4"), ("models/x/", "x")],
)
def test_a_model_has_the_name_of_its_folder(path: str, name: str, tmp_path: Path) -> None:
    assert name_of(tmp_path / path) == name
