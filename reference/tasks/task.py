"""The task of a run: which problems it has, and which tokenizer writes them as token ids.

Both follow from the configuration alone, so they are kept for as long as it is the same.
"""

from functools import lru_cache

from seed.reference.data.located import check_digests
from seed.reference.data.open_source import open_source
from seed.reference.tasks.puzzle_source import PuzzleSource
from seed.reference.text.language_tokenizer import LanguageTokenizer
from seed.spec.characters import Characters
from seed.spec.config import Config
from seed.spec.config_model import DataConfig
from seed.spec.config_rl import VERIFIER
from seed.spec.config_text import TokenizerConfig
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.problem_source import ProblemSource, Stratum
from seed.spec.tokenizer import Tokenizer

KEPT = 4
"""Tokenizers and sources in memory; a run has one of each."""


def tokenizer_of(config: Config) -> Tokenizer:
    """The tokenizer of section ``tokenizer``: characters, or that of a pretrained model.

    Raises:
        SeedError: UNREADABLE_FILE, ILLEGAL_VALUE, BACKEND_MISSING.
    """
    return tokenizer_from(config.tokenizer.model_dump_json())


def problems_of(config: Config) -> ProblemSource:
    """The problems of section ``data``: drawn puzzles, or lines of files.

    Raises:
        SeedError: UNREADABLE_FILE, ILLEGAL_VALUE, BACKEND_MISSING.
    """
    settings = config.tokenizer.model_dump_json(), config.data.model_dump_json()
    has_functions = any(address != VERIFIER for address in config.reward.functions)
    return _problems(*settings, config.evaluation.problems, config.seed, has_functions)


def any_problem(config: Config) -> Problem | None:
    """A problem of the run; None for SFT without problems."""
    source = problems_of(config)
    if config.data.trains_on_problems:
        return source.training(0)
    return next(iter(source.held_out()), None)


class NoProblems:
    """The source of a run that is SFT on chats alone."""

    groups: tuple[str, ...] = ()

    def training(self, index: int) -> Problem:
        """There is none; the configuration sees to it that nobody asks."""
        raise SeedError(Reason.ILLEGAL_COMBINATION, f"no problem {index}: the run has none")

    def held_out(self) -> list[Problem]:
        """None."""
        return []

    def demonstrations(self) -> list[tuple[Problem, str]]:
        """None."""
        return []

    def strata(self) -> list[Stratum]:
        """None."""
        return []


@lru_cache(KEPT)
def tokenizer_from(settings: str) -> Tokenizer:
    """The tokenizer of a section ``tokenizer`` that is written as JSON.

    Raises:
        SeedError: As ``tokenizer_of``.
    """
    section = TokenizerConfig.model_validate_json(settings)
    return LanguageTokenizer.of(section) if section.path else Characters()


@lru_cache(KEPT)
def _problems(
    tokenizer: str, settings: str, held_out_problems: int, seed: int, has_functions: bool
) -> ProblemSource:
    section = DataConfig.model_validate_json(settings)
    if not (section.trains_on_problems or section.evaluation):
        return NoProblems()
    if not section.has_files:
        has_language = bool(TokenizerConfig.model_validate_json(tokenizer).path)
        return PuzzleSource(section, held_out_problems, seed, english=has_language)
    if section.shots and not TokenizerConfig.model_validate_json(tokenizer).path:
        line = f"data.shots={section.shots} needs tokenizer.path: characters have no messages"
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    check_digests(section)
    return open_source(section, held_out_problems, seed, tokenizer_from(tokenizer), has_functions)
