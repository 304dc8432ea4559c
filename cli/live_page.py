"""The page of a run, kept up to date while the run goes on, at a bounded cost."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seed.cli.report.header import REFRESH_SECONDS
from seed.cli.report.page import write_report

PAUSE_FACTOR = 30
"""The pause after a page, in times of what writing it took; so pages cost at most 1 / 31 of a run.
It is never shorter than a browser's between two loads.
"""


class LivePage:
    """Writes ``report.html`` of a run; a page that cannot be written is an event, never an error.

    Args:
        directory: The run.
        report_event: Told a name and a line when a page cannot be written.
        clock: Seconds, for tests.
    """

    def __init__(
        self,
        directory: Path,
        report_event: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.directory = directory
        self.report_event = report_event
        self.clock = clock
        self.due_at = clock()

    def update(self) -> None:
        """Write the page if the pause since the last one is over."""
        if self.clock() >= self.due_at:
            self.write()

    def write(self) -> Path | None:
        """Write the page now and return its path; None if that fails."""
        started = self.clock()
        try:
            return write_report(self.directory)
        except Exception as error:
            # Whatever goes wrong here, in a plot or on the disk, the run is worth more.
            line = f"{self.directory / 'report.html'}: {type(error).__name__}: {error}"
            self.report_event("report_not_written", f"{line}; try: seed report {self.directory}")
            return None
        finally:
            ended = self.clock()
            self.due_at = ended + max(REFRESH_SECONDS, PAUSE_FACTOR * (ended - started))


def keep_page(run: Any) -> LivePage:
    """Let a run of the main process write its page after checkpoints."""
    page = LivePage(run.directory.path, run.observer.event)
    # After the last phase the summary is still missing; the finished page follows at once.
    run.after_save = lambda: None if run.progress.phase == "done" else page.update()
    return page
