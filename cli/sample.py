"""``seed sample``: responses of a checkpoint to held-out problems or to prompts that are typed."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.options import PATH, SEED, FiniteRange
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.cli.checkpoints import Restored
    from seed.spec.config import Config
    from seed.spec.datatypes import Problem, Rollout

PROBLEMS = 5
"""Held-out problems if nothing else is said."""
CELL = 6
"""Columns of a token and of its value, -0.53 and a blank."""
LABEL = "  {:10}"
"""What stands before a text; values are indented as deep."""


@click.command(cls=Command)
@click.argument("run", type=PATH)
@click.argument("prompts", nargs=-1, metavar="[PROMPT]...")
@click.option("--family", help="Family to draw from.  [default: those of the run]")
@click.option(
    "--problems", "-n", type=click.IntRange(1), help=f"Problems to draw.  [default: {PROBLEMS}]"
)
@click.option(
    "--samples", type=click.IntRange(1), default=1, show_default=True, help="Responses to each."
)
@click.option(
    "--temperature",
    type=FiniteRange(0.0001, 1000.0),
    help="Of the softmax.  [default: evaluation.temperature]",
)
@click.option(
    "--seed", type=SEED, help="Keys problems and responses.  [default: those of evaluations]"
)
@click.option("--values", is_flag=True, help="The value model's V before each token.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per response.")
@click.option("--out", type=PATH, help="New file for the JSON lines.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a setting, such as evaluation.top_p=1.",
)
def sample(run: Path, prompts: tuple[str, ...], out: Path | None, **options: Any) -> None:
    """Sample responses of a RUN directory or checkpoint to held-out problems, or to each PROMPT.

    Responses to drawn problems are verified. Typed prompts have no verifier: a problem is more than
    its text. `seed puzzles show` explains prompts.
    """
    from seed.cli.checkpoints import restored
    from seed.reference.verifiers.files.publish import check_free, publish

    if out is not None:
        check_free(out)
    settings = overrides_of(options)
    with restored(run, settings) as model:
        problems = chosen_problems(model.config, prompts, options)
        lines = sampled_lines(model, problems, options["samples"], options["values"])
        if not model.backend.is_main_process:
            return
    if out is not None:
        publish(out, map(json.dumps, lines))
        click.echo(f"{len(lines)} responses in {out}", err=True)
    elif options["as_json"]:
        click.echo("\n".join(map(json.dumps, lines)))
    else:
        click.echo("\n\n".join(map(line_text, lines)))


def overrides_of(options: dict[str, Any]) -> list[str]:
    """The options that are settings of the run, as overrides."""
    named = {"evaluation.temperature": options["temperature"], "seed": options["seed"]}
    settings = [f"{key}={value}" for key, value in named.items() if value is not None]
    return [*options["overrides"], *settings]


def chosen_problems(
    config: "Config", prompts: Sequence[str], options: dict[str, Any]
) -> "list[Problem]":
    """Problems of the typed prompts, else drawn held-out ones.

    Raises:
        SeedError: ILLEGAL_VALUE, ILLEGAL_COMBINATION, UNKNOWN_NAME.
    """
    from seed.cli.prompts import check_prompts, typed_problem
    from seed.reference.tasks.problems import problem_set
    from seed.reference.tasks.puzzle_source import HELD_OUT_SEED
    from seed.reference.tasks.task import problems_of

    family, count, seed = options["family"], options["problems"], options["seed"]
    if prompts:
        for name, value in {"--family": family, "--problems": count}.items():
            if value is not None:
                line = f"{name}={value} with a PROMPT has nothing to draw; legal: one of the two"
                raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        problems = list(map(typed_problem, prompts))
    elif family is None and config.data.train:
        problems = problems_of(config).held_out()[: count or PROBLEMS]
    else:
        families = config.data.families if family is None else (family,)
        levels = {name: config.data.difficulties.get(name, (1,)) for name in families}
        key = HELD_OUT_SEED if seed is None else seed
        problems = problem_set(families, levels, count or PROBLEMS, key, held_out=True)
    check_prompts(problems, config)
    return problems


def sampled_lines(
    model: "Restored", problems: "Sequence[Problem]", samples: int, with_values: bool
) -> list[dict[str, Any]]:
    """One line per response, problem by problem.

    Raises:
        SeedError: ILLEGAL_COMBINATION: values of a run without a value model.
    """
    from seed.reference.rewards.verdicts import verdicts_of
    from seed.reference.tasks.task import tokenizer_of
    from seed.spec.datatypes import Request

    config, tokenizer = model.config, tokenizer_of(model.config)
    if with_values:
        check_value_model(model)
    requests = [
        Request(problem, tokenizer.prompt(problem), number, 0)
        for problem in {problem.id: problem for problem in problems}.values()
        for number in range(samples)
    ]
    sampling = config.evaluation_sampling
    rollouts = model.backend.generate(model.state, config, requests, sampling, "evaluation")
    values = token_values(model, rollouts) if with_values else [None] * len(rollouts)
    judged = [rollout for rollout in rollouts if rollout.request.problem.family]
    with closing(verdicts_of(config)) as verdicts:
        verdict_on = dict(zip(judged, verdicts.collect(judged), strict=True))
    lines = []
    for rollout, of_tokens in zip(rollouts, values, strict=True):
        problem, response = rollout.request.problem, tokenizer.decode(rollout.response_tokens)
        line = {"problem": problem.id, "prompt": problem.prompt, "response": response}
        line |= {"finish": str(rollout.finish)}
        if rollout in verdict_on:
            verdict = verdict_on[rollout]
            line |= {"outcome": str(verdict.outcome), "why": verdict.why}
        lines.append(line if of_tokens is None else line | of_tokens)
    return lines


def check_value_model(model: "Restored") -> None:
    """Refuse ``--values`` where there is no value model.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    line = ""
    if not model.config.uses_value_model:
        line = f"--values needs a value model, which recipe {model.config.recipe} has not"
    elif model.progress["phase"] == "supervised":
        line = f"--values needs a value model, which {model.path} has not yet: it is from SFT"
    if line:
        raise SeedError(Reason.ILLEGAL_COMBINATION, f"{line}; legal: leave --values out")


