"""What SFT reads: epochs are epochs, steps have their tokens, and a resume within one is exact."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.reference.backend import ReferenceBackend
from seed.reference.training import trainer
from seed.reference.training.batch import masked_batch, plain_batch
from seed.reference.training.run import Run, check
from seed.reference.training.run_directory import RunDirectory
from seed.reference.training.sft_data import SftData, sft_data
from seed.reference.training.start import with_start
from seed.spec.config import Config
from seed.spec.datatypes import Batch
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver
from tests.support.small_runs import (
    KillAfter,
    Killed,
    lasting_bytes,
    metrics_of,
    new_run,
    small_config,
)

ALONE = (
    *("data.families=[]", "rollout.steps=0", "value_pretraining.steps=0", "model.vocabulary=97"),
    "run.checkpoint_every=2",
)


class Lengths:
    """Sequences of which only the lengths are known."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = np.array(lengths)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.lengths)

    def place(self, number: int) -> str:
        return f"number {number}"

    def batch(self, numbers: Sequence[int]) -> Batch:
        return plain_batch([(2,) * self.lengths[n] for n in numbers], [() for _ in numbers])


def supervised(config: Config, **changes: float) -> Config:
    section = config.supervised.model_copy(update=changes)
    return config.model_copy(update={"supervised": section})


@pytest.fixture(scope="module")
def plain() -> Config:
    return small_config()


def chats(folder: Path, count: int = 20) -> Path:
    path = folder / "chats.jsonl"
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"A{n}+1="},
                {"role": "assistant", "content": f"{n + 1}"},
            ]
        }
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def chat_config(path: Path, *overrides: str) -> Config:
    config = small_config("grpo", *ALONE, f"data.chats={path}", *overrides)
    return with_start(config, ReferenceBackend())


@given(count=st.integers(1, 40), batch=st.integers(1, 50), epochs=st.sampled_from([1.0, 2.0, 2.5]))
def test_every_epoch_reads_each_sequence_once(
    plain: Config, count: int, batch: int, epochs: float
) -> None:
    data = SftData(supervised(plain, batch=batch, epochs=epochs), Lengths([3] * count))
    steps = data.steps_of(epochs)
    read = [number for step in range(steps) for number in data.numbers(step)]
    assert len(read) == int(np.ceil(epochs * count))
    for first in range(0, int(epochs) * count, count):
        assert sorted(read[first : first + count]) == list(range(count))
    assert data.epochs_after(steps) == epochs


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=30),
    most=st.integers(9, 40),
    epochs=st.sampled_from([1.0, 3.0]),
)
def test_steps_by_tokens_are_full_and_epochs_whole(
    plain: Config, lengths: list[int], most: int, epochs: float
) -> None:
    data = SftData(supervised(plain, batch_tokens=most), Lengths(lengths))
    steps = [data.numbers(step) for step in range(data.steps_of(epochs))]
    filled = [sum(lengths[number] for number in step) for step in steps]
    assert max(filled) <= most
    read = [number for step in steps for number in step]
    for first in range(0, len(read), len(lengths)):
        assert sorted(read[first : first + len(lengths)]) == list(range(len(lengths)))
    # A step ends only where the next sequence would not fit, or the epoch ends.
    for step, following, tokens in zip(steps, steps[1:], filled, strict=False):
        place = steps.index(step)
        ended = sum(map(len, steps[: place + 1])) % len(lengths) == 0
        assert ended or tokens + lengths[following[0]] > most
    assert data.epochs_after(len(steps)) == epochs


def test_without_epochs_a_step_reaches_into_the_next_one(plain: Config) -> None:
    data = SftData(supervised(plain, batch=7), Lengths([3] * 10))
    assert [len(data.numbers(step)) for step in range(5)] == [7] * 5


def test_steps_too_small_for_a_sequence_are_refused(plain: Config) -> None:
    with pytest.raises(SeedError, match=r"batch_tokens=4 must be at least 5.*number 1") as error:
        SftData(supervised(plain, batch_tokens=4), Lengths([3, 5]))
    assert error.value.reason is Reason.ILLEGAL_VALUE


def test_targets_stand_where_the_mask_says() -> None:
    batch = masked_batch([[2, 3, 4, 5], [6, 7]], [[False, True, False, True], [False, True]])
    assert batch.response.tolist() == [[False, True, False, True], [False, True, False, False]]
    assert batch.lengths.tolist() == [4, 2]


@pytest.mark.parametrize("kill", [1, 3])
@pytest.mark.parametrize("change", ["supervised.batch=6", "supervised.batch_tokens=60"])
def test_a_kill_within_an_epoch_of_chats_changes_no_byte(
    tmp_path: Path, kill: int, change: str
) -> None:
    config = chat_config(chats(tmp_path), change, "supervised.epochs=1.5")
    trainer.train(new_run(tmp_path / "whole", config))
    path = tmp_path / "killed"
    with pytest.raises(Killed):
        trainer.train(new_run(path, config, KillAfter(kill)))
    directory, resumed = RunDirectory.resume(path)
    trainer.train(Run.resume(ReferenceBackend(), resumed, directory, SilentObserver()))
    assert lasting_bytes(path) == lasting_bytes(tmp_path / "whole")
    assert metrics_of(path)[-1]["sft/epoch"] >= 1.5


def test_chats_are_what_demonstrations_are(tmp_path: Path) -> None:
    config = chat_config(chats(tmp_path, 1))
    batch = sft_data(config).batch(0)
    text = "A0+1=1"
    assert batch.lengths.tolist() == [len(text) + 1]
    assert int(batch.response.sum()) == 2


def test_a_changed_file_of_chats_does_not_go_on(tmp_path: Path) -> None:
    path = chats(tmp_path)
    config = chat_config(path)
    with path.open("a") as file:
        file.write(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(SeedError) as error:
        sft_data(config)
    assert error.value.reason is Reason.FOREIGN_CHECKPOINT


def test_a_run_without_problems_has_no_scores(tmp_path: Path) -> None:
    config = chat_config(chats(tmp_path))
    check(config, ReferenceBackend())
    summary = trainer.train(new_run(tmp_path / "run", config))
    assert summary["eval_before"] == summary["eval_after"] == {}
    assert summary["steps_by_phase"] == {
        "supervised": config.supervised.steps,
        "value_pretraining": 0,
        "reinforcement": 0,
    }
