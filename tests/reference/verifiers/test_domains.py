"""Properties of the table of domains."""

from seed.reference.verifiers.domains import NEEDS, SECONDS_OF, domain_verifier
from seed.spec.verify import DOMAINS


def test_every_domain_has_a_verifier_and_a_field_to_compare_with() -> None:
    assert NEEDS.keys() == set(DOMAINS) >= SECONDS_OF.keys()
    assert all(callable(domain_verifier(domain, "automatic")) for domain in DOMAINS)
