"""The two processes that ``pretrained_trl`` compares: a turn for each message of the parent."""

import gc
import os
import resource
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from seed.conformance.bench.workload import Workload
from seed.reference.pretrained.folder import Folder
from seed.reference.tasks.task import tokenizer_of
from seed.reference.training.batch import rollout_batch
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.world import World
from seed.spec.config import Config
from seed.spec.datatypes import Array, Outcome, Problem, Request, Sampling, ScoredRollout, Verdict
from seed.spec.layout import Layout

PEAK_SIZE, PEAK_PRODUCTS = 1024, 5
"""Rows and columns of the square product that measures the peak, and how often."""


@dataclass(frozen=True)
class Turn:
    """What one side took for one workload.

    Attributes:
        cpu: CPU seconds in all.
        generation: Those of generation.
        peak: Multiply-adds per CPU second of a large product just before.
        memory: Largest memory of the process so far in bytes.
        tokens: Response tokens that were drawn.
    """

    cpu: float
    generation: float
    peak: float
    memory: int
    tokens: int


@dataclass(frozen=True)
class Order:
    """What both processes are started with.

    Attributes:
        folder: The model.
        settings: Our configuration as JSON; it has its sizes, tokenizer and batch.
        workloads: In order; the first is a warm-up.
        group: Rows that share an advantage.
        trl_micro_batch: Rows of a micro-batch in TRL.
    """

    folder: Path
    settings: str
    workloads: tuple[Workload, ...]
    group: int
    trl_micro_batch: int

    @property
    def config(self) -> Config:
        """Our configuration."""
        return Config.model_validate_json(self.settings)


def cpu_seconds() -> float:
    """User and system seconds of this process so far, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_rate() -> float:
    """Multiply-adds per CPU second of a large float32 product; the best of a few."""
    left, right = torch.rand(2, PEAK_SIZE, PEAK_SIZE)
    seconds = []
    for _ in range(PEAK_PRODUCTS):
        before = cpu_seconds()
        torch.mm(left, right)
        seconds.append(cpu_seconds() - before)
    return PEAK_SIZE**3 / max(min(seconds), 1e-9)


class Clock:
    """CPU seconds of one turn, and of its generation."""

    def __init__(self) -> None:
        self.generation = 0.0
        self.tokens = 0

    def begin(self) -> None:
        """Measure the peak, then start the turn."""
        gc.collect()
        self.generation, self.tokens, self.peak = 0.0, 0, peak_rate()
        self.start = cpu_seconds()

    @contextmanager
    def generating(self) -> Iterator[None]:
        """Seconds in here are those of generation."""
        before = cpu_seconds()
        yield
        self.generation += cpu_seconds() - before

    def end(self) -> Turn:
        """The turn."""
        cpu = cpu_seconds() - self.start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return Turn(cpu, self.generation, self.peak, memory, self.tokens)


def of_seed(order: Order, connection: Connection) -> None:
    """The process of this project: a turn for each message."""
    torch.set_num_threads(1)
    config, backend = order.config, ScaledBackend(World(), Layout(), torch.device("cpu"))
    state = backend.initial_state_of(config, Folder(order.folder))
    takes_steps = any(load.kind == "step" for load in order.workloads)
    state = (backend.start_rl if takes_steps else backend.snapshot)(state, config)
    ends = tokenizer_of(config).ends
    clock = Clock()
    for workload in order.workloads:
        connection.recv()
        sampling = Sampling(1.0, 1.0, max(workload.lengths), ends)
        clock.begin()
        with clock.generating():
            rollouts = backend.generate(state, config, asked_for(workload), sampling, "rollout")
        clock.tokens = sum(len(rollout.response_tokens) for rollout in rollouts)
        if workload.kind == "step":
            unjudged = Verdict(Outcome.WRONG, "", "")
            rewards = rewards_of(len(rollouts))
            scored = [
                ScoredRollout(rollout, unjudged, 0.0, float(reward))
                for rollout, reward in zip(rollouts, rewards, strict=True)
            ]
            batch = replace(rollout_batch(scored), group=np.arange(len(rollouts)) // order.group)
            batch = backend.advantages(state, config, batch, rewards)
            state, _ = backend.update_policy(state, config, batch)
        connection.send(clock.end())


def asked_for(workload: Workload) -> list[Request]:
    """The rows of a workload as requests of forced length."""
    return [
        Request(
            Problem(f"{workload.title}/{row // workload.group}", "bench", 1, "", {}, "", ""),
            prompt,
            row % workload.group,
            0,
            length,
        )
        for row, (prompt, length) in enumerate(zip(workload.prompts, workload.lengths, strict=True))
    ]


def rewards_of(rows: int) -> Array:
    """Every second response is right: no group has the advantage 0."""
    return np.arange(rows) % 2.0


def of_trl(order: Order, connection: Connection) -> None:
    """The process of TRL: a turn for each message, inside of its training loop."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    models: Any = AutoModelForCausalLM
    model = models.from_pretrained(str(order.folder), dtype=torch.float32)
    model.generation_config.eos_token_id = sorted(tokenizer_of(order.config).ends)
    tokenizers: Any = AutoTokenizer
    with tempfile.TemporaryDirectory(prefix="seed-bench-") as scratch:
        trainer, watch = trl_trainer(
            order, connection, scratch, model, tokenizers.from_pretrained(str(order.folder))
        )
        torch.set_num_threads(1)
        if any(load.kind == "step" for load in order.workloads):
            with open(os.devnull, "w") as nowhere, patch("sys.stdout", nowhere):
                trainer.train()
        watch.generate_only()


