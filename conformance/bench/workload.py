"""What ``pretrained_trl`` lets both sides work on, and how many multiply-adds that needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seed.reference.data.open_source import TEXT_TASKS, task_name
from seed.reference.pretrained.folder import settings_of_model
from seed.reference.simulation.lengths import lengths_named
from seed.reference.training.prompt_stream import requests
from seed.scaled.parallel.packing import common_start
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.config_model import ModelConfig
from seed.spec.errors import Reason, SeedError
from seed.spec.parameters import architecture, count

LONGEST = 8
"""Largest length, in means."""
WARM_UP_TOKENS = 2
"""Of each prompt and response of the step before those that count."""
GROUPS, ALIKE, APART = "in groups", "alike", "all apart"
"""How prompts are shared; the values are names of lines."""


@dataclass(frozen=True)
class Workload:
    """What one turn works on.

    Attributes:
        kind: ``step`` or ``generation``.
        sharing: ``GROUPS``, ``ALIKE`` or ``APART``; ``warm-up`` does not count.
        prompts: Token ids of each row's prompt.
        lengths: Response tokens of each row.
        group: Consecutive rows with the same prompt.
    """

    kind: str
    sharing: str
    prompts: tuple[tuple[int, ...], ...]
    lengths: tuple[int, ...]
    group: int

    @property
    def title(self) -> str:
        """The name of its line in the table."""
        return f"{self.kind}, {self.sharing}"


def configured(folder: Path, data: str, prompts: int, group: int) -> Config:
    """GRPO of preset ``smollm2`` on this model: one optimizer step on each batch, no KL term."""
    task = task_name(data)
    settings = dict(TEXT_TASKS[task].settings) if task else {}
    overrides = [f"{name}={json.dumps(value)}" for name, value in settings.items()]
    overrides += [
        f"data.train={json.dumps([data])}",
        f"rollout.prompts={prompts}",
        f"rollout.samples_per_prompt={group}",
        f"algorithm.mini_batch={prompts * group}",
        "policy_optimizer.warmup_steps=0",
    ]
    return load_config(
        "smollm2",
        "grpo",
        overrides,
        backend="scaled",
        model=settings_of_model(folder),
        tokenizer={"path": str(folder), "sha256": ""},
    )


def planned(
    config: Config, prompts: int, group: int, means: Mapping[str, int], sigma: float, repeat: int
) -> tuple[Workload, ...]:
    """A warm-up of short rows, then the workloads of every repetition.

    Args:
        config: Of ``configured``.
        prompts, group: Prompts of a batch in groups, and responses to each.
        means: Kind of work -> mean response length.
        sigma: Of the logarithm of lengths.
        repeat: How often each workload is there.
    """
    rows = prompts * group
    texts = [tuple(r.prompt_tokens) for r in requests(config, 0, rows)[::group]]
    if len(set(texts)) < rows:
        line = f"data.train={config.data.train} must have {rows} different prompts for a batch"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    shared = {
        GROUPS: (tuple(text for text in texts[:prompts] for _ in range(group)), group),
        ALIKE: (tuple(texts), 1),
        APART: (tuple(turned(text, row) for row, text in enumerate(texts)), 1),
    }
    short = tuple(text[:WARM_UP_TOKENS] for text in texts)
    first = "step" if "step" in means else "generation"
    plan = [Workload(first, "warm-up", short, (WARM_UP_TOKENS,) * rows, 1)]
    for number in range(repeat):
        for kind, mean in means.items():
            drawn = lengths_named(f"lognormal:mean={mean},sigma={sigma},max={LONGEST * mean}")
            lengths = tuple(drawn.sample(config.seed + number, rows))
            plan += [
                Workload(kind, sharing, of_rows, lengths, together)
                for sharing, (of_rows, together) in shared.items()
            ]
    return tuple(plan)


def turned(text: tuple[int, ...], places: int) -> tuple[int, ...]:
    """The same tokens, so many of the first ones moved to the end: another start."""
    cut = places % len(text)
    return text[cut:] + text[:cut]


def forward_products(model: ModelConfig, workload: Workload) -> int:
    """Multiply-adds of a forward pass over a workload, nothing that is shared computed twice.

    Formula: ``N tokens + D V logits + 2 L H h pairs`` with N the weights of the blocks that a token
    visits (norms included, under 0.1 %), ``tokens`` those of prompts and of responses without their
    last, which nothing is predicted from, ``logits`` the response tokens, and ``pairs`` of a token
    and each token that it attends to, itself included; each pair has a score and a weighted value.
    A prompt counts once for its group, and what all prompts begin with once for all.
    """
    embeddings = model.vocabulary * model.hidden * (1 if model.tied_embeddings else 2)
    in_blocks = count(architecture(model)).active - embeddings
    front = common_start(workload.prompts)
    tokens = pairs = 0
    for row, (prompt, length) in enumerate(zip(workload.prompts, workload.lengths, strict=True)):
        whole = len(prompt) + length - 1
        is_first_of_group = row % workload.group == 0
        done = 0 if row == 0 else front if is_first_of_group else len(prompt)
        tokens += whole - done
        pairs += (whole * (whole + 1) - done * (done + 1)) // 2
    attention = 2 * model.layers * model.heads * model.head_width
    logits = model.hidden * model.vocabulary * sum(workload.lengths)
    return in_blocks * tokens + logits + attention * pairs


def passes(kind: str) -> dict[str, int]:
    """Forward passes' worth of multiply-adds of each part of a kind of work, all of it first.

    An update computes outputs, gradients of inputs and gradients of weights, with as many
    multiply-adds each. The optimizer has no products.
    """
    return {"": 4, "its generation": 1, "all else": 3} if kind == "step" else {"": 1}
