"""Properties of Hamiltonian walks: every walk is correct, and so is impossible if there is none."""

from itertools import combinations, pairwise, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import hamiltonian
from tests.support.puzzles import accepted, instances, wrong_because

EDGES = "AB AD BC BD CD CE DE"
PATH: dict[str, Any] = {"kind": "P", "edges": EDGES}
CYCLE: dict[str, Any] = {"kind": "C", "edges": EDGES}
STAR = "AB AC AD"


def walks(kind: str, edges: str) -> set[str]:
    """List all walks by trying all orders of the vertices."""
    pairs = {frozenset(edge) for edge in edges.split()}
    orders = ["".join(order) for order in permutations(sorted(set(edges) - {" "}))]
    closed = [order + order[0] if kind == "C" else order for order in orders]
    return {walk for walk in closed if all(frozenset(step) in pairs for step in pairwise(walk))}


@pytest.mark.parametrize("kind", "PC")
@given(
    edges=st.sets(
        st.sampled_from(["".join(pair) for pair in combinations("ABCDEF", 2)]),
        min_size=3,
        max_size=9,
    )
)
@settings(max_examples=35)
def test_of_all_orders_exactly_the_walks_are_accepted_and_impossible_only_if_there_are_none(
    kind: str, edges: set[str]
) -> None:
    instance = {"kind": kind, "edges": " ".join(sorted(edges))}
    right = walks(kind, instance["edges"])
    orders = ["".join(order) for order in permutations(sorted(set("".join(edges))))]
    candidates = orders + [order + order[0] for order in orders]
    assert {walk for walk in candidates if accepted(hamiltonian, instance, walk)} == right
    assert accepted(hamiltonian, instance, "impossible") == (not right)
    assert hamiltonian.solve(instance) == min(right, default="impossible")


@pytest.mark.parametrize("level", hamiltonian.LEVELS)
def test_graphs_have_their_vertices_and_are_connected_and_every_level_has_every_kind(
    level: int,
) -> None:
    seen = set()
    for instance in instances("hamiltonian", level, 80):
        pairs = instance["edges"].split()
        names = hamiltonian.NAMES[: hamiltonian.VERTICES[level]]
        assert set("".join(pairs)) == set(names)
        assert sorted(set(pairs)) == pairs
        assert all(pair[0] < pair[1] for pair in pairs)
        together = {"A"}
        for _ in names:
            together |= {name for pair in pairs if set(pair) & together for name in pair}
        assert together == set(names)
        assert len(pairs) == len(names) - (instance["kind"] == "P") + len(names) // 3
        seen.add((instance["kind"], hamiltonian.solve(instance) == "impossible"))
    assert seen == {("P", False), ("P", True), ("C", False), ("C", True)}


@pytest.mark.parametrize("level", [1, 2])
def test_graphs_drawn_as_impossible_have_no_walk_among_all_orders(level: int) -> None:
    for instance in instances("hamiltonian", level, 30):
        assert (hamiltonian.solve(instance) == "impossible") == (
            not walks(instance["kind"], instance["edges"])
        )


PATH_MUTATIONS = {
    "a vertex is missing": ("ABCE", "every vertex exactly once"),
    "a vertex comes twice": ("ABCEDC", "every vertex exactly once"),
    "one vertex in place of another": ("ABCEC", "every vertex exactly once"),
    "a step without an edge": ("ACBDE", "no edge between A and C"),
    "a last step without an edge": ("ADCBE", "no edge between"),
    "a path that is closed": ("ABCEDA", "every vertex exactly once"),
    "an unknown vertex": ("ABCEF", "every vertex exactly once"),
    "small letters": ("abced", "every vertex exactly once"),
    "blanks": ("A B C E D", "every vertex exactly once"),
    "arrows": ("A-B-C-E-D", "every vertex exactly once"),
    "a list": ("[0,1,2,4,3]", "every vertex exactly once"),
    "trailing junk": ("ABCED.", "every vertex exactly once"),
    "a line break": ("ABCED\n", "every vertex exactly once"),
    "nothing": ("", "every vertex exactly once"),
    "impossible though it is not": ("impossible", "there is such a walk"),
    "another word for it": ("NO", "every vertex exactly once"),
    "both answers, the walk first": ("ABCEDimpossible", "every vertex exactly once"),
    "both answers, the word first": ("impossible ABCED", "every vertex exactly once"),
    "two walks": ("ABCED DECBA", "every vertex exactly once"),
    "the edges themselves": (EDGES, "every vertex exactly once"),
}


@pytest.mark.parametrize(("walk", "why"), PATH_MUTATIONS.values(), ids=PATH_MUTATIONS.keys())
def test_a_path_that_breaks_a_rule_is_wrong_for_that_reason(walk: str, why: str) -> None:
    assert accepted(hamiltonian, PATH, "ABCED")
    assert wrong_because(hamiltonian, PATH, walk, why)


CYCLE_MUTATIONS = {
    "not closed": ("ABCED", "and the first of them again"),
    "closed to another vertex": ("ABCEDB", "and the first of them again"),
    "closed without an edge": ("BCEDAC", "and the first of them again"),
    "the closing edge is missing": ("BCEADB", "no edge between"),
    "round twice": ("ABCEDABCEDA", "and the first of them again"),
    "a shorter round": ("ABDA", "and the first of them again"),
    "a vertex twice in place of another": ("ABCDBA", "every vertex exactly once"),
    "nothing": ("", "and the first of them again"),
    "impossible though it is not": ("impossible", "there is such a walk"),
    "both answers": ("ABCEDAimpossible", "and the first of them again"),
}


@pytest.mark.parametrize(("walk", "why"), CYCLE_MUTATIONS.values(), ids=CYCLE_MUTATIONS.keys())
def test_a_cycle_that_breaks_a_rule_is_wrong_for_that_reason(walk: str, why: str) -> None:
    assert accepted(hamiltonian, CYCLE, "ABCEDA")
    assert accepted(hamiltonian, CYCLE, "ECBADE")
    assert wrong_because(hamiltonian, CYCLE, walk, why)


@pytest.mark.parametrize("kind", "PC")
@pytest.mark.parametrize(
    "response", ["BACD", "BACDB", "Impossible", "impossible.", "impossible impossible", "NO", ""]
)
def test_an_impossible_graph_has_one_answer_only(kind: str, response: str) -> None:
    star = {"kind": kind, "edges": STAR}
    assert accepted(hamiltonian, star, "impossible")
    assert not accepted(hamiltonian, star, response)


def test_the_example_of_the_module() -> None:
    instance = {"kind": "P", "edges": "AC AF BE BF CF DE EF"}
    assert hamiltonian.prompt(instance) == "OP AC AF BE BF CF DE EF="
    assert hamiltonian.solve(instance) == "ACFBED"
    assert hamiltonian.identity(instance) != hamiltonian.identity({**instance, "kind": "C"})
