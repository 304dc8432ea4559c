"""Duplicates: which rows are a cluster, which one stays, whatever the order of lines."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from seed.reference.cleaning.duplicates import Clusters, Links, Sketches, clusters_of
from seed.reference.cleaning.rows import Rows
from seed.reference.cleaning.settings import DedupSettings

LONG = (
    "A farmer has a rectangular field whose length is twice its width, and a fence around it that"
    " costs four coins for every metre; the fence costs 240 coins. Find the area of the field."
)
NEAR = LONG.replace("coins for every metre", "coins per metre")
OTHER_NUMBER = LONG.replace("240", "480")
SPELT = LONG.upper().replace(" FARMER", "  Farmer").replace("240", "$240$")


def clusters(tmp_path: Path, texts: list[str], answers: str = "", **values: object) -> Clusters:
    settings = DedupSettings.model_validate(values)
    path = tmp_path / "in.jsonl"
    answers = answers or "1" * len(texts)
    rows = [{"problem": t, "reference": a} for t, a in zip(texts, answers, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sketches = Sketches(settings)
    content = b"".join(map(sketches.of, Rows([str(path)]).records()))
    (tmp_path / "sketches").write_bytes(content)
    return clusters_of(tmp_path / "sketches", settings)


def test_exact_and_near_duplicates_are_found_and_told_apart(tmp_path: Path) -> None:
    found = clusters(tmp_path, [LONG, "Find 2+2 now.", SPELT, NEAR, OTHER_NUMBER])
    assert found.kept.tolist() == [0, 1, 0, 0, 4]
    assert found.exact.tolist() == [True, True, True, False, True]
    assert found.figures["clusters"] == 1


def test_what_counts_as_near_is_a_setting(tmp_path: Path) -> None:
    texts = [LONG, NEAR, OTHER_NUMBER]
    assert clusters(tmp_path, texts, near=False).kept.tolist() == [0, 1, 2]
    assert clusters(tmp_path, texts, same_numbers=False).kept.tolist() == [0, 0, 0]
    assert clusters(tmp_path, texts, threshold=0.99).kept.tolist() == [0, 1, 2]


def test_the_longest_row_stays_if_asked(tmp_path: Path) -> None:
    assert clusters(tmp_path, [NEAR, LONG, NEAR], keep="longest").kept.tolist() == [1, 1, 1]


def test_different_references_of_a_cluster_are_told(tmp_path: Path) -> None:
    found = clusters(tmp_path, [LONG, NEAR, "Find 2+2 now.", "Find 2 + 2 now"], "1255")
    assert found.conflicts.tolist() == [True, True, False, False]


@pytest.mark.parametrize("seed", range(3))
def test_clusters_do_not_depend_on_the_order_of_lines(tmp_path: Path, seed: int) -> None:
    words = [f"word{chr(97 + n)}" for n in range(15)]
    draw = random.Random(seed)
    texts = []
    for _ in range(12):
        base = [draw.choice(words) for _ in range(40)]
        texts.append(" ".join(base))
        for _ in range(draw.randrange(4)):
            changed = list(base)
            changed[draw.randrange(40)] = "changed"
            texts.append(" ".join(changed))
    shuffled = list(range(len(texts)))
    draw.shuffle(shuffled)
    assert parts(texts, clusters(tmp_path, texts)) == parts(
        [texts[n] for n in shuffled], clusters(tmp_path, [texts[n] for n in shuffled])
    )


def parts(texts: list[str], found: Clusters) -> set[frozenset[str]]:
    roots = found.kept
    return {
        frozenset(text for text, root in zip(texts, roots, strict=True) if root == one)
        for one in np.unique(roots)
    }


def test_components_have_their_smallest_row_as_root() -> None:
    links = Links(6)
    for one, other in ((5, 4), (4, 2), (1, 3)):
        links.join(one, other)
    assert links.roots().tolist() == [0, 1, 2, 1, 2, 2]
