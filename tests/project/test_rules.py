"""The rules of the backend as tests: style, types, import directions, one index of all equations,
fast start.
"""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from seed.conformance.counterparts import COMPONENTS as PAIRS
from seed.spec.equations import EQUATIONS, MODULES, Equation

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache", "."),
        ("mypy", "--no-incremental"),
        ("lint-imports", "--no-cache"),
    ],
    ids=lambda command: command[0],
)
def test_the_tree_passes(command: tuple[str, ...]) -> None:
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run(
        [program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda equation: equation.title)
def test_every_entry_of_the_index_leads_to_a_documented_function_and_to_a_test(
    equation: Equation,
) -> None:
    for place in filter(None, (equation.reference, equation.scaled)):
        assert inspect.getdoc(resolve(place)), place
    file, _, test = equation.test.partition("::")
    assert test in names_in(file), equation.test


def test_the_index_has_no_hole() -> None:
    """Every public function of a numeric module stands behind an equation, or is named as a helper
    with its reason.
    """
    indexed = {place for equation in EQUATIONS for place in (equation.reference, equation.scaled)}
    for module, helpers in MODULES.items():
        public = {f"{module}:{name}" for name in public_functions(module)}
        named = {f"{module}:{name}" for name in helpers}
        assert public == (public & indexed) | named, (
            f"{module}: {sorted(public ^ ((public & indexed) | named))}"
        )
        assert not named & indexed


def test_an_equation_has_a_place_in_both_backends_or_says_why_not() -> None:
    for equation in EQUATIONS:
        assert equation.reference or equation.scaled, equation.title
        assert bool(equation.apart) is not bool(equation.reference and equation.scaled), (
            equation.title
        )


def test_the_index_and_the_twins_know_the_same_pairs() -> None:
    """What the index pairs by one name are namesakes of paired modules, and no pair is missing
    from the index.
    """
    paired = {(one.__name__, other.__name__) for one, other in PAIRS.values()}
    indexed = {(equation.reference, equation.scaled) for equation in EQUATIONS}
    for one, other in paired:
        ours = {f"{one}:{name}" for name in public_functions(one)} & {
            reference for reference, _ in indexed
        }
        for place in ours:
            twin = place.replace(one, other)
            if place.partition(":")[2] in public_functions(other):
                assert (place, twin) in indexed, f"{place} and {twin}"


def test_numbers_and_titles_of_the_index_are_unique() -> None:
    assert len({equation.title for equation in EQUATIONS}) == len(EQUATIONS)


def test_the_command_line_loads_neither_torch_nor_numpy() -> None:
    code = (
        "import seed.cli.main, sys; print(sorted({'torch', 'numpy', 'mpi4py', 'matplotlib'} &"
        " set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_public_function_and_class_is_documented() -> None:
    for folder in ("spec", "reference", "scaled", "cli"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith(
                    "_"
                ):
                    continue
                if node.col_offset == 0:
                    assert ast.get_docstring(node), f"{path.name}: {node.name}"


def resolve(place: str) -> object:
    """The object at ``module:name`` or ``module:Class.name``."""
    module, _, path = place.partition(":")
    found: object = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found


def public_functions(module: str) -> set[str]:
    """Names of the public functions that a module defines itself."""
    source = inspect.getsource(importlib.import_module(module))
    nodes = ast.parse(source).body
    return {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def names_in(file: str) -> set[str]:
    """Names of the test functions of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
