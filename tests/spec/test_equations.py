"""Properties of the index of equations: it is complete, and every formula stands once."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from seed.conformance.counterparts import COUNTERPARTS
from seed.spec.equations import EQUATIONS, MODULES, Equation, docstring, statement

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda equation: equation.title)
def test_every_entry_leads_to_documented_functions_and_to_a_test(equation: Equation) -> None:
    for function in filter(None, (equation.reference, equation.scaled)):
        assert inspect.getdoc(resolved(function)), function
    file, _, test = equation.test.partition("::")
    assert test in names_of_tests(file), equation.test


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda equation: equation.title)
def test_formula_and_source_stand_in_one_docstring(equation: Equation) -> None:
    assert equation.formula and equation.source
    if equation.reference and equation.scaled:
        alone = {other.scaled for other in EQUATIONS if not other.reference}
        counterpart = docstring(equation.scaled)
        assert equation.scaled in alone or not statement("Formula", counterpart), equation.scaled


def test_the_index_has_no_hole() -> None:
    """Every public function of a numeric module is in the index or named as a helper."""
    indexed = {place for equation in EQUATIONS for place in (equation.reference, equation.scaled)}
    for module, helpers in MODULES.items():
        public = {f"{module}:{name}" for name in public_functions(module)}
        named = {f"{module}:{name}" for name in helpers}
        assert public - indexed == named, module


def test_an_equation_has_a_function_in_both_backends_or_says_why_not() -> None:
    for equation in EQUATIONS:
        assert equation.reference or equation.scaled, equation.title
        both = equation.reference and equation.scaled
        assert bool(equation.apart) is not bool(both), equation.title


def test_the_index_has_every_pair_of_namesakes_of_the_counterparts() -> None:
    indexed = {(equation.reference, equation.scaled) for equation in EQUATIONS}
    references = {reference for reference, _ in indexed}
    for reference, scaled in COUNTERPARTS.values():
        namesakes = public_functions(reference.__name__) & public_functions(scaled.__name__)
        for name in namesakes:
            one, two = f"{reference.__name__}:{name}", f"{scaled.__name__}:{name}"
            assert one not in references or (one, two) in indexed, f"{one} and {two}"


def test_titles_are_unique() -> None:
    assert len({equation.title for equation in EQUATIONS}) == len(EQUATIONS)


def test_a_statement_is_the_first_sentence_of_its_paragraph_without_markup() -> None:
    text = "Summary.\n\nFormula: ``a =\nb``, eq. 5. And why.\nSource: here.\n\nMore.\n"
    assert statement("Formula", text) == "a = b, eq. 5"
    assert statement("Source", text) == "here"
    assert statement("Gradient", text) == ""


def resolved(function: str) -> object:
    """The object at ``module:name`` or ``module:Class.name``."""
    module, _, path = function.partition(":")
    value: object = importlib.import_module(module)
    for name in path.split("."):
        value = getattr(value, name)
    return value


def public_functions(module: str) -> set[str]:
    """Names of the public functions that a module defines itself."""
    nodes = ast.parse(inspect.getsource(importlib.import_module(module))).body
    return {
        node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name[0] != "_"
    }


def names_of_tests(file: str) -> set[str]:
    """Names of the test functions of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
