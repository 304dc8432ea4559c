"""Properties of a run that ends early: nothing good is lost, one line says why, it can go on."""

import json
import signal
from pathlib import Path

import pytest

from seed.reference.backend import ReferenceBackend
from seed.reference.training import trainer
from seed.reference.training.run import Run
from seed.reference.training.run_directory import RunDirectory
from seed.spec.errors import Ended, Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.reference.training.test_run_directory import SHORT, go_on
from tests.support.full_disk import largest_file
from tests.support.small_runs import lasting_bytes, new_run, small_config


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing has ended early."""
    path = tmp_path_factory.mktemp("whole") / "run"
    trainer.train(new_run(path, small_config("vapo", *SHORT)))
    return path


@pytest.mark.parametrize(
    ("size", "file"),
    [
        (100, "config.toml"),
        (4500, "checkpoints/step_"),
        (40000, "checkpoints/step_"),
        (70000, "checkpoints/step_"),
    ],
)
def test_a_full_disk_is_a_line_with_need_and_have_and_the_run_goes_on_with_the_same_bytes(
    tmp_path: Path, whole: Path, size: int, file: str
) -> None:
    path, config = tmp_path / "run", small_config("vapo", *SHORT)
    with pytest.raises(SeedError) as raised, largest_file(size):
        trainer.train(new_run(path, config))
    assert raised.value.reason == Reason.UNWRITABLE_FILE
    assert f"{path / file}" in raised.value.line
    assert f"; {size:,} bytes are free, and it needs at least " in raised.value.line
    assert not list(path.rglob("*.partial"))
    go_on(path, config)
    assert lasting_bytes(path) == lasting_bytes(whole)


def test_lines_for_which_there_is_no_room_are_not_written_in_part(
    tmp_path: Path, whole: Path
) -> None:
    first = (whole / "metrics.jsonl").read_bytes().partition(b"\n")[0]
    path, config = tmp_path / "run", small_config("vapo", *SHORT, "run.checkpoint_every=100")
    with pytest.raises(SeedError, match=r"metrics.jsonl cannot be written"):
        directory = RunDirectory.create(path, config)
        run = Run.start(ReferenceBackend(), config, directory, SilentObserver())
        with largest_file(len(first) + 20):
            trainer.train(run)
    assert (path / "metrics.jsonl").read_bytes() == first + b"\n"


@pytest.mark.parametrize(
    ("name", "damage", "fault"),
    [
        ("metrics.jsonl", b'{"step": 2', "line 2 is not JSON"),
        ("timings.jsonl", b"[2]", "line 2 is no object with a step"),
        ("samples.jsonl", b'{"step": "2"}', "line 2 is no object with a step"),
        ("metrics.jsonl", b"\xff", "line 2 is not UTF-8: invalid start byte at byte 0"),
        ("metrics.jsonl", b"[" * 100000, "line 2 is not JSON"),
    ],
)
def test_a_damaged_line_is_named_and_nothing_is_changed(
    tmp_path: Path, name: str, damage: bytes, fault: str
) -> None:
    file = tmp_path / name
    file.write_bytes(b'{"step": 1}\n' + damage + b'\n{"step": 3}\n')
    before = file.read_bytes()
    with pytest.raises(SeedError) as raised:
        RunDirectory(tmp_path).cut_after(1)
    assert raised.value.reason == Reason.UNREADABLE_FILE
    assert raised.value.line.startswith(f"{file}: {fault}")
    assert file.read_bytes() == before


def test_a_whole_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_bytes(b"{")
    with pytest.raises(SeedError, match=r"summary.json is not readable JSON"):
        RunDirectory(tmp_path).read_json("summary.json")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"families =", b'families = ["\xff"] #', "is not UTF-8"),
        (b"families =", b"families = 3 #", "data.families=3 must be a list"),
        (b"families =", b'families = ["maze"] #', "data.families"),
        (b"families =", b'families = ["chess"] #', "chess"),
        (b"[data.difficulties]", b"[data.dificulties]", "data.dificulties is not a key"),
    ],
)
def test_an_edited_configuration_is_one_line(
    tmp_path: Path, whole: Path, old: bytes, new: bytes, fault: str
) -> None:
    path = tmp_path / "run"
    (path / "checkpoints").mkdir(parents=True)
    for name in ("config.toml", "metrics.jsonl", *checkpoint_files(whole)):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes((whole / name).read_bytes())
    text = (path / "config.toml").read_bytes()
    assert old in text
    (path / "config.toml").write_bytes(text.replace(old, new))
    with pytest.raises(SeedError) as raised:
        directory, config = RunDirectory.resume(path)
        Run.resume(ReferenceBackend(), config, directory, SilentObserver())
    assert "config.toml" in raised.value.line and fault in raised.value.line


def checkpoint_files(run: Path) -> list[str]:
    """The files of the newest checkpoint."""
    newest = RunDirectory(run).newest_checkpoint()
    assert newest is not None
    return [str(file.relative_to(run)) for file in newest.iterdir()]


@pytest.mark.parametrize("after", range(1, 6))
def test_a_run_that_is_asked_to_end_saves_its_step_and_goes_on_with_the_same_bytes(
    tmp_path: Path, whole: Path, after: int
) -> None:
    path = tmp_path / "run"
    config = small_config("vapo", *SHORT, "run.save_on_signal=true", "run.checkpoint_every=100")
    run = new_run(path, config)
    calls = 0

    def asked() -> int:
        nonlocal calls
        calls += 1
        return signal.SIGTERM if calls == after else 0

    run.asked_to_end = asked
    with pytest.raises(Ended) as ended:
        trainer.train(run)
    assert ended.value.number == signal.SIGTERM
    step = RunDirectory(path).checkpoint_steps()[-1]
    lines = (path / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == step == run.progress.step
    go_on(path, config)
    ours, theirs = lasting_bytes(path), lasting_bytes(whole)
    for name in ("metrics.jsonl", "samples.jsonl"):
        assert ours[name] == theirs[name]


def test_a_run_that_may_not_save_is_not_asked(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", small_config("vapo", *SHORT))
    run.asked_to_end = lambda: signal.SIGTERM
    trainer.train(run)
    assert (tmp_path / "run" / "summary.json").exists()
