"""Several runs side by side: what differs in their settings, scores and curves.

The first run is what the others are compared with.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from seed.cli.report.held_out import difference, shares
from seed.cli.report.record import Record
from seed.reference.evaluation.intervals import Estimate

MOST_RUNS = 8
"""More lines in a plot cannot be told apart."""
LONGEST_NAME = 26
"""Characters of a name in a legend."""


@dataclass(frozen=True)
class ComparedRun:
    """A run of a comparison.

    Attributes:
        letter: A, B, ...; unique.
        directory: As it was given.
        record: What it has written.
    """

    letter: str
    directory: Path
    record: Record

    @property
    def name(self) -> str:
        """Letter and name of the folder, which is cut if it is long."""
        name = self.directory.resolve().name
        half = LONGEST_NAME // 2
        short = f"{name[: half - 1]}…{name[-half:]}" if len(name) > LONGEST_NAME else name
        return f"{self.letter} {short}"


def compared_runs(records: Mapping[Path, Record]) -> list[ComparedRun]:
    """Runs with their letters, in the order given."""
    pairs = zip(ascii_uppercase, records.items(), strict=False)
    return [ComparedRun(letter, directory, record) for letter, (directory, record) in pairs]


def settings_of(record: Record) -> dict[str, str]:
    """Every setting of a run, ``algorithm.clip_high`` -> ``0.28``."""
    return dict(flattened(record.config.model_dump(mode="json"), ""))


def flattened(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Leaves of a tree of settings with their dotted names."""
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value)


def differing_settings(runs: Sequence[ComparedRun]) -> list[tuple[str, list[str]]]:
    """Settings in which the runs are not all alike: name and value of each run, – for none."""
    settings = [settings_of(run.record) for run in runs]
    names = dict.fromkeys(name for of_run in settings for name in of_run)
    rows = [(name, [of_run.get(name, "–") for of_run in settings]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def difference_after(first: ComparedRun, run: ComparedRun) -> Estimate | None:
    """Accuracy after RL less the first run's, paired by problem; None if they are not comparable.

    Both runs must be finished and have been evaluated alike.
    """
    return None if obstacle(first, run) else difference(first.record.after, run.record.after)


def obstacle(first: ComparedRun, run: ComparedRun) -> str:
    """Why two runs have no paired difference, as a sentence; empty if they have one."""
    for one in (first, run):
        if not one.record.after:
            return f"{one.letter} has no score after RL yet."
    problems, of_run = shares(first.record.after), shares(run.record.after)
    if evaluated_problems(first.record) != evaluated_problems(run.record):
        return f"{first.letter} and {run.letter} were evaluated on different problems."
    for one, known in ((first, problems), (run, of_run)):
        if not known:
            return f"{one.letter} was run by a version that did not keep results by problem."
    if problems.keys() != of_run.keys():
        return f"{first.letter} and {run.letter} were evaluated on different problems."
    if sampling_of(first.record) != sampling_of(run.record):
        return (
            f"{first.letter} and {run.letter} were evaluated with different sampling"
            " (evaluation.samples, temperature, top_p or rollout.max_response_tokens)."
        )
    return ""


def evaluated_problems(record: Record) -> tuple[Any, ...]:
    """The settings that choose the held-out problems."""
    data = record.config.data
    levels = [data.difficulties.get(family) for family in data.families]
    return data.families, levels, record.config.evaluation.problems


def sampling_of(record: Record) -> tuple[float, ...]:
    """The settings by which held-out responses are sampled."""
    settings, limit = record.config.evaluation, record.config.rollout.max_response_tokens
    return settings.samples, settings.temperature, settings.top_p, limit
