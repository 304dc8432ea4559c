"""Every public function of the reference has a counterpart, or a reason why it has none."""

import inspect
import re

import pytest

from seed.conformance.counterparts import (
    COUNTERPARTS,
    DIFFERENT_PARAMETERS,
    WITHOUT_COUNTERPART,
    public_functions,
)

FUNCTIONS = [
    (module, name)
    for module, (reference, _) in COUNTERPARTS.items()
    for name in public_functions(reference)
    if f"{module}.{name}" not in WITHOUT_COUNTERPART
]


def parameters(module: str, name: str) -> list[list[str]]:
    """Parameters of a function in both backends.

    Without shape letters at the end, which may differ between padded rows and packed sequences.
    """
    return [
        [
            re.sub("_[BSVNEDkn]+$", "", parameter)
            for parameter in inspect.signature(public_functions(backend)[name]).parameters
        ]
        for backend in COUNTERPARTS[module]
    ]


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_every_function_of_the_reference_has_a_counterpart_with_its_parameters(
    module: str, name: str
) -> None:
    assert name in public_functions(COUNTERPARTS[module][1])
    ours, theirs = parameters(module, name)
    assert (ours == theirs) == (f"{module}.{name}" not in DIFFERENT_PARAMETERS)


@pytest.mark.parametrize("entry", [*WITHOUT_COUNTERPART, *DIFFERENT_PARAMETERS])
def test_no_reason_is_given_for_a_function_that_needs_none(entry: str) -> None:
    module, _, name = entry.partition(".")
    reference, scaled = (public_functions(backend) for backend in COUNTERPARTS[module])
    assert name in reference
    assert (name in scaled) == (entry not in WITHOUT_COUNTERPART)
