"""The ``seed`` command. Subcommands import what they need when they run, so that help answers at
once.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.user_errors import RefusingGroup
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.verifiers.files.lines import Rule
    from seed.reference.verifiers.runner.pool import Pool

# The reference multiplies many small matrices. OpenBLAS threads do not speed that up, and on a
# shared machine they slow it down twentyfold by waiting for each other; so one thread, unless the
# user says otherwise. Read when NumPy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# When a rank is lost, the C++ of torch prints a page of stack frames on each of the others, around
# the one line that counts.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")

PRESETS = ("tiny", "mixed", "seed-200b")
RECIPES = ("vapo", "dapo", "grpo", "ppo")
BACKENDS = ("reference", "scaled")
ISOLATIONS = ("automatic", "bubblewrap", "landlock", "weak")
PRECISIONS = ("float64", "float32", "bfloat16")


@click.group(cls=RefusingGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="seed-reasoning", prog_name="seed")
def seed() -> None:
    """Teach a mixture-of-experts model to reason, by the equations of Seed1.5-Thinking, VAPO and
    DAPO.
    """


@seed.command()
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default="reference",
    show_default=True,
    help="Who computes.",
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="tiny",
    show_default=True,
    help="Sizes and task.",
)
@click.option(
    "--recipe", type=click.Choice(RECIPES), default="vapo", show_default=True, help="Algorithm."
)
@click.option(
    "--seed",
    "run_seed",
    type=int,
    default=1,
    show_default=True,
    help="Keys all randomness of the run.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="New run directory.  [default: runs/PRESET-RECIPE-seedN]",
)
@click.option(
    "--resume", type=click.Path(path_type=Path), help="Continue the run in this directory."
)
@click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]...")
def run(
    backend: str,
    preset: str,
    recipe: str,
    run_seed: int,
    out: Path | None,
    resume: Path | None,
    overrides: tuple[str, ...],
) -> None:
    """Train: cold start, value pretraining, reinforcement, examination on held-out problems.

    Any setting can be changed as section.key=value; `seed explain` lists them. The run directory
    holds the metrics, the checkpoints, a summary and report.html. Nothing that exists is
    overwritten.
    """
    from seed.cli.run import new_run, resumed_run

    if resume is not None:
        context = click.get_current_context()
        given = [
            name
            for name in ("out", "preset", "recipe", "run_seed", "backend")
            if _was_given(context, name)
        ]
        if given or overrides:
            named = ", ".join(
                [f"--{name.removeprefix('run_')}" for name in given] + list(overrides)
            )
            line = (
                f"--resume takes its configuration from the run directory; {named} must not be"
                " given too"
            )
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        resumed_run(resume)
    else:
        new_run(preset, recipe, run_seed, backend, out, overrides)


@seed.command()
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="tiny",
    show_default=True,
    help="Sizes and task.",
)
@click.option(
    "--recipe", type=click.Choice(RECIPES), default="vapo", show_default=True, help="Algorithm."
)
@click.option(
    "--equations",
    is_flag=True,
    help="List every equation with its source, its function and its test.",
)
@click.option(
    "--build",
    is_flag=True,
    help="Also shard the real model, without memory, and count what a rank holds.",
)
@click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]...")
def explain(
    preset: str, recipe: str, equations: bool, build: bool, overrides: tuple[str, ...]
) -> None:
    """Show every setting with its meaning, and every size that follows from them. Trains
    nothing.
    """
    from seed.cli.explain import equation_table, explanation

    click.echo(equation_table() if equations else explanation(preset, recipe, overrides, build))


@seed.command("eval")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]...")
def evaluate(checkpoint: Path, overrides: tuple[str, ...]) -> None:
    """Examine a CHECKPOINT (a step_N folder, or a run directory for its newest) on held-out
    problems.

    Changes such as evaluation.samples=16 or data.families='["maze"]' apply to this examination
    only.
    """
    from seed.cli.evaluate import evaluate_checkpoint

    evaluate_checkpoint(checkpoint, overrides)


@seed.command()
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
    "--preset",
    type=click.Choice(PRESETS),
    default="tiny",
    show_default=True,
    help="Sizes and task.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/ablation"),
    show_default=True,
    help="New folder.",
)
@click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]...")
def ablate(seeds: int, jobs: int, preset: str, out: Path, overrides: tuple[str, ...]) -> None:
    """Run VAPO with one part removed at a time and compare with the full recipe, paired by seed,
    with intervals.
    """
    from seed.cli.ablate import run_ablation

    run_ablation(seeds, jobs, preset, out, overrides)


@seed.command()
@click.option(
    "--full",
    is_flag=True,
    help="All layouts up to 8 ranks in all precisions, not a choice of them.",
)
@click.option(
    "--ranks",
    type=int,
    multiple=True,
    help="Only launches of so many ranks; may be given several times.",
)
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    help="Only this precision.",
)
def conform(full: bool, ranks: tuple[int, ...], precisions: tuple[str, ...]) -> None:
    """Check that the torch backend computes what the reference computes, on every layout and in every
    precision.

    Prints largest error and bound of each component; exit code 1 if one does not hold.
    """
    from seed.cli.conform import conform as run_conformance

    if not run_conformance(full, ranks, precisions):
        raise SystemExit(1)


@seed.command()
@click.option(
    "--recipe", type=click.Choice(RECIPES), default="vapo", show_default=True, help="Algorithm."
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]...")
def diff(recipe: str, first: str, second: str, overrides: tuple[str, ...]) -> None:
    """Compare two backends or layouts A and B on one batch and name the first component that differs.

    A side is reference or scaled, with a layout and settings if wanted:
    scaled:tp=2,ep=2,precision=float32. Exit code 1 if they differ.
    """
    from seed.cli.conform import diff as run_diff

    if not run_diff(first, second, recipe, overrides):
        raise SystemExit(1)


def judging_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that ``verify`` and ``audit`` share."""
    for option in reversed(
        [
            click.option(
                "--verifier",
                default="",
                metavar="PATH.py:FUNCTION",
                help="Your own verifier, for all lines.",
            ),
            click.option(
                "--line-verifiers",
                is_flag=True,
                help="Lines may name a verifier. It is run: trust the file.",
            ),
            click.option(
                "--time-limit",
                type=click.FloatRange(0.0, min_open=True),
                metavar="SECONDS",
                help="Of one verdict.  [default: 10; code and judge 300]",
            ),
            click.option(
                "--memory-limit",
                type=click.IntRange(512),
                default=4096,
                show_default=True,
                metavar="MIB",
                help="Of one worker.",
            ),
            click.option(
                "--isolation",
                type=click.Choice(ISOLATIONS),
                default="automatic",
                show_default=True,
                help=(
                    "Where programs of code lines run. weak is none against attacks; it must be"
                    " named."
                ),
            ),
            click.option(
                "--jobs",
                type=click.IntRange(1, 256),
                help="Workers at a time.  [default: all cores]",
            ),
            click.option(
                "--by",
                default="domain",
                show_default=True,
                metavar="FIELD",
                help="Count lines by the text of this field, such as task.",
            ),
        ]
    ):
        command = option(command)
    return command


