"""Thresholds of the cleaning rules: typed, each with a default, from TOML and ``rule.key=value``.

The report names its rules and gives no threshold (Seed1.5-Thinking, section 2.1), so every number
here is our choice.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seed.spec.config_files import merged
from seed.spec.errors import Reason, SeedError
from seed.spec.text_files import read_text

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Domain = Literal["math", "code", "puzzle", "judge", "custom"]

STATEMENTS: tuple[Domain, ...] = ("math", "code", "judge", "custom")
ANSWERED: tuple[Domain, ...] = ("math", "judge")
MATH: tuple[Domain, ...] = ("math",)


class Section(BaseModel):
    """A table of settings that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(Section):
    """What every rule has."""

    enabled: bool = Field(default=True, description="Whether the rule is applied.")
    domains: tuple[Domain, ...] = Field(default=STATEMENTS, description="Domains it is applied to.")


class MathRule(Rule):
    """A rule for questions with one final answer."""

    domains: tuple[Domain, ...] = Field(default=MATH, description="Domains it is applied to.")


class Empty(Rule):
    """Shortest statement."""

    min_characters: int = Field(default=8, ge=0, description="Shorter statements are dropped.")


class TooLong(Rule):
    """Longest statement."""

    max_characters: int = Field(default=20_000, ge=1, description="Longer statements are dropped.")


class ForeignLanguage(Rule):
    """Letters of other scripts, and words of other languages."""

    max_share: Share = Field(
        default=0.1, description="Share of letters that are neither Latin nor Greek."
    )
    min_words: int = Field(
        default=12, ge=1, description="Shorter texts are not judged by their words."
    )
    margin: int = Field(
        default=2, ge=0, description="So many function words more than English ones."
    )


class MissingFigure(MathRule):
    """A figure that is named and not there."""

    code_is_figure: bool = Field(
        default=True, description="Asymptote or TikZ code counts as the figure."
    )


class SeveralQuestions(MathRule):
    """More than one question."""

    max_questions: Count = Field(default=1, description="Questions that one statement may ask.")


class MultipleChoice(MathRule):
    """Options in the statement; off, since ``seed data mcq-to-short`` converts them."""

    enabled: bool = Field(default=False, description="Whether the rule is applied.")


class AnswerUnreadable(MathRule):
    """What our verifier of mathematics cannot read or is too long to be compared."""

    max_characters: Count = Field(default=200, description="Longer references are dropped.")


class AnswerInStatement(MathRule):
    """An answer that can be copied."""

    min_characters: Count = Field(
        default=3, description="Shorter answers occur by chance and are kept."
    )


class CleanSettings(Section):
    """Rules of ``seed data clean`` in the order in which they are applied."""

    empty: Empty = Empty()
    too_long: TooLong = TooLong()
    link: Rule = Field(default=Rule(), description="An address of the web.")
    foreign_language: ForeignLanguage = ForeignLanguage()
    missing_figure: MissingFigure = MissingFigure()
    incomplete: MathRule = Field(
        default=MathRule(), description="A statement that breaks off or has places to be filled in."
    )
    broken_notation: MathRule = Field(default=MathRule(), description="Formulas that do not close.")
    proof: MathRule = Field(default=MathRule(), description="A request to prove.")
    yes_no: MathRule = Field(
        default=MathRule(), description="A question with two possible answers."
    )
    multiple_choice: MultipleChoice = MultipleChoice()
    several_questions: SeveralQuestions = SeveralQuestions()
    no_question: MathRule = Field(default=MathRule(), description="Nothing is asked for.")
    answer_missing: MathRule = Field(
        default=MathRule(domains=("custom",)),
        description="No reference, and no domain without one.",
    )
    answer_unreadable: AnswerUnreadable = AnswerUnreadable()
    answer_in_statement: AnswerInStatement = AnswerInStatement()


class SketchSettings(Section):
    """MinHash of the word n-grams of a statement."""

    words: Count = Field(default=3, description="Words of a shingle.")
    permutations: int = Field(default=128, ge=16, le=1024, description="Values of a MinHash.")
    threshold: float = Field(
        default=0.8, gt=0, le=1, description="Least Jaccard similarity of duplicates."
    )
    seed: int = Field(default=1, ge=0, description="Of the permutations.")


class DedupSettings(SketchSettings):
    """Settings of ``seed data dedup``."""

    near: bool = Field(default=True, description="Near-duplicates too; else only exact ones.")
    same_numbers: bool = Field(default=True, description="Near-duplicates must have equal numbers.")
    keep: Literal["first", "longest"] = Field(
        default="first", description="Which row of a cluster stays."
    )
    conflict: Literal["keep", "drop"] = Field(
        default="keep", description="Clusters with different references: keep one row, or drop all."
    )


class OverlapSettings(SketchSettings):
    """Settings of ``seed data decontaminate``."""

    ngram: Count = Field(default=8, description="Words of an n-gram.")
    min_share: float = Field(
        default=0.5, gt=0, le=1, description="Share of a problem's n-grams in a row."
    )


class ChoiceSettings(Section):
    """Settings of ``seed data mcq-to-short``."""

    min_options: int = Field(default=3, ge=2, description="Fewer labelled lines are no options.")
    max_answer_words: Count = Field(default=4, description="Longer answers of words are dropped.")


