"""The problems of section ``data``: files, built-in text tasks, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from seed.reference.data.addition import Addition
from seed.reference.data.gsm_symbolic import GsmSymbolic
from seed.reference.data.mixture import Mixture
from seed.reference.data.schemas import RowRules
from seed.reference.data.source import FileSettings, FileSource
from seed.reference.data.task_settings import TaskSettings
from seed.reference.data.word_problems import WordProblems
from seed.spec.config_model import DataConfig
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.problem_source import ProblemSource, Stratum
from seed.spec.tokenizer import Tokenizer


class _Maker(Protocol):
    def __call__(self, settings: TaskSettings) -> ProblemSource: ...


@dataclass(frozen=True)
class TextTask:
    """A built-in text task.

    Attributes:
        about: What it asks, in a line.
        make: Makes the source.
        settings: Settings of a run that suit it, as dotted names.
    """

    about: str
    make: _Maker
    settings: Mapping[str, Any] = field(default_factory=dict)


TEXT_TASKS: Mapping[str, TextTask] = {
    "addition": TextTask(
        "sums of two numbers after four worked examples, as plain text",
        Addition,
        {
            "tokenizer.template": "none",
            "tokenizer.stop": ["\n"],
            "data.max_prompt_tokens": 128,
            "rollout.max_response_tokens": 8,
            "supervised.steps": 0,
        },
    ),
    "word-problems": TextTask("sums about people and things, in one or two steps", WordProblems),
    "gsm_symbolic": TextTask("GSM8K with other names and numbers, by reasoning-gym", GsmSymbolic),
}
"""``NAME`` or ``NAME:LARGEST`` in ``data.train``."""


class Combined:
    """Several sources as one.

    Attributes:
        groups: Of the members that are evaluated on.
        notes: Of all members.
    """

    def __init__(
        self,
        training: Mapping[str, tuple[ProblemSource, float]],
        evaluation: Sequence[ProblemSource],
        held_out_problems: int,
    ) -> None:
        """Lay out the mixture.

        Args:
            training: Name -> source and its weight.
            evaluation: Sources of held-out problems.
            held_out_problems: Most of them; each source gives an equal part. 0 = all.
        """
        self._members = list(training.values())
        self._sources = [source for source, _ in self._members]
        self._evaluation, self._limit = evaluation, held_out_problems
        streams = {name: source.training for name, (source, _) in training.items()}
        self._stream = Mixture(streams, {name: weight for name, (_, weight) in training.items()})
        self.groups = tuple(dict.fromkeys(name for source in evaluation for name in source.groups))
        distinct = {id(member): member for member in [*self._sources, *evaluation]}.values()
        self.notes = [note for member in distinct for note in getattr(member, "notes", [])]

    def training(self, index: int) -> Problem:
        """The problem at a place of the mixture."""
        return self._stream(index)

    def held_out(self) -> list[Problem]:
        """The held-out problems of every member, ordered by group."""
        each = -(-self._limit // len(self._evaluation)) if self._limit else None
        problems = [p for source in self._evaluation for p in source.held_out()[:each]]
        return sorted(problems, key=lambda problem: self.groups.index(problem.family))

    def demonstrations(self) -> list[tuple[Problem, str]]:
        """Those of every member, one after the other."""
        return [pair for source in self._sources for pair in source.demonstrations()]

    def strata(self) -> list[Stratum]:
        """Those of every member; members that have one in common take turns within it."""
        total = sum(weight for _, weight in self._members)
        parts: dict[str, list[Stratum]] = {}
        for source, weight in self._members:
            for part in source.strata():
                scaled = replace(part, share=part.share * weight / total)
                parts.setdefault(part.name, []).append(scaled)
        return [of_name[0] if len(of_name) == 1 else _merged(of_name) for of_name in parts.values()]


def _merged(parts: Sequence[Stratum]) -> Stratum:
    streams = {str(number): part.problem for number, part in enumerate(parts)}
    shares = {str(number): part.share for number, part in enumerate(parts)}
    share, returns = sum(shares.values()), all(part.returns for part in parts)
    return replace(parts[0], share=share, returns=returns, problem=Mixture(streams, shares))


def open_source(
    data: DataConfig,
    held_out_problems: int,
    seed: int,
    tokenizer: Tokenizer | None = None,
    custom: bool = False,
) -> ProblemSource:
    """The problems that a run trains on and is evaluated on.

    Args:
        data: Section ``data``; ``train`` is not empty.
        held_out_problems: ``evaluation.problems``; 0 = all.
        seed: Run seed.
        tokenizer: Measures prompts; None = they are not measured.
        custom: A reward function judges, so rows need nothing to compare with.

    Raises:
        SeedError: UNREADABLE_FILE, UNKNOWN_NAME, ILLEGAL_VALUE, ILLEGAL_COMBINATION,
            BACKEND_MISSING.
    """
    tasks = {entry for entry in (*data.train, *data.evaluation) if task_name(entry)}
    _refuse_unknown_weights(data)
    sources: dict[str, ProblemSource] = {
        entry: _task(entry, data, held_out_problems, seed) for entry in sorted(tasks)
    }
    files = tuple(entry for entry in data.train if entry not in tasks)
    tests = tuple(entry for entry in data.evaluation if entry not in tasks)
    members: dict[str, tuple[ProblemSource, float]] = {
        entry: (sources[entry], data.weights.get(entry, 1.0))
        for entry in data.train
        if entry in tasks
    }
    evaluated = [sources[entry] for entry in data.evaluation if entry in tasks]
    if files or tests:
        settings = FileSettings(
            train=files,
            evaluation=tests,
            rules=RowRules(data.columns, custom=custom),
            weights={entry: data.weights[entry] for entry in files if entry in data.weights},
            held_out_share=0.0 if evaluated and not tests else data.held_out_share,
            overlong=data.overlong,
            shots=data.shots if files else 0,
            demonstrations=data.demonstrations,
            max_prompt_tokens=data.max_prompt_tokens,
            held_out_problems=held_out_problems,
            seed=seed,
            must_hold_out=not evaluated,
        )
        source = FileSource(settings, tokenizer)
        if files:
            weight = sum(data.weights.get(entry, 1.0) for entry in files)
            members["files"] = (source, weight)
        if tests or (files and not data.evaluation):
            evaluated.append(source)
    if not data.evaluation:
        evaluated += [sources[entry] for entry in data.train if entry in tasks]
    if len(members) == 1 and evaluated == [source for source, _ in members.values()]:
        return evaluated[0]
    return Combined(members, evaluated, held_out_problems)


def task_name(entry: str) -> str:
    """The built-in task that an entry of ``data.train`` names; empty if it is a file."""
    name = entry.partition(":")[0]
    return name if name in TEXT_TASKS else ""


def _task(entry: str, data: DataConfig, held_out_problems: int, seed: int) -> ProblemSource:
    name, _, largest = entry.partition(":")
    if largest and not (largest.isdigit() and 3 <= int(largest) <= 1000):
        line = f"data.train={entry}: the largest number must be an integer from 3 to 1000"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    shots, demonstrations = data.shots, data.demonstrations
    settings = TaskSettings(int(largest or 0), shots, demonstrations, held_out_problems, seed)
    return TEXT_TASKS[name].make(settings)


def _refuse_unknown_weights(data: DataConfig) -> None:
    for entry in data.weights:
        if entry not in data.train:
            legal = ", ".join(data.train)
            line = f"data.weights.{entry} must be an entry of data.train: {legal}"
            raise SeedError(Reason.UNKNOWN_NAME, line)
