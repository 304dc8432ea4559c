"""Which verifier judges which domain, and what it needs.

======  ==========================================  =========  ==========
domain  verifier, below ``reference.verifiers``     needs      time limit
======  ==========================================  =========  ==========
math    ``mathematics.verifier``                    reference  10 s
code    ``programs.verifier``                       tests      300 s
puzzle  ``puzzle``                                  puzzle     10 s
judge   ``judge``                                   reference  300 s
any     ``--verifier`` (``custom``)                 nothing    10 s
======  ==========================================  =========  ==========
"""

from collections.abc import Mapping
from functools import partial

from seed.spec.errors import Reason, SeedError
from seed.spec.verify import DOMAINS, Verifier

NEEDS = {"math": "reference", "code": "tests", "puzzle": "puzzle", "judge": "reference"}
"""The field without which a verifier has nothing to compare with.

Empty tests must be an error, never a pass.
"""

SECONDS = 10.0
"""Time limit of one verdict.

Verdicts take milliseconds; hostile expressions never end (Math-Verify issues 63, 65).
"""

SECONDS_OF: Mapping[str, float] = {"code": 300.0, "judge": 300.0}
"""Time limits of domains that keep limits of their own and need longer.

A program has many tests, each with a time limit, and a judge waits for a model. Here the outer
limit only stops a verifier that hangs.
"""


def domain_verifier(domain: str, isolation: str) -> Verifier:
    """Load the verifier of a domain, and of that domain only: each needs libraries of its own.

    Args:
        domain: A member of ``spec.verify.DOMAINS``.
        isolation: Where programs are run, see ``reference.verifiers.sandbox.probe.choose``.

    Raises:
        SeedError: UNKNOWN_NAME.
    """
    if domain == "math":
        from seed.reference.verifiers.mathematics.verifier import verify as mathematics

        return mathematics
    if domain == "code":
        from seed.reference.verifiers.programs.verifier import verify as code

        return partial(code, isolation=isolation)
    if domain == "puzzle":
        from seed.reference.verifiers.puzzle import verify as puzzle

        return puzzle
    if domain == "judge":
        from seed.reference.verifiers.judge import verify as judge

        return judge
    raise SeedError(Reason.UNKNOWN_NAME, f"domain={domain!r} must be one of {', '.join(DOMAINS)}")
