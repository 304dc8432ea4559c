"""How the suite is divided and scheduled.

``launch``  files that start ranks or whole trainings in processes of their own
``slow``    other files that train or enumerate for long
``fast``    all other tests: ``python -m pytest -m fast``

The markers are set here for whole files, so that no test has to be decorated. With several workers
(``-n 2``) every file is run by one worker, since its tests share fixtures. All launches run one
after the other in the worker that starts first: two launches side by side would have to share the
cores, and ranks that wait for each other in collectives then take several times as long.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

LAUNCH = (
    "conformance/test_grid.py",
    "conformance/test_worker_pool.py",
    "conformance/test_run.py",
    "conformance/test_failures.py",
    "conformance/test_collectives.py",
)
"""The longest first."""

SLOW = (
    "tests/project/test_rules.py",
    "tests/reference/tasks/test_puzzles.py",
    "tests/reference/tasks/test_puzzles.py",
    "tests/reference/training/test_trainer.py",
    "tests/reference/verifiers/runner/test_worker.py",
    "tests/reference/verifiers/sandbox/test_containment.py",
    "tests/reference/verifiers/programs/test_attacks.py",
    "tests/reference/rollouts/test_streaming.py",
    "tests/cli/report/test_page.py",
    "tests/reference/simulation/test_simulate.py",
    "tests/reference/rollouts/test_scheduler.py",
    "tests/cli/test_main.py",
    "conformance/test_outside.py",
    "tests/reference/tasks/puzzles/test_equivalence.py",
    "tests/reference/tasks/test_problems.py",
    "conformance/test_precision.py",
    "tests/reference/verifiers/programs/test_verifier.py",
    "tests/spec/test_layout.py",
    "tests/reference/verifiers/files/test_file.py",
    "conformance/test_vectors.py",
    "tests/cli/test_verify.py",
    "tests/reference/rewards/test_reward_model.py",
    "tests/cli/report/test_data_classes.py",
)
"""The longest first: a file that begins last keeps one worker busy while the others are done."""


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give every test its marker; several workers take long files first."""
    for item in items:
        file = file_of(item)
        item.add_marker("launch" if file in LAUNCH else "slow" if file in SLOW else "fast")
    if hasattr(config, "workerinput"):
        first = {file: place for place, file in enumerate((*LAUNCH, *SLOW))}
        items.sort(key=lambda item: first.get(file_of(item), len(first)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """The scheduler of ``--dist loadfile``."""
    return LaunchesTogether(config, log) if config.getvalue("dist") == "loadfile" else None


class LaunchesTogether(LoadFileScheduling):
    """A file is a piece of work for one worker; all launches are one piece."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "launch" if file in LAUNCH else file


def file_of(item: pytest.Item) -> str:
    """Path of the file of a test, relative to the root."""
    return item.nodeid.partition("::")[0]
