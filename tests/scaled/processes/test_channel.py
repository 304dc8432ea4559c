"""Properties of the channel: no end waits for the other to read, and the end is read last."""

import os
from multiprocessing import Pipe

import pytest

from seed.scaled.processes.channel import Channel
from seed.scaled.processes.messages import Disconnected

PATIENCE = 60.0


def test_both_ends_may_write_more_than_the_system_buffers_before_either_reads() -> None:
    one, two = map(Channel, Pipe())
    for number in range(3):
        one.send((number, bytes(10_000_000)))
        two.send((number, bytes(10_000_000)))
    for channel in (one, two):
        assert [channel.next()[0] for _ in range(3)] == [0, 1, 2]


def test_messages_sent_before_the_end_are_read_before_it() -> None:
    ours, theirs = Pipe()
    channel = Channel(ours)
    theirs.send("message")
    theirs.close()
    assert [channel.next(), channel.next()] == ["message", Disconnected()]


def test_an_end_in_the_middle_of_a_message_is_an_end() -> None:
    ours, theirs = Pipe()
    ended: list[bool] = []
    channel = Channel(ours, lambda: ended.append(True))
    os.write(theirs.fileno(), b"\0\0\1\0half")
    theirs.close()
    assert channel.read(PATIENCE) == [Disconnected()] and ended == [True]


@pytest.mark.parametrize("patience", [0.0, 0.01])
def test_read_returns_after_the_patience_if_no_message_comes(patience: float) -> None:
    ours, theirs = Pipe()
    assert Channel(ours).read(patience) == []
    theirs.close()