def trl_trainer(
    order: Order, connection: Connection, scratch: str, model: Any, tokenizer: Any
) -> tuple[Any, Any]:
    """TRL's trainer over the steps of the plan, with the same prompts and lengths as ours."""
    from transformers import LogitsProcessorList, TrainerCallback

    trl = import_module("trl")
    steps = [number for number, load in enumerate(order.workloads) if load.kind == "step"]
    rows, clock = len(order.workloads[0].prompts), Clock()
    accumulation = rows // order.trl_micro_batch

    # The base class is untyped in some versions only.
    class Watch(TrainerCallback):  # type: ignore[misc, unused-ignore]
        """Waits for the parent before each workload, and answers with the turn."""

        position = 0
        trainer: Any = None

        @property
        def workload(self) -> Workload:
            """The one whose turn it is."""
            return order.workloads[self.position]

        def generate_only(self) -> None:
            """The workloads up to the next step, which have no update."""
            while self.position < len(order.workloads) and self.workload.kind == "generation":
                connection.recv()
                clock.begin()
                prompts = [list(prompt) for prompt in self.workload.prompts]
                self.trainer._generate_single_turn(prompts, None, {}, order.group)
                self.answer()

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            """Start the clock."""
            self.generate_only()
            connection.recv()
            clock.begin()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            """Stop it."""
            self.answer()

        def answer(self) -> None:
            """Send the turn."""
            connection.send(clock.end())
            self.position += 1

    class Sampler(torch.utils.data.Sampler[int]):
        """Rows of the plan, each batch as often as the trainer asks for it: once a micro-batch."""

        def __iter__(self) -> Iterator[int]:
            for number, _ in enumerate(steps):
                for _ in range(accumulation):
                    yield from range(number * rows, (number + 1) * rows)

        def __len__(self) -> int:
            return len(steps) * accumulation * rows

    settings = trl.GRPOConfig(
        output_dir=scratch,
        max_steps=max(len(steps), 1),
        per_device_train_batch_size=order.trl_micro_batch,
        gradient_accumulation_steps=accumulation,
        num_generations=order.group,
        max_completion_length=max(max(load.lengths) for load in order.workloads),
        temperature=1.0,
        top_k=0,
        beta=0.0,
        loss_type="grpo",
        learning_rate=order.config.policy_optimizer.learning_rate,
        lr_scheduler_type="constant",
        max_grad_norm=1.0,
        bf16=False,
        gradient_checkpointing=False,
        use_cpu=True,
        logging_strategy="no",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    watch = Watch()

    def reward(prompts: list[str], **_: Any) -> list[float]:
        return [float(reward) for reward in rewards_of(len(prompts))]

    trainer = trl.GRPOTrainer(
        model=model,
        reward_funcs=reward,
        args=settings,
        train_dataset=dataset_of([f"{step} {row}" for step in steps or [0] for row in range(rows)]),
        processing_class=tokenizer,
        callbacks=[watch],
    )
    watch.trainer = trainer
    turn, generate = trainer._generate_single_turn, model.generate

    def prompt_tokens(prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        places = [tuple(map(int, prompt.split())) for prompt in prompts]
        return [list(order.workloads[load].prompts[row]) for load, row in places], None, {}

    def forced(**named: Any) -> Any:
        ends = model.generation_config.eos_token_id
        width = named["input_ids"].shape[1]
        processor = forced_lengths(watch.workload.lengths, ends, width)
        return generate(**named, logits_processor=LogitsProcessorList([processor]))

    def generated(*arguments: Any) -> Any:
        with clock.generating():
            result = turn(*arguments)
        clock.tokens += sum(map(len, result[0]))
        return result

    # The sampler, prompts as tokens and the lengths are ours; all else is the trainer's own.
    trainer._get_train_sampler = lambda *_: Sampler()
    trainer._tokenize_prompts = prompt_tokens
    trainer._generate_single_turn = generated
    model.generate = forced
    return trainer, watch


def dataset_of(prompts: Sequence[str]) -> Any:
    """A dataset of TRL's with these prompts.

    Its fingerprint is given: to compute one, ``datasets`` pickles functions of pyarrow, which some
    versions cannot.
    """
    table_of = import_module("datasets.table").InMemoryTable.from_pydict
    dataset: Any = import_module("datasets").Dataset
    return dataset(table_of({"prompt": list(prompts)}), fingerprint="bench")


def forced_lengths(
    lengths: Sequence[int], ends: Sequence[int], width: int
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """A logits processor with which each row ends after exactly its length, the end included.

    Args:
        lengths: Of the responses.
        ends: Ids that end a response.
        width: Columns of the prompts.
    """
    last_B = torch.tensor(lengths) - 1

    def processed(ids_BS: torch.Tensor, scores_BV: torch.Tensor) -> torch.Tensor:
        drawn = ids_BS.shape[1] - width
        scores_BV = scores_BV.clone()
        scores_BV[:, list(ends)] = -torch.inf
        over = last_B <= drawn
        scores_BV[over] = -torch.inf
        scores_BV[over, ends[0]] = 0.0
        return scores_BV

    return processed
