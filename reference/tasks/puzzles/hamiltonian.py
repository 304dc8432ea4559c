"""Hamiltonian walks: visit every vertex of a graph exactly once, or see that it cannot be done.

- Instance: ``{"kind": "P", "edges": "AC AF BE BF CF DE EF"}``: ``P`` for a path, ``C`` for a cycle;
  every pair of letters is an edge that can be walked both ways. The vertices are the letters that
  occur; one without edges, never drawn, is a word of its own.
- Prompt: ``OP AC AF BE BF CF DE EF=``: kind and edges.
- Response: ``ACFBED``: the vertices in the order of the walk. A cycle ends with the vertex it
  begins with, as ``ABCA`` does in a triangle. ``impossible`` if there is no such path or cycle.
- Levels 1..5: 6, 7, 8, 10 or 12 vertices. One graph in four is impossible.

Every path or cycle is accepted, from any end and in either direction. Whether there is one is
decided by exhaustive search: the graphs are small, and a state of the search that failed is not
searched again.
"""

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

VERTICES = {1: 6, 2: 7, 3: 8, 4: 10, 5: 12}
LEVELS = range(1, len(VERTICES) + 1)
# Twelve are drawn at most; Enigmata's graphs have up to 25 vertices.
NAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
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
# Often enough to be worth the check, seldom enough that always answering so yields little reward.
IMPOSSIBLE_SHARE = 0.25
# A graph with many edges has a walk nearly always and everywhere, one with hardly more edges than
# its walk has leaves nothing to choose. One edge more for every three vertices keeps both kinds
# likely and the choice real.
VERTICES_PER_EXTRA_EDGE = 3
Graph = dict[str, str]
State = tuple[str, frozenset[str]]


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a graph around a hidden walk, or graphs with as many edges until one has no walk."""
    names = NAMES[: VERTICES[difficulty]]
    kind = CYCLE if random.random() < 0.5 else PATH
    draw_edges = _edges_without_walk if random.random() < IMPOSSIBLE_SHARE else _edges_around_walk
    return {"kind": kind, "edges": " ".join(sorted(draw_edges(random, names, kind)))}


def identity(instance: Mapping[str, Any]) -> str:
    """Kind and edges as they are named; the edges are in alphabetical order.

    Up to their names there are only 19 connected graphs of six vertices and seven edges, too few to
    hold any out; the problem is the walk among these names.
    """
    return f"{instance['kind']} {instance['edges']}"


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``OP AC AF BE BF CF DE EF=``."""
    return f"O{instance['kind']} {instance['edges']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The walk that is first in alphabetical order, or ``impossible``."""
    return _first_walk(instance["edges"].split(), instance["kind"]) or IMPOSSIBLE


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The number of vertices, 6 to 12."""
    return len(_graph(instance["edges"].split()))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the response is such a walk, or ``impossible`` and there is none."""
    fault = unreadable(response) or _fault(instance["edges"].split(), instance["kind"], response)
    impossible = response == IMPOSSIBLE
    success = "there is no such walk" if impossible else "the walk visits every vertex once"
    return judge(fault, response, success)


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
    for vertex, following in pairwise(walk):
        if following not in graph[vertex]:
            return f"there is no edge between {vertex} and {following}"
    return ""


def _graph(edges: list[str]) -> Graph:
    """The neighbours of every vertex, both in alphabetical order."""
    names = sorted(set("".join(edges)))
    return {
        name: "".join(sorted(edge.replace(name, "") for edge in edges if name in edge))
        for name in names
    }


def _first_walk(edges: list[str], kind: str) -> str:
    """Find the walk that is first in alphabetical order; the empty text if there is none."""
    graph = _graph(edges)
    if not _looks_possible(edges, "".join(graph), kind):
        return ""
    # A cycle passes through every vertex, so it may as well begin with the first.
    starts = list(graph)[:1] if kind == CYCLE else list(graph)
    failed: set[State] = set()
    for start in starts:
        end = start if kind == CYCLE else ""
        walk = _completed(graph, start, frozenset(graph) - {start}, end, failed)
        if walk:
            return walk
    return ""


def _completed(
    graph: Graph, vertex: str, unvisited: frozenset[str], end: str, failed: set[State]
) -> str:
    """Walk from ``vertex`` through all of ``unvisited``, then to ``end`` if there is one.

    The empty text if that is impossible. Whether it is depends on vertex and unvisited alone, so
    every such pair is tried once (``failed``), and there are at most n 2^n of them.
    """
    if not unvisited:
        return vertex + end if not end or end in graph[vertex] else ""
    if (vertex, unvisited) in failed:
        return ""
    for following in graph[vertex]:
        if following in unvisited:
            rest = _completed(graph, following, unvisited - {following}, end, failed)
            if rest:
                return vertex + rest
    failed.add((vertex, unvisited))
    return ""


def _extra_edges(names: str) -> int:
    return len(names) // VERTICES_PER_EXTRA_EDGE


def _edges_around_walk(random: np.random.Generator, names: str, kind: str) -> list[str]:
    order = [names[index] for index in random.permutation(len(names))]
    steps = pairwise([*order, order[0]] if kind == CYCLE else order)
    walk = ["".join(sorted(step)) for step in steps]
    pairs = [pair for pair in map("".join, combinations(names, 2)) if pair not in walk]
    extra = random.choice(len(pairs), size=_extra_edges(names), replace=False)
    return walk + [pairs[index] for index in extra]


def _edges_without_walk(random: np.random.Generator, names: str, kind: str) -> list[str]:
    """Draw graphs with as many edges as around a walk, but without one, that look possible."""
    pairs = ["".join(pair) for pair in combinations(names, 2)]
    count = len(names) - (kind == PATH) + _extra_edges(names)
    while True:
        edges = [pairs[index] for index in random.choice(len(pairs), size=count, replace=False)]
        if _looks_possible(edges, names, kind) and not _first_walk(edges, kind):
            return edges


def _looks_possible(edges: list[str], names: str, kind: str) -> bool:
    """True if the graph is connected and, for a cycle, each vertex has two edges.

    A cheap check before the search, which would walk all over a large graph before it finds out
    that one vertex cannot be reached.
    """
    graph = _graph(edges)
    fewest_edges = 2 if kind == CYCLE else min(1, len(names) - 1)
    if any(len(graph.get(name, "")) < fewest_edges for name in names):
        return False
    reached, stack = {names[0]}, [names[0]]
    while stack:
        new = set(graph[stack.pop()]) - reached
        reached |= new
        stack += new
    return len(reached) == len(names)
