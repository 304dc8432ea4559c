"""A pretrained model in this project and in TRL's GRPOTrainer: CPU seconds, and what is left.

    python -m seed.conformance.bench.pretrained_trl FOLDER

    step         generation, rewards, advantages, loss, backward pass, AdamW
    generation   alone, with longer responses
    in groups    P prompts, G responses to each: responses share a prompt
    all apart    P G different prompts, one response to each: nothing is shared

Both sides get the same weights, prompt tokens and response lengths. The lengths are drawn once from
a log-normal distribution and forced: here by ``Request.forced_length``, in transformers by a logits
processor that forbids the end before and demands it then. So each does what it always does with
such lengths: transformers decodes all rows until the longest has ended. Both compute in float32 on
one thread. TRL runs as its users run it, without logging and saving, in micro-batches of
``--trl-micro-batch`` rows (64 rows at once need more than 12 GiB for a model of 135M weights) and
without gradient checkpointing, which would be slower.

TRL makes groups of equal rows of two at least and never looks whether prompts are equal. "All
apart" it therefore gets P G different prompts through its sampler and takes each G of them for a
group; so do we for the advantages.

Each side is a process of its own. They take turns, one order at a time. Times are user and system
seconds of that process (``getrusage``), which hardly depend on other load. Beside them stands the
share of the core's peak:

    share = multiply-adds that the work needs / (CPU seconds * multiply-adds per second of a large
            matrix product just before)

Needed are ``forward_products``, three times for an update: each prompt once, however many responses
it has, and logits of response tokens only. What a side computes beyond that lowers its share.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import gc
import json
import multiprocessing
import resource
import statistics
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module, metadata
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import numpy as np
import torch

from seed.conformance.bench.measure import spread, table
from seed.reference.data.open_source import TEXT_TASKS, task_name
from seed.reference.pretrained.folder import Folder, settings_of_model
from seed.reference.simulation.lengths import lengths_named
from seed.reference.tasks.task import tokenizer_of
from seed.reference.training.batch import rollout_batch
from seed.reference.training.prompt_stream import requests
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.world import World
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.config_model import ModelConfig
from seed.spec.datatypes import Outcome, Problem, Request, Sampling, ScoredRollout, Verdict
from seed.spec.errors import Reason, SeedError
from seed.spec.extras import install
from seed.spec.layout import Layout
from seed.spec.parameters import architecture, count

GOALS = {
    ("step", "in groups"): 6.0,
    ("step", "all apart"): 2.0,
    ("generation", "in groups"): 5.0,
    ("generation", "all apart"): 2.5,
}
"""How many times less CPU time than TRL, by kind of work and by how prompts are shared."""
SIDES = ("TRL", "seed")
LONGEST = 8
"""Largest length, in means."""
WARM_UP_TOKENS = 2
"""Of each prompt and response of the step before those that count."""
PEAK_SIZE, PEAK_PRODUCTS = 1024, 5
"""Rows and columns of the square product that measures the peak, and how often."""
GIB = 1 << 30


@dataclass(frozen=True)
class Workload:
    """What one order works on.

    Attributes:
        kind: ``step`` or ``generation``.
        sharing: ``in groups``, ``all apart``, or ``warm-up``, which does not count.
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


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", default="addition", show_default=True, help="built-in task or file")
@click.option("--prompts", default=4, show_default=True, help="prompts of a batch in groups")
@click.option("--group", default=8, show_default=True, help="responses to each")
@click.option("--step-tokens", default=4, show_default=True, help="mean response length of a step")
@click.option(
    "--tokens", default=32, show_default=True, help="mean response length of generation alone"
)
@click.option("--sigma", default=0.7, show_default=True, help="of the logarithm of lengths")
@click.option("--repeat", default=1, show_default=True, help="turns of each workload that count")
@click.option(
    "--trl-micro-batch", default=8, show_default=True, help="rows that TRL trains at once"
)
@click.option(
    "--only",
    type=click.Choice(["step", "generation"]),
    multiple=True,
    help="leave the other kind out",
)
def pretrained_trl(
    folder: Path,
    data: str,
    prompts: int,
    group: int,
    step_tokens: int,
    tokens: int,
    sigma: float,
    repeat: int,
    trl_micro_batch: int,
    only: tuple[str, ...],
) -> None:
    """CPU seconds of a GRPO step on the model in FOLDER here and in TRL, side by side."""
    if find_spec("trl") is None:
        raise click.ClickException(f"this comparison needs TRL: {install('bench')}")
    least = {
        "--prompts": (prompts, 1),
        "--group": (group, 2),
        "--step-tokens": (step_tokens, 1),
        "--tokens": (tokens, 1),
        "--repeat": (repeat, 1),
        "--trl-micro-batch": (trl_micro_batch, 1),
    }
    for option, (value, smallest) in least.items():
        if value < smallest:
            raise click.BadParameter(f"{value} is smaller than {smallest}", param_hint=option)
    if prompts * group % trl_micro_batch:
        raise click.BadParameter(
            f"{trl_micro_batch} does not divide the {prompts * group} rows of a batch",
            param_hint="--trl-micro-batch",
        )
    kinds = {"step": step_tokens, "generation": tokens}
    means = {kind: mean for kind, mean in kinds.items() if kind in (only or kinds)}
    try:
        config = configured(folder, data, prompts, group)
        workloads = planned(config, prompts, group, means, sigma, repeat)
    except SeedError as error:
        raise click.ClickException(error.line) from error
    click.echo(heading(config.model, workloads))
    order = Order(folder, config.model_dump_json(), workloads, group, trl_micro_batch)
    turns = list(taken(order))[1:]
    click.echo(report(config.model, list(zip(workloads[1:], turns, strict=True))))


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
    config: Config, prompts: int, group: int, means: dict[str, int], sigma: float, repeat: int
) -> tuple[Workload, ...]:
    """A warm-up of short rows, then the workloads of every repetition."""
    rows = prompts * group
    texts = [tuple(r.prompt_tokens) for r in requests(config, 0, rows)[::group]]
    if len(set(texts)) < rows:
        line = f"data.train={config.data.train} must have {rows} different prompts for a batch"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    in_groups = tuple(text for text in texts[:prompts] for _ in range(group))
    shared = {"in groups": (in_groups, group), "all apart": (tuple(texts), 1)}
    short = tuple(text[:WARM_UP_TOKENS] for text in texts)
    plan = [Workload("step", "warm-up", short, (WARM_UP_TOKENS,) * rows, 1)]
    for number in range(repeat):
        for kind, mean in means.items():
            drawn = lengths_named(f"lognormal:mean={mean},sigma={sigma},max={LONGEST * mean}")
            lengths = tuple(drawn.sample(config.seed + number, rows))
            plan += [
                Workload(kind, sharing, of_rows, lengths, together)
                for sharing, (of_rows, together) in shared.items()
            ]
    return tuple(plan)