@seed.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="New file, one line per line of FILE.",
)
@click.option("--resume", is_flag=True, help="Continue an --out that was interrupted.")
@judging_options
def verify(file: Path, out: Path, resume: bool, **how: Any) -> None:
    """Judge every line of FILE: id, domain (math, code, puzzle, judge), problem, response, and what
    the domain needs.

    math and judge need reference, code needs tests, puzzle needs puzzle. Every line gets correct,
    wrong or error; an error says that the verifier failed, has no reward and never counts as wrong.

    Your own verifier takes one dict (id, domain, problem, response, reference, tests, puzzle) and
    returns a bool, a reward (1 or more is correct) or a mapping with verdict, reward, extracted,
    why.
    """
    from seed.cli.verify import verify as verify_command

    verify_command(file, out, *_rule_and_pool(**how), resume)


@seed.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="New file for every false verdict and every error.",
)
@judging_options
def audit(file: Path, out: Path | None, **how: Any) -> None:
    """Hold the verifiers against people: FILE is as for verify, and every line has label, correct
    or wrong.
    """
    from seed.cli.verify import audit as audit_command

    audit_command(file, out, *_rule_and_pool(**how))


@seed.group(invoke_without_command=True)
@click.pass_context
def puzzles(context: click.Context) -> None:
    """List the puzzle families; generate problems; read those of public collections."""
    if context.invoked_subcommand is None:
        from seed.cli.puzzles import listing

        click.echo(listing())


