"""Reward functions as users write them, good and bad ones."""

import asyncio
import json
from typing import Any

import numpy as np


def of_item(item: dict[str, Any]) -> bool:
    return bool(item["response"] == item["reference"])


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None
) -> dict[str, Any]:
    right = solution_str == ground_truth
    return {"score": 2.0 if right else -1.0, "acc": right, "pred": solution_str, "of": data_source}


def of_batch(
    prompts: list[Any], completions: list[Any], completion_ids: list[list[int]], level: list[int]
) -> list[float | None]:
    assert len(prompts) == len(completions) == len(completion_ids) == len(level)
    return [len(ids) + value / 10 for ids, value in zip(completion_ids, level, strict=True)]


def of_messages(completions: list[list[dict[str, str]]], **columns: Any) -> list[float]:
    columns["log_extra"]("first", [messages[0]["content"] for messages in completions])
    columns["log_metric"]("count", len(completions))
    return [float(messages[0]["role"] == "assistant") for messages in completions]


def rank_in_group(completions: list[str]) -> Any:
    return np.argsort(np.argsort([len(text) for text in completions])).astype(float)


async def of_completion(completion: str, answer: str, prompt: str = "") -> float:
    await asyncio.sleep(0)
    return 0.25 * (completion == answer) + len(prompt) / 100


def of_info(response: str, info: dict[str, Any], level: int = 7, unknown: int = 3) -> float:
    return len(info) + level + unknown


def in_numpy(response: str) -> Any:
    return np.float32(0.5)


def as_verifier(item: dict[str, Any]) -> dict[str, Any]:
    return {"verdict": "wrong", "reward": 0.4, "extracted": "x", "why": "nearly", "steps": 3}


def applies_to_long_responses(completion: str) -> float | None:
    return 1.0 if len(completion) > 2 else None


def raises(completion: str) -> float:
    return float(json.loads("{" + completion)["score"])


def is_not_a_number(completion: str) -> float:
    return float("nan")


def is_infinite(completion: str) -> dict[str, float]:
    return {"score": float("inf")}


def asks_for_too_much(completion: str, colour: str) -> float:
    return 0.0


def returns_too_few(completions: list[str]) -> list[float]:
    return [1.0] * (len(completions) - 1)


def returns_one_number(completions: list[str]) -> float:
    return 1.0


def returns_text(completion: str) -> str:
    return "good"


def returns_no_score(completion: str) -> dict[str, float]:
    return {"reward": 1.0}


def returns_an_object(completion: str) -> dict[str, Any]:
    return {"score": 1.0, "of": object()}


def spoils_one(completions: list[str]) -> list[Any]:
    return [1.0, float("nan"), None, True]


def never_ends(completion: str) -> float:
    while True:
        pass


def exits(completion: str) -> float:
    raise SystemExit(3)


def by_position(completion: str, /) -> float:
    return 0.0
