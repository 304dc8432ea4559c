"""``seed srs simulate``: what streaming rollouts would bring, in virtual time."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from seed.cli.options import PATH, SEED, FiniteRange
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.rollouts.rules import Rules, WorkerSpec
    from seed.reference.simulation.sweep import Point, Scenario

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

ALPHAS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
MOST = 1_000_000
"""Largest value of an option that counts something."""
MOST_WORKERS = 10_000
LONGEST_TIME = 1e9
"""Of an option that is a time: a decode step of eleven days, a token of a quarter of an hour."""
MOST_RESPONSES = 2_000_000
"""Responses of a simulation, all of which are in memory."""
MOST_BLOCKS = 1e9
"""Blocks of tokens that all simulations decode together, each counted per response: an hour."""
WARM_UP_SHARE = 3
"""The first third of the steps fills the sample pool and is left out of all means."""


def _count(
    name: str, least: int, default: int, text: str, most: int = MOST
) -> Callable[[Decorated], Decorated]:
    kind = click.IntRange(least, most)
    return click.option(f"--{name}", type=kind, default=default, show_default=True, help=text)


def _workers(name: str, text: str) -> Callable[[Decorated], Decorated]:
    return _count(name, 0, 1, text, MOST_WORKERS)


def _time(name: str, default: float, text: str) -> Callable[[Decorated], Decorated]:
    kind = FiniteRange(0.0, LONGEST_TIME)
    return click.option(f"--{name}", type=kind, default=default, show_default=True, help=text)


def _choice(name: str, values: tuple[str, ...], text: str) -> Callable[[Decorated], Decorated]:
    kind = click.Choice(values)
    return click.option(f"--{name}", type=kind, default=values[0], show_default=True, help=text)


@click.command(cls=Command)
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
@_count("prompts", 1, 16, "Prompts of a batch.")
@_count("samples", 1, 8, "Samples of a prompt.")
@click.option("--whole-groups", is_flag=True, help="A batch takes all samples of a prompt or none.")
@_count("prompt-tokens", 0, 100, "Tokens of a prompt.")
@_count(
    "trainers", 0, 1, "Workers that decode only while the trainer waits (colocated).", MOST_WORKERS
)
@_count("standalone", 0, 1, "Workers that decode all the time (remote).", MOST_WORKERS)
@_count("slots", 0, 0, "Samples that a worker decodes side by side, 0 = a batch over all workers.")
@click.option(
    "--alpha",
    "alphas",
    type=FiniteRange(0.0, 1.0),
    multiple=True,
    help=(
        "srs_alpha to simulate; may be given several times.  [default: 0.9, 0.8, ... 0.1; 1 is"
        " always there]"
    ),
)
@_count("staleness", 0, 8, "As rollout.max_staleness.")
@_choice("at-bound", ("wait", "drop"), "As rollout.at_staleness_bound.")
@_choice("continue-with", ("newest", "snapshot"), "As rollout.continue_with.")
@_count("cache-tokens", 0, 0, "As rollout.cache_tokens.")
@_count("block-tokens", 1, 16, "As rollout.block_tokens.")
@_count("steps", 3, 30, "Steps of the trainer; the first third is warm-up.")
@_time("floor-ms", 20.0, "A decode step of a worker, whatever is in its slots: reading weights.")
@_time("token-us", 40.0, "Each token of it, on top.")
@_time("prefill-us", 5.0, "Each token read when a sample enters a slot.")
@_time("admit-ms", 0.0, "Each prefill pass over the samples that enter a worker together, on top.")
@_time("train-ms", 0.0, "Training on a batch.")
@_time("train-us", 500.0, "Each response token of it, on top.")
@_time("publish-ms", 1000.0, "Sending new weights to the workers.")
@click.option("--seed", type=SEED, default=1, show_default=True, help="Keys the lengths.")
@click.option(
    "--out", type=PATH, default=Path("runs/simulation"), show_default=True, help="New folder."
)
def simulate(out: Path, **options: Any) -> None:
    """Predict what streaming brings over the synchronous system on the same machines.

    Only time is simulated; the scheduler is the one of a run. Prints a line per srs_alpha and
    writes simulation.json and report.html. refilling is the speed-up without decoding during the
    training, overlap what that adds. Measure the costs yourself: the defaults describe no machine.
    """
    options["alphas"] = options["alphas"] or ALPHAS
    run_simulation(out, Settings(**options))


@dataclass(frozen=True)
class Settings:
    """The options of ``seed srs simulate``; names end in the unit, ms or us, of a time."""

    lengths: str
    prompts: int
    samples: int
    whole_groups: bool
    prompt_tokens: int
    trainers: int
    standalone: int
    slots: int
    alphas: tuple[float, ...]
    staleness: int
    at_bound: Literal["wait", "drop"]
    continue_with: Literal["newest", "snapshot"]
    cache_tokens: int
    block_tokens: int
    steps: int
    floor_ms: float
    token_us: float
    prefill_us: float
    admit_ms: float
    train_ms: float
    train_us: float
    publish_ms: float
    seed: int

    @property
    def batch(self) -> int:
        """Responses of a batch."""
        return self.prompts * self.samples

    @property
    def responses(self) -> int:
        """Responses of all steps; at most 1 + staleness batches are in flight besides."""
        return self.batch * (self.steps + self.staleness + 1)

    @property
    def workers(self) -> "tuple[WorkerSpec, ...]":
        """Colocated workers first."""
        from seed.reference.rollouts.rules import WorkerSpec

        slots = self.slots or math.ceil(self.batch / (self.trainers + self.standalone))
        colocated = WorkerSpec(slots, self.cache_tokens)
        remote = WorkerSpec(slots, self.cache_tokens, remote=True)
        return (colocated,) * self.trainers + (remote,) * self.standalone

    @property
    def rules(self) -> "Rules":
        """The scheduler's rules in the synchronous system."""
        from seed.reference.rollouts.rules import Rules

        return Rules(
            alpha=1.0,
            batch=self.batch,
            group=self.samples,
            atomic_group=self.samples if self.whole_groups else 1,
            max_staleness=self.staleness,
            at_bound=self.at_bound,
            continue_with=self.continue_with,
            workers=self.workers,
        )

    @property
    def scenario(self) -> "Scenario":
        """What is the same for every srs_alpha."""
        from seed.reference.simulation.engine import Cost
        from seed.reference.simulation.lengths import lengths_named
        from seed.reference.simulation.sweep import Scenario

        cost = Cost(
            floor=self.floor_ms / 1e3,
            token=self.token_us / 1e6,
            prefill=self.prefill_us / 1e6,
            admit=self.admit_ms / 1e3,
            train=self.train_ms / 1e3,
            train_token=self.train_us / 1e6,
            publish=self.publish_ms / 1e3,
        )
        return Scenario(
            lengths=lengths_named(self.lengths).sample(self.seed, self.responses),
            cost=cost,
            steps=self.steps,
            warm_up=self.steps // WARM_UP_SHARE,
            prompt=self.prompt_tokens,
            block=self.block_tokens,
        )


