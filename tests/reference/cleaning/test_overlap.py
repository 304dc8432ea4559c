"""Overlap: copies, quotations and paraphrases are found; stock phrases are none."""

import json
from pathlib import Path

import pytest

from seed.reference.cleaning.overlap import Overlap
from seed.reference.cleaning.rows import Rows
from seed.reference.cleaning.settings import OverlapSettings
from seed.reference.cleaning.stage import Drop, Record
from seed.spec.errors import SeedError

STOCK = (
    "can be written as $\\frac{m}{n}$, where $m$ and $n$ are relatively prime positive integers."
)
EXAM = (
    "Seven friends sit around a table and pass a hat until it has visited everybody at least once."
    f" The expected number of passes {STOCK} Find $m+n$."
)
SHORT = "Compute $17^{19} + 3$."


def written(path: Path, *texts: str) -> Rows:
    lines = [json.dumps({"problem": text, "reference": "1"}) for text in texts]
    path.write_text("\n".join(lines) + "\n")
    return Rows([str(path)])


def decisions(tmp_path: Path, *texts: str, **values: object) -> list[str]:
    stage = Overlap(
        written(tmp_path / "exam.jsonl", EXAM, SHORT), OverlapSettings.model_validate(values)
    )
    found = [stage(record) for record in written(tmp_path / "train.jsonl", *texts).records()]
    return [one.rule if isinstance(one, Drop) else "" for one in found]


def test_copies_and_quotations_overlap(tmp_path: Path) -> None:
    copies = [EXAM, EXAM.upper(), f"Please solve this one. {EXAM} Thank you.", f"Hint: {SHORT}"]
    assert decisions(tmp_path, *copies) == ["ngram_overlap"] * 4


def test_a_stock_phrase_is_no_overlap(tmp_path: Path) -> None:
    other = (
        f"A coin is thrown until three heads are in a row. The expected number {STOCK} Find m+n."
    )
    assert decisions(tmp_path, other, "Compute 17 and 3.") == ["", ""]


def test_similar_texts_are_found_where_no_long_run_is_equal(tmp_path: Path) -> None:
    words = EXAM.split()
    changed = " ".join(word for place, word in enumerate(words) if place % 9 != 8)
    assert decisions(tmp_path, changed, threshold=0.3) == ["minhash_overlap"]


def test_details_name_the_problem(tmp_path: Path) -> None:
    stage = Overlap(written(tmp_path / "exam.jsonl", SHORT, EXAM), OverlapSettings())
    (record,) = written(tmp_path / "train.jsonl", EXAM).records()
    decision = stage(record)
    assert isinstance(decision, Drop)
    assert decision.details["against"]["line"] == 2
    assert decision.details["shared_ngrams"] == decision.details["of"]


def test_an_evaluation_set_without_problems_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exam.jsonl").write_text("no JSON\n")
    with pytest.raises(SeedError, match="holds no problem"):
        Overlap(Rows([str(tmp_path / "exam.jsonl")]), OverlapSettings())


def test_a_row_that_is_no_problem_overlaps_with_nothing(tmp_path: Path) -> None:
    stage = Overlap(written(tmp_path / "exam.jsonl", EXAM), OverlapSettings())
    assert stage(Record(0, "f", 1, b"x", {}, None, "fault")) is None
