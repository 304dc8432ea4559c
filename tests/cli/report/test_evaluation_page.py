"""Properties of the page of an evaluation."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from seed.cli.report.evaluation_page import (
    SHOWN_CHARACTERS,
    SHOWN_RESPONSES,
    cut,
    evaluation_page,
    kinds_of,
)
from seed.reference.evaluation.answering import all_scores
from seed.reference.evaluation.folder import Folder
from seed.reference.evaluation.policies import Response
from seed.reference.verifiers.verdict import judgement_of
from tests.support.evaluations import question
from tests.support.reports import HOSTILE, Outline, outline

SAMPLES = 10


def evaluation(path: Path, text: str = "\\boxed{86}", samples: int = 2) -> Folder:
    """Two problems of AIME 2024: one has a right and a wrong response, the other a failure."""
    entry = {"protocol": "aime2024", "domains": ["math"], "samples": samples, "file": "a.jsonl"}
    record: dict[str, Any] = {
        "policy": {"kind": "server", "url": "127.0.0.1/v1", "model": HOSTILE},
        "sampling": {"temperature": 1.0, "top_p": 0.7, "max_tokens": 32768, "seed": 0},
        "benchmarks": {"aime2024": entry},
        "verifier": "",
    }
    questions = [question(name, "aime2024", problem=HOSTILE, group=name) for name in ("a", "b")]
    folder = Folder.create(path, record, questions)
    with folder.opened_for_writing():
        for sample, right in enumerate([True] + [False] * (samples - 1)):
            response = Response("aime2024/a", sample, text, "stop", 5)
            folder.add_response(response)
            verdict = {"verdict": "correct" if right else "wrong", "extracted": HOSTILE, "why": "w"}
            folder.add_verdict(response, judgement_of(verdict))
        failed = Response("aime2024/b", 0, HOSTILE, "length", 9, HOSTILE)
        folder.add_response(failed)
        folder.add_verdict(failed, judgement_of(None))
    return folder


def still(page: str) -> Outline:
    """What holds of all pages, of this one without its script."""
    return outline(re.sub("<script>.*?</script>", "", page, flags=re.DOTALL))


def page_of(folder: Folder, baseline: Folder | None = None) -> str:
    differences = {}
    if baseline:
        differences = {
            "aime2024": {"mean": -0.1, "low": None, "high": None, "problems": 1, "only_here": 0}
        }
    return evaluation_page(folder, all_scores(folder), differences, baseline)


def test_the_only_script_is_the_one_that_the_policy_of_the_page_names(tmp_path: Path) -> None:
    page = page_of(evaluation(tmp_path / "out", text=HOSTILE))
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    name = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{name}'" in page
    assert "alert('x')" not in script and "<img" not in page


def test_a_page_has_scores_intervals_published_figures_and_counts(tmp_path: Path) -> None:
    page = page_of(evaluation(tmp_path / "out"))
    text = re.sub(r"<[^>]*>", " ", page)
    for words in ("AIME 2024, avg@2", "50.0 %", "86.7 %", "79.8 %", "Table 2", "pass@k"):
        assert words in text
    assert still(page).of("svg")


def test_problems_say_what_they_can_be_filtered_by(tmp_path: Path) -> None:
    folder = evaluation(tmp_path / "out")
    problems = [one for one in still(page_of(folder)).of("details") if one.get("data-is")]
    assert [one["data-benchmark"] for one in problems] == ["aime2024", "aime2024"]
    assert problems[0]["data-is"] == "some"
    assert set((problems[1]["data-is"] or "").split()) == {"error", "truncated", "missing"}
    assert kinds_of(folder, [], 1) == ["missing"]


def test_long_texts_and_many_responses_are_cut_and_the_page_says_so(tmp_path: Path) -> None:
    page = page_of(evaluation(tmp_path / "out", "x" * 9000, SAMPLES))
    assert page.count("… 5000 characters …") == SHOWN_RESPONSES
    assert f"and {SAMPLES - SHOWN_RESPONSES} responses more" in page
    assert len(cut("y" * 9000)) < SHOWN_CHARACTERS + 50 and cut("short") == "short"


def test_a_difference_names_its_baseline(tmp_path: Path) -> None:
    folder = evaluation(tmp_path / "out")
    page = page_of(folder, folder)
    assert "Difference from the baseline" in page and "−10.0" in page
    assert "Difference" not in page_of(folder)