def run_simulation(out: Path, settings: Settings) -> None:
    """Simulate a sweep, print the table, write ``simulation.json`` and ``report.html``.

    Raises:
        SeedError: ILLEGAL_VALUE, ILLEGAL_COMBINATION, FILE_EXISTS, UNREADABLE_FILE,
            UNWRITABLE_FILE.
    """
    from seed.cli.meter import meter
    from seed.cli.report.simulation_page import simulation_page, sweep_text
    from seed.reference.simulation.sweep import sweep
    from seed.reference.verifiers.files.publish import check_free, publish
    from seed.spec.atomic_files import written

    check(settings)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SeedError(Reason.FILE_EXISTS, f"{out} is not empty; choose another --out")
    scenario = settings.scenario
    check_work(settings, scenario)
    with written(out):
        out.mkdir(parents=True, exist_ok=True)
    check_free(out / "simulation.json")
    with meter("srs_alpha", len({1.0, *settings.alphas})) as shown:
        points = sweep(settings.rules, settings.alphas, scenario, shown.advance)
    click.echo(sweep_text(points))
    click.echo(f"\n{conclusion(points)}")
    publish(out / "simulation.json", [json.dumps(record(settings, scenario, points), indent=1)])
    publish(out / "report.html", [simulation_page(asdict(settings), scenario, points)])
    click.echo(f"look at {out / 'report.html'}")


def check(settings: Settings) -> None:
    """Refuse what click's types cannot: options that do not fit together.

    Raises:
        SeedError: ILLEGAL_VALUE, ILLEGAL_COMBINATION.
    """
    if settings.responses > MOST_RESPONSES:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"--prompts={settings.prompts} --samples={settings.samples} --steps={settings.steps}"
            f" --staleness={settings.staleness} are {settings.responses} responses; legal: at most"
            f" {MOST_RESPONSES}",
        )
    if settings.floor_ms == settings.token_us == 0:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            "--floor-ms=0 with --token-us=0: decoding must take time; legal: one of them > 0",
        )
    if settings.trainers + settings.standalone == 0:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            "--trainers=0 with --standalone=0: nothing decodes; legal: one of them >= 1",
        )


def check_work(settings: Settings, scenario: "Scenario") -> None:
    """Refuse what would take longer than about an hour.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    decoded = scenario.lengths[: settings.batch * settings.steps]
    simulations = 2 * len({1.0, *settings.alphas}) - 1
    blocks = simulations * sum(-(-length // settings.block_tokens) for length in decoded)
    if blocks > MOST_BLOCKS:
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"--lengths={settings.lengths} with --block-tokens={settings.block_tokens}: the"
            f" {simulations} simulations decode {blocks:.1e} blocks; legal: at most"
            f" {MOST_BLOCKS:.0e}, by larger blocks, fewer --steps, or fewer --alpha",
        )


def conclusion(points: "Sequence[Point]") -> str:
    """The result of the sweep in one line."""
    from seed.reference.simulation.sweep import LEAST_GAIN, pays_until

    best = pays_until(points)
    if len(points) == 1:
        return "only the synchronous system was simulated; give a smaller --alpha to compare"
    if best is points[0]:
        return (
            "streaming does not pay here: its first step shortens an iteration by less than"
            f" {100 * LEAST_GAIN:g} %"
        )
    where = "still pays at the smallest" if best is points[-1] else "stops paying at"
    return (
        f"speed {where} srs_alpha={best.alpha:g}: {best.speed_up:.2f} times the synchronous system"
    )


def record(settings: Settings, scenario: "Scenario", points: "Sequence[Point]") -> dict[str, Any]:
    """The content of ``simulation.json``."""
    from seed.reference.simulation.sweep import pays_until

    return {
        "settings": asdict(settings),
        "slots": settings.workers[0].slots,
        "warm_up": scenario.warm_up,
        "speed_stops_paying_at": pays_until(points).alpha,
        "sweep": [
            {
                "srs_alpha": point.alpha,
                "speed_up": point.speed_up,
                "refilling": point.refilling,
                "overlap": point.overlap,
                **asdict(point.figures),
            }
            for point in points
        ],
    }
