"""Properties of candidates: certificates hold, and a candidate is a function of its place."""

import pytest

from seed.reference.exams.answer_rules import broken_answer_rules
from seed.reference.exams.candidates import FIRST, Candidate, Place, baseline, candidate
from seed.reference.exams.catalogue import FAMILIES
from seed.reference.exams.recognition import recognised
from seed.reference.exams.statement_rules import statement_defects
from seed.reference.exams.structures import COMPOSED, INVERTED, PLAIN
from seed.reference.verifiers.mathematics.verifier import verify
from seed.spec.datatypes import Outcome
from seed.spec.verify import Item


def first(family: str, structure: str = PLAIN, seed: int = 5) -> Candidate:
    place = Place(seed, 0, family, ((structure, 0),))
    found = (candidate(place, attempt) for attempt in range(100))
    return next(one for one in found if isinstance(one, Candidate))


KINDS = [(name, PLAIN) for name in FAMILIES]
KINDS += [
    ("no-long-runs", INVERTED),
    ("lattice-triangle", INVERTED),
    ("telescoping-sum", INVERTED),
    ("power-sums", COMPOSED),
    ("box-diagonal", COMPOSED),
    ("cyclic-quadrilateral", FIRST),
    ("unreachable-sums", FIRST),
]


@pytest.mark.parametrize(("family", "structure"), KINDS)
def test_a_candidate_has_passed_what_its_certificate_says(family: str, structure: str) -> None:
    found = first(family, structure)
    certificate, change = found.certificate, found.certificate["perturbation"]
    assert certificate["exact"]["answer"] == certificate["second"]["answer"] == found.answer
    assert change["answer"] != found.answer
    assert change["problem"] != found.text
    assert not [*broken_answer_rules(found.text, str(found.answer))]
    assert not [*statement_defects(found.text)]
    again = recognised(change["problem"])
    assert again is not None and again.exact == again.second == change["answer"]
    response = f"So we get $\\boxed{{{found.answer}}}$."
    for reference, outcome in ((found.answer, Outcome.CORRECT), (change["answer"], Outcome.WRONG)):
        item = Item("", "math", found.text, response, reference=str(reference))
        assert verify(item).outcome is outcome


def test_an_inverted_candidate_counts_what_fits() -> None:
    assert first("no-long-runs", INVERTED).certificate["uniqueness"] == {
        "asked": "integers t from 14 to 43 that fit, by both solvers",
        "count": 1,
    }


def test_the_least_number_is_counted_among_all_of_a_period() -> None:
    unique = first("simultaneous-remainders").certificate["uniqueness"]
    assert unique == {"asked": "objects that fit", "count": 1}


def test_a_candidate_follows_from_place_and_attempt() -> None:
    assert first("power-tower") == first("power-tower")
    assert first("power-tower").text != first("power-tower", seed=6).text


def test_another_kind_is_tried_when_the_first_is_used_up() -> None:
    place = Place(5, 0, "power-tower", ((PLAIN, 0), (COMPOSED, 1)))
    assert (place.kind(0), place.kind(50), place.kind(100)) == (
        (PLAIN, 0),
        (COMPOSED, 1),
        (PLAIN, 0),
    )


def test_the_answer_that_a_guesser_gives_is_the_most_common_one() -> None:
    assert baseline("lcm-triples") == "703"
    assert baseline("power-sums") == ""
