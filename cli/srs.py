"""``seed srs``: the streaming rollout scheduler before a run (simulate) and after it (replay)."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import click
from tqdm import tqdm

from seed.cli.progress import REFRESH_SECONDS
from seed.cli.report.srs_page import simulation_page, text_table
from seed.reference.rollouts.events import Event, event_of
from seed.reference.rollouts.scheduler import Rules, WorkerSpec, replay
from seed.reference.rollouts.streaming import rules_of
from seed.reference.simulation.lengths import lengths_named
from seed.reference.simulation.simulate import Cost
from seed.reference.simulation.sweep import LEAST_GAIN, Point, World, pays_until, sweep
from seed.reference.training.run_directory import SCHEDULE, RunDirectory
from seed.reference.verifiers.files.publish import publish
from seed.spec.errors import Reason, SeedError
from seed.spec.renames import current_event

ALPHAS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
WARM_UP_SHARE = 3
"""The first third of the steps fills the pool and is left out of all means."""


@dataclass(frozen=True)
class Settings:
    """The options of ``seed srs simulate``; milliseconds and microseconds as their names say."""

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
    def workers(self) -> tuple[WorkerSpec, ...]:
        """Units beside trainers first."""
        slots = self.slots or math.ceil(
            self.prompts * self.samples / (self.trainers + self.standalone)
        )
        beside = WorkerSpec(slots, self.cache_tokens)
        return (beside,) * self.trainers + (
            WorkerSpec(slots, self.cache_tokens, standalone=True),
        ) * self.standalone

    @property
    def rules(self) -> Rules:
        """The scheduler's, synchronous."""
        batch, atomic_group = self.prompts * self.samples, self.samples if self.whole_groups else 1
        return Rules(
            1.0,
            batch,
            self.samples,
            atomic_group,
            self.staleness,
            self.at_bound,
            self.continue_with,
            self.workers,
        )

    @property
    def world(self) -> World:
        """What is the same for every srs_alpha."""
        cost = Cost(
            floor=self.floor_ms / 1e3,
            token=self.token_us / 1e6,
            prefill=self.prefill_us / 1e6,
            admit=self.admit_ms / 1e3,
            train=self.train_ms / 1e3,
            train_token=self.train_us / 1e6,
            publish=self.publish_ms / 1e3,
        )
        # Every step takes a batch, and no more than 1 + staleness batches are under way beside it.
        count = self.prompts * self.samples * (self.steps + self.staleness + 1)
        lengths = lengths_named(self.lengths).sample(self.seed, count)
        return World(
            lengths,
            cost,
            self.steps,
            self.steps // WARM_UP_SHARE,
            self.prompt_tokens,
            self.block_tokens,
        )


def simulate_command(out: Path, settings: Settings) -> None:
    """Simulate a sweep, print the table, write ``simulation.json`` and ``report.html``.

    Raises:
        SeedError: ILLEGAL_VALUE, ILLEGAL_COMBINATION, FILE_EXISTS, UNREADABLE_FILE,
            UNWRITABLE_FILE.
    """
    check(settings)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SeedError(Reason.FILE_EXISTS, f"{out} is not empty; choose another --out")
    world = settings.world
    total = len({1.0, *settings.alphas})
    with tqdm(
        total=total, desc="srs_alpha", mininterval=REFRESH_SECONDS, dynamic_ncols=True
    ) as bar:
        points = sweep(settings.rules, settings.alphas, world, bar.update)
    click.echo(text_table(points))
    click.echo(f"\n{verdict(points)}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise SeedError(Reason.UNWRITABLE_FILE, f"{out}: {failure.strerror}") from None
    publish(out / "simulation.json", [json.dumps(record(settings, world, points), indent=1)])
    publish(out / "report.html", [simulation_page(asdict(settings), world, points)])
    click.echo(f"look at {out / 'report.html'}")


def check(settings: Settings) -> None:
    """What no single option can know to be wrong.

    Raises:
        SeedError: ILLEGAL_VALUE, ILLEGAL_COMBINATION.
    """
    for name in (
        "floor_ms",
        "token_us",
        "prefill_us",
        "admit_ms",
        "train_ms",
        "train_us",
        "publish_ms",
    ):
        if not math.isfinite(value := getattr(settings, name)):
            raise SeedError(
                Reason.ILLEGAL_VALUE,
                f"--{name.replace('_', '-')}={value} must be a finite number >= 0",
            )
    for alpha in settings.alphas:
        if not 0.0 <= alpha <= 1.0:
            raise SeedError(Reason.ILLEGAL_VALUE, f"--alpha={alpha} must be between 0 and 1")
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


def verdict(points: Sequence[Point]) -> str:
    """What the sweep says, in one line."""
    best = pays_until(points)
    if len(points) == 1:
        return "only the synchronous system was simulated; name a smaller --alpha to compare"
    if best is points[0]:
        return (
            "streaming does not pay here: its first step shortens an iteration by less than"
            f" {100 * LEAST_GAIN:g} %"
        )
    where = "still pays at the smallest" if best is points[-1] else "stops paying at"
    return (
        f"speed {where} srs_alpha={best.alpha:g}: {best.speed_up:.2f} times the synchronous system"
    )


def record(settings: Settings, world: World, points: Sequence[Point]) -> dict[str, Any]:
    """The content of ``simulation.json``."""
    return {
        "settings": asdict(settings),
        "slots": settings.workers[0].slots,
        "warm_up": world.warm_up,
        "speed_stops_paying_at": pays_until(points).alpha,
        "sweep": [
            {
                "srs_alpha": point.alpha,
                "speed_up": point.speed_up,
                "refilling": point.refilling,
                "overlap": point.overlap,
            }
            | asdict(point.figures)
            for point in points
        ],
    }


def replay_command(path: Path) -> bool:
    """Decide everything again that the log of a run holds; whether it all follows.

    Raises:
        SeedError: NOT_A_RUN_DIRECTORY, UNREADABLE_FILE.
    """
    _, config = RunDirectory.resume(path)
    file = path / SCHEDULE
    if not file.is_file():
        raise SeedError(
            Reason.UNREADABLE_FILE,
            f"{path} holds no {SCHEDULE}: its rollout.srs_alpha={config.rollout.srs_alpha}; legal:"
            " a run with less than 1",
        )
    events = list(read_events(file))
    seen: list[Event] = []
    try:
        batches = replay(rules_of(config), _counted(events, seen))
    except (ValueError, KeyError, IndexError):
        click.echo(f"{file} line {len(seen)} does not follow from the events before it: {seen[-1]}")
        return False
    click.echo(f"{len(events)} events, {len(batches)} batches: every decision follows from the log")
    return True


def read_events(file: Path) -> Iterator[Event]:
    """The events of a log; a last line that a kill cut is left out.

    Raises:
        SeedError: UNREADABLE_FILE.
    """
    for number, line in enumerate(
        file.read_text(encoding="utf-8", errors="replace").split("\n")[:-1], start=1
    ):
        try:
            content = json.loads(line)
            content.pop("step", None)
            yield event_of(current_event(content))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SeedError(
                Reason.UNREADABLE_FILE,
                f"{file} line {number} is no event of a schedule: {line[:80]}",
            ) from None


def _counted(events: Iterable[Event], seen: list[Event]) -> Iterator[Event]:
    for event in events:
        seen.append(event)
        yield event
