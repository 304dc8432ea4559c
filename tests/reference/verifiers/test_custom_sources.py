"""Properties of the search for a verifier's files: all that Python would load from beside it."""

import subprocess
import sys
from pathlib import Path

from seed.reference.verifiers.custom_sources import sources

FILES = {
    "mine.py": """
import os, helpers, tools.deep.below
from tools import near
def judge(item):
    import late
    return True
""",
    "helpers.py": "from json import dumps\nimport mine\n",
    "late.py": "from tools.deep import *\n",
    "tools/__init__.py": "",
    "tools/near.py": "from .deep.sibling import value\nfrom . import shared\n",
    "tools/shared.py": "",
    "tools/deep/__init__.py": "from ..far import value\n",
    "tools/deep/below.py": "",
    "tools/deep/sibling.py": "value = 1\n",
    "tools/far.py": "value = 2\n",
}
UNUSED = ("unused.py", "tools/unused.py")
LOADED = """
import sys
sys.dont_write_bytecode = True
import mine
mine.judge(None)
for module in list(sys.modules.values()):
    print(getattr(module, "__file__", None))
"""


def test_all_that_python_loads_from_the_folder_is_found_and_nothing_else(tmp_path: Path) -> None:
    for name, content in FILES.items() | {(name, "") for name in UNUSED}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    found = sources(tmp_path / "mine.py")
    assert found[0] == tmp_path / "mine.py"
    assert sorted(found) == sorted(tmp_path / name for name in FILES)
    command = [sys.executable, "-c", LOADED]
    loaded = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    in_folder = {line for line in loaded.stdout.split() if line.startswith(str(tmp_path))}
    assert in_folder == set(map(str, found))


def test_a_file_that_does_not_load_is_its_own_only_source(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import helpers\ndef (")
    (tmp_path / "helpers.py").write_text("")
    assert sources(tmp_path / "mine.py") == [tmp_path / "mine.py"]
