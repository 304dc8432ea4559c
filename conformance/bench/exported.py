"""Greedy responses of an exported run in ``transformers`` beside those of the run itself.

    seed export RUN --to FOLDER
    python -m seed.conformance.bench.exported CHECKPOINT FOLDER

Both answer the held-out problems of the run. ``transformers`` has its own tokenizer, chat template
and ``generate``; the verdicts on its responses are those of the run's verifiers. Ours are what
``seed eval RUN evaluation.samples=1 evaluation.top_p=1e-12`` draws.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from seed.reference.evaluation.evaluate import held_out_problems
from seed.reference.evaluation.model_policy import sampling_of
from seed.reference.evaluation.policies import Settings
from seed.reference.rewards.verdicts import verdicts_of
from seed.reference.tasks.task import tokenizer_of
from seed.reference.text.language_tokenizer import LanguageTokenizer
from seed.reference.training.kept_model import with_kept_model
from seed.scaled.backend import ScaledBackend
from seed.scaled.processes.world import World
from seed.spec.checkpoint_format import read_manifest
from seed.spec.config import Config
from seed.spec.config_files import merged, validated
from seed.spec.datatypes import Finish, Outcome, Problem, Request, Rollout
from seed.spec.errors import SeedError
from seed.spec.layout import Layout


def run_config(checkpoint: Path, problems: int) -> Config:
    """The configuration of a checkpoint, with so many held-out problems.

    Raises:
        SeedError: NOT_A_CHECKPOINT.
    """
    config = read_manifest(checkpoint)["config"]
    settings = validated(merged(config, [f"evaluation.problems={problems}"]))
    return with_kept_model(settings, checkpoint.resolve().parents[1])


def of_seed(checkpoint: Path, config: Config, problems: Sequence[Problem]) -> list[Rollout]:
    """Our greedy responses, in the torch backend."""
    tokenizer = tokenizer_of(config)
    backend = ScaledBackend(World(), Layout(), torch.device("cpu"))
    state, _ = backend.restore(config, checkpoint)
    requests = [Request(problem, tokenizer.prompt(problem), 0, 0) for problem in problems]
    settings = Settings(0.0, 1.0, config.rollout.max_response_tokens)
    sampling = sampling_of(settings, tokenizer.ends)
    return backend.generate(state, config, requests, sampling, "evaluation")


def of_transformers(folder: Path, config: Config, problems: Sequence[Problem]) -> list[Rollout]:
    """Greedy responses of a model folder in ``transformers``."""
    ours = tokenizer_of(config)
    assert isinstance(ours, LanguageTokenizer)
    respond, rules = generator(folder), their_tokenizer(folder)
    rollouts = []
    for problem in problems:
        messages = [dict(message) for message in ours.messages(problem)]
        if config.tokenizer.template == "chat":
            text = rules.apply_chat_template(
                messages,
                add_generation_prompt=True,
                tokenize=False,
                **config.tokenizer.template_arguments,
            )
            prompt = rules(text, add_special_tokens=False)["input_ids"]
        else:
            prompt = rules(messages[-1]["content"])["input_ids"]
        tokens = respond(prompt, config.rollout.max_response_tokens, ours.ends)
        finish = Finish.EOS if tokens[-1] in ours.ends else Finish.LENGTH
        count = len(tokens)
        request = Request(problem, tuple(prompt), 0, 0)
        rollouts.append(Rollout(request, tokens, (0.0,) * count, (0,) * count, finish))
    return rollouts


def their_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder, as ``transformers`` reads it."""
    factory: Any = AutoTokenizer
    return factory.from_pretrained(folder)


def generator(folder: Path) -> Callable[[Sequence[int], int, frozenset[int]], tuple[int, ...]]:
    """What continues a prompt greedily: prompt, most tokens and ends -> tokens."""
    factory: Any = AutoModelForCausalLM
    network = factory.from_pretrained(folder, dtype=torch.float32).eval()

    def respond(prompt: Sequence[int], limit: int, ends: frozenset[int]) -> tuple[int, ...]:
        ids = torch.tensor([list(prompt)])
        with torch.no_grad():
            out = network.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=limit,
                do_sample=False,
                eos_token_id=sorted(ends),
                pad_token_id=min(ends),
            )
        return tuple(out[0, ids.shape[1] :].tolist())

    return respond


@click.command(help=str(__doc__).replace("\n\n", "\n\n\b\n", 1))
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--problems", type=click.IntRange(1), default=48, show_default=True)
def main(checkpoint: Path, folder: Path, problems: int) -> None:
    """Compare and print."""
    try:
        config = run_config(checkpoint, problems)
        asked = held_out_problems(config)
        sides = {
            "seed": of_seed(checkpoint, config, asked),
            "transformers": of_transformers(folder, config, asked),
        }
        with closing(verdicts_of(config)) as verdicts:
            judged = {name: verdicts.collect(rollouts) for name, rollouts in sides.items()}
    except SeedError as failure:
        raise click.ClickException(str(failure)) from None
    for name, of_side in judged.items():
        correct = sum(verdict.outcome is Outcome.CORRECT for verdict in of_side)
        click.echo(f"{name:14}{correct:4} of {len(asked)} correct")
    pairs = list(zip(*sides.values(), strict=True))
    prompts = sum(one.request.prompt_tokens == other.request.prompt_tokens for one, other in pairs)
    responses = sum(one.response_tokens == other.response_tokens for one, other in pairs)
    click.echo(f"equal prompts {prompts}, equal responses {responses}")


if __name__ == "__main__":
    main()
