"""Properties of the table of benchmarks and of how a file is recognised."""

import json
from pathlib import Path
from typing import Any

import pytest

from seed.reference.evaluation.benchmarks import BENCHMARKS, MODELS, benchmark_of, names_of
from seed.spec.errors import SeedError
from seed.spec.verify import DOMAINS


def recognised(name: str, row: dict[str, Any], protocol: str = "") -> str:
    return benchmark_of(Path(name), json.dumps(row).encode(), protocol).name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("aime2024.jsonl", "aime2024"),
        ("AIME-24.test.jsonl", "aime2024"),
        ("aime_2025.jsonl", "aime2025"),
        ("aime_1983_2023.jsonl", "aime"),
        ("BeyondAIME.jsonl", "beyondaime"),
        ("gpqa_diamond.jsonl", "gpqa"),
        ("supergpqa.jsonl", "supergpqa"),
        ("MATH-500.jsonl", "math500"),
        ("gsm8k_test.jsonl", "gsm8k"),
        ("HumanEval.jsonl", "humaneval"),
        ("mbpp.jsonl", "mbpp"),
        ("livecodebench_v5.jsonl", "livecodebench"),
        ("code_contests.jsonl", "code_contests"),
        ("reasoning_gym.jsonl", "reasoning_gym"),
    ],
)
def test_a_benchmark_is_recognised_by_the_name_of_its_file(file: str, name: str) -> None:
    assert recognised(file, {}) == name


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"problem": "p", "answer": "2"}, "own"),
        ({"question": "p", "options": ["a", "b"], "answer": "A"}, "choice"),
        ({"prompt": "p", "test": "def check(f): assert f", "entry_point": "f"}, "own"),
        ({"id": "1", "domain": "math", "problem": "p", "reference": "2"}, "own"),
        ({"task": "maze", "meta": {}, "source": "Enigmata"}, "enigmata"),
        ({"task": "maze", "meta": {}, "source": "reasoning-gym 0.1"}, "reasoning_gym"),
    ],
)
def test_another_file_is_recognised_by_its_columns(row: dict[str, Any], name: str) -> None:
    assert recognised("mine.jsonl", row) == name


def test_a_named_protocol_counts_more_than_the_name_of_the_file() -> None:
    assert recognised("gsm8k.jsonl", {}, "math") == "math"


def test_what_is_not_recognised_is_refused_with_the_legal_names() -> None:
    with pytest.raises(SeedError, match=r"mine.jsonl .*columns \(text, label\).*aime2024"):
        recognised("mine.jsonl", {"text": "a", "label": 1})
    with pytest.raises(SeedError, match="--protocol=gsm must be one of aime2024"):
        recognised("gsm8k.jsonl", {}, "gsm")


def test_scores_are_named_by_the_benchmark_or_by_the_file() -> None:
    of = {name: BENCHMARKS[name] for name in ("gsm8k", "math")}
    files = [(Path("a/gsm8k.jsonl"), of["gsm8k"]), (Path("mine.jsonl"), of["math"])]
    assert names_of(files) == ["gsm8k", "mine"]
    assert names_of(
        [(Path("gsm8k_a.jsonl"), of["gsm8k"]), (Path("gsm8k_b.jsonl"), of["gsm8k"])]
    ) == ["gsm8k_a", "gsm8k_b"]
    with pytest.raises(SeedError, match="two files are called mine"):
        names_of([files[1], (Path("other/mine.jsonl"), of["math"])])


def test_the_protocol_of_the_report_is_32_in_mathematics_8_on_gpqa_and_codeforces_else_1() -> None:
    """Section 6 of the report, for every benchmark of its Table 2."""
    many = {"aime2024": 32, "aime2025": 32, "beyondaime": 32, "gpqa": 8, "codeforces": 8}
    for name, benchmark in BENCHMARKS.items():
        assert benchmark.domain in (*DOMAINS, "")
        if benchmark.published:
            assert benchmark.samples == many.get(name, 1)
            assert f"avg@{benchmark.samples}" in benchmark.published
        for published in benchmark.published.values():
            assert len(published) == len(MODELS)
            assert all(figure is None or 0.0 < figure < 100.0 for figure in published)


def test_the_published_figures_are_those_of_table_2() -> None:
    headline = {
        name: next(iter(benchmark.published.values()))[0]
        for name, benchmark in BENCHMARKS.items()
        if benchmark.published
    }
    assert headline == {
        "aime2024": 86.7,
        "aime2025": 74.0,
        "beyondaime": 48.0,
        "gpqa": 77.3,
        "supergpqa": 62.1,
        "mmlu_pro": 87.0,
        "livecodebench": 64.9,
        "codeforces": 36.3,
        "simpleqa": 12.9,
    }
    assert BENCHMARKS["codeforces"].published["pass@8"][0] == 55.0
