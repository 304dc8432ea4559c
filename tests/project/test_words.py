"""The field's words instead of the ones that this project once made up.

Every row has a pattern, what to say instead, and the files in which the word is honest.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("spec", "reference", "scaled", "conformance", "cli", "seed", "tests", "docs", "examples")
SUFFIXES = (".py", ".toml", ".cfg", ".md")
HISTORY = (
    "CHANGELOG.md",
    "spec/renames.py",
    "tests/spec/test_renames.py",
    "tests/spec/test_aliases.py",
    "tests/project/test_words.py",
)
"""Files that must hold old words."""

OLD_SETTINGS = ("tests/cli/test_run.py",)
"""Tests of what a run says about settings of version 0.1."""


def words(pattern: str) -> str:
    """A pattern between word ends; underscores and digits are word ends, too."""
    return rf"(?<![a-z])(?:{pattern})(?![a-z])"


BANNED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (words("houses?"), "backend", ("*zebra*", "*importers*", "docs/modules.md")),
    (words("roofs?"), "CLI", ()),
    (words("twins?"), "counterpart", ("*sliding.py",)),
    (words("chapters?"), "module, package", ()),
    (words("keepers?"), "parent process", ()),
    (words("farewells?|last[ _]words"), "shutdown, exit reason", ()),
    (words("fallen"), "failed", ()),
    (words("sightings?"), "rank status", ()),
    (words("standstills?"), "stall report", ()),
    (words("rehears[a-z]*"), "dry run", ()),
    (words("imitat[a-z]*|cold[ _-]starts?"), "SFT", ()),
    (words("begin_reinforcement"), "start_rl", ()),
    (words("journals?"), "metrics", ()),
    (words("curricul[a-z]*"), "prompt stream, dynamic sampling", ()),
    (words("examin[a-z]*"), "evaluation, evaluate", ()),
    (words("publications?"), "policy version", ()),
    (words("openings"), "prompts needed", ()),
    (words("bundles?"), "atomic group", ()),
    (words("fleets?") + "|(?:Child|Mpi|Local)Fleet", "worker pool", ()),
    (
        words("standalone[ _](?:streaming )?(?:units?|ranks)|units? beside the trainer"),
        "remote or colocated rollout worker",
        (),
    ),
    (
        words(r"unit_(?:tp|cp|ep|slots|timeout|ranks)|parallel\.units"),
        "parallel.rollout_workers, parallel.worker_...",
        OLD_SETTINGS,
    ),
    (words("under[ _]way"), "in flight", ()),
    (words("evict(?:s|ed|ing|ions?)?"), "drop", OLD_SETTINGS),
    (words("recall(?:ed|s)?"), "preempt requested", ()),
    (words("park(?:ed|s|ing)?"), "preempt", ()),
    (words("refusals?"), "user error", ()),
    (words("coordinators?"), "main process", ()),
    (r"(?:\.|def )once\(", "on_rank_zero", ("conformance/bench/*",)),
    # "law" in quotes keys random numbers of tests and must stay.
    (words('(?<!")laws?|laws?(?!")'), "property", ()),
    (words("field laws?") + r"|\(field \d+\.\d+\)", "known bug", ()),
    (words("trunks?"), "shared prefix", ("*campsite.py",)),
    (words("(?<!your )own[ _]verifiers?"), "custom verifier", ()),
    (
        words("anchors?").replace("(?:", r"(?<!bbox_to_)(?<!without_)(?:", 1),
        "reference policy",
        ("docs/conf.py", "docs/extensions/*"),
    ),
)


def files() -> Iterator[str]:
    """Files with prose, relative to the root."""
    paths = [*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    for path in sorted(paths):
        if path.suffix in SUFFIXES and path.is_file():
            yield path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    ("pattern", "instead", "honest"), BANNED, ids=lambda value: str(value)[:30]
)
def test_old_words_are_gone(pattern: str, instead: str, honest: tuple[str, ...]) -> None:
    regex = re.compile(pattern, re.IGNORECASE)
    uses = [
        f"{file}:{number}: {line.strip()}"
        for file in files()
        if file not in HISTORY and not any(fnmatch(file, glob) for glob in honest)
        for number, line in enumerate((ROOT / file).read_text("utf-8").splitlines(), start=1)
        if regex.search(line)
    ]
    assert not uses, f"say {instead}:\n" + "\n".join(uses)
