"""Whether prompts fit into ``data.max_prompt_tokens``, found out before anything is trained.

Every problem of a file is measured when the file is read (``reference.data.source``), and every
held-out problem here. Problems that are drawn have no end, so of those a sample is measured: the
first ones of the training stream, and more of each puzzle family and level that comes near the
limit. A longer prompt that the sample misses ends the run where it is drawn.
"""

from collections.abc import Iterator

from seed.reference.data.open_source import task_name
from seed.reference.evaluation.evaluate import held_out_problems
from seed.reference.tasks.puzzle_source import PuzzleSource
from seed.reference.tasks.task import problems_of, tokenizer_of
from seed.reference.training.prompt_stream import first_problems
from seed.spec.config import Config
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError

FIRST_PUZZLES = 256
FIRST_TEXTS = 1024
"""Problems at the beginning of the training stream; those of a text task cost little."""

NEAR = 0.5
"""A level whose longest prompt exceeds this share of the limit is measured further."""

MORE = 64
"""Further problems of such a level."""


def check_prompts(config: Config) -> None:
    """Refuse prompts that are too long for ``data.max_prompt_tokens``.

    Raises:
        SeedError: ILLEGAL_VALUE with their number, the first and the longest.
    """
    tokenizer, limit = tokenizer_of(config), config.data.max_prompt_tokens
    lengths: dict[str, int] = {}
    longest_of_level: dict[tuple[str, int], int] = {}
    for problem in _sample(config):
        lengths[problem.id] = len(tokenizer.prompt(problem))
        level = problem.family, problem.difficulty
        longest_of_level[level] = max(longest_of_level.get(level, 0), lengths[problem.id])
    source = problems_of(config)
    if isinstance(source, PuzzleSource):
        near = [level for level, longest in longest_of_level.items() if longest > NEAR * limit]
        for problem in (p for level in near for p in source.of_level(*level, MORE)):
            lengths[problem.id] = len(tokenizer.prompt(problem))
    too_long = [name for name, length in lengths.items() if length > limit]
    if too_long:
        longest = max(lengths, key=lambda name: lengths[name])
        raise SeedError(
            Reason.ILLEGAL_VALUE,
            f"data.max_prompt_tokens={limit} must be at least {lengths[longest]}, for problem"
            f" {longest}; {len(too_long)} of {len(lengths)} prompts that were measured are longer,"
            f" the first is problem {too_long[0]}",
        )


def _sample(config: Config) -> Iterator[Problem]:
    """Held-out problems and the beginning of the training stream, unless it is of files alone."""
    yield from held_out_problems(config)
    if not config.data.has_files:
        yield from first_problems(config, FIRST_PUZZLES)
    elif any(map(task_name, config.data.train)):
        yield from first_problems(config, FIRST_TEXTS)
