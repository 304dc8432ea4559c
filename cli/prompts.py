"""Prompts that a person types: as problems to sample for, and whether a model can read them."""

from collections.abc import Sequence
from hashlib import sha256

from seed.reference.tasks.task import tokenizer_of
from seed.spec.config import Config
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError


def check_prompts(problems: Sequence[Problem], config: Config) -> None:
    """Refuse problems whose prompts the model of a configuration cannot read.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    limit, vocabulary = config.data.max_prompt_tokens, config.model.vocabulary
    tokenizer = tokenizer_of(config)
    for problem in problems:
        tokens, line = tokenizer.prompt(problem), ""
        if not problem.prompt or not 1 <= len(tokens) <= limit:
            line = f"has {len(tokens)} tokens, must have 1 to data.max_prompt_tokens={limit}"
        elif max(tokens) >= vocabulary:
            line = f"has a token beyond the model's model.vocabulary={vocabulary}"
        if line:
            raise SeedError(Reason.ILLEGAL_VALUE, f"prompt {problem.prompt!r} {line}")


def typed_problem(prompt: str) -> Problem:
    """A problem without verifier, whose text keys the randomness of its responses."""
    return Problem(
        id=f"prompt/{sha256(prompt.encode()).hexdigest()}",
        family="",
        difficulty=1,
        prompt=prompt,
        instance={},
        demonstration="",
        answer="",
    )
