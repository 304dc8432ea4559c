"""Rules of the repository: names of modules, counterparts, tests that mirror sources, imports."""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from seed.conformance.counterparts import COUNTERPARTS
from tests.support.suite import LAUNCH, SLOW

ROOT = Path(__file__).parents[2]
PACKAGES = ("spec", "reference", "scaled", "conformance", "cli")
NOT_MIRRORED = ("examples", "project", "seed", "support")
"""Folders of tests that have no sources of their own."""


def test_no_module_has_the_name_of_one_of_the_standard_library() -> None:
    names = {path: path.stem if path.suffix else path.name for path in modules_and_folders()}
    assert [str(path) for path, name in names.items() if name in sys.stdlib_module_names] == []


def test_the_files_at_the_top_of_both_backends_are_counterparts() -> None:
    reference, scaled = (module_names(ROOT / backend) for backend in ("reference", "scaled"))
    assert reference == scaled
    assert set(COUNTERPARTS) <= reference


def test_every_test_file_mirrors_a_module_or_a_folder() -> None:
    """``tests/A/B/test_C.py`` tests ``A/B/C.py`` or the folder ``A/B/C``."""
    tests = [path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")]
    sources = {path.with_suffix("") for path in modules_and_folders()}
    assert [
        str(path)
        for path in sorted(tests)
        if path.parts[0] not in NOT_MIRRORED
        and path.with_name(path.stem.removeprefix("test_")) not in sources
    ] == []


def test_every_conformance_test_has_the_name_of_a_module_or_a_folder() -> None:
    names = {path.stem.removeprefix("test_") for path in (ROOT / "conformance").glob("test_*.py")}
    assert names <= {path.stem for path in modules_and_folders()}


def test_the_import_graph_has_no_circle() -> None:
    graph = grimp.build_graph("seed", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_the_folder_map_of_the_readme_is_what_the_packages_say_of_themselves() -> None:
    packages = [ROOT / package for package in PACKAGES]
    packages += [file.parent for package in packages for file in package.glob("*/__init__.py")]
    expected = {str(path.relative_to(ROOT)): first_sentence(path) for path in packages}
    listed = folder_map((ROOT / "README.md").read_text(encoding="utf-8"))
    assert {folder: listed.get(folder) for folder in expected} == expected
    assert [folder for folder in listed if not (ROOT / folder).is_dir()] == []


def test_every_public_function_and_class_is_documented() -> None:
    for path in modules_and_folders():
        if path.suffix and "conformance" not in path.parts:
            for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
                    assert ast.get_docstring(node), f"{path}: {node.name}"


def test_the_command_line_loads_neither_torch_nor_numpy() -> None:
    heavy = {"torch", "numpy", "mpi4py", "matplotlib"}
    code = f"import seed.cli.main, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_files_that_start_ranks_are_marked_launch() -> None:
    tests = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "conformance").glob("test_*.py")]
    starting = {
        str(path.relative_to(ROOT))
        for path in tests
        if re.search(r"^from seed\.conformance\.launch import", path.read_text("utf-8"), re.M)
    }
    assert starting <= set(LAUNCH)


@pytest.mark.parametrize("path", [*LAUNCH, *SLOW])
def test_what_is_marked_slow_or_launch_exists(path: str) -> None:
    assert (ROOT / path).exists()


def module_names(folder: Path) -> set[str]:
    """Names of the modules that lie in a folder itself, tests excepted."""
    names = {path.stem for path in folder.glob("*.py")} - {"__init__", "conftest"}
    return {name for name in names if not name.startswith("test_")}


def modules_and_folders() -> list[Path]:
    """All modules of our packages and all folders below them, relative to the root."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*")]
    wanted = [path for path in paths if path.suffix == ".py" or path.is_dir()]
    unwanted = {"__init__.py", "__pycache__"}
    return sorted(path.relative_to(ROOT) for path in wanted if path.name not in unwanted)


def first_sentence(package: Path) -> str:
    """What the docstring of a package begins with."""
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    docstring = ast.get_docstring(tree) or ""
    return re.split(r"\.(?:\s|$)", docstring, maxsplit=1)[0].replace("\n", " ")


def folder_map(readme: str) -> dict[str, str]:
    """The folders of the README's map, with their texts.

    Two blanks of indentation put a folder below the one before that has fewer.
    """
    block = readme.split("## Folders")[1].split("```")[1]
    folders: dict[str, str] = {}
    above: list[str] = []
    for line in filter(str.strip, block.splitlines()[1:]):
        name, _, text = line.strip().partition("/ ")
        depth = (len(line) - len(line.lstrip())) // 2
        above = [*above[:depth], name]
        folders["/".join(above)] = text.strip()
    return folders
