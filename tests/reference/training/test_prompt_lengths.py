"""Properties of the check of prompts: what is too long is found before anything is trained."""

import json
from pathlib import Path

import pytest

from seed.reference.tasks.task import problems_of, tokenizer_of
from seed.reference.training.prompt_lengths import FIRST_PUZZLES, check_prompts
from seed.reference.training.prompt_stream import first_problems
from seed.spec.config import Config
from seed.spec.errors import Reason, SeedError
from tests.support.small_runs import small_config

RARE = (
    *('data.families=["arithmetic","kakurasu"]', "data.difficulties.kakurasu=[2]"),
    *("data.difficulties.arithmetic=[1,2,3,4,5,6,7,8]", "model.vocabulary=97"),
    *("rollout.steps=1000", "evaluation.problems=2"),
)
"""Puzzles of which the longest are seldom."""


def line_of(config: Config) -> str:
    with pytest.raises(SeedError) as error:
        check_prompts(config)
    assert error.value.reason is Reason.ILLEGAL_VALUE
    return error.value.line


def test_a_level_near_the_limit_is_measured_further() -> None:
    longest = max(
        len(tokenizer_of(config).prompt(problem))
        for config in [small_config("vapo", *RARE)]
        for problem in first_problems(config, FIRST_PUZZLES)
        if problem.family == "kakurasu" and problem.difficulty == 2
    )
    check_prompts(small_config("vapo", *RARE, f"data.max_prompt_tokens={longest + 2}"))
    line = line_of(small_config("vapo", *RARE, f"data.max_prompt_tokens={longest}"))
    assert line.startswith(f"data.max_prompt_tokens={longest} must be at least {longest + 1}, for")
    assert "problem kakurasu/2/" in line


def test_the_line_has_the_number_and_the_first() -> None:
    config = small_config("vapo", "data.max_prompt_tokens=3")
    first = problems_of(config).held_out()[0]
    assert line_of(config).endswith(f"longer, the first is problem {first.id}")


def test_every_problem_of_a_file_is_measured(tmp_path: Path) -> None:
    long = "What is 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1?"
    path = tmp_path / "train.jsonl"
    questions = [f"What is {n} + 1?" for n in range(2000)] + [long]
    rows = [json.dumps({"problem": question, "reference": "9"}) for question in questions]
    path.write_text("\n".join(rows))
    config = small_config(
        *("grpo", "data.families=[]", f'data.train=["{path}"]', "supervised.steps=0"),
        *("data.held_out_share=0.01", "model.vocabulary=97", "data.max_prompt_tokens=24"),
    )
    assert "1 of " in line_of(config) and "train.jsonl line 2001" in line_of(config)
