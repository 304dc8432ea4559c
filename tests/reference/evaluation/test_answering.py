"""Answering and judging at the same time: everything is judged, and few texts are in memory."""

from pathlib import Path

import pytest

from seed.reference.evaluation import answering
from seed.reference.evaluation.answering import Judges, all_scores, answer_and_judge, wanted
from seed.reference.evaluation.folder import Folder
from seed.reference.evaluation.policies import Ask, Response, Settings
from seed.reference.evaluation.stored_responses import stored_responses
from seed.reference.verifiers.runner.pool import Pool
from seed.reference.verifiers.runner.worker import Limits
from seed.reference.verifiers.verdict import Judgement
from tests.support.evaluations import question, write_lines

SAMPLES = 6


def test_a_fast_policy_waits_for_its_judges_and_everything_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST_WAITING", 2)
    questions = [question("one"), question("two")]
    lines = [{"id": one.id, "responses": ["\\boxed{2}", "3"] * 3} for one in questions]
    policy = stored_responses(write_lines(tmp_path / "r.jsonl", lines), questions)
    entry = {"samples": SAMPLES, "domains": ["math"]}
    folder = Folder.create(tmp_path / "out", {"benchmarks": {"sums": entry}}, questions)
    settings = Settings(1.0, 1.0, 1)
    asks = [Ask(one, sample, settings) for one in questions for sample in range(SAMPLES)]
    most = 0

    def report(judgement: Judgement) -> None:
        nonlocal most
        most = max(most, len(judges.waiting))

    with Pool(1, Limits()) as pool, folder.opened_for_writing():
        folder.add_response(Response(questions[0].key, 0, "\\boxed{2}"))  # of an earlier run
        with Judges(pool, "", folder, report) as judges:
            answer_and_judge(
                policy, [asks[place] for place in wanted(asks, folder)], folder, judges
            )
    assert most == 2
    scores = all_scores(folder)["sums"]
    assert (scores["counts"]["judged"], scores["counts"]["correct"]) == (12, 6)
    assert scores == all_scores(Folder.read(tmp_path / "out"))["sums"]
