"""Every command and every piece of code in README and docs runs, or says why not.

Blocks of a page run in their order in one folder, in which ``runs/mine`` is a small finished run.
``tests.support.code_blocks`` lists the comments with which a page says more.
"""

import doctest
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import seed
from seed.cli.main import seed as command_line
from tests.support.code_blocks import Block, blocks_of, matches
from tests.support.command_line import succeeded
from tests.support.small_runs import SMALL

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TREE = ("cli", "conformance", "reference", "scaled", "seed", "spec")
SMALLER = (
    *SMALL,
    *("supervised.steps=2", "value_pretraining.steps=1", "rollout.steps=2", "evaluation.samples=1"),
    *("reward_model.steps=2", "reward_model.evaluation_pairs=4", "evaluation.judge_pairs=4"),
)
"""Appended to every command that trains, but for settings that the command has itself."""

RUN_ELSEWHERE = {
    "git clone": ".ci/run",
    "pip install": ".ci/run",
    "python3 -m venv": ".ci/run",
    "mpirun": "conformance/test_run.py",
    "seed conform": "conformance/test_grid.py",
    "seed diff": "tests/cli/test_conform.py",
    "seed srs simulate": "tests/cli/test_simulate.py",
}
"""Beginning of a command that takes minutes or other machines -> what runs it, or its parts."""


@dataclass
class Workshop:
    """Where the blocks of a page run.

    Attributes:
        folder: The working directory.
        tree: A copy of the repository, for a page that changes it; commands then run there.
        names: What the page's Python code has defined.
        printed: What the block before printed.
    """

    folder: Path
    tree: Path | None = None
    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small streaming run, which has every file that a run directory can have."""
    path = tmp_path_factory.mktemp("blocks") / "mine"
    succeeded("run", "--out", path, *SMALLER, "rollout.srs_alpha=0.5")
    return path


@pytest.fixture
def workshop(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], Workshop]:
    """Prepares the folder of a page."""

    def prepare(page: Path) -> Workshop:
        text = page.read_text(encoding="utf-8")
        if not re.search(r"--out runs/mine\b|\.train\([^)]*runs/mine", text):
            shutil.copytree(finished, tmp_path / "runs" / "mine")
        for name, content in files().items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(seed, "load_config", small_configuration(seed.load_config))
        changes = any(block.language == "diff" for block in blocks_of(page))
        return Workshop(tmp_path, changed_tree(page, tmp_path) if changes else None)

    return prepare


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs_or_says_why_not(page: Path, workshop: Callable[[Path], Workshop]) -> None:
    blocks = blocks_of(page)
    assert all(block.language in RUNNERS for block in blocks), [str(block) for block in blocks]
    place = workshop(page) if any(block.remark("not run") is None for block in blocks) else None
    with np.printoptions():  # a page may set them for itself
        for block in blocks:
            reason = block.remark("not run")
            assert reason is None or len(reason.split()) > 2, f"{block}: no reason"
            if place and reason is None:
                RUNNERS[block.language](block, place)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_of_a_page_is_overlooked(page: Path) -> None:
    fences = re.findall(r"^ *```", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) == 2 * len(blocks_of(page))


def test_every_page_with_a_diff_is_applied_in_whole(tmp_path: Path) -> None:
    pages = [page for page in PAGES if any(block.language == "diff" for block in blocks_of(page))]
    for page in pages:
        changed_tree(page, tmp_path / page.stem)


@pytest.mark.parametrize("runner", sorted(set(RUN_ELSEWHERE.values())))
def test_what_runs_commands_elsewhere_exists(runner: str) -> None:
    assert (ROOT / runner).exists()


def run_shell(block: Block, place: Workshop) -> None:
    """Call each ``seed`` command; all others must be run elsewhere or say why not."""
    place.printed = ""
    for command in block.commands():
        reason = block.remark("not run", command)
        if reason or any(map(command.startswith, RUN_ELSEWHERE)):
            continue
        words = [word for word in shlex.split(command) if not re.match(r"[A-Z_]+=", word)]
        assert words[0] == "seed", f"{block}: neither run nor with a reason: {command}"
        arguments = [*words[1:], *shlex.split(block.remark("run with", command) or "")]
        place.printed += run_seed(block, place, smaller(arguments))


def run_seed(block: Block, place: Workshop, arguments: Sequence[str]) -> str:
    """Call ``seed``, in the page's own tree if it has one. Returns what it prints."""
    expected = 0 if block.remark("fails") is None else 2
    if place.tree:
        done = subprocess.run(
            [sys.executable, "-m", "seed", *arguments],
            cwd=place.tree,
            capture_output=True,
            text=True,
            check=False,
        )
        code, printed = done.returncode, done.stdout + done.stderr
    else:
        result = CliRunner().invoke(command_line, list(arguments))
        code, printed = result.exit_code, result.output
    assert code == expected, f"{block}: seed {shlex.join(arguments)}\n{printed}"
    return printed


