r"""Does a distribution that adapts reach the accuracy of ``in_turn`` with fewer samples?

    seed run --out runs/base
    python -m seed.conformance.bench.distribution runs/base/checkpoints/step_1800 OUT \
        [--seeds 3] [--methods M,M] [OVERRIDE...]

All runs start from one SFT model: a seed is another choice of problems and samples in RL, and
intervals say nothing about other SFT models. Every ``EVERY`` RL steps the same held-out
problems are asked, all families and levels in equal parts: what in_turn trains on. Reported are,
over seeds with 95 % t-intervals and paired by seed:

    at equal samples     held-out accuracy after the last step, and its mean over all evaluations
    samples to reach     samples drawn until the held-out accuracy is that of in_turn after its last
                         step (linear between two evaluations), for in_turn its own first time; a
                         method that never gets there counts as ``not reached``
    idle groups          percent of the groups of which all responses have the same reward
    share of a step      CPU seconds of choosing and of learning from a step, over those of the step

A run that was interrupted goes on with the same command: finished runs are not repeated.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import click

from seed.conformance.bench.backends import torch_backend
from seed.conformance.bench.measure import table
from seed.reference.evaluation.evaluate import evaluate_held_out
from seed.reference.evaluation.intervals import Estimate, estimate
from seed.reference.training import trainer
from seed.reference.training.prompt_distribution import PromptDistribution, prompt_distribution
from seed.reference.training.prompt_stream import Collection, split_groups
from seed.reference.training.run import Run, check
from seed.reference.training.run_directory import RunDirectory
from seed.reference.training.start import with_start
from seed.spec.atomic_files import write_atomically
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.observer import SilentObserver

METHODS = ("in_turn", "adaptive", "pools", "sliding")
EVERY = 10
"""RL steps between two evaluations."""
REPEATS = 50
"""Repetitions of a step's bookkeeping that are timed together."""
MIXED = (
    *("backend=scaled", "supervised.steps=0", "rollout.max_response_tokens=32"),
    *("data.difficulties.arithmetic=[2, 3, 4, 6]", "data.difficulties.maze=[1, 2, 3]"),
    *("rollout.steps=40", "rollout.prompts=12", "rollout.samples_per_prompt=8"),
    *("algorithm.mini_batch=48", "algorithm.micro_batch=48", "policy_optimizer.learning_rate=3e-4"),
    *("evaluation.problems=140", "evaluation.samples=2", "rollout.needs_contrast=false"),
)
"""Over the tiny preset: seven levels, from solved to out of reach of its SFT model, which has seen
arithmetic 3 and maze 1."""

Curve = list[tuple[int, float]]
"""Samples drawn so far, held-out accuracy."""


def configured(method: str, seed: int, overrides: Sequence[str]) -> Config:
    """The configuration of a run."""
    every = f"run.checkpoint_every={EVERY}"
    chosen = [*MIXED, *overrides, every, f"distribution.method={method}"]
    return with_start(load_config("tiny", "grpo", chosen, seed=seed), torch_backend())


def measured(config: Config, path: Path) -> dict[str, Any]:
    """Run one method, unless its figures are there.

    Returns:
        ``curve``, ``step_seconds``, ``share`` of a step (0 for in_turn) and ``weights`` at the end.
    """
    figures = path / "figures.json"
    if figures.exists():
        return dict(json.loads(figures.read_text()))
    shutil.rmtree(path, ignore_errors=True)
    directory = RunDirectory.create(path, config)
    run = Run.start(torch_backend(), config, directory, SilentObserver())
    trainer.finish_sft(run)
    seconds, curve = followed(run)
    result: dict[str, Any] = {"curve": curve, "step_seconds": seconds, "share": 0.0}
    rule = prompt_distribution(config)
    if rule is not None:
        collection = trainer.collect_rollouts(run, config)
        result["share"] = bookkeeping_seconds(rule, collection, config) / seconds
        result["weights"] = directory.read("metrics.jsonl")[-1]["data/weight"]
    write_atomically(figures, json.dumps(result, indent=1) + "\n")
    return result


def followed(run: Run[Any]) -> tuple[float, Curve]:
    """Train to the end; CPU seconds of a step without evaluations, and the curve."""
    config, curve = run.config, Curve()
    responses = config.rollout.prompts * config.rollout.samples_per_prompt
    spent = 0.0

    def evaluate() -> None:
        nonlocal spent
        began = time.process_time()
        scores = evaluate_held_out(
            run.backend, run.state, config, SilentObserver(), "held-out", run.verdicts
        )
        curve.append((run.progress.phase_step * responses, scores["overall"]["accuracy"]))
        click.echo(f"  {curve[-1][0]:6d} samples: {100 * curve[-1][1]:.1f} %")
        spent += time.process_time() - began

    evaluate()
    run.after_save = evaluate
    spent, began = 0.0, time.process_time()
    trainer.reinforce(run)
    return (time.process_time() - began - spent) / config.rollout.steps, curve