class IntegerSettings(Section):
    """Settings of ``seed data to-integer``."""

    max_digits: Count = Field(default=12, description="Of the new answer.")
    decimals: bool = Field(default=False, description="Read decimals as exact fractions.")


class TooSimple(Rule):
    """Worst-of-N = 1: all of N answers are right."""

    domains: tuple[Domain, ...] = Field(default=("math", "code", "puzzle", "judge"))
    min_samples: Count = Field(default=4, description="Judged answers that a decision needs.")


class TooHard(TooSimple):
    """No answer is right; off, since the report has no such rule."""

    enabled: bool = Field(default=False, description="Whether the rule is applied.")


class SuspectReference(Rule):
    """Models disagree with the reference, and agree with each other or were quick."""

    domains: tuple[Domain, ...] = Field(default=ANSWERED)
    min_samples: Count = Field(default=4, description="Judged answers that a decision needs.")
    max_accuracy: Share = Field(default=0.0, description="Largest share of answers that are right.")
    majority: Share = Field(
        default=0.6, description="Least share of the most frequent wrong answer."
    )
    few_tokens: int = Field(
        default=64, ge=0, description="Median of tokens below which answers are quick."
    )


class SuspectlyQuick(SuspectReference):
    """Right answers with very few tokens: known by heart, or told by the statement; off."""

    enabled: bool = Field(default=False, description="Whether the rule is applied.")
    max_accuracy: Share = Field(default=1.0, description="Has no effect here.")


class LowVariance(Rule):
    """Scores that hardly differ."""

    domains: tuple[Domain, ...] = Field(default=("custom",))
    min_samples: int = Field(default=4, ge=2, description="Scores that a decision needs.")
    min_deviation: float = Field(
        default=0.05, ge=0, description="Least standard deviation of the scores."
    )


class LowDifficulty(Rule):
    """Prompts that are answered well already."""

    domains: tuple[Domain, ...] = Field(default=("custom",))
    min_samples: Count = Field(default=4, description="Scores that a decision needs.")
    max_mean: float = Field(default=0.9, description="Largest mean score.")


class AlreadyImproved(Rule):
    """Prompts whose score an earlier run of RL has raised."""

    domains: tuple[Domain, ...] = Field(default=("custom",))
    max_improvement: float = Field(
        default=0.2, description="Largest score after RL less score before."
    )


class FilterSettings(Section):
    """Rules of ``seed data filter`` in the order in which they are applied."""

    too_simple: TooSimple = TooSimple()
    suspect_reference: SuspectReference = SuspectReference()
    suspectly_quick: SuspectlyQuick = SuspectlyQuick()
    too_hard: TooHard = TooHard()
    low_variance: LowVariance = LowVariance()
    low_difficulty: LowDifficulty = LowDifficulty()
    already_improved: AlreadyImproved = AlreadyImproved()


AnySettings = TypeVar("AnySettings", bound=Section)


def load_settings(
    kind: type[AnySettings], file: Path | None, overrides: Sequence[str]
) -> AnySettings:
    """Settings of a file and of ``rule.key=value``, which beat the file's.

    Args:
        kind: Which settings.
        file: TOML; None for the defaults.
        overrides: As they were typed.

    Raises:
        SeedError: UNREADABLE_FILE, UNKNOWN_KEY, ILLEGAL_VALUE.
    """
    tree: dict[str, Any] = {}
    if file is not None:
        try:
            tree = tomllib.loads(read_text(file))
        except tomllib.TOMLDecodeError as error:
            line = f"{file} is not readable TOML: {error}"
            raise SeedError(Reason.UNREADABLE_FILE, line) from None
    try:
        return kind.model_validate(merged(tree, overrides))
    except ValidationError as error:
        raise _user_error(kind, error) from None


def defaults(kind: type[Section]) -> str:
    """The default settings as TOML, each with its description."""
    plain, tables = [], []
    for name, field in kind.model_fields.items():
        if isinstance(field.default, Section):
            about = field.description or (type(field.default).__doc__ or "").strip()
            tables += ["", f"[{name}]  # {about}", *_lines(field.default)]
        else:
            plain.append(_line(name, field.default, field.description or ""))
    return "\n".join([*plain, *tables]).strip() + "\n"


def _lines(section: Section) -> list[str]:
    fields = type(section).model_fields.items()
    return [_line(name, getattr(section, name), about.description or "") for name, about in fields]


def _line(name: str, value: Any, about: str) -> str:
    text = f"{name} = {_toml(value)}"
    return f"{text:40}  # {about}".rstrip(" #")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _user_error(kind: type[Section], error: ValidationError) -> SeedError:
    """The first fault in one line: the key, its value, what is legal."""
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    name = ".".join(where)
    if first["type"] == "extra_forbidden":
        section: Any = kind
        for part in where[:-1]:
            section = section.model_fields[part].annotation
        legal = ", ".join(section.model_fields)
        return SeedError(Reason.UNKNOWN_KEY, f"{name} is not a key; legal are {legal}")
    if first["type"] in ("model_type", "model_attributes_type"):
        line = f"{name}={first['input']!r}: {name} is a section; write {name}.KEY=VALUE"
        return SeedError(Reason.ILLEGAL_VALUE, line)
    message = first["msg"].replace("Input should be", "must be")
    return SeedError(Reason.ILLEGAL_VALUE, f"{name}={first['input']!r} {message}")
