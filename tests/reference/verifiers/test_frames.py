"""Properties of length-prefixed messages: whole or not at all, bounded, and the end is noticed."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.verifiers.frames import (
    LENGTH,
    Channel,
    Closed,
    FrameError,
    Inbox,
    Late,
    encoded,
)

MAX_BYTES = 1000
MESSAGES = st.lists(st.none() | st.integers() | st.text(max_size=5), max_size=3)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A reading and a writing end; a test may close them."""
    ends = os.pipe()
    yield ends
    for descriptor in ends:
        with suppress(OSError):
            os.close(descriptor)


def test_a_channel_rejects_what_is_too_long_and_notices_the_end(pipe: tuple[int, int]) -> None:
    read, write = pipe
    channel = Channel(read, write, MAX_BYTES)
    channel.send(["x"])
    assert channel.receive(1.0) == ["x"]
    with pytest.raises(Late):
        channel.receive(0.01)
    with pytest.raises(FrameError, match="a message of 1002 bytes is longer than 1000"):
        channel.send("x" * MAX_BYTES)
    os.write(write, LENGTH.pack(MAX_BYTES + 1))
    with pytest.raises(FrameError, match="longer than"):
        channel.receive(1.0)
    os.close(write)
    with pytest.raises(Closed):
        channel.receive(1.0)


def test_a_channel_notices_that_nobody_reads(pipe: tuple[int, int]) -> None:
    read, write = pipe
    os.close(read)
    with pytest.raises(Closed):
        Channel(read, write, MAX_BYTES).send("x")


@given(messages=st.lists(MESSAGES, max_size=4), data=st.data())
@settings(max_examples=40)
def test_an_inbox_cuts_what_arrives_into_messages(
    messages: list[object], data: st.DataObject
) -> None:
    read, write = os.pipe()
    try:
        os.set_blocking(read, False)
        inbox = Inbox(read, MAX_BYTES)
        content = b"".join(encoded(message, MAX_BYTES) for message in messages)
        cut = data.draw(st.integers(0, len(content)))
        os.write(write, content[:cut])
        arrived = inbox.messages()
        os.write(write, content[cut:])
        arrived += inbox.messages()
        assert json.dumps(arrived) == json.dumps(messages)
        assert not inbox.closed
        os.close(write)
        assert (inbox.messages(), inbox.closed) == ([], True)
    finally:
        os.close(read)


@pytest.mark.parametrize("content", [LENGTH.pack(MAX_BYTES + 1), LENGTH.pack(1) + b"{"])
def test_an_inbox_rejects_what_is_too_long_or_no_json(
    pipe: tuple[int, int], content: bytes
) -> None:
    read, write = pipe
    os.set_blocking(read, False)
    os.write(write, content)
    with pytest.raises(FrameError):
        Inbox(read, MAX_BYTES).messages()
