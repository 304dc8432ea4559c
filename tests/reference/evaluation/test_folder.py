"""Properties of the folder of an evaluation: nothing is lost, nothing is overwritten."""

from pathlib import Path

import pytest

from seed.reference.evaluation.folder import RESPONSES, VERDICTS, Folder, check_same
from seed.reference.evaluation.policies import Response
from seed.reference.verifiers.verdict import Judgement, judgement_of
from seed.spec.errors import SeedError
from tests.support.evaluations import question

QUESTIONS = [question("one"), question("two")]
RECORD = {"policy": {"kind": "responses"}, "benchmarks": {"sums": {"samples": 2}}}
RESPONSE = Response("sums/one", 1, "It is 2\ud800.", "stop", 4, "1 and 1")
CORRECT = judgement_of(True)


def filled(path: Path) -> Folder:
    folder = Folder.create(path, dict(RECORD), QUESTIONS)
    with folder.opened_for_writing():
        folder.add_response(RESPONSE)
        folder.add_verdict(RESPONSE, CORRECT)
    return folder


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out")
    again = Folder.read(tmp_path / "out")
    assert (again.record, again.questions) == (RECORD, folder.questions)
    assert dict(again.responses) == {("sums/one", 1): RESPONSE}
    assert again.truncated == folder.truncated == {("sums/one", 1): False}
    assert again.verdicts == folder.verdicts
    assert again.verdicts["sums/one", 1]["verdict"] == "correct"


def test_a_response_that_has_no_verdict_yet_is_known_to_have_none(tmp_path: Path) -> None:
    folder = Folder.create(tmp_path / "out", dict(RECORD), QUESTIONS)
    assert folder.verdicts.get(RESPONSE.name) is None and RESPONSE.name not in folder.responses


@pytest.mark.parametrize("name", [RESPONSES, VERDICTS])
def test_half_a_last_line_is_removed_and_the_others_are_kept(tmp_path: Path, name: str) -> None:
    filled(tmp_path / "out")
    file = tmp_path / "out" / name
    whole = file.read_bytes()
    file.write_bytes(whole + whole[: len(whole) // 2])
    folder = Folder.read(tmp_path / "out")
    assert len(folder.responses) == len(folder.verdicts) == 1
    with folder.opened_for_writing():
        assert file.read_bytes() == whole
        folder.add_response(Response("sums/two", 0, "3"))
    again = Folder.read(tmp_path / "out").responses
    assert dict(folder.responses) == dict(again) and len(again) == 2


def test_a_verdict_on_another_text_does_not_count(tmp_path: Path) -> None:
    filled(tmp_path / "out")
    file = tmp_path / "out" / RESPONSES
    file.write_bytes(file.read_bytes().replace(b"It is 2", b"It is 3"))
    folder = Folder.read(tmp_path / "out")
    assert len(folder.responses) == 1 and not folder.verdicts


def test_a_changed_line_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "out")
    (tmp_path / "out" / RESPONSES).write_text("mine\n")
    with pytest.raises(SeedError, match=r"responses.jsonl line 1 is not JSON"):
        Folder.read(tmp_path / "out")


def test_a_folder_that_is_not_empty_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(SeedError, match="is not empty"):
        Folder.create(tmp_path / "out", dict(RECORD), QUESTIONS)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
    with pytest.raises(SeedError, match="is no evaluation"):
        Folder.read(tmp_path / "out")


def test_two_processes_do_not_write_at_the_same_time(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out")
    with (
        folder.opened_for_writing(),
        pytest.raises(SeedError, match="is being written by"),
        Folder.read(tmp_path / "out").opened_for_writing(),
    ):
        pass


def test_an_evaluation_may_get_more_samples_and_not_fewer(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out")
    folder.extend({"policy": {"kind": "responses"}, "benchmarks": {"sums": {"samples": 4}}})
    assert Folder.read(tmp_path / "out").record["benchmarks"]["sums"]["samples"] == 4
    with pytest.raises(SeedError, match=r"benchmarks.sums.samples=4, not 2"):
        folder.extend(dict(RECORD))


def test_a_text_that_is_no_unicode_can_stand_on_a_page(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out")
    folder.write("page.html", RESPONSE.text)
    assert (tmp_path / "out" / "page.html").read_text("utf-8") == "It is 2?."


def test_another_evaluation_is_not_continued() -> None:
    check_same(Path("out"), RECORD, RECORD)
    check_same(Path("out"), RECORD | {"version": "1"}, RECORD | {"version": "2"})
    changed = RECORD | {"verifier": "mine.py:check"}
    with pytest.raises(SeedError, match=r'begun with verifier=null, not "mine.py:check"'):
        check_same(Path("out"), RECORD, changed)
    with pytest.raises(SeedError, match="begun with verifier="):
        check_same(Path("out"), changed, RECORD)


def test_an_error_has_no_reward(tmp_path: Path) -> None:
    folder = Folder.create(tmp_path / "out", dict(RECORD), QUESTIONS)
    failed: Judgement = judgement_of(None)
    with folder.opened_for_writing():
        folder.add_response(RESPONSE)
        folder.add_verdict(RESPONSE, failed)
    line = Folder.read(tmp_path / "out").verdicts["sums/one", 1]
    assert (line["verdict"], line["reward"]) == ("error", None)
