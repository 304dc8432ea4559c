"""Properties of the one installed name: files of a user's folder cannot take the place of ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

OWN_MODULES = ("cli", "spec", "reference", "scaled", "conformance")
SCRIPT = Path(sys.executable).with_name("seed")
INSTALLED = pytest.mark.skipif(not SCRIPT.exists(), reason="not installed")


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    """A folder with modules of the names of our packages, which cannot be imported."""
    for name in OWN_MODULES:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        pytest.param((sys.executable, "-m", "seed"), id="module"),
        pytest.param((str(SCRIPT),), marks=INSTALLED, id="script"),
    ],
)
@pytest.mark.parametrize("arguments", [("--version",), ("explain",)], ids=lambda words: words[0])
def test_a_folder_with_modules_of_our_names_does_not_break_the_command(
    own_folder: Path, command: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [*command, *arguments],
        cwd=own_folder,
        env=os.environ | {"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "seed" in done.stdout


def test_python_m_seed_is_the_command() -> None:
    help_texts = {
        subprocess.run([sys.executable, "-m", module, "-h"], capture_output=True, text=True).stdout
        for module in ("seed", "seed.cli.main")
    }
    (text,) = {text.partition("\n")[2] for text in help_texts}
    assert "verify" in text