def forward_products(model: ModelConfig, workload: Workload) -> int:
    """Multiply-adds of a forward pass over a workload, each shared prompt once.

    Formula: ``N tokens + D V logits + 2 L H h pairs`` with N the weights of the blocks that a token
    visits (norms included, under 0.1 %), ``tokens`` those of prompts and of responses without their
    last, which nothing is predicted from, ``logits`` the response tokens, and ``pairs`` of a token
    and each token that it attends to, itself included; each pair has a score and a weighted value.
    """
    embeddings = model.vocabulary * model.hidden * (1 if model.tied_embeddings else 2)
    in_blocks = count(architecture(model)).active - embeddings
    tokens = pairs = 0
    for row, (prompt, length) in enumerate(zip(workload.prompts, workload.lengths, strict=True)):
        whole = len(prompt) + length - 1
        shared = len(prompt) if row % workload.group else 0
        tokens += whole - shared
        pairs += (whole * (whole + 1) - shared * (shared + 1)) // 2
    attention = 2 * model.layers * model.heads * model.head_width
    logits = model.hidden * model.vocabulary * sum(workload.lengths)
    return in_blocks * tokens + logits + attention * pairs


def needed_products(model: ModelConfig, workload: Workload) -> int:
    """Multiply-adds of a workload: a forward pass to generate, three more of them to update.

    An update computes outputs, gradients of inputs and gradients of weights, with as many
    multiply-adds each. The optimizer has no products.
    """
    return forward_products(model, workload) * (4 if workload.kind == "step" else 1)


def taken(order: Order) -> Iterator[tuple[Turn, ...]]:
    """What both sides take for each workload, in turns, TRL first."""
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe() for _ in SIDES]
    sides = [
        spawn.Process(target=work, args=(order, pipe[1]), daemon=True)
        for work, pipe in zip((of_trl, of_seed), pipes, strict=True)
    ]
    try:
        for side, (_, theirs) in zip(sides, pipes, strict=True):
            side.start()
            theirs.close()
        for workload in order.workloads:
            turns = []
            for name, (ours, _) in zip(SIDES, pipes, strict=True):
                ours.send(None)
                try:
                    turns.append(ours.recv())
                except (EOFError, ConnectionResetError):
                    line = f"the process of {name} ended in {workload.title}; its error is above"
                    raise click.ClickException(line) from None
            click.echo(
                f"{workload.title}: TRL {turns[0].cpu:.1f} s, seed {turns[1].cpu:.1f} s", err=True
            )
            yield tuple(turns)
    finally:
        for side in sides:
            if side.pid is not None:
                side.terminate()


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
    state = backend.start_rl(backend.initial_state_of(config, Folder(order.folder)), config)
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