def idle_groups(path: Path) -> float:
    """Share of the groups whose responses all have the same reward, over the steps of a run."""
    lines = RunDirectory(path).read("metrics.jsonl")
    return fmean(line["reward/zero_variance_fraction"] for line in lines)


def bookkeeping_seconds(rule: PromptDistribution, collection: Collection, config: Config) -> float:
    """CPU seconds per step of the distribution alone; making a problem is not its work."""
    state, groups = collection.state.distribution, split_groups(collection.sampled)
    assert state is not None
    problem = groups[0][0].rollout.request.problem
    idle = [replace(stratum, problem=lambda place: problem) for stratum in rule.strata]
    bare = PromptDistribution(config.distribution, idle, config.seed)
    began = time.process_time()
    for _ in range(REPEATS):
        _, drawn = bare.draw(state, config.rollout.prompts)
        bare.metrics(state, groups)
        bare.observed(drawn, groups, lambda compute: compute())
    return (time.process_time() - began) / REPEATS


def samples_to_reach(curve: Curve, accuracy: float) -> float | None:
    """Samples at which a curve first has an accuracy, linear in between; None if it never has."""
    for (before, low), (after, high) in zip([(0, curve[0][1]), *curve], curve, strict=False):
        if high >= accuracy:
            share = (accuracy - low) / (high - low) if high > low else 1.0
            return before + max(share, 0.0) * (after - before)
    return None


def report(results: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> str:
    """The table of all methods that have been measured."""
    base = results["in_turn"]
    rows = [
        (
            *("method", "seeds", "after RL", "to in_turn", "mean of curve", "to in_turn"),
            *("samples to reach", "of in_turn's", "idle groups", "share of a step"),
        )
    ]
    for method, of_method in results.items():
        seeds = [seed for seed in of_method if seed in base]
        final = [100 * of_method[seed]["curve"][-1][1] for seed in seeds]
        mean = [100 * mean_accuracy(of_method[seed]["curve"]) for seed in seeds]
        base_final = [100 * base[seed]["curve"][-1][1] for seed in seeds]
        base_mean = [100 * mean_accuracy(base[seed]["curve"]) for seed in seeds]
        goals = {seed: base[seed]["curve"][-1][1] for seed in seeds}
        reached = [samples_to_reach(of_method[seed]["curve"], goals[seed]) for seed in seeds]
        own = [samples_to_reach(base[seed]["curve"], goals[seed]) for seed in seeds]
        pairs = [(a, b) for a, b in zip(reached, own, strict=True) if a is not None and b]
        missing = len(seeds) - len(pairs)
        note = f", {missing} not reached" if missing else ""
        is_base = method == "in_turn"
        rows.append(
            (
                method,
                str(len(seeds)),
                text(estimate(final)),
                "" if is_base else difference(final, base_final),
                text(estimate(mean)),
                "" if is_base else difference(mean, base_mean),
                (text(estimate([a for a, _ in pairs]), ".0f") if pairs else "-") + note,
                "" if is_base or not pairs else text(estimate([a / b for a, b in pairs]), ".2f"),
                text(estimate([100 * of_method[s]["idle"] for s in seeds])),
                "" if is_base else f"{100 * max(of_method[s]['share'] for s in seeds):.2f} %",
            )
        )
    return table(rows)


def mean_accuracy(curve: Curve) -> float:
    """Mean over all evaluations after the first."""
    return sum(accuracy for _, accuracy in curve[1:]) / (len(curve) - 1)


def difference(values: Sequence[float], base: Sequence[float]) -> str:
    """Mean and interval of paired differences."""
    return text(estimate([a - b for a, b in zip(values, base, strict=True)]), "+.1f")


def text(value: Estimate, form: str = ".1f") -> str:
    """``12.3 [11.0, 13.6]``; one figure has no interval."""
    if value.low is None or value.high is None:
        return f"{value.mean:{form}}"
    return f"{value.mean:{form}} [{value.low:{form}}, {value.high:{form}}]"


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--methods", default=",".join(METHODS), show_default=True)
@click.argument("overrides", nargs=-1)
def main(checkpoint: Path, out: Path, seeds: int, methods: str, overrides: tuple[str, ...]) -> None:
    """Run everything that OUT has no figures of, and print the table."""
    names = methods.split(",")
    if names[0] != METHODS[0] or not set(names) <= set(METHODS):
        raise click.BadParameter(f"in_turn first, then any of {', '.join(METHODS[1:])}")
    results: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in names}
    begin = (*overrides, f"start.checkpoint={json.dumps(str(checkpoint))}")
    check(configured(names[-1], 1, begin), torch_backend())
    for name in names:
        for seed in range(1, seeds + 1):
            config = configured(name, seed, begin)
            path = out / name / f"seed{seed}"
            results[name][seed] = measured(config, path) | {"idle": idle_groups(path)}
            final = results[name][seed]["curve"][-1]
            click.echo(f"{name} seed {seed}: {100 * final[1]:.1f} % after {final[0]} samples")
    click.echo(report(results))


if __name__ == "__main__":
    main()