def run_python(block: Block, place: Workshop) -> None:
    """Execute a block, or compare an interactive one; names last to the end of the page."""
    target = block.remark("file")
    if target is not None:
        (working_folder(place) / target).write_text(block.code, encoding="utf-8")
    elif block.remark("new file") is None and ">>> " in block.code:
        test = doctest.DocTestParser().get_doctest(block.code, {}, str(block), None, block.line)
        test.globs = place.names  # a copy would forget what this block defines
        report: list[str] = []
        doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
        assert not report, "".join(report)
    elif block.remark("new file") is None:
        exec(compile(block.code, str(block), "exec"), place.names)


def run_data(block: Block, place: Workshop) -> None:
    """Read a block of TOML or JSON, and keep it where it is a file."""
    if block.language == "toml":
        tomllib.loads(block.code)
    else:
        for line in block.code.splitlines():
            json.loads(line)
    target = block.remark("file")
    if target is not None:
        (working_folder(place) / target).write_text(block.code, encoding="utf-8")


def run_text(block: Block, place: Workshop) -> None:
    """Compare a text that is an output with what was printed."""
    if block.remark("output") is not None and place.printed:
        assert matches(block.code, place.printed), f"{block}: printed was\n{place.printed}"


def run_nothing(block: Block, place: Workshop) -> None:
    """A diff is applied before its page runs."""


RUNNERS: dict[str, Callable[[Block, Workshop], None]] = {
    "sh": run_shell,
    "python": run_python,
    "toml": run_data,
    "json": run_data,
    "text": run_text,
    "": run_text,
    "diff": run_nothing,
}


def working_folder(place: Workshop) -> Path:
    """Where commands of a page are called."""
    return place.tree or place.folder


def changed_tree(page: Path, folder: Path) -> Path:
    """A copy of the repository with the diffs of a page applied and its new files written."""
    tree = folder / "tree"
    for name in TREE:
        ignored = shutil.ignore_patterns("__pycache__", "*.h5")
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=ignored)
    for block in blocks_of(page):
        if (new_file := block.remark("new file")) is not None:
            (tree / new_file).write_text(block.code, encoding="utf-8")
        if block.language == "diff":
            done = subprocess.run(
                ["git", "apply", "-"],
                cwd=tree,
                input=block.code,
                env={"GIT_CEILING_DIRECTORIES": str(folder), "PATH": "/usr/bin:/bin"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{block}: {done.stderr}"
    return tree


def smaller(arguments: Sequence[str]) -> list[str]:
    """The same command with small numbers, if it trains."""
    trains = arguments[0] == "run" and "--resume" not in arguments
    return [*arguments, *without(SMALLER, arguments)] if trains else list(arguments)


def small_configuration(load: Callable[..., seed.Config]) -> Callable[..., seed.Config]:
    """``seed.load_config`` with small numbers, but for settings that the page chooses."""

    def load_small(
        preset: str = "tiny", recipe: str = "vapo", overrides: Sequence[str] = (), **top: Any
    ) -> seed.Config:
        return load(preset, recipe, [*overrides, *without(SMALLER, overrides)], **top)

    return load_small


def without(small: Sequence[str], own: Sequence[str]) -> Iterator[str]:
    """The small settings whose names are not among one's own; the last of a name decides."""
    names = {setting.partition("=")[0] for setting in own}
    small_ones = {setting.partition("=")[0]: setting for setting in small}
    yield from (setting for name, setting in small_ones.items() if name not in names)


def files() -> dict[str, str]:
    """Files that pages speak of without showing them."""
    puzzle = {"family": "maze", "instance": {"grid": "S.#/..#/#.G"}}
    line = {"id": "a", "domain": "puzzle", "problem": "Walk.", "response": "DRDR", "puzzle": puzzle}
    rooms = {"question": [["S", "B"], [".", "E"]]}
    enigmata = {"id": "a1", "task": "maze", "problem": "Walk.", "source": "Enigmata", "meta": rooms}
    enigmata["answer"] = "(1,1)->(2,1)->(2,2)"
    return {
        "mine.jsonl": json.dumps(line) + "\n",
        "labelled.jsonl": json.dumps(line | {"label": "correct"}) + "\n",
        "mine.py": "def check(item):\n    return item['response'] == 'DRDR'\n",
        "enigmata.jsonl": json.dumps(enigmata) + "\n",
    }
