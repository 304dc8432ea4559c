"""Files of chats: what is counted, what is left out, and that a sequence is found again."""

import json
from pathlib import Path
from typing import Any

import pytest

from seed.reference.data.chat_files import ChatFiles, ChatSettings
from seed.reference.text.chat_targets import taught_sequences
from seed.reference.text.language_tokenizer import LanguageTokenizer
from seed.spec.characters import Characters
from seed.spec.errors import Reason, SeedError
from tests.support.tiny_tokenizers import chat_folder


def chat(*texts: str) -> dict[str, Any]:
    roles = ("user", "assistant") * len(texts)
    return {"messages": [{"role": r, "content": t} for r, t in zip(roles, texts, strict=False)]}


def written(path: Path, *rows: Any) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def opened(path: str, most: int = 99, overlong: str = "refuse", vocabulary: int = 999) -> ChatFiles:
    return ChatFiles(ChatSettings((path,), most, overlong, vocabulary), Characters())


def refused(path: str, *settings: Any) -> str:
    with pytest.raises(SeedError) as caught:
        opened(path, *settings)
    assert "\n" not in caught.value.line
    return f"{caught.value.reason}: {caught.value.line}"


def test_sequences_are_found_again_in_every_format(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    rows = [chat("A1+1=", "2"), chat("A2+2=", "4", "A4+4=", "8")]
    plain = written(tmp_path / "chats.jsonl", *rows)
    packed = str(tmp_path / "chats.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(rows), packed)
    tokenizer = LanguageTokenizer(chat_folder(tmp_path / "tokenizer"))
    for path in (plain, packed):
        files = ChatFiles(ChatSettings((path,), 99), tokenizer)
        assert len(files) == 2
        for number, row in enumerate(rows):
            (expected,) = taught_sequences(
                tokenizer, row["messages"], range(1, len(row["messages"]), 2)
            )
            assert files.sequence(number) == expected
            assert files.lengths[number] == len(expected.tokens)


def test_unusable_rows_are_named_and_the_others_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", {"text": "x"}, chat("A1+1=", "2"), chat("A", "é"), [1])
    files = opened(path)
    assert len(files) == 1
    (note,) = (note for note in files.notes if "cannot be used" in note)
    assert "3 rows" in note and "line 1: no form of chat" in note and "line 3:" in note
    assert files.place(0) == "a.jsonl line 2"


def test_a_file_without_a_usable_row_is_refused(tmp_path: Path) -> None:
    assert "unreadable-file" in refused(written(tmp_path / "a.jsonl", {"text": "x"}))
    assert "holds no row" in refused(written(tmp_path / "b.jsonl"))
    assert "does not exist" in refused(str(tmp_path / "c.jsonl"))


def test_a_token_that_the_model_does_not_know_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", chat("A1+1=", "2"))
    assert "is none of the model's 5 (model.vocabulary)" in refused(path, 99, "refuse", 5)


def test_overlong_chats_are_refused_dropped_or_cut(tmp_path: Path) -> None:
    rows = chat("A1+1=", "2"), chat("A1+1=", "1+1=2"), chat("A1+1+1+1+1=", "5")
    path = written(tmp_path / "a.jsonl", *rows)
    line = refused(path, 8)
    assert (
        "2 of 3 chats are longer than supervised.max_sequence_tokens=8, the longest has 13 tokens"
        in line
    )
    assert "(a.jsonl line 3)" in line and "supervised.overlong=drop" in line
    dropped = opened(path, 8, "drop")
    assert [*dropped.lengths] == [7]
    assert any("2 of 3" in note and note.endswith("dropped") for note in dropped.notes)
    cut = opened(path, 8, "truncate")
    assert [*cut.lengths] == [7, 8]  # of the third chat nothing that is taught is left
    assert cut.sequence(1).is_taught == (False,) * 5 + (True,) * 3
    assert any("1 of them dropped" in note for note in cut.notes)
    assert "nothing is left" in refused(path, 2, "drop")


def test_a_changed_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    files = opened(written(path, chat("A1+1=", "2")))
    path.write_text(json.dumps(chat("A1+11=", "12")) + "\n")
    with pytest.raises(SeedError, match="line 1 is another than when the run began") as caught:
        files.sequence(0)
    assert caught.value.reason is Reason.UNREADABLE_FILE
