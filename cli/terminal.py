"""What a terminal can show: characters that its encoding lacks are escaped."""

import codecs
import io
from typing import Any


def make_legible(*streams: Any) -> None:
    """Let streams escape what their encoding cannot hold: a terminal may know ASCII only."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            has_all = codecs.lookup(stream.encoding).name == "utf-8"
            # "surrogateescape" writes the bytes of a file name that is no text as they are.
            if not (has_all and stream.errors == "surrogateescape"):
                stream.reconfigure(errors="backslashreplace")
