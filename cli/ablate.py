"""``seed ablate``: VAPO without one component at a time, every variant from the same SFT model."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seed.cli.ablate_runs import Base, run_sft, run_variant
from seed.cli.ablate_start import NAMES, RejectionSettings, run_starts, starts_of
from seed.cli.options import PATH, config_option, overrides_argument, preset_option, typed
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.cli.report.ablation import AblationRow
    from seed.spec.config import Config

FULL = "full VAPO"


@click.command(cls=Command)
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Runs per variant: seeds 1..N.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default=True,
    help="Runs at a time.",
)
@click.option(
    "--start",
    "starts",
    metavar="sft,rft",
    help="Compare what RL starts from in place of components: the SFT model, or that model trained"
    " on right responses of its own (RFT).",
)
@click.option(
    "--rft-problems",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Training problems that RFT draws responses to, 8 each.",
)
@preset_option
@config_option
@click.option(
    "--out", type=PATH, default=Path("runs/ablation"), show_default=True, help="New folder."
)
@overrides_argument
@click.pass_context
def ablate(
    context: click.Context,
    /,
    seeds: int,
    jobs: int,
    starts: str | None,
    rft_problems: int,
    out: Path,
    overrides: tuple[str, ...],
    **_: object,
) -> None:
    """Run VAPO without one component at a time; compare with the full recipe, paired by seed.

    With --start sft,rft: RL from two models, the report's table 3.
    """
    from seed.cli.backends import open_backend
    from seed.cli.report.ablation import ablation_table, write_ablation
    from seed.cli.tracking import check_trackers
    from seed.reference.training.run import check
    from seed.spec.config_errors import check_effect

    base = Base(typed(context, "preset"), typed(context, "file"), overrides)
    config = base.config(1)
    check_effect(config)
    check_trackers(config)
    with open_backend(config) as computing:
        check(config, computing)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SeedError(Reason.RUN_DIRECTORY_IN_USE, f"{out} is not empty; choose another --out")
    seed_numbers = tuple(range(1, seeds + 1))
    if starts:
        settings = RejectionSettings(problems=rft_problems)
        rows = start_rows(base, starts_of(starts), seed_numbers, jobs, out, settings)
    else:
        rows = variant_rows(base, variants(config), seed_numbers, jobs, out)
    report = write_ablation(out, rows)
    click.echo(ablation_table(rows))
    click.echo(f"\nlook at {report}")


def variant_rows(
    base: Base, changes: dict[str, tuple[str, ...]], seeds: Sequence[int], jobs: int, out: Path
) -> "list[AblationRow]":
    """Every variant with its accuracies."""
    from seed.cli.report.ablation import AblationRow

    accuracies = run_all(changes, seeds, jobs, base, out)
    return [
        AblationRow(
            name=name,
            description=" ".join(change) or "all components",
            seeds=tuple(seeds),
            before=tuple(accuracies[name, seed][0] for seed in seeds),
            after=tuple(accuracies[name, seed][1] for seed in seeds),
        )
        for name, change in changes.items()
    ]


def start_rows(
    base: Base,
    starts: Sequence[str],
    seeds: Sequence[int],
    jobs: int,
    out: Path,
    settings: RejectionSettings,
) -> "list[AblationRow]":
    """Every start with its accuracies, from the same SFT model of each seed."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from seed.cli.meter import meter
    from seed.cli.report.ablation import AblationRow

    with (
        ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
        meter("seeds", len(seeds)) as shown,
    ):
        running = [pool.submit(run_starts, base, starts, seed, out, settings) for seed in seeds]
        found = []
        for job in running:
            found.append(job.result())
            shown.advance()
    return [
        AblationRow(
            name=NAMES[start],
            description=settings.description if start == "rft" else "SFT on the demonstrations",
            seeds=tuple(seeds),
            before=tuple(of_seed[start][0] for of_seed in found),
            after=tuple(of_seed[start][1] for of_seed in found),
        )
        for start in starts
    ]


def variants(config: "Config") -> dict[str, tuple[str, ...]]:
    """Name -> overrides that remove one component (VAPO table 1)."""
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


def run_all(
    changes: dict[str, tuple[str, ...]], seeds: Sequence[int], jobs: int, base: Base, out: Path
) -> dict[tuple[str, int], tuple[float, float]]:
    """Run every variant for every seed, ``jobs`` at a time.

    Returns:
        Variant and seed -> accuracy before and after RL.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from seed.cli.meter import Pace, meter

    pace = Pace()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        sft_jobs = {seed: pool.submit(run_sft, base, seed, out) for seed in seeds}
        checkpoints = {}
        with meter("SFT", len(sft_jobs), pace=pace) as shown:
            for seed, sft_job in sft_jobs.items():
                checkpoints[seed] = sft_job.result()
                shown.advance()
        rl_jobs = {
            (name, seed): pool.submit(
                run_variant, base, seed, change, out / folder_name(name), checkpoints[seed]
            )
            for name, change in changes.items()
            for seed in seeds
        }
        accuracies = {}
        with meter("runs", len(rl_jobs), pace=pace) as shown:
            for (name, seed), job in rl_jobs.items():
                accuracies[name, seed] = job.result()
                after = accuracies[name, seed][1]
                shown.advance(1, [f"{name}, seed {seed}: accuracy {100 * after:.1f} %"])
        return accuracies


def folder_name(name: str) -> str:
    """A name of a variant as a folder name."""
    return name.lower().replace(" ", "-")
