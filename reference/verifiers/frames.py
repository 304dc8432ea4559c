"""Messages through pipes: eight bytes of length, most significant first, then that much JSON.

No pickle: what the other end sends is data and is never run, whatever controls that end.
The sandbox imports this module too, so it needs nothing but the standard library.
"""

import json
import os
import select
import struct
import time
from typing import Any

LENGTH = struct.Struct(">Q")

READ_BYTES = 1 << 20
"""Bytes taken from a pipe at a time; Linux pipes hold 64 KiB unless they are made larger."""


class FrameError(Exception):
    """A message cannot be written or read: it is too long, or it is no JSON."""


class Closed(FrameError):
    """The other end is closed."""


class Late(FrameError):
    """No message came in time."""


def encoded(message: Any, max_bytes: int) -> bytes:
    """Write a message down with its length.

    Raises:
        FrameError: It is longer than ``max_bytes``.
        ValueError, RecursionError: It is no JSON value, or nested too deeply.
    """
    content = json.dumps(message).encode("ascii")
    _check_length(len(content), max_bytes)
    return LENGTH.pack(len(content)) + content


class Channel:
    """One end of two pipes that is waited for: messages out, messages in.

    Args:
        incoming: Descriptor to read from.
        outgoing: Descriptor to write to.
        max_bytes: Longest message in either direction: a bound on the memory that the other end can
            make this one use.
    """

    def __init__(self, incoming: int, outgoing: int, max_bytes: int) -> None:
        self.incoming, self.outgoing, self.max_bytes = incoming, outgoing, max_bytes

    def send(self, message: Any) -> None:
        """Write a message, waiting for the reader if need be.

        Raises:
            Closed: Nobody is left to read it.
            FrameError: It is too long.
        """
        unsent = memoryview(encoded(message, self.max_bytes))
        try:
            while unsent:
                unsent = unsent[os.write(self.outgoing, unsent) :]
        except BrokenPipeError as failure:
            raise Closed("the other end is closed") from failure

    def receive(self, seconds: float | None = None) -> Any:
        """Wait for a message.

        Args:
            seconds: How long at most; None for ever.

        Raises:
            Late, Closed, FrameError: See the classes.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        _check_length(length, self.max_bytes)
        return _parsed(self._read(length, deadline))

    def _read(self, length: int, deadline: float | None) -> bytes:
        content = bytearray()
        while len(content) < length:
            if deadline is not None:
                seconds = deadline - time.monotonic()
                if seconds <= 0 or not select.select([self.incoming], [], [], seconds)[0]:
                    raise Late("no message in time")
            received = os.read(self.incoming, min(length - len(content), READ_BYTES))
            if not received:
                raise Closed("the other end is closed")
            content += received
        return bytes(content)


class Inbox:
    """The reading end of a pipe that is never waited for: what has arrived, cut into messages."""

    def __init__(self, descriptor: int, max_bytes: int) -> None:
        self.descriptor, self.max_bytes = descriptor, max_bytes
        self.arrived = bytearray()
        self.closed = False

    def messages(self) -> list[Any]:
        """Take what has arrived; afterwards ``closed`` is true if the other end is closed.

        Raises:
            FrameError: A message is too long or no JSON.
        """
        self._receive()
        complete = []
        while len(self.arrived) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self.arrived)
            _check_length(length, self.max_bytes)
            end = LENGTH.size + length
            if len(self.arrived) < end:
                break
            complete.append(_parsed(bytes(self.arrived[LENGTH.size : end])))
            del self.arrived[:end]
        return complete

    def _receive(self) -> None:
        while not self.closed and len(self.arrived) <= self.max_bytes:
            try:
                received = os.read(self.descriptor, READ_BYTES)
            except BlockingIOError:
                return
            self.closed = not received
            self.arrived += received


def _check_length(length: int, max_bytes: int) -> None:
    if length > max_bytes:
        raise FrameError(f"a message of {length} bytes is longer than {max_bytes}")


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as failure:
        raise FrameError("no JSON") from failure
