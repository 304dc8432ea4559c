"""SIGTERM and SIGHUP end a command as Ctrl-C does: a line that says how to go on.

Schedulers send SIGTERM before they take a machine away, a closed terminal sends SIGHUP. With
``run.save_on_signal`` the first signal only asks: the run saves a checkpoint and ends by itself.
A signal that is ignored, as SIGHUP is under nohup, stays ignored.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

from seed.spec.errors import Ended

ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """A block in which the ending signals raise ``Ended``.

    Raises:
        Ended: At the statement that is executed when the signal comes.
    """
    with _handled(ENDING, _end):
        yield


class Asked:
    """Whether a signal has asked the run to end.

    Attributes:
        number: The first signal that came; 0 if none has.
        prints: Whether this process says what the signal does.
    """

    def __init__(self, prints: bool) -> None:
        self.number, self.prints = 0, prints

    def __call__(self) -> int:
        """The signal, for ``Run.asked_to_end``."""
        return self.number

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """A block in which the first signal, Ctrl-C included, is noted; a second one ends it."""
        with _handled((*ENDING, signal.SIGINT), self._note):
            yield

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number:
            _end(number, frame)
        self.number = number
        name = signal.Signals(number).name
        line = f"{name}: the run ends at its next step with a checkpoint; once more ends it now"
        # Not print: the signal may have come in the middle of one. First to a line of its own.
        if self.prints:
            os.write(2, f"\n{line}\n".encode())


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise Ended(number)


@contextlib.contextmanager
def _handled(numbers: tuple[signal.Signals, ...], handler: Any) -> Iterator[None]:
    """Handle signals in a block; only the main thread can, and only there Python delivers them."""
    earlier: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        taken = [one for one in numbers if signal.getsignal(one) is not signal.SIG_IGN]
        earlier = {one: signal.signal(one, handler) for one in taken}
    try:
        yield
    finally:
        for one, before in earlier.items():
            signal.signal(one, signal.SIG_DFL if before is None else before)
