"""Where nobody may mount, a program still has a folder of its own, bounded, and nothing is left."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seed.reference.verifiers.sandbox import host, private_folder, probe
from seed.reference.verifiers.sandbox.limits import Limits
from tests.reference.verifiers.test_sandbox import PRINT, SCRATCH
from tests.support import no_mounts
from tests.support.sandboxes import printed_list, script, sound

LANDLOCK = "landlock"


@pytest.fixture
def without_mounts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fork server of a system where nobody may mount."""
    sound(LANDLOCK)
    host._stop_fork_server()
    monkeypatch.setattr(host, "FORK_SERVER", no_mounts.ENTRY)
    yield
    host._stop_fork_server()


def left() -> list[str]:
    """Folders of guests."""
    return [name for name in os.listdir("/tmp") if name.startswith(private_folder.PREFIX)]


def test_a_program_has_a_folder_of_its_own_that_vanishes(without_mounts: None) -> None:
    deep = "for _ in range(2000):\n    os.mkdir('d'); os.chdir('d')\n"
    shut = "os.umask(0o777); os.mkdir('shut'); open('file', 'w').close(); os.umask(0)\n"
    show = PRINT.format("[os.getcwd(), tempfile.gettempdir(), os.listdir('.'), kept]")
    program = f"{SCRATCH}{show}\nos.symlink('/etc', 'x')\n{shut}{deep}"
    place, temporary, before, kept = printed_list(script(program, LANDLOCK))
    assert place == temporary and not before and kept == "kept"
    assert str(place).startswith(f"/tmp/{private_folder.PREFIX}")
    assert left() == [] and os.path.exists("/etc/passwd")


def test_no_escape_succeeds_and_folders_of_others_are_shut(without_mounts: None) -> None:
    assert probe.attempt_escapes(LANDLOCK) == []
    other = private_folder.make(None)
    try:
        tries = f"""
import os
done = []
for name, attempt in (("list", lambda: os.listdir({other!r})),
                      ("write", lambda: open({other + "/x"!r}, "w")),
                      ("beside", lambda: os.mkdir("/tmp/seed-beside"))):
    try:
        attempt()
        done.append(name)
    except OSError:
        pass
"""
        assert printed_list(script(tries + PRINT.format("done"), LANDLOCK)) == []
    finally:
        private_folder.remove(other)


@pytest.mark.parametrize("size", [0, 1 << 20])
def test_a_program_that_fills_its_folder_is_ended(without_mounts: None, size: int) -> None:
    fill = f"number = 0\nwhile True:\n    open(str(number), 'wb').write(bytes({size}))\n"
    ended = script(f"{fill}    number += 1\n", LANDLOCK, Limits(scratch_bytes=4 << 20))
    assert ended.fault().startswith("was killed by SIGKILL") and not ended.late
    assert left() == []


def test_what_is_full_is_seen(tmp_path: Path) -> None:
    assert not private_folder.is_full(str(tmp_path), 0)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(1 << 16))
    (tmp_path / "link").symlink_to("/usr")
    assert not private_folder.is_full(str(tmp_path), 1 << 17)
    assert private_folder.is_full(str(tmp_path), 1 << 15)


def test_only_folders_of_monitors_that_have_ended_are_swept(tmp_path: Path) -> None:
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    stale = tmp_path / f"{private_folder.PREFIX}{process}-x"
    mine = private_folder.make(None, str(tmp_path))
    (stale / "deep" / "er").mkdir(parents=True)
    (tmp_path / "others").mkdir()
    private_folder.sweep(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == sorted(["others", Path(mine).name])
