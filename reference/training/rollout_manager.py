"""The rollouts of one run: publishes weights to the schedule, keeps its log and its snapshots,
counts what it cost.

schedule.jsonl                 every event of a streaming run, one a line; ``seed srs replay`` decides it all again
snapshots/publication_K        policies that unfinished samples are to be continued with (rollout.continue_with)
"""

from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any, Generic, TypeVar

from seed.reference.rollouts.events import Event, line_of
from seed.reference.rollouts.streaming import (
    Engine,
    LocalEngine,
    RolloutState,
    RolloutStats,
    Streaming,
    rules_of,
)
from seed.reference.rollouts.worker_pool import BackgroundService, WorkerPoolEngine
from seed.reference.training.run_directory import RunDirectory
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Request, Rollout, Sampling

State = TypeVar("State")
Answer = TypeVar("Answer")


class Rollouts(Generic[State]):
    """A run's schedule and its engine.

    In one process, or with every rank in step, each process decides the same for itself. With
    standalone workers the order of events is known to the is_main_process alone: it decides, and the
    other trainer ranks follow.
    """

    def __init__(
        self,
        backend: Backend[State],
        config: Config,
        directory: RunDirectory,
        rollout_state: RolloutState,
    ) -> None:
        """Go on from what the rollout_state say; snapshots that unfinished samples need are read back."""
        self.backend, self.config, self.directory, self.rollout_state = (
            backend,
            config,
            directory,
            rollout_state,
        )
        settings, worker_pool = config.rollout, backend.worker_pool
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_response_tokens)
        rules = rules_of(config)
        self.local = LocalEngine(backend, config, sampling, rules.workers[0].slots)
        engine: Engine = self.local
        if worker_pool is not None:
            engine = self.pool_engine = WorkerPoolEngine(backend, self.local, worker_pool, config)
        self.engine = engine
        self.streaming = Streaming(rules, rollout_state, engine, self._log)
        self.service = BackgroundService(self.streaming.serve)
        self.streams = settings.srs_alpha < 1.0
        self.events: list[Event] = []
        self.step, self.sent = 0, -1
        self.streaming.forget_workers()
        for policy_version in self._agree(self._live):
            self.local.policies[policy_version], _ = backend.restore(
                config, directory.snapshot_directory(policy_version)
            )

    def publish(self, state: State, config: Config, step: int) -> None:
        """Sample from these weights from now on, in this step and as its phase does
        (``Config.in_phase``).
        """
        self.service.end()
        self.step, self.local.config = step, config
        if self.backend.worker_pool is None:
            self.engine.stats = RolloutStats()
        newest = self._agree(lambda: self.streaming.publish(self.backend.optimizer_step(state)))
        self._keep(newest, state)
        if self.backend.worker_pool is not None and newest != self.sent:
            # After a kill workers have nothing: they get the snapshots that samples may be continued
            # with as well.
            for policy_version in sorted(self.local.policies) if self.sent < 0 else [newest]:
                self.backend.worker_pool.publish(
                    self.local.policies[policy_version], policy_version, config.rollout.precision
                )
            self.sent = newest

    def prompts_needed(self) -> int:
        """Prompts that the next ``finish`` should bring."""
        self.service.end()
        return self._agree(self.streaming.prompts_needed)

    def finish(self, requests: Sequence[Request]) -> list[Rollout]:
        """Open samples, wait for a batch, write the log."""
        if self.backend.worker_pool is None:
            batch = self.streaming.finish(requests)
            self._write()
        elif self.backend.is_main_process:
            self.service.end()
            self.pool_engine.waits = True
            batch = self.streaming.finish(requests)
            self.pool_engine.waits = False
            self.backend.on_rank_zero(lambda: ("batch", batch))
            self._write()
            self.service.begin()
        else:
            batch = self.pool_engine.follow()
        return batch

    def close(self, step: int) -> None:
        """The run is over: give up what is still under way."""
        self.service.end()
        self.step = step
        self.streaming.close()
        self._write()

    def metrics(self) -> dict[str, Any]:
        """What streaming did in this step; nothing in a synchronous run.

        Occupancy is the share of slots that drew a token, staleness the policies between a
        sample's oldest token and this step.
        """
        return self._agree(self._metrics) if self.streams else {}

    def _metrics(self) -> dict[str, Any]:
        stats = self.engine.stats
        if (
            self.backend.worker_pool is not None
        ):  # workers go on while the trainer trains, which counts for the next step
            self.engine.stats = RolloutStats()
        return {
            "rollout/occupancy": stats.tokens / max(stats.offered, 1),
            "rollout/decode_steps": stats.decode_steps,
            "rollout/on_policy_share": mean(age == 0 for age in stats.ages),
            "rollout/staleness_mean": mean(stats.ages),
            "rollout/staleness_max": max(stats.ages),
            "rollout/staleness_counts": {
                str(age): stats.ages.count(age) for age in sorted(set(stats.ages))
            },
            "rollout/dropped": stats.dropped,
            "rollout/in_flight": len(self.rollout_state.pool),
        }

    def save_snapshots(self) -> None:
        """Before a checkpoint: write the policies that its unfinished samples are to be continued
        with.
        """
        self.service.end()
        self._write()
        for policy_version in self._agree(self._live):
            target = self.directory.snapshot_directory(policy_version)
            if not self.backend.on_rank_zero(target.exists):
                self.backend.save(self.local.policies[policy_version], self.config, {}, target)

    def drop_snapshots(self) -> None:
        """After a checkpoint: delete those that nobody needs."""
        self.directory.drop_snapshots(self._agree(self._live))

    def _keep(self, newest: int, state: State) -> None:
        """Hold on to the policies that samples may be continued with, and to the newest."""
        policies = self.local.policies
        if self.config.rollout.continue_with == "newest":
            self.local.policies = {newest: state}
            return
        if newest not in policies:
            policies[newest] = self.backend.snapshot(state, self.config)
        kept = {*self._agree(self._live), newest}
        self.local.policies = {number: policies[number] for number in sorted(kept)}

    def _agree(self, compute: Callable[[], Answer]) -> Answer:
        """What every process finds for itself, or what the is_main_process finds where it alone
        decides.
        """
        return compute() if self.backend.worker_pool is None else self.backend.on_rank_zero(compute)

    def _live(self) -> list[int]:
        """Publications that unfinished samples are to be continued with."""
        if self.config.rollout.continue_with == "newest":
            return []
        samples = self.rollout_state.schedule.samples.values()
        return sorted(
            {sample.newest for sample in samples if sample.tokens and not sample.finished}
        )

    def _log(self, event: Event) -> None:
        if self.streams:
            self.events.append(event)

    def _write(self) -> None:
        self.directory.append_all(
            "schedule.jsonl", [{"step": self.step} | line_of(event) for event in self.events]
        )
        self.events.clear()
