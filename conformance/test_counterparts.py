"""Laws of the twins: no component of the torch backend lacks or renames a function of the reference
without saying why.
"""

import inspect
import re

import pytest

from seed.conformance.counterparts import APART, COMPONENTS, OTHER_PARAMETERS, public_functions

NAMESAKES = [
    (component, name)
    for component, (one, _) in COMPONENTS.items()
    for name in public_functions(one)
    if f"{component}.{name}" not in APART
]


def letters_aside(parameter: str) -> str:
    """A parameter's name without the shape letters at its end, which may differ between padded rows
    and a stream.
    """
    return re.sub("_[BSVNEDkn]+$", "", parameter)


@pytest.mark.parametrize(("component", "name"), NAMESAKES)
def test_every_function_of_a_reference_component_has_a_namesake_with_its_parameters(
    component: str, name: str
) -> None:
    one, other = (public_functions(module) for module in COMPONENTS[component])
    assert name in other
    if f"{component}.{name}" in OTHER_PARAMETERS:
        return
    ours, theirs = (
        [letters_aside(parameter) for parameter in inspect.signature(functions[name]).parameters]
        for functions in (one, other)
    )
    assert ours == theirs


@pytest.mark.parametrize("entry", [*APART, *OTHER_PARAMETERS])
def test_no_excuse_is_kept_for_a_function_that_needs_none(entry: str) -> None:
    component, _, name = entry.partition(".")
    one, other = (public_functions(module) for module in COMPONENTS[component])
    assert name in one
    assert (name in other) == (entry not in APART)
