"""Hamiltonian walks: visit every vertex of a graph exactly once, or see that it cannot be done.

==========  =============================================================================================
prompt      ``OP AC AF BE BF CF DE EF=``: ``OP`` asks for a path, ``OC`` for a cycle; every pair of letters is an edge that can
            be walked both ways. The vertices are the letters that occur; one without edges, never
            drawn, stands alone.
response    ``ACFBED``: the vertices in the order of the walk. A cycle ends with the vertex it begins with, as ``ABCA``
            does in a triangle. ``impossible`` if there is no such path or cycle.
difficulty  6, 7, 8, 10 or 12 vertices. One graph in four is impossible.
==========  =============================================================================================

Every path or cycle is accepted, from any end and in either direction. Whether there is one is
decided by exhaustive
search: the graphs are small, and a set of vertices that was left in vain is not left from the same
vertex again.
"""

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

VERTICES = {1: 6, 2: 7, 3: 8, 4: 10, 5: 12}
LEVELS = range(1, len(VERTICES) + 1)
NAMES = (  # twelve are drawn at most; Enigmata's graphs have up to 25 vertices
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
IMPOSSIBLE = "impossible"
CHARACTERS = NAMES + "= imposble"
RULES = (
    "After OP find a Hamiltonian path, after OC a Hamiltonian cycle of an undirected graph: a walk"
    " along its edges that visits every vertex exactly once, and in a cycle returns to its first"
    " vertex. Vertices are letters and every pair of letters is an edge; a letter by itself is a"
    " vertex without edges. Write the vertices in order without anything between them, and end a"
    " cycle by repeating its first vertex. If there is no such walk, write the word impossible and"
    " nothing else."
)
PATH, CYCLE = "P", "C"
# Often enough to be worth the check, seldom enough that always answering so earns little.
IMPOSSIBLE_SHARE = 0.25
# A graph with many edges has a walk nearly always and everywhere, one with hardly more edges than
# its walk has leaves nothing to choose. One edge more for every three vertices keeps both kinds
# likely and the choice real.
VERTICES_PER_EXTRA_EDGE = 3
Graph = dict[str, str]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a graph around a hidden walk, or graphs with as many edges until one has no walk.

    Args:
        random: The only source of randomness.
        difficulty: A member of ``LEVELS``.

    Returns:
        ``{"kind": "P", "edges": "AC AF BE BF CF DE EF"}``.
    """
    names = NAMES[: VERTICES[difficulty]]
    kind = CYCLE if random.random() < 0.5 else PATH
    draw_edges = _edges_without_walk if random.random() < IMPOSSIBLE_SHARE else _edges_around_walk
    return {"kind": kind, "edges": " ".join(sorted(draw_edges(random, names, kind)))}


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: what is asked, and the edges as they are named.

    Up to their names there are only 19 connected graphs of six vertices and seven edges, too few to
    hold any out; it is the walk among these names that is asked for.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The kind and the edges, which are written in alphabetical order.
    """
    return f"{instance['kind']} {instance['edges']}"


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``OP AC AF BE BF CF DE EF=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"O{instance['kind']} {instance['edges']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Find the walk that is first in alphabetical order.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration: the walk, or ``impossible``.
    """
    return _first_walk(instance["edges"].split(), instance["kind"]) or IMPOSSIBLE


def answer(instance: Mapping[str, Any]) -> str:
    """Write the walk: nothing shorter is a correct response.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The same as ``solve``.
    """
    return solve(instance)


def work(instance: Mapping[str, Any]) -> int:
    """Count the vertices.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number, 6 to 12.
    """
    return len(_graph(instance["edges"].split()))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Follow the walk, or search all walks if the response says ``impossible``.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if the response is a walk of the kind that is asked for, or the single
        word ``impossible`` and there is no such walk.
    """
    fault = unreadable(response) or _fault(instance["edges"].split(), instance["kind"], response)
    praise = (
        "there is no such walk" if response == IMPOSSIBLE else "the walk visits every vertex once"
    )
    return judge(fault, response, praise)


def _fault(edges: list[str], kind: str, walk: str) -> str:
    if walk == IMPOSSIBLE:
        return "there is such a walk" if _first_walk(edges, kind) else ""
    graph = _graph(edges)
    visited = walk
    if kind == CYCLE:
        if walk[:1] != walk[-1:] or len(walk) != len(graph) + 1:
            return f"the answer is not {len(graph)} vertices and the first of them again"
        visited = walk[:-1]
    if sorted(visited) != sorted(graph):
        return "the answer does not hold every vertex exactly once"
    for here, there in pairwise(walk):
        if there not in graph[here]:
            return f"there is no edge between {here} and {there}"
    return ""


def _graph(edges: list[str]) -> Graph:
    """The neighbours of every vertex, both in alphabetical order."""
    names = sorted(set("".join(edges)))
    return {
        name: "".join(sorted(edge.replace(name, "") for edge in edges if name in edge))
        for name in names
    }


def _first_walk(edges: list[str], kind: str) -> str:
    """Find the walk that is first in alphabetical order, or the empty text if there is none."""
    graph = _graph(edges)
    if not _looks_possible(edges, "".join(graph), kind):
        return ""
    # A cycle passes through every vertex, so it may as well begin with the first.
    starts = list(graph)[:1] if kind == CYCLE else list(graph)
    in_vain: set[tuple[str, frozenset[str]]] = set()
    for start in starts:
        home = start if kind == CYCLE else ""
        walk = _completed(graph, start, frozenset(graph) - {start}, home, in_vain)
        if walk:
            return walk
    return ""


def _completed(
    graph: Graph,
    here: str,
    left: frozenset[str],
    home: str,
    in_vain: set[tuple[str, frozenset[str]]],
) -> str:
    """Walk from ``here`` through all that is ``left`` and ``home`` again, if there is a home; empty
    if impossible.

    What is left and where one stands decide whether the rest exists, however one came there. So
    every such pair is tried once, and there are at most n 2^n of them.
    """
    if not left:
        return here + home if not home or home in graph[here] else ""
    if (here, left) in in_vain:
        return ""
    for there in graph[here]:
        if there in left:
            rest = _completed(graph, there, left - {there}, home, in_vain)
            if rest:
                return here + rest
    in_vain.add((here, left))
    return ""


def _extra_edges(names: str) -> int:
    return len(names) // VERTICES_PER_EXTRA_EDGE


def _edges_around_walk(random: np.random.Generator, names: str, kind: str) -> list[str]:
    order = [names[place] for place in random.permutation(len(names))]
    steps = pairwise([*order, order[0]] if kind == CYCLE else order)
    walk = ["".join(sorted(step)) for step in steps]
    others = ["".join(pair) for pair in combinations(names, 2) if "".join(pair) not in walk]
    return walk + [
        others[place]
        for place in random.choice(len(others), size=_extra_edges(names), replace=False)
    ]


def _edges_without_walk(random: np.random.Generator, names: str, kind: str) -> list[str]:
    """Draw graphs with as many edges as around a walk, connected and without dead ends in a cycle's
    way.
    """
    pairs = ["".join(pair) for pair in combinations(names, 2)]
    count = len(names) - (kind == PATH) + _extra_edges(names)
    while True:
        edges = [pairs[place] for place in random.choice(len(pairs), size=count, replace=False)]
        if _looks_possible(edges, names, kind) and not _first_walk(edges, kind):
            return edges


def _looks_possible(edges: list[str], names: str, kind: str) -> bool:
    """Say whether the graph passes a glance: all vertices hang together, and each of a cycle's has
    two edges.

    Without it the search would walk all over a large graph before it finds out that one vertex
    cannot be reached.
    """
    graph = _graph(edges)
    if min(len(graph.get(name, "")) for name in names) < (
        2 if kind == CYCLE else min(1, len(names) - 1)
    ):
        return False
    reached, waiting = {names[0]}, [names[0]]
    while waiting:
        found = set(graph[waiting.pop()]) - reached
        reached |= found
        waiting += sorted(found)
    return len(reached) == len(names)
