"""Work that a kill does not undo: passes over rows, saved every few thousand rows, published whole.

    .OUT.work/          beside OUT, until everything is published
        state.json      what was asked for, the pass, the rows done, the sizes of the files, counts
        kept, dropped …   what the passes write

A file may be longer than ``state.json`` says, since a kill comes between two saves: what is too
much is cut off. Nothing depends on the clock, so a run that was killed and resumed at any point
publishes the same bytes as one that was not. OUT itself appears last.
"""

import fcntl
import json
import os
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from seed.reference.cleaning.rows import Rows
from seed.reference.cleaning.stage import Record
from seed.reference.verifiers.files.publish import check_free
from seed.spec.atomic_files import flush, remove_atomically, write_atomically, written
from seed.spec.errors import Reason, SeedError, with_way_on

FORMAT = 1
SAVE_ROWS = 5000
"""Rows between two saves: at most so many are done again after a kill."""
STATE, LOCK = "state.json", "lock"

Files = Mapping[str, IO[bytes]]
Handle = Callable[[Record, Files], object]


class Job:
    """One command on one OUT.

    Attributes:
        out: The file that appears last.
        folder: Where the work lies until then.
    """

    def __init__(
        self, out: Path, identity: Mapping[str, Any], resume: bool, endings: Sequence[str] = ()
    ) -> None:
        """Begin, or go on.

        Args:
            out: New file.
            identity: What the output depends on; a job that goes on must have the same.
            resume: Go on with what an earlier job left, if there is any.
            endings: Of the files that appear beside OUT.

        Raises:
            SeedError: FILE_EXISTS, UNWRITABLE_FILE, FOREIGN_OUTPUT.
        """
        self.out = out
        self.folder = out.with_name(f".{out.name}.work")
        self._state: dict[str, Any] = {
            "identity": {"format": FORMAT, **json.loads(json.dumps(identity))},
            "pass": 0,
            "rows": 0,
            "sizes": {},
            "counts": {},
            "publish": [],
        }
        self._begin(resume, endings)

    def _begin(self, resume: bool, endings: Sequence[str]) -> None:
        begun = self.folder / STATE
        if begun.exists() and not resume:
            line = f"{self.out} was begun and not finished: go on with --resume, or delete"
            raise SeedError(Reason.FILE_EXISTS, f"{line} {self.folder}")
        if not begun.exists():
            for target in (self.out, *map(self.beside, endings)):
                check_free(target)
            with written(self.folder):
                self.folder.mkdir(exist_ok=True)
                self._lock()
            self._save()
            return
        self._lock()
        saved = json.loads(begun.read_text(encoding="utf-8"))
        try:
            _check_same(self.out, saved["identity"], self._state["identity"])
        except SeedError:
            self._unlock()
            raise
        self._state = saved

    def _lock(self) -> None:
        locked = os.open(self.folder / LOCK, os.O_WRONLY | os.O_CREAT, 0o666)
        self._unlock = weakref.finalize(self, os.close, locked)
        try:
            fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            line = f"{self.out} is being written by another process; wait for its end, or end it"
            raise SeedError(Reason.UNWRITABLE_FILE, line) from None
        except OSError:
            pass  # a file system without locks

    def path(self, name: str) -> Path:
        """A file of the work."""
        return self.folder / name

    def beside(self, ending: str) -> Path:
        """``problems.jsonl`` -> ``problems.ENDING``."""
        return self.out.with_name(f"{self.out.name.removesuffix('.jsonl')}.{ending}")

    @property
    def is_published(self) -> bool:
        """Whether all passes are done and files have begun to appear."""
        return bool(self._state["publish"])

    def run(
        self,
        number: int,
        rows: Rows,
        names: Sequence[str],
        handle: Handle,
        counts: Callable[[], Any] = lambda: None,
        restore: Callable[[Any], None] = lambda saved: None,
        advanced: Callable[[int], None] = lambda count: None,
    ) -> None:
        """One pass over all rows; what an earlier run has done of it is not done again.

        Args:
            number: Of the pass, from 0.
            rows: What is read.
            names: Files that the pass writes.
            handle: Is given every row and the open files by name.
            counts: State of the pass besides its files, as JSON.
            restore: Is given what ``counts`` gave at the last save.
            advanced: Is told how many rows are done, after each row and at the beginning.

        Raises:
            SeedError: UNWRITABLE_FILE, UNREADABLE_FILE.
        """
        state = self._state
        saved = state["counts"].get(str(number))
        if saved is not None:
            restore(saved)
        if state["pass"] > number or self.is_published:
            return
        done = int(state["rows"])
        advanced(done)
        try:
            with written(self.out), self._opened(names) as files:
                for record in rows.records(done):
                    handle(record, files)
                    done += 1
                    advanced(1)
                    if done % SAVE_ROWS == 0:
                        self._save_pass(number, number, done, files, counts())
                self._save_pass(number, number + 1, 0, files, counts())
        except KeyboardInterrupt as interrupt:
            self._unlock()
            raise with_way_on(interrupt, "continue with --resume") from None

    def publish(self, contents: Mapping[str, str], moved: Mapping[str, str]) -> None:
        """Give all files their names, OUT last, and remove the folder of the work.

        Args:
            contents: Ending of a name beside OUT -> its content.
            moved: File of the work -> ending of its name beside OUT; empty for OUT itself.

        Raises:
            SeedError: FILE_EXISTS, UNWRITABLE_FILE.
        """
        with written(self.out):
            if not self.is_published:
                for ending, content in contents.items():
                    write_atomically(self.path(ending), content.encode("utf-8", "replace"))
                names = {ending: ending for ending in contents} | dict(moved)
                last = [name for name, ending in names.items() if not ending]
                order = [name for name in names if name not in last] + last
                targets = [(name, names[name]) for name in order]
                for _, ending in targets:
                    check_free(self._target(ending))
                self._state["publish"] = targets
                self._save()
            for name, ending in self._state["publish"]:
                if self.path(name).exists():
                    check_free(self._target(ending))
                    os.rename(self.path(name), self._target(ending))
            flush(self.out.absolute().parent)
            self._unlock()
            remove_atomically(self.folder)

    def _target(self, ending: str) -> Path:
        return self.beside(ending) if ending else self.out

    @contextmanager
    def _opened(self, names: Sequence[str]) -> Iterator[Files]:
        """Files cut to what was saved, their positions at their ends."""
        with ExitStack() as stack:
            files: dict[str, IO[bytes]] = {}
            for name in names:
                path = self.path(name)
                path.touch()
                file = stack.enter_context(path.open("r+b", buffering=1 << 20))
                size = self._state["sizes"].get(name, 0)
                file.truncate(size)
                file.seek(size)
                files[name] = file
            yield files

    def _save_pass(self, number: int, now: int, rows: int, files: Files, counts: Any) -> None:
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
        sizes = {name: file.tell() for name, file in files.items()}
        self._state["sizes"] |= sizes
        self._state["counts"][str(number)] = counts
        self._state |= {"pass": now, "rows": rows}
        self._save()

    def _save(self) -> None:
        write_atomically(self.folder / STATE, json.dumps(self._state))


def _check_same(out: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with a job that began otherwise."""
    for name in [*now, *(name for name in before if name not in now)]:
        was, is_now = before.get(name), now.get(name)
        if was != is_now:
            line = f"{out} was begun with {name}={json.dumps(was)}, not {json.dumps(is_now)}"
            way = f"resume with that, or delete {out.with_name(f'.{out.name}.work')}"
            raise SeedError(Reason.FOREIGN_OUTPUT, f"{line}; {way}")