def token_values(model: "Restored", rollouts: "Sequence[Rollout]") -> list[dict[str, Any]]:
    """The tokens of each response as texts, and V of the state before each of them."""
    from seed.reference.tasks.task import tokenizer_of
    from seed.reference.training.batch import plain_batch
    from seed.spec.characters import PADDING

    tokenizer = tokenizer_of(model.config)
    special = dict.fromkeys(tokenizer.ends, "END")
    special |= {} if model.config.tokenizer.path else {PADDING: "PAD"}
    batch = plain_batch(
        [rollout.request.prompt_tokens for rollout in rollouts],
        [rollout.response_tokens for rollout in rollouts],
    )
    values = model.backend.values(model.state, model.config, batch)
    return [
        {
            "tokens": [special.get(token) or tokenizer.decode([token]) for token in tokens],
            "values": [float(value) for value in row[inside]],
        }
        for tokens, row, inside in zip(
            [rollout.response_tokens for rollout in rollouts], values, batch.response, strict=True
        )
    ]


def line_text(line: dict[str, Any]) -> str:
    """A response as text for a person."""
    from seed.cli.meter import escaped

    cut_off = " (cut off at the token limit)" if line["finish"] == "length" else ""
    rows = {"prompt": escaped(line["prompt"]), "response": escaped(line["response"]) + cut_off}
    if "outcome" in line:
        rows["verdict"] = f"{line['outcome']}: {line['why']}"
    texts = [LABEL.format(name) + text for name, text in rows.items()]
    if "values" in line:
        texts += value_rows(line["tokens"], line["values"])
    return "\n".join(texts)


def value_rows(tokens: Sequence[str], values: Sequence[float]) -> list[str]:
    """Tokens with the value before each below it, in rows that fit the terminal."""
    import shutil

    columns = shutil.get_terminal_size().columns - len(LABEL.format(""))
    per_row = max(1, columns // CELL)
    rows = []
    for first in range(0, len(tokens), per_row):
        part = slice(first, first + per_row)
        shown = [repr(token)[1:-1] if token != " " else "' '" for token in tokens[part]]
        rows.append(LABEL.format("token") + "".join(f"{token:>{CELL}}" for token in shown))
        rows.append(LABEL.format("value") + "".join(f"{v:>+{CELL}.2f}" for v in values[part]))
    return rows
