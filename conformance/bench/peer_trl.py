"""Speed of the torch backend against TRL's GRPOTrainer, step by step in one process.

    python -m seed.conformance.bench.peer_trl

    generate    prompts x group responses of a fixed length, with a key-value cache, temperature 1
    update      loss, backward pass, clipping of the gradient norm, AdamW: one optimizer step
    step        both, with rewards, advantages and the rest of the loop

Both compute in float32 on one thread, with the same Qwen3-MoE sizes and first weights, the same
prompts and the same rule reward; one of our steps runs between two of TRL's. No response ends
early, so both draw the same number of tokens. TRL runs as its users run it (``transformers``
generation, its own choice of kernels), without logging and saving.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import click
import numpy as np
import torch

from seed.conformance.bench.measure import Reading, median_rate, ratios, spread, table
from seed.conformance.bench.sides import dataset_of
from seed.conformance.outside import family, outside_config, renamed
from seed.reference.training.batch import rollout_batch
from seed.reference.training.prompt_stream import requests
from seed.scaled.backend import ScaledBackend
from seed.scaled.parallel.parallelize import fill
from seed.scaled.processes.world import World
from seed.spec.characters import ALPHABET, VOCABULARY, decode
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.datatypes import Outcome, Request, Rollout, Sampling, ScoredRollout, Verdict
from seed.spec.extras import install
from seed.spec.layout import Layout

KINDS = ("generate", "update", "step")
SIZES = {
    "small": ("model.hidden=64", "model.layers=2", "model.experts=8", "model.expert_width=64"),
    "larger": (
        "model.hidden=128",
        "model.layers=4",
        "model.experts=16",
        "model.expert_width=128",
        "model.head_width=32",
    ),
}
BATCHES = {"small": (4, 4, 32), "larger": (8, 8, 128)}
"""Prompts, responses to each, tokens of a response."""


@click.command()
@click.option(
    "--size",
    type=click.Choice(list(SIZES)),
    default="small",
    show_default=True,
    help="of the model and of the batch",
)
@click.option(
    "--steps", default=10, show_default=True, help="steps that count; one before them warms up"
)
def peer_trl(size: str, steps: int) -> None:
    """Seconds of a GRPO step here and in TRL, side by side."""
    if find_spec("trl") is None:
        raise click.ClickException(f"this comparison needs TRL: {install('bench')}")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    prompts, group, tokens = BATCHES[size]
    config = configured(size)
    requested = requests(config, 0, prompts)
    network = network_of(config)
    ours = Ours(config, network, requested)
    theirs = trl_steps(network, requested[::group], group, tokens, steps + 1, ours.step)
    readings = {"TRL": theirs, "seed": ours.readings}
    weights = sum(weight.numel() for weight in network.parameters())
    versions = ", ".join(
        f"{package} {metadata.version(package)}" for package in ("trl", "transformers", "torch")
    )
    click.echo(
        f"{config.model.layers} layers, hidden {config.model.hidden}, {config.model.experts}"
        f" experts of which {config.model.experts_per_token} are chosen, {weights:,} weights,"
        f" float32, one thread; {prompts} prompts x {group} responses x {tokens} tokens; {versions}"
    )
    click.echo(f"median (smallest - largest) of {steps} steps, one of ours between two of theirs\n")
    header = (
        "",
        "faster than TRL, CPU time",
        "wall time",
        "TRL CPU ms",
        "wall ms",
        "seed CPU ms",
        "wall ms",
    )
    click.echo(table([header, *(row(kind, readings) for kind in KINDS)]))


def row(kind: str, readings: dict[str, dict[str, list[Reading]]]) -> tuple[str, ...]:
    """One kind of work as a line of the table, the ratios first."""
    trl, seed = (readings[name][kind][1:] for name in ("TRL", "seed"))
    times = (f"{spread(ratios(trl, seed, clock))} x" for clock in ("cpu", "wall"))
    return (
        kind,
        *times,
        *(f"{1e3 / median_rate(of, clock):.1f}" for of in (trl, seed) for clock in ("cpu", "wall")),
    )


def configured(size: str) -> Config:
    """The sizes as a configuration of ours: GRPO, one optimizer step on each batch, no KL term."""
    prompts, group, tokens = BATCHES[size]
    rows = prompts * group
    overrides = (
        *SIZES[size],
        f"model.vocabulary={VOCABULARY}",
        f"rollout.prompts={prompts}",
        f"rollout.samples_per_prompt={group}",
        f"rollout.max_response_tokens={tokens}",
        f"algorithm.mini_batch={rows}",
        f"algorithm.micro_batch={rows}",
        "policy_optimizer.learning_rate=1e-5",
        "policy_optimizer.warmup_steps=0",
    )
    return load_config("tiny", "grpo", overrides, backend="scaled")


def network_of(config: Config) -> Any:
    """The Qwen3-MoE of transformers with these sizes and random weights."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(config.seed)
    sizes = outside_config(config.model, family(config.model))
    sizes.max_position_embeddings = (
        config.data.max_prompt_tokens + config.rollout.max_response_tokens
    )
    factory: Any = AutoModelForCausalLM
    return factory.from_config(sizes, dtype=torch.float32)


