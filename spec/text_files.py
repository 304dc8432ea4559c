"""Text files of users, read the same everywhere: UTF-8, a byte order mark is no content.

What cannot be read is one line that says why.
"""

from pathlib import Path

from seed.spec.errors import Reason, SeedError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
COMPRESSIONS = {
    GZIP: "gzip (gunzip -k FILE)",
    b"\x28\xb5\x2f\xfd": "zstd (unzstd FILE)",
    b"\xfd7zXZ\x00": "xz (unxz -k FILE)",
    b"BZh": "bzip2 (bunzip2 -k FILE)",
    b"PK\x03\x04": "zip (unzip FILE)",
}
"""How a compressed file begins -> by what, and what makes it a text again."""
LONGEST_START = max(map(len, COMPRESSIONS))


def read_text(path: Path) -> str:
    """All of a text file, without a byte order mark.

    Raises:
        SeedError: UNREADABLE_FILE if there is none, or if it is no UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SeedError(Reason.UNREADABLE_FILE, f"{path}: {error.strerror}") from None
    check_plain(path, content)
    try:
        return content.removeprefix(BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        line = f"{path} is not UTF-8: {error.reason} at byte {error.start}"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None


def check_plain(path: Path | str, start: bytes) -> None:
    """Refuse a compressed file by how it begins.

    Raises:
        SeedError: UNREADABLE_FILE with what decompresses it.
    """
    for beginning, name in COMPRESSIONS.items():
        if start.startswith(beginning):
            line = f"{path} is compressed by {name.replace('FILE', str(path))}; decompress it first"
            raise SeedError(Reason.UNREADABLE_FILE, line)
