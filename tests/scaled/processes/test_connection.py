"""Laws of the line between a supervisor and its child: neither waits for the other, and the end is
read last.
"""

import os
from multiprocessing import Pipe

import pytest

from seed.scaled.processes.connection import GONE, Line

PATIENCE = 60.0


def test_both_ends_may_write_more_than_the_system_buffers_before_either_reads() -> None:
    one, two = map(Line, Pipe())
    for number in range(3):
        one.send((number, bytes(10_000_000)))
        two.send((number, bytes(10_000_000)))
    for line in (one, two):
        assert [line.next()[0] for _ in range(3)] == [0, 1, 2]


def test_what_was_written_before_the_end_is_read_before_it() -> None:
    ours, theirs = Pipe()
    line = Line(ours)
    theirs.send("last words")
    theirs.close()
    assert [line.next(), line.next()] == ["last words", GONE]


def test_an_end_in_the_middle_of_a_message_is_an_end() -> None:
    ours, theirs = Pipe()
    ended: list[bool] = []
    line = Line(ours, lambda: ended.append(True))
    os.write(theirs.fileno(), b"\0\0\1\0half")
    theirs.close()
    assert line.read(PATIENCE) == [GONE] and ended == [True]


@pytest.mark.parametrize("patience", [0.0, 0.01])
def test_a_silent_line_is_left_after_the_patience(patience: float) -> None:
    ours, theirs = Pipe()
    assert Line(ours).read(patience) == []
    theirs.close()
