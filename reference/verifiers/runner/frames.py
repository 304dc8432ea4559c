"""Messages between the pool and its workers: four bytes of length, most significant first, then
that much JSON.

No pickle: what a worker says is data and is never run, whoever has got hold of its end of the pipe.
"""

import json
import os
import struct
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")

MAX_REPLY_BYTES = 1 << 20
"""Longest reply that is read: far above a judgement of a few thousand characters, and a bound on
what a worker that writes garbage can make the pool remember.
"""

READ_BYTES = 1 << 16
"""Bytes taken from a pipe at a time: the capacity of a pipe on Linux."""


class Illegible(Exception):
    """What came through the pipe is no message."""


def encoded(message: dict[str, Any]) -> bytes:
    """Write a message down.

    Raises:
        ValueError, RecursionError: It is too long, or nested too deeply, for JSON.
    """
    text = json.dumps(message).encode("ascii")
    if len(text) >= 1 << 32:
        raise ValueError(f"a message of {len(text)} bytes is too long")
    return LENGTH.pack(len(text)) + text


def read(stream: BinaryIO) -> dict[str, Any] | None:
    """Wait for one message.

    Returns:
        The message, or None once the other side is gone.
    """
    header = stream.read(LENGTH.size)
    if len(header) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(header)
    text = stream.read(length)
    if len(text) < length:
        return None
    message: dict[str, Any] = json.loads(text)
    return message


def write(descriptor: int, message: dict[str, Any]) -> None:
    """Write one message, waiting for the reader if need be."""
    rest = memoryview(encoded(message))
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class Inbox:
    """Bytes that have arrived through a pipe that is never waited for, cut into messages."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.arrived = bytearray()
        self.closed = False

    def messages(self) -> list[dict[str, Any]]:
        """Take what is there; ``closed`` afterwards says whether the other side is gone.

        Raises:
            Illegible: A message is too long or no JSON object.
        """
        self._receive()
        complete: list[dict[str, Any]] = []
        while len(self.arrived) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self.arrived)
            if length > MAX_REPLY_BYTES:
                raise Illegible
            if len(self.arrived) < LENGTH.size + length:
                break
            complete.append(_parsed(bytes(self.arrived[LENGTH.size : LENGTH.size + length])))
            del self.arrived[: LENGTH.size + length]
        return complete

    def _receive(self) -> None:
        while not self.closed and len(self.arrived) <= MAX_REPLY_BYTES:
            try:
                part = os.read(self.descriptor, READ_BYTES)
            except BlockingIOError:
                return
            self.closed = not part
            self.arrived += part


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Illegible from None
    if not isinstance(message, dict):
        raise Illegible
    return message
