"""The synthetic file of the benchmark of cleaning has what its figures are about."""

import json

from seed.conformance.bench.cleaning import lines


def test_the_file_is_the_same_again_and_has_duplicates_and_faults() -> None:
    texts = [json.loads(line)["problem"] for line in lines(300, 0)]
    assert texts == [json.loads(line)["problem"] for line in lines(300, 0)]
    assert len(texts) - len(set(texts)) >= 6
    assert sum(text.startswith("Prove") for text in texts) == 3
    assert sum("How many" not in text for text in texts) == 3