@puzzles.command("generate")
@click.argument("family")
@click.option(
    "--level",
    type=int,
    default=1,
    show_default=True,
    help="Difficulty; `seed puzzles` lists the levels.",
)
@click.option(
    "--count", type=click.IntRange(1), default=10, show_default=True, help="Distinct problems."
)
@click.option(
    "--seed",
    "set_seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="Keys the draws.",
)
@click.option(
    "--held-out", is_flag=True, help="From the side of the split that training never sees."
)
@click.option(
    "--solved",
    is_flag=True,
    help="With the family's own solution as response, ready for `seed verify`.",
)
@click.option("--out", type=click.Path(path_type=Path), help="New file.  [default: stdout]")
def generate_puzzles(
    family: str,
    level: int,
    count: int,
    set_seed: int,
    held_out: bool,
    solved: bool,
    out: Path | None,
) -> None:
    """Write problems of FAMILY as JSON lines. Add a response to each, and `seed verify` judges
    them.
    """
    from seed.cli.puzzles import generate

    generate(family, level, count, set_seed, held_out, solved, out)


@puzzles.command("read")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="New file, one line per problem that is read.",
)
def read_puzzles(file: Path, out: Path) -> None:
    """Read problems of Enigmata or reasoning-gym: FILE has id, task, problem, answer, meta, source.

    Every problem that a family can ask is asked in the family's own words, with the collection's
    answer as its response: `seed verify OUT --by task` scores the collection, or your model if you
    put its responses there. Tasks without a family, problems that a family cannot ask, and
    unreadable lines are counted, with the reasons.
    """
    from seed.cli.import_puzzles import read

    read(file, out)


@seed.group()
def srs() -> None:
    """The streaming rollout scheduler: simulate it before a run, replay its decisions after one."""


