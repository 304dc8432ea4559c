"""The rollouts of one run: publishes weights to the schedule, keeps its log and its snapshots, counts what it cost.

    schedule.jsonl                 every event of a streaming run, one a line; ``seed srs replay`` decides it all again
    snapshots/publication_K        policies that unfinished samples are to be continued with (rollout.continue_with)
"""

from collections.abc import Sequence
from statistics import mean
from typing import Any, Generic, TypeVar

from reference.events import Event, line_of
from reference.run_directory import RunDirectory
from reference.streaming import Books, Effort, LocalEngine, Streaming, rules_of
from spec.backend import Backend
from spec.config import Config
from spec.types import Request, Rollout, Sampling

State = TypeVar("State")


class Rollouts(Generic[State]):
    """A run's schedule and its engine."""

    def __init__(self, backend: Backend[State], config: Config, directory: RunDirectory, books: Books) -> None:
        """Go on from what the books say; snapshots that unfinished samples need are read back."""
        self.backend, self.config, self.directory, self.books = backend, config, directory, books
        settings, rules = config.rollout, rules_of(config)
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        self.engine = LocalEngine(backend, config, sampling, rules.units[0].slots)
        self.streaming = Streaming(rules, books, self.engine, self._note)
        self.streams = settings.srs_alpha < 1.0
        self.events: list[Event] = []
        self.step = 0
        for publication in self._live():
            self.engine.publications[publication], _ = backend.restore(config, directory.snapshot_directory(publication))

    def publish(self, state: State, config: Config, step: int) -> None:
        """Sample from these weights from now on, in this step and as its phase does (``Config.in_phase``)."""
        self.step, self.engine.effort, self.engine.config = step, Effort(), config
        self.streaming.publish(self.backend.version(state))
        newest, publications = self.books.schedule.newest, self.engine.publications
        if self.config.rollout.continue_with == "newest":
            self.engine.publications = {newest: state}
            return
        if newest not in publications:
            publications[newest] = self.backend.snapshot(state, self.config)
        self.engine.publications = {number: publications[number] for number in sorted({*self._live(), newest})}

    def openings(self) -> int:
        """Prompts that the next ``finish`` should bring."""
        return self.streaming.openings()

    def finish(self, requests: Sequence[Request]) -> list[Rollout]:
        """Open samples, wait for a batch, write the log."""
        batch = self.streaming.finish(requests)
        self._write()
        return batch

    def close(self, step: int) -> None:
        """The run is over: give up what is still under way."""
        self.step = step
        self.streaming.close()
        self._write()

    def metrics(self) -> dict[str, Any]:
        """What streaming did in this step; nothing in a synchronous run.

        Occupancy is the share of slots that drew a token, staleness the publications between a sample's oldest token and
        this step.
        """
        if not self.streams:
            return {}
        effort = self.engine.effort
        return {
            "srs_occupancy": effort.tokens / effort.offered,
            "srs_decode_steps": effort.decode_steps,
            "srs_on_policy_share": mean(age == 0 for age in effort.ages),
            "srs_staleness_mean": mean(effort.ages),
            "srs_staleness_max": max(effort.ages),
            "srs_staleness_counts": {str(age): effort.ages.count(age) for age in sorted(set(effort.ages))},
            "srs_evicted": effort.evicted,
            "srs_under_way": len(self.books.pool),
        }

    def save_snapshots(self) -> None:
        """Before a checkpoint: write the policies that its unfinished samples are to be continued with."""
        for publication in self._live():
            target = self.directory.snapshot_directory(publication)
            if not self.backend.once(target.exists):
                self.backend.save(self.engine.publications[publication], self.config, {}, target)

    def drop_snapshots(self) -> None:
        """After a checkpoint: delete those that nobody needs."""
        self.directory.drop_snapshots(self._live())

    def _live(self) -> list[int]:
        """Publications that unfinished samples are to be continued with."""
        if self.config.rollout.continue_with == "newest":
            return []
        samples = self.books.schedule.samples.values()
        return sorted({sample.newest for sample in samples if sample.tokens and not sample.finished})

    def _note(self, event: Event) -> None:
        if self.streams:
            self.events.append(event)

    def _write(self) -> None:
        self.directory.append_all("schedule.jsonl", [{"step": self.step} | line_of(event) for event in self.events])
        self.events.clear()
