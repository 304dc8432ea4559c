"""Properties of the page of a run that goes on: written at checkpoints, at a bounded cost."""

from pathlib import Path

import pytest

from seed.cli import live_page
from seed.cli.live_page import PAUSE_FACTOR, LivePage, keep_page
from seed.cli.report.header import REFRESH_SECONDS
from seed.reference.training import trainer
from tests.support.reports import refreshes, write_run
from tests.support.small_runs import EventRecorder, lasting_bytes, new_run, small_config


class Clock:
    """A clock that is set by hand; writing a page takes ``cost`` seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: float) -> None:
        self.now, self.pages, self.cost = 0.0, 0, cost
        monkeypatch.setattr(live_page, "write_report", self.write)

    def __call__(self) -> float:
        return self.now

    def write(self, directory: Path) -> Path:
        """Stand for the page."""
        self.pages += 1
        self.now += self.cost
        return directory


@pytest.mark.parametrize("cost", [0.01, 2.0, 50.0])
def test_pages_cost_a_bounded_share_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cost: float
) -> None:
    clock = Clock(monkeypatch, cost)
    page = LivePage(tmp_path, lambda *_: None, clock)
    for _ in range(5000):
        page.update()
        clock.now += 1.0
    assert clock.pages > 1
    assert (clock.pages - 1) * cost <= clock.now / PAUSE_FACTOR
    assert (clock.pages - 1) * REFRESH_SECONDS <= clock.now


def test_a_page_that_cannot_be_written_is_an_event_and_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(directory: Path) -> Path:
        raise ValueError("no room")

    monkeypatch.setattr(live_page, "write_report", fail)
    observer = EventRecorder()
    run = new_run(tmp_path / "run", small_config(), observer)
    page = keep_page(run)
    assert trainer.train(run)["stopped"] == "steps_done"
    assert page.write() is None
    assert observer.events.count("report_not_written") == 2


def test_a_run_writes_its_page_at_checkpoints_and_is_the_same_run(tmp_path: Path) -> None:
    plain = new_run(tmp_path / "plain", small_config())
    trainer.train(plain)
    run = new_run(tmp_path / "kept", small_config())
    page = keep_page(run)
    trainer.train(run)
    text = (tmp_path / "kept" / "report.html").read_text(encoding="utf-8")
    assert refreshes(text)
    assert lasting_bytes(tmp_path / "plain") == lasting_bytes(tmp_path / "kept")
    assert page.write() == tmp_path / "kept" / "report.html"
    assert not refreshes((tmp_path / "kept" / "report.html").read_text(encoding="utf-8"))


def test_the_page_of_another_process_is_replaced_at_once(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", rl_steps=0, finished=False)
    page = LivePage(run, lambda *_: None)
    page.update()
    assert "SFT loss" in (run / "report.html").read_text(encoding="utf-8")
