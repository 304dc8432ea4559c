"""The rollouts of one run: publishes weights to the schedule, keeps its log and its snapshots,
counts what it cost.

schedule.jsonl                 every event of a streaming run, one a line; ``seed srs replay`` decides it all again
snapshots/publication_K        policies that unfinished samples are to be continued with (rollout.continue_with)
"""

from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any, Generic, TypeVar

from reference.rollouts.events import Event, line_of
from reference.rollouts.streaming import Books, Effort, Engine, LocalEngine, Streaming, rules_of
from reference.rollouts.worker_pool import FleetEngine, Service
from reference.training.run_directory import RunDirectory
from spec.backend import Backend
from spec.config import Config
from spec.datatypes import Request, Rollout, Sampling

State = TypeVar("State")
Answer = TypeVar("Answer")


class Rollouts(Generic[State]):
    """A run's schedule and its engine.

    In one process, or with every rank in step, each process decides the same for itself. With
    standalone units the order of events is known to the coordinator alone: it decides, and the
    other trainer ranks follow.
    """

    def __init__(
        self, backend: Backend[State], config: Config, directory: RunDirectory, books: Books
    ) -> None:
        """Go on from what the books say; snapshots that unfinished samples need are read back."""
        self.backend, self.config, self.directory, self.books = backend, config, directory, books
        settings, fleet = config.rollout, backend.fleet
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        rules = rules_of(config)
        self.local = LocalEngine(backend, config, sampling, rules.units[0].slots)
        engine: Engine = self.local
        if fleet is not None:
            engine = self.fleet_engine = FleetEngine(backend, self.local, fleet, config)
        self.engine = engine
        self.streaming = Streaming(rules, books, engine, self._note)
        self.service = Service(self.streaming.serve)
        self.streams = settings.srs_alpha < 1.0
        self.events: list[Event] = []
        self.step, self.sent = 0, -1
        self.streaming.forget_units()
        for publication in self._agree(self._live):
            self.local.publications[publication], _ = backend.restore(
                config, directory.snapshot_directory(publication)
            )

    def publish(self, state: State, config: Config, step: int) -> None:
        """Sample from these weights from now on, in this step and as its phase does
        (``Config.in_phase``).
        """
        self.service.end()
        self.step, self.local.config = step, config
        if self.backend.fleet is None:
            self.engine.effort = Effort()
        newest = self._agree(lambda: self.streaming.publish(self.backend.version(state)))
        self._keep(newest, state)
        if self.backend.fleet is not None and newest != self.sent:
            # After a kill units have nothing: they get the snapshots that samples may be continued
            # with as well.
            for publication in sorted(self.local.publications) if self.sent < 0 else [newest]:
                self.backend.fleet.publish(
                    self.local.publications[publication], publication, config.rollout.precision
                )
            self.sent = newest

    def openings(self) -> int:
        """Prompts that the next ``finish`` should bring."""
        self.service.end()
        return self._agree(self.streaming.openings)

    def finish(self, requests: Sequence[Request]) -> list[Rollout]:
        """Open samples, wait for a batch, write the log."""
        if self.backend.fleet is None:
            batch = self.streaming.finish(requests)
            self._write()
        elif self.backend.coordinator:
            self.service.end()
            self.fleet_engine.waits = True
            batch = self.streaming.finish(requests)
            self.fleet_engine.waits = False
            self.backend.once(lambda: ("batch", batch))
            self._write()
            self.service.begin()
        else:
            batch = self.fleet_engine.follow()
        return batch

    def close(self, step: int) -> None:
        """The run is over: give up what is still under way."""
        self.service.end()
        self.step = step
        self.streaming.close()
        self._write()

    def metrics(self) -> dict[str, Any]:
        """What streaming did in this step; nothing in a synchronous run.

        Occupancy is the share of slots that drew a token, staleness the publications between a
        sample's oldest token and this step.
        """
        return self._agree(self._metrics) if self.streams else {}

    def _metrics(self) -> dict[str, Any]:
        effort = self.engine.effort
        if (
            self.backend.fleet is not None
        ):  # units go on while the trainer trains, which counts for the next step
            self.engine.effort = Effort()
        return {
            "srs_occupancy": effort.tokens / max(effort.offered, 1),
            "srs_decode_steps": effort.decode_steps,
            "srs_on_policy_share": mean(age == 0 for age in effort.ages),
            "srs_staleness_mean": mean(effort.ages),
            "srs_staleness_max": max(effort.ages),
            "srs_staleness_counts": {
                str(age): effort.ages.count(age) for age in sorted(set(effort.ages))
            },
            "srs_evicted": effort.evicted,
            "srs_under_way": len(self.books.pool),
        }

    def save_snapshots(self) -> None:
        """Before a checkpoint: write the policies that its unfinished samples are to be continued
        with.
        """
        self.service.end()
        self._write()
        for publication in self._agree(self._live):
            target = self.directory.snapshot_directory(publication)
            if not self.backend.once(target.exists):
                self.backend.save(self.local.publications[publication], self.config, {}, target)

    def drop_snapshots(self) -> None:
        """After a checkpoint: delete those that nobody needs."""
        self.directory.drop_snapshots(self._agree(self._live))

    def _keep(self, newest: int, state: State) -> None:
        """Hold on to the publications that samples may be continued with, and to the newest."""
        publications = self.local.publications
        if self.config.rollout.continue_with == "newest":
            self.local.publications = {newest: state}
            return
        if newest not in publications:
            publications[newest] = self.backend.snapshot(state, self.config)
        kept = {*self._agree(self._live), newest}
        self.local.publications = {number: publications[number] for number in sorted(kept)}

    def _agree(self, compute: Callable[[], Answer]) -> Answer:
        """What every process finds for itself, or what the coordinator finds where it alone
        decides.
        """
        return compute() if self.backend.fleet is None else self.backend.once(compute)

    def _live(self) -> list[int]:
        """Publications that unfinished samples are to be continued with."""
        if self.config.rollout.continue_with == "newest":
            return []
        samples = self.books.schedule.samples.values()
        return sorted(
            {sample.newest for sample in samples if sample.tokens and not sample.finished}
        )

    def _note(self, event: Event) -> None:
        if self.streams:
            self.events.append(event)

    def _write(self) -> None:
        self.directory.append_all(
            "schedule.jsonl", [{"step": self.step} | line_of(event) for event in self.events]
        )
        self.events.clear()
