"""Every labelled program has the verdict of its label."""

import pytest

from seed.reference.verifiers.programs.verifier import verify
from seed.reference.verifiers.sandbox.limits import Limits
from seed.spec.verify import Item
from tests.reference.verifiers.programs.labelled import LABELLED
from tests.support.sandboxes import first_sound


@pytest.mark.parametrize("kind", LABELLED)
def test_a_labelled_program_has_its_verdict(kind: str) -> None:
    response, tests, label = LABELLED[kind]
    if "numpy" in response:
        pytest.importorskip("numpy")
    verdict = verify(
        Item(kind, "code", "Write it.", response, tests=tests), first_sound(), Limits()
    )
    assert verdict.outcome.value == label, verdict