def share_of_digits(text: str) -> float:
    """The rule reward: share of digits in a response."""
    return sum(character.isdigit() for character in text) / max(len(text), 1)


class Clock:
    """Readings by kind of work."""

    def __init__(self) -> None:
        self.readings: dict[str, list[Reading]] = {kind: [] for kind in KINDS}

    def timed(self, kind: str, call: Callable[[], Any]) -> Any:
        """The result of ``call``; keeps its seconds."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = call()
        reading = Reading(time.perf_counter() - wall, time.process_time() - cpu, 1.0)
        self.readings.setdefault(kind, []).append(reading)
        return result


class Ours(Clock):
    """GRPO steps of the torch backend, from the same weights."""

    def __init__(self, config: Config, network: Any, requested: Sequence[Request]) -> None:
        super().__init__()
        self.config, self.requested = config, requested
        self.backend = ScaledBackend(World(), Layout(), torch.device("cpu"))
        state = self.backend.initial_state(config)
        theirs = {name: weight.detach().numpy() for name, weight in network.named_parameters()}
        ours = renamed(theirs, config.model, family(config.model))
        fill(state.policy, lambda name, box: ours[name][box])
        self.state = self.backend.start_rl(state, config)

    def step(self) -> None:
        """One whole step."""
        self.timed("step", self._step)

    def _step(self) -> None:
        # Nothing ends a response, so every one has full length.
        sampling = Sampling(1.0, 1.0, self.config.rollout.max_response_tokens, frozenset())
        rollouts: list[Rollout] = self.timed(
            "generate",
            lambda: self.backend.generate(
                self.state, self.config, self.requested, sampling, "rollout"
            ),
        )
        rewards = np.array(
            [share_of_digits(decode(rollout.response_tokens)) for rollout in rollouts]
        )
        unjudged = Verdict(Outcome.WRONG, "", "")
        scored = [
            ScoredRollout(rollout, unjudged, 0.0, float(r))
            for rollout, r in zip(rollouts, rewards, strict=True)
        ]
        batch = self.backend.advantages(self.state, self.config, rollout_batch(scored), rewards)
        self.state, _ = self.timed(
            "update", lambda: self.backend.update_policy(self.state, self.config, batch)
        )


def trl_steps(
    network: Any,
    requested: Sequence[Request],
    group: int,
    tokens: int,
    steps: int,
    between: Callable[[], None],
) -> dict[str, list[Reading]]:
    """Run TRL's trainer and call ``between`` after each step; readings of all steps."""
    from transformers import TrainerCallback

    trl = import_module("trl")
    clock = Clock()

    # The base class is untyped in some versions only.
    class Watch(TrainerCallback):  # type: ignore[misc, unused-ignore]
        """Times a step, and separately its preparation of the batch."""

        began = (0.0, 0.0)

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            """Start the clock."""
            self.began = time.perf_counter(), time.process_time()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            """Stop it, then run a step of ours."""
            wall, cpu = time.perf_counter() - self.began[0], time.process_time() - self.began[1]
            prepared = clock.readings["prepare"][-1]
            clock.readings["step"].append(Reading(wall, cpu, 1.0))
            clock.readings["update"].append(Reading(wall - prepared.wall, cpu - prepared.cpu, 1.0))
            between()

    def reward(completions: list[str], **_: Any) -> list[float]:
        return [share_of_digits(text) for text in completions]

    with tempfile.TemporaryDirectory(prefix="seed-bench-") as scratch:
        settings = trl.GRPOConfig(
            output_dir=scratch,
            max_steps=steps,
            per_device_train_batch_size=len(requested) * group,
            num_generations=group,
            gradient_accumulation_steps=1,
            max_completion_length=tokens,
            generation_kwargs={"min_new_tokens": tokens},
            temperature=1.0,
            top_k=0,
            beta=0.0,
            loss_type="grpo",
            learning_rate=1e-5,
            lr_scheduler_type="constant",
            max_grad_norm=1.0,
            bf16=False,
            gradient_checkpointing=False,
            use_cpu=True,
            logging_strategy="no",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            shuffle_dataset=False,
        )
        trainer = trl.GRPOTrainer(
            model=network,
            reward_funcs=reward,
            args=settings,
            train_dataset=dataset_of([request.problem.prompt for request in requested]),
            processing_class=character_tokenizer(),
            callbacks=[Watch()],
        )
        for name, kind in (("_generate_single_turn", "generate"), ("_prepare_inputs", "prepare")):
            setattr(trainer, name, _clocked(clock, kind, getattr(trainer, name)))
        torch.set_num_threads(1)
        with open(os.devnull, "w") as nowhere, patch("sys.stdout", nowhere):
            trainer.train()
    return clock.readings


def _clocked(clock: Clock, kind: str, method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments, **named: clock.timed(kind, lambda: method(*arguments, **named))


def character_tokenizer() -> Any:
    """Our tokenizer as one of transformers: the same ids."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    fast: Any = import_module("transformers").PreTrainedTokenizerFast
    ids = {"<pad>": 0, "<end>": 1} | {
        character: number for number, character in enumerate(ALPHABET, start=2)
    }
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return fast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>", padding_side="left"
    )


if __name__ == "__main__":
    peer_trl()
