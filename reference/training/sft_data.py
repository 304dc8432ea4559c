"""What SFT reads, and which of it a step takes: whole epochs, each in an order of its own.

    supervised.batch         so many sequences a step; a step may reach into the next epoch
    supervised.batch_tokens  as many sequences as have so many tokens; a step ends with its epoch

What a step takes follows from the settings and its number alone, so a resume within an epoch is
exact.
"""

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np

from seed.reference.data.chat_files import ChatFiles, ChatSettings, repeated
from seed.reference.data.located import check_digests
from seed.reference.tasks.task import problems_of, tokenizer_from, tokenizer_of
from seed.reference.text.chat_targets import TaughtSequence
from seed.reference.training.batch import masked_batch, plain_batch
from seed.spec.config import Config
from seed.spec.datatypes import Batch, IntArray
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import generator

KEPT = 2
"""Indices of chats in memory; a run has one."""
EPOCHS_KEPT = 2


class Taught(Protocol):
    """Sequences that SFT teaches, by number."""

    @property
    def lengths(self) -> IntArray:
        """Tokens of each."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...

    def place(self, number: int) -> str:
        """What names a sequence to a person."""
        ...

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Some of them as a batch."""
        ...


class Demonstrations:
    """The demonstrations of the problems."""

    def __init__(self, config: Config) -> None:
        """Write all of them as tokens."""
        tokenizer, self._shown = tokenizer_of(config), problems_of(config).demonstrations()
        self._prompts = [tokenizer.prompt(problem) for problem, _ in self._shown]
        self._responses = [(*tokenizer.encode(text), tokenizer.end) for _, text in self._shown]

    @cached_property
    def lengths(self) -> IntArray:
        """Tokens of each."""
        pairs = zip(self._prompts, self._responses, strict=True)
        return np.array([len(prompt) + len(response) for prompt, response in pairs])

    def __len__(self) -> int:
        """How many there are."""
        return len(self._prompts)

    def place(self, number: int) -> str:
        """The id of the problem."""
        return self._shown[number][0].id

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Prompts and responses."""
        return plain_batch(
            [self._prompts[number] for number in numbers],
            [self._responses[number] for number in numbers],
        )


class Chats:
    """The chats of files."""

    def __init__(self, files: ChatFiles) -> None:
        """Keep an index."""
        self.files, self.lengths = files, files.lengths

    def __len__(self) -> int:
        """Number of sequences."""
        return len(self.files)

    def place(self, number: int) -> str:
        """File and line."""
        return self.files.place(number)

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Read from the files."""
        rows: list[TaughtSequence] = [self.files.sequence(number) for number in numbers]
        return masked_batch([row.tokens for row in rows], [row.is_taught for row in rows])


