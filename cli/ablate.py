"""``seed ablate``: VAPO with one part removed at a time, every variant of a seed from the same cold
start.
"""

import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from seed.cli.backends import open_backend
from seed.cli.report.ablation_page import AblationRow, ablation_table, write_ablation
from seed.reference.training import trainer
from seed.reference.training.run_directory import RunDirectory
from seed.spec.config import Config
from seed.spec.config_files import load_config
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import SilentObserver

FULL = "full VAPO"


def variants(config: Config) -> dict[str, tuple[str, ...]]:
    """Name -> overrides that remove one part (VAPO table 1)."""
    responses = config.rollout.prompts * config.rollout.samples_per_prompt
    return {
        FULL: (),
        "without value pretraining": ("value_pretraining.steps=0",),
        "without decoupled GAE": ("algorithm.lambda_value=0.95",),
        "without length-adaptive GAE": ("algorithm.length_adaptive=false",),
        "without clip-higher": (f"algorithm.clip_high={config.algorithm.clip_low}",),
        "without token-level loss": ("algorithm.aggregation=sequence",),
        "without positive LM loss": ("algorithm.positive_weight=0.0",),
        "without group sampling": (f"rollout.prompts={responses}", "rollout.samples_per_prompt=1"),
    }


def run_ablation(seeds: int, jobs: int, preset: str, out: Path, overrides: Sequence[str]) -> None:
    """Run every variant for every seed and write table and picture.

    Raises:
        SeedError: RUN_DIRECTORY_IN_USE before anything runs, and whatever a run refuses.
    """
    config = load_config(preset, "vapo", overrides)
    trainer.check(config)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SeedError(Reason.RUN_DIRECTORY_IN_USE, f"{out} is not empty; choose another --out")
    parts = variants(config)
    numbers = range(1, seeds + 1)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        cold = [pool.submit(cold_start, preset, seed, tuple(overrides), out) for seed in numbers]
        starts = {
            seed: job.result() for seed, job in zip(_bar(numbers, "cold starts"), cold, strict=True)
        }
        jobs_left = {
            (name, seed): pool.submit(
                one_variant, preset, seed, (*overrides, *change), out / slug(name), starts[seed]
            )
            for name, change in parts.items()
            for seed in numbers
        }
        results = {key: jobs_left[key].result() for key in _bar(list(jobs_left), "variants")}
    rows = [
        AblationRow(
            name=name,
            description=" ".join(change) or "all parts",
            seeds=tuple(numbers),
            before=tuple(results[name, seed][0] for seed in numbers),
            after=tuple(results[name, seed][1] for seed in numbers),
        )
        for name, change in parts.items()
    ]
    report = write_ablation(out, rows)
    click.echo(ablation_table(rows))
    click.echo(f"\nlook at {report}")


def cold_start(preset: str, seed: int, overrides: Sequence[str], out: Path) -> Path:
    """Train the cold start of a seed; its last checkpoint is where every variant of the seed
    begins.
    """
    config = load_config(preset, "vapo", overrides, seed=seed)
    directory = RunDirectory.create(out / "cold-start" / f"seed{seed}", config)
    with open_backend(config) as computing:
        run = trainer.start(computing, config, directory, SilentObserver())
        trainer.supervised(run)
        trainer.finish_phase(run, "value_pretraining")
        return directory.checkpoint_directory(run.progress.step)


def one_variant(
    preset: str, seed: int, overrides: Sequence[str], out: Path, start: Path
) -> tuple[float, float]:
    """Run one variant from a cold start.

    Returns:
        Held-out accuracy over all families before and after RL.
    """
    config = load_config(preset, "vapo", overrides, seed=seed)
    directory = RunDirectory.create(out / f"seed{seed}", config)
    shutil.copytree(start, directory.path / "checkpoints" / start.name)
    with open_backend(config) as computing:
        summary: dict[str, Any] = trainer.train(
            trainer.resume(computing, config, directory, SilentObserver())
        )
    return (
        summary["eval_before"]["overall"]["accuracy"],
        summary["eval_after"]["overall"]["accuracy"],
    )


def slug(name: str) -> str:
    """A name as a folder name."""
    return name.lower().replace(" ", "-")


def _bar(items: Sequence[Any], text: str) -> "tqdm[Any]":
    return tqdm(items, desc=f"{text:12}", dynamic_ncols=True)