@srs.command()
@click.option(
    "--lengths",
    default="lognormal:mean=1000,sigma=1,max=8000",
    show_default=True,
    metavar="DISTRIBUTION",
    help=(
        "Response lengths: lognormal:mean=M,sigma=S,max=L, constant:tokens=N, or FILE.jsonl of"
        ' {"tokens": n}.'
    ),
)
@click.option(
    "--prompts", type=click.IntRange(1), default=16, show_default=True, help="Prompts of a batch."
)
@click.option(
    "--samples", type=click.IntRange(1), default=8, show_default=True, help="Samples of a prompt."
)
@click.option(
    "--whole-groups", is_flag=True, help="A batch takes all samples of a prompt together."
)
@click.option(
    "--prompt-tokens",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="Tokens of a prompt.",
)
@click.option(
    "--trainers",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Workers that decode only while the trainer waits.",
)
@click.option(
    "--standalone",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Workers that decode all the time.",
)
@click.option(
    "--slots",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Samples that a worker decodes side by side, 0 = a batch over all workers.",
)
@click.option(
    "--alpha",
    "alphas",
    type=click.FloatRange(0.0, 1.0),
    multiple=True,
    help=(
        "srs_alpha to simulate; may be given several times.  [default: 0.9, 0.8, ... 0.1; 1 is"
        " always there]"
    ),
)
@click.option(
    "--staleness",
    type=click.IntRange(0),
    default=8,
    show_default=True,
    help="As rollout.max_staleness.",
)
@click.option(
    "--at-bound",
    type=click.Choice(("wait", "drop")),
    default="wait",
    show_default=True,
    help="As rollout.at_staleness_bound.",
)
@click.option(
    "--continue-with",
    type=click.Choice(("newest", "snapshot")),
    default="newest",
    show_default=True,
    help="As rollout.continue_with.",
)
@click.option(
    "--cache-tokens",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="As rollout.cache_tokens.",
)
@click.option(
    "--block-tokens",
    type=click.IntRange(1),
    default=16,
    show_default=True,
    help="As rollout.block_tokens.",
)
@click.option(
    "--steps",
    type=click.IntRange(3),
    default=30,
    show_default=True,
    help="Steps of the trainer; the first third is warm-up.",
)
@click.option(
    "--floor-ms",
    type=click.FloatRange(0.0),
    default=20.0,
    show_default=True,
    help="A decode step of a worker, whoever is in its slots: reading the weights.",
)
@click.option(
    "--token-us",
    type=click.FloatRange(0.0),
    default=40.0,
    show_default=True,
    help="Each token of it, on top.",
)
@click.option(
    "--prefill-us",
    type=click.FloatRange(0.0),
    default=5.0,
    show_default=True,
    help="Each token read when a sample enters a slot.",
)
@click.option(
    "--admit-ms",
    type=click.FloatRange(0.0),
    default=0.0,
    show_default=True,
    help="Each pass that reads what enters a worker at one look, on top.",
)
@click.option(
    "--train-ms",
    type=click.FloatRange(0.0),
    default=0.0,
    show_default=True,
    help="Training on a batch.",
)
@click.option(
    "--train-us",
    type=click.FloatRange(0.0),
    default=500.0,
    show_default=True,
    help="Each response token of it, on top.",
)
@click.option(
    "--publish-ms",
    type=click.FloatRange(0.0),
    default=1000.0,
    show_default=True,
    help="Bringing new weights to the workers.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="Keys the lengths.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/simulation"),
    show_default=True,
    help="New folder.",
)
def simulate(out: Path, **options: Any) -> None:
    """What streaming would bring: the scheduler in virtual time, against the synchronous system on
    the same machines.

    Prints a line per srs_alpha and writes simulation.json and report.html. refilling is the
    speed-up without decoding during the training, overlap what that adds. The costs are yours to
    measure: the defaults describe no machine.
    """
    from seed.cli.srs import ALPHAS, Settings, simulate_command

    options["alphas"] = options["alphas"] or ALPHAS
    simulate_command(out, Settings(**options))


@srs.command("replay")
@click.argument("directory", metavar="RUN_DIR", type=click.Path(path_type=Path))
def replay_run(directory: Path) -> None:
    """Decide everything again from the schedule.jsonl of a run. Exit code 1 if a decision does not
    follow from the log.
    """
    from seed.cli.srs import replay_command

    if not replay_command(directory):
        raise SystemExit(1)


def _rule_and_pool(
    verifier: str,
    line_verifiers: bool,
    time_limit: float | None,
    memory_limit: int,
    isolation: str,
    jobs: int | None,
    by: str,
) -> "tuple[Rule, Pool]":
    from seed.reference.verifiers.files.lines import Rule
    from seed.reference.verifiers.runner.pool import Pool, default_jobs
    from seed.reference.verifiers.runner.worker import Limits

    return Rule(verifier, line_verifiers, by), Pool(
        jobs or default_jobs(), Limits(time_limit, memory_limit, isolation)
    )


def _was_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


if __name__ == "__main__":
    seed()