class SftData:
    """What a run teaches by SFT, step by step.

    Attributes:
        taught: All sequences.
    """

    def __init__(self, config: Config, taught: Taught) -> None:
        """Refuse steps that cannot hold a sequence.

        Raises:
            SeedError: ILLEGAL_VALUE, ILLEGAL_COMBINATION.
        """
        self.taught, self._settings, self._seed = taught, config.supervised, config.seed
        settings = config.supervised
        for name, limit in {
            "supervised.batch_tokens": settings.batch_tokens,
            "parallel.micro_batch_tokens": config.parallel.micro_batch_tokens,
        }.items():
            is_checked = name.startswith("supervised") or config.data.chats
            if limit and is_checked and len(taught) and limit < (most := int(taught.lengths.max())):
                place = taught.place(int(taught.lengths.argmax()))
                line = f"{name}={limit} must be at least {most}, the tokens of the longest sequence"
                raise SeedError(Reason.ILLEGAL_VALUE, f"{line} ({place})")

    @cached_property
    def batch_size(self) -> int:
        """Sequences of a step where their number is fixed."""
        return min(self._settings.batch, len(self.taught))

    def batch(self, step: int) -> Batch:
        """The batch of a step of SFT, counted from 0."""
        return self.taught.batch(self.numbers(step))

    def numbers(self, step: int) -> list[int]:
        """Which sequences a step takes."""
        if not self._settings.batch_tokens:
            size, count = self.batch_size, len(self.taught)
            left = self._wanted(count) - step * size
            return numbers_of_step(self._seed, step, size, count)[:left]
        epoch = 0
        while step >= len(ends := self._ends(epoch)):
            step, epoch = step - len(ends), epoch + 1
        start = ends[step - 1] if step else 0
        return [int(number) for number in self._order(epoch)[start : ends[step]]]

    def epochs_after(self, steps: int) -> float:
        """Passes over all sequences that so many steps make."""
        if not self._settings.batch_tokens:
            read = steps * self.batch_size / len(self.taught)
            return min(read, self._settings.epochs or read)
        epoch = 0
        while steps >= len(ends := self._ends(epoch)):
            steps, epoch = steps - len(ends), epoch + 1
        return epoch + (int(ends[steps - 1]) / len(self.taught) if steps else 0.0)

    def steps_of(self, epochs: float) -> int:
        """Steps that make so many passes, the last one whole."""
        if not self._settings.batch_tokens:
            return math.ceil(epochs * len(self.taught) / self.batch_size)
        whole = math.floor(epochs)
        steps = sum(len(self._ends(epoch)) for epoch in range(whole))
        return steps + (
            math.ceil((epochs - whole) * len(self._ends(whole))) if epochs > whole else 0
        )

    def _wanted(self, count: int) -> int:
        """Sequences that ``supervised.epochs`` asks for; with ``supervised.steps`` no limit."""
        epochs = self._settings.epochs
        return math.ceil(epochs * count) if epochs else 2**63

    def _order(self, epoch: int) -> Any:
        return _order(self._seed, epoch, len(self.taught))

    def _ends(self, epoch: int) -> IntArray:
        """Where the steps of an epoch end in its order."""
        ends = self._known_ends
        if epoch not in ends:
            filled = np.cumsum(self.taught.lengths[self._order(epoch)])
            found: list[int] = []
            while not found or found[-1] < len(filled):
                before = int(filled[found[-1] - 1]) if found else 0
                limit = before + self._settings.batch_tokens
                found.append(int(np.searchsorted(filled, limit, side="right")))
            ends[epoch] = np.array(found)
        return ends[epoch]

    @cached_property
    def _known_ends(self) -> dict[int, IntArray]:
        return {}


@lru_cache(EPOCHS_KEPT)
def _order(seed: int, epoch: int, count: int) -> Any:
    """The order of an epoch."""
    return generator(seed, "demonstrations", epoch).permutation(count)


def numbers_of_step(seed: int, step: int, size: int, count: int) -> list[int]:
    """Which ``size`` of ``count`` sequences a step reads; it may reach into the next epoch."""
    positions = range(step * size, (step + 1) * size)
    return [int(_order(seed, position // count, count)[position % count]) for position in positions]


def sft_data(config: Config) -> SftData:
    """What SFT of a run reads: the chats of ``data.chats``, else the problems' demonstrations.

    Raises:
        SeedError: UNREADABLE_FILE, ILLEGAL_VALUE, FOREIGN_CHECKPOINT, BACKEND_MISSING.
    """
    return SftData(config, Chats(chats_of(config)) if config.data.chats else Demonstrations(config))


def chats_of(config: Config) -> ChatFiles:
    """The chats of ``data.chats``, read once.

    Raises:
        SeedError: As ``sft_data``.
    """
    if path := repeated(config.data.chats):
        line = f"data.chats names {path} twice; legal: each file once"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    check_digests(config.data)
    supervised = config.supervised
    settings = ChatSettings(
        config.data.chats,
        supervised.max_sequence_tokens,
        supervised.overlong,
        config.model.vocabulary,
    )
    return _chats(config.tokenizer.model_dump_json(), settings)


@lru_cache(KEPT)
def _chats(tokenizer: str, settings: ChatSettings) -> ChatFiles:
    return ChatFiles(settings, tokenizer_from(tokenizer))


def sft_steps(config: Config) -> int:
    """``supervised.steps``, or those that ``supervised.epochs`` make.

    Raises:
        SeedError: As ``sft_data``.
    """
    if not config.supervised.epochs:
        return config.supervised.steps
    return sft_data(config).steps_of(config.supervised.epochs)


def sft_metrics(data: SftData, step: int, batch: Batch) -> dict[str, float | int]:
    """How much a step has read, as metrics of SFT on chats or by tokens."""
    return {
        "sft/epoch": data.epochs_after(step + 1),
        "sft/sequences": len(batch.lengths),
        "sft/tokens": int(batch.lengths.sum()),
        "sft/taught_tokens": int(batch.response.sum()),
    }
