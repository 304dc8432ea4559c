"""Properties of the program's objects in tests: right programs are right, and no object decides."""

import pytest

from seed.reference.verifiers.programs.verifier import verify
from seed.spec.verify import Item
from tests.reference.verifiers.programs.objects import CASES
from tests.support.sandboxes import TIGHT, first_sound


@pytest.mark.parametrize("name", CASES)
def test_an_object_of_the_program_is_used_as_in_one_process(name: str) -> None:
    program, tests, outcome = CASES[name]
    item = Item(name, "code", "", f"```python\n{program}\n```", tests=tests)
    verdict = verify(item, first_sound(), TIGHT)
    assert verdict.outcome.value == outcome, verdict
