"""Prompts that a person types: whether a model can read them, and as problems to sample for."""

from collections.abc import Sequence
from hashlib import sha256

from seed.spec.config import Config
from seed.spec.datatypes import Problem
from seed.spec.errors import Reason, SeedError
from seed.spec.tokenizer import vocabulary_for


def check_prompts(prompts: Sequence[str], config: Config) -> None:
    """Refuse prompts that the model of a configuration cannot read.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    limit, vocabulary = config.data.max_prompt_tokens, config.model.vocabulary
    for prompt in prompts:
        line = ""
        if not 1 <= len(prompt) <= limit:
            line = f"has {len(prompt)} characters, must have 1 to data.max_prompt_tokens={limit}"
        elif vocabulary_for(prompt) > vocabulary:
            line = f"has a character beyond the model's model.vocabulary={vocabulary}"
        if line:
            raise SeedError(Reason.ILLEGAL_VALUE, f"prompt {prompt!r} {line}")


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
