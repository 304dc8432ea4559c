"""How the suite is divided and scheduled.

``launch``  files that start ranks
``slow``    other files that train, start processes or enumerate for long
``fast``    all other tests: ``python -m pytest -m fast``

Markers are set here for files and folders, so no test has to be decorated. With several workers
(``-n 2``) every file is run by one worker, since its tests share fixtures. All launches are run by
one worker, one after the other, from the beginning: side by side they would share the cores, and
ranks that wait for each other in collectives then take several times as long.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

LAUNCH = (
    "conformance/test_grid.py",
    "conformance/test_worker_pool.py",
    "conformance/test_run.py",
    "conformance/test_shutdown.py",
    "conformance/test_environment_job.py",
    "conformance/test_suspend.py",
    "conformance/test_collectives.py",
)
"""The longest first."""

SLOW = (
    "tests/project/test_tools.py",
    "tests/project/test_code_blocks.py",
    "tests/reference/tasks/test_puzzles.py",
    "tests/reference/training/",
    "tests/reference/test_training.py",
    "tests/reference/verifiers/",
    "tests/reference/rollouts/",
    "tests/cli/",
    "tests/reference/simulation/",
    "conformance/test_outside.py",
    "conformance/test_pretrained.py",
    "tests/reference/pretrained/",
    "tests/reference/tasks/puzzles/test_equivalence.py",
    "tests/reference/tasks/test_problems.py",
    "tests/reference/tasks/test_task.py",
    "tests/reference/exams/test_build.py",
    "conformance/test_precision.py",
    "tests/spec/test_layout.py",
    "tests/spec/test_renames.py",
    "tests/spec/test_characters.py",
    "conformance/test_vectors.py",
    "tests/reference/rewards/test_reward_model.py",
    "tests/reference/test_rewards.py",
    "tests/reference/rewards/test_verdicts.py",
    "tests/examples/",
    "tests/seed/",
    "tests/project/test_site.py",
    "tests/conformance/exercises/test_student.py",
    "tests/project/test_learning_pages.py",
)
"""Files and folders, the longest first: the file that begins last should be short."""


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give every test its marker; several workers take long files first."""
    order = (*LAUNCH, *SLOW, "")
    for item in items:
        path = next(path for path in order if item.nodeid.startswith(path))
        item.add_marker("launch" if path in LAUNCH else "slow" if path else "fast")
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: list(map(item.nodeid.startswith, order)).index(True))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """The scheduler of ``--dist loadfile``."""
    return LaunchesTogether(config, log) if config.getvalue("dist") == "loadfile" else None


class LaunchesTogether(LoadFileScheduling):  # type: ignore[misc]  # xdist has no annotations
    """A file is a piece of work for one worker; all launches are one piece."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "launch" if file in LAUNCH else file
