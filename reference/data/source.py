"""Problem files as a ``spec.problem_source.ProblemSource``.

Training: every problem once an epoch, in an order drawn anew for each epoch; with weights, data
sets take turns in exact proportions. Held out: files of their own; else what the column ``split``
says; else a share by a hash of the problem's text, the same in every run. No problem, whatever its
spelling in cases and blanks, is on both sides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from seed.reference.data.index import ADVANCED, ROWS_PER_NEWS, SPLITS, Advanced, Index, Rows
from seed.reference.data.mixture import Mixture, Stream, shuffled
from seed.reference.data.schemas import RowRules
from seed.reference.data.shots import with_shots
from seed.reference.tasks.puzzle_source import HELD_OUT_SEED
from seed.spec.datatypes import Array, Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import generator
from seed.spec.problem_source import Stratum
from seed.spec.tokenizer import Tokenizer

QUOTED = 80
"""Characters of a problem that a message quotes."""


@dataclass(frozen=True)
class FileSettings:
    """What a file source needs to know; the names are those of section ``data``.

    Attributes:
        train: Files to train on, see ``Index``.
        evaluation: Files to evaluate on; empty = held out from ``train``.
        rules: How rows are read.
        weights: Entry of ``train`` -> its share of the prompts; empty = all rows alike.
        held_out_share: Share that is held out by hash, in [0, 1).
        overlong: ``refuse`` or ``drop``.
        shots: Worked examples in front of every prompt.
        demonstrations: Most demonstrations that SFT reads.
        max_prompt_tokens: Longest legal prompt.
        held_out_problems: Most held-out problems; 0 = all.
        seed: Run seed; keys the shuffles and the choice of demonstrations.
        must_hold_out: Whether there must be a held-out problem.
    """

    train: tuple[str, ...] = ()
    evaluation: tuple[str, ...] = ()
    rules: RowRules = field(default_factory=RowRules)
    weights: Mapping[str, float] = field(default_factory=dict)
    held_out_share: float = 0.125
    overlong: str = "refuse"
    shots: int = 0
    demonstrations: int = 1
    max_prompt_tokens: int = 0
    held_out_problems: int = 0
    seed: int = 0
    must_hold_out: bool = True


class FileSource:
    """The problems of files.

    Attributes:
        groups: Names that accuracy is reported by: those of the held-out problems.
        notes: What was found and decided, a line each, for the person who starts the run.
    """

    def __init__(
        self,
        settings: FileSettings,
        tokenizer: Tokenizer | None = None,
        indices: tuple[Index, Index | None] | None = None,
    ) -> None:
        """Read all files, split them, and refuse what cannot be trained on.

        Args:
            settings: Section ``data`` and what belongs to it.
            tokenizer: Measures prompts; None = they are not measured.
            indices: Of ``train`` and ``evaluation`` if they have been read already.

        Raises:
            SeedError: UNREADABLE_FILE, UNKNOWN_NAME, ILLEGAL_VALUE, ILLEGAL_COMBINATION,
                BACKEND_MISSING.
        """
        self.settings = settings
        _refuse_repeated(settings)
        self._train, self._test = indices or read_files(settings)
        for index in self._indices():
            index.refuse_useless()
        counts = [count for index in self._indices() for count in index.counts]
        self.notes = [note for count in counts for note in count.notes()]
        training, held_out = self._divided()
        self.notes += _duplicate_notes(training, "training") + _duplicate_notes(
            held_out, "held-out"
        )
        self._refuse_shared(training, held_out)
        held_out = _distinct(held_out)
        self._shots, training = self._drawn_shots(training)
        self._tokenizer = tokenizer
        self._training = self._short(training, self._train, "training")
        self._held_out = self._short(held_out, self._test or self._train, "held-out")
        self.notes.append(
            f"{len(self._training)} training and {len(self._held_out)} held-out problems"
        )
        _refuse_empty(self._training, self._held_out, settings)
        self._held_out = self._chosen(self._held_out)
        tested = self._test or self._train
        self.groups = tuple(
            name for number, name in enumerate(tested.groups) if number in self._held_out["group"]
        )
        self._stream = self._mixed()

    def training(self, index: int) -> Problem:
        """The problem at a place of the endless training stream."""
        return self._stream(index)

    def held_out(self) -> list[Problem]:
        """The held-out problems, ordered by group; a seeded choice if there are more than asked."""
        index = self._test or self._train
        problems = [self._problem(index, row) for row in self._held_out]
        problems.sort(key=lambda problem: self.groups.index(problem.family))
        return _with_unique_ids(problems)

    def demonstrations(self) -> list[tuple[Problem, str]]:
        """Training problems with a worked answer, at most ``settings.demonstrations`` of them."""
        rows = self._training[self._training["worked"]]
        order = generator(self.settings.seed, "demonstrations").permutation(len(rows))
        problems = [
            self._problem(self._train, rows[place])
            for place in order[: self.settings.demonstrations]
        ]
        return [(problem, problem.demonstration) for problem in problems]

    def strata(self) -> Sequence[Stratum]:
        """By data set, the name that accuracy is reported by; all rows of a file have level 1."""
        return self._strata

    @cached_property
    def _strata(self) -> tuple[Stratum, ...]:
        shares = self._row_shares()
        strata = []
        for number, name in enumerate(self._train.groups):
            is_member = self._training["group"] == number
            if is_member.any():
                problem = self._shuffled(self._training[is_member], f"stratum {name}")
                share = float(shares[is_member].sum())
                strata.append(Stratum(name, 1, share, returns=True, problem=problem))
        return tuple(strata)

    def _row_shares(self) -> Array:
        """How much of the training stream is each row [n]; the sum is 1."""
        weights = self.settings.weights
        files = self._training["file"]
        if not weights:
            return np.full(len(files), 1.0 / len(files))
        of_file = np.array([weights.get(entry, 1.0) for entry in self.settings.train])
        return np.asarray(
            (of_file / of_file.sum() / np.bincount(files, minlength=len(of_file)))[files]
        )

    def _chosen(self, rows: Rows) -> Rows:
        """As many held-out rows as are asked for, the same in every run."""
        wanted = self.settings.held_out_problems or len(rows)
        if wanted < len(rows):
            self.notes.append(f"evaluated on {wanted} of the held-out problems")
        return rows[np.sort(generator(HELD_OUT_SEED, "held-out").permutation(len(rows))[:wanted])]

    def _indices(self) -> Iterator[Index]:
        yield self._train
        if self._test is not None:
            yield self._test

    def _divided(self) -> tuple[Rows, Rows]:
        """Rows of both sides, and a note how they were told apart."""
        rows, share = self._train.rows, self.settings.held_out_share
        is_test = rows["split"] == SPLITS["test"]
        if self._test is not None:
            others = self._test.rows
            is_train = others["split"] == SPLITS["train"]
            self.notes += _left_out(is_test, "data.train", "test")
            # A file all of whose rows say train is evaluated on by intent.
            is_train &= not is_train.all()
            self.notes += _left_out(is_train, "data.evaluation", "train")
            return rows[~is_test], others[~is_train]
        if is_test.any():
            self.notes.append("held out: the rows whose split says so")
            return rows[~is_test], rows[is_test]
        is_test = rows["text"] < np.uint64(min(int(share * 2.0**64), 2**64 - 1))
        self.notes.append(f"held out: by a hash of the text, data.held_out_share={share:g}")
        return rows[~is_test], rows[is_test]

    def _refuse_shared(self, training: Rows, held_out: Rows) -> None:
        """Refuse problems that are on both sides: their accuracy would tell nothing."""
        shared = np.intersect1d(training["text"], held_out["text"])
        if not len(shared):
            return
        first = training[training["text"] == shared[0]][0]
        other = held_out[held_out["text"] == shared[0]][0]
        text = self._train.problem(first).prompt[:QUOTED]
        places = f"{self._train.place(first)} and {(self._test or self._train).place(other)}"
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"{len(shared)} problems are in data.train and held out, such as {text!r} ({places});"
            " remove them from one side",
        )

    def _drawn_shots(self, training: Rows) -> tuple[tuple[Problem, ...], Rows]:
        """The worked examples, the same in every run, and the training rows without them."""
        wanted = self.settings.shots
        if not wanted:
            return (), training
        worked = _distinct(training[training["worked"]])
        if len(worked) <= wanted:
            line = (
                f"data.shots={wanted} needs more demonstrations than data.train has: {len(worked)}"
            )
            raise SeedError(Reason.ILLEGAL_VALUE, line)
        chosen = worked[generator(HELD_OUT_SEED, "shots").permutation(len(worked))[:wanted]]
        shots = tuple(self._train.problem(row) for row in chosen)
        return shots, training[~np.isin(training["text"], chosen["text"])]

    def _problem(self, index: Index, row: Any) -> Problem:
        return with_shots(index.problem(row), self._shots)

    def _short(self, rows: Rows, index: Index, side: str) -> Rows:
        """The rows whose prompts are short enough; others are refused or dropped."""
        if self._tokenizer is None or not len(rows):
            return rows
        limit, longest, place = self.settings.max_prompt_tokens, 0, ""
        fits = np.ones(len(rows), np.bool_)
        for number, row in enumerate(rows):
            length = self._tokens(index, row)
            fits[number] = length <= limit
            if (number + 1) % ROWS_PER_NEWS == 0:
                ADVANCED.get()(ROWS_PER_NEWS)
            if length > longest:
                longest, place = length, index.place(row)
        count = int((~fits).sum())
        if not count:
            self.notes.append(f"the longest {side} prompt has {longest} tokens ({place})")
            return rows
        line = (
            f"{count} of {len(rows)} {side} prompts are longer than data.max_prompt_tokens={limit},"
            f" the first is {index.place(rows[~fits][0])}, the longest has {longest} tokens"
            f" ({place})"
        )
        if self.settings.overlong != "drop":
            raise SeedError(Reason.ILLEGAL_VALUE, f"{line}; data.overlong=drop leaves them out")
        self.notes.append(f"{line}; dropped")
        return rows[fits]

    def _tokens(self, index: Index, row: Any) -> int:
        assert self._tokenizer is not None
        try:
            return len(self._tokenizer.prompt(self._problem(index, row)))
        except SeedError as fault:
            raise SeedError(fault.reason, f"{index.place(row)}: {fault.line}") from None

    def _mixed(self) -> Stream:
        if not self.settings.weights:
            return self._shuffled(self._training, "all")
        streams = {}
        for number, entry in enumerate(self.settings.train):
            rows = self._training[self._training["file"] == number]
            if not len(rows):
                line = f"data.weights: no training problem of {entry} is left to take"
                raise SeedError(Reason.ILLEGAL_VALUE, line)
            streams[entry] = self._shuffled(rows, str(number))
        return Mixture(streams, self.settings.weights)

    def _shuffled(self, rows: Rows, name: str) -> Stream:
        seed = self.settings.seed
        return lambda index: self._problem(
            self._train, rows[shuffled(seed, name, len(rows), index)]
        )


def read_files(
    settings: FileSettings, advanced: Advanced | None = None
) -> tuple[Index, Index | None]:
    """Index the files of both sides; ``advanced`` is told the rows read.

    Raises:
        SeedError: UNREADABLE_FILE, BACKEND_MISSING.
    """
    train = Index(settings.train, settings.rules, advanced)
    if not settings.evaluation:
        return train, None
    return train, Index(settings.evaluation, settings.rules, advanced)


def read_problems(entries: Sequence[str], rules: RowRules | None = None) -> list[Problem]:
    """All problems of some files, in order, such as a benchmark.

    Raises:
        SeedError: UNREADABLE_FILE, also if any row cannot be used: a benchmark is whole.
    """
    index = Index(entries, rules or RowRules())
    index.refuse_useless()
    for count in index.counts:
        if count.faults:
            raise SeedError(Reason.UNREADABLE_FILE, count.fault_note())
    return _with_unique_ids([index.problem(row) for row in index.rows])


def _with_unique_ids(problems: Sequence[Problem]) -> list[Problem]:
    """Ids are kept; where a file repeats one, the later problems get a number."""
    seen: dict[str, int] = {}
    unique = []
    for problem in problems:
        visits = seen[problem.id] = seen.get(problem.id, 0) + 1
        unique.append(problem if visits == 1 else replace(problem, id=f"{problem.id}#{visits}"))
    return unique


def _refuse_repeated(settings: FileSettings) -> None:
    for name in ("train", "evaluation"):
        entries: tuple[str, ...] = getattr(settings, name)
        for entry in entries:
            if entries.count(entry) > 1:
                line = f"data.{name} names {entry} twice; data.weights makes a file count more"
                raise SeedError(Reason.ILLEGAL_VALUE, line)


def _refuse_empty(training: Rows, held_out: Rows, settings: FileSettings) -> None:
    if settings.train and not len(training):
        line = f"data.train={list(settings.train)} leaves no problem to train on"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    if settings.must_hold_out and not len(held_out):
        share = f"data.held_out_share={settings.held_out_share:g}"
        line = f"no problem is held out: give data.evaluation a file, or a larger {share}"
        raise SeedError(Reason.ILLEGAL_VALUE, line)


def _distinct(rows: Rows) -> Rows:
    """The first row of each problem, in order."""
    return rows[np.sort(np.unique(rows["text"], return_index=True)[1])]


def _duplicate_notes(rows: Rows, side: str) -> list[str]:
    count = len(rows) - len(np.unique(rows["text"]))
    kept = "kept" if side == "training" else "left out"
    return [f"{count} {side} rows repeat the problem of another; {kept}"] if count else []


def _left_out(left: Any, name: str, split: str) -> list[str]:
    count = int(left.sum())
    return [f"{count} rows of {name} say split={split}; left out"] if count else []