def rewards_of(rows: int) -> np.ndarray[Any, np.dtype[np.float64]]:
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
        max_steps=len(steps),
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
        return rewards_of(len(prompts)).tolist()

    trainer = trl.GRPOTrainer(
        model=model,
        reward_funcs=reward,
        args=settings,
        train_dataset=dataset_of([f"{step} {row}" for step in steps for row in range(rows)]),
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


def heading(model: ModelConfig, workloads: Sequence[Workload]) -> str:
    """What is compared, in a few lines."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    lines = [f"{count(architecture(model)).total:,} weights, float32, one thread; {versions}"]
    for load in dict.fromkeys(replace(load, lengths=()).title for load in workloads[1:]):
        first = next(each for each in workloads if each.title == load)
        lines.append(
            f"{load}: {len(first.prompts) // first.group} prompts x {first.group} responses,"
            f" {statistics.mean(map(len, first.prompts)):.0f} prompt tokens,"
            f" {statistics.mean(first.lengths):.1f} response tokens"
            f" ({min(first.lengths)}-{max(first.lengths)})"
        )
    return "\n".join(lines)


PACKAGES = ("trl", "transformers", "torch")


def report(model: ModelConfig, taken: Sequence[tuple[Workload, tuple[Turn, ...]]]) -> str:
    """The table, the peak and the memory."""
    header = ("", "TRL CPU s", "seed CPU s", "ratio", "goal", "TRL of peak", "seed of peak")
    rows = [header]
    for title in dict.fromkeys(workload.title for workload, _ in taken):
        rows += lines_of(model, [pair for pair in taken if pair[0].title == title])
    peaks = [turn.peak / 1e9 for _, turns in taken for turn in turns]
    memory = [max(turns[side].memory for _, turns in taken) / GIB for side in range(len(SIDES))]
    return "\n".join(
        [
            table(rows),
            f"peak: {spread(peaks)} billion multiply-adds per CPU second"
            f" ({PEAK_SIZE} x {PEAK_SIZE} float32 product)",
            f"largest memory: TRL {memory[0]:.1f} GiB, seed {memory[1]:.1f} GiB",
        ]
    )


def lines_of(
    model: ModelConfig, taken: Sequence[tuple[Workload, tuple[Turn, ...]]]
) -> list[tuple[str, ...]]:
    """The lines of one workload: all of it, and of a step its generation and the rest."""
    workload = taken[0][0]
    for each, turns in taken:
        for name, turn in zip(SIDES, turns, strict=True):
            if turn.tokens != sum(each.lengths):
                line = f"{name} drew {turn.tokens} tokens in {each.title}, not {sum(each.lengths)}"
                raise click.ClickException(line)
    parts: dict[str, tuple[Callable[[Turn], float], int]] = {
        workload.title: (lambda turn: turn.cpu, 4 if workload.kind == "step" else 1)
    }
    if workload.kind == "step":
        parts["  its generation"] = (lambda turn: turn.generation, 1)
        parts["  all else"] = (lambda turn: turn.cpu - turn.generation, 3)
    lines = []
    for name, (seconds, passes) in parts.items():
        ratios = [seconds(trl) / seconds(seed) for _, (trl, seed) in taken]
        goal = GOALS.get((workload.kind, workload.sharing)) if name == workload.title else None
        times = [
            f"{statistics.median(seconds(turns[side]) for _, turns in taken):.2f}"
            for side in range(len(SIDES))
        ]
        shares = [
            statistics.median(
                passes * forward_products(model, each) / (seconds(turns[side]) * turns[side].peak)
                for each, turns in taken
            )
            for side in range(len(SIDES))
        ]
        verdict = "" if goal is None else f"{goal:g} {_met(statistics.median(ratios), goal)}"
        shown = (f"{100 * share:.0f} %" for share in shares)
        lines.append((name, *times, spread(ratios), verdict, *shown))
    return lines


def _met(ratio: float, goal: float) -> str:
    return "reached" if ratio >= goal else "missed"


if __name__ == "__main__":
    pretrained_trl()
