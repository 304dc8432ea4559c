"""The rollouts of one run: publishes weights, keeps the event log and the snapshots, reports cost.

Files of the run directory:

- ``schedule.jsonl``: every event of a streaming run, one a line; ``seed srs replay`` checks it
- ``snapshots/policy_version_K``: policies that unfinished samples continue with
  (``rollout.continue_with``)
"""

from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any, Generic, TypeVar

from seed.reference.rewards.verdicts import Verdicts
from seed.reference.rollouts.engine import Engine, LocalEngine, RolloutStats
from seed.reference.rollouts.events import Event, line_of
from seed.reference.rollouts.rules import rules_of
from seed.reference.rollouts.streaming import RolloutState, Streaming
from seed.reference.rollouts.worker_pool import BackgroundService, WorkerPoolEngine
from seed.reference.training.run_directory import RunDirectory
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Request, Rollout

State = TypeVar("State")
Answer = TypeVar("Answer")


class Rollouts(Generic[State]):
    """The scheduler of a run and its engine.

    Without remote workers every process makes the same decisions for itself. With them only the
    main process knows the order of events: it decides, and the other trainer ranks follow.
    """

    def __init__(
        self,
        backend: Backend[State],
        config: Config,
        directory: RunDirectory,
        rollout_state: RolloutState,
        verdicts: Verdicts,
    ) -> None:
        """Continue from a state, and read the snapshots that its samples need.

        What ends is handed to ``verdicts`` at once, in the main process.
        """
        self.backend, self.config, self.directory = backend, config, directory
        self.rollout_state, self.worker_pool = rollout_state, backend.worker_pool
        rules = rules_of(config)
        self.local = LocalEngine(backend, config, config.rollout_sampling, rules.workers[0].slots)
        self.engine: Engine = self.local
        if self.worker_pool is not None:
            self.pool_engine = WorkerPoolEngine(backend, self.local, self.worker_pool, config)
            self.engine = self.pool_engine
        judge = (verdicts.submit, verdicts.forget) if backend.is_main_process else ()
        self.streaming = Streaming(rules, rollout_state, self.engine, self._log, *judge)
        self.service = BackgroundService(self.streaming.serve)
        self.is_streaming = config.rollout.srs_alpha < 1.0
        self.events: list[Event] = []
        self.step, self.sent = 0, -1
        self.streaming.forget_workers()
        for policy_version in self._agree(self._needed_snapshots):
            self.local.policies[policy_version], _ = backend.restore(
                config, directory.snapshot_directory(policy_version)
            )

    def publish(self, state: State, config: Config, step: int) -> None:
        """Sample from these weights from now on, with the settings of the phase."""
        self.service.end()
        self.step, self.local.config = step, config
        if self.worker_pool is None:
            self.engine.stats = RolloutStats()
        newest = self._agree(lambda: self.streaming.publish(self.backend.optimizer_step(state)))
        self._keep(newest, state)
        if self.worker_pool is not None and newest != self.sent:
            # New workers have no weights: after a resume they need the snapshots as well.
            versions = sorted(self.local.policies) if self.sent < 0 else [newest]
            for version in versions:
                policy = self.local.policies[version]
                self.worker_pool.publish(policy, version, config.rollout.precision)
            self.sent = newest

    def prompts_needed(self) -> int:
        """Prompts that the next ``finish`` needs."""
        self.service.end()
        return self._agree(self.streaming.prompts_needed)

    def finish(self, requests: Sequence[Request]) -> list[Rollout]:
        """Submit samples, wait for a batch and write the log."""
        if self.worker_pool is None:
            batch = self.streaming.finish(requests)
            self._write()
        elif self.backend.is_main_process:
            self.service.end()
            self.pool_engine.waits = True
            batch = self.streaming.finish(requests)
            self.pool_engine.waits = False
            self.pool_engine.end_following(batch)
            self._write()
            self.service.begin()
        else:
            batch = self.pool_engine.follow()
        return batch

    def close(self, step: int) -> None:
        """End the run: drop what is still in flight."""
        self.service.end()
        self.step = step
        self.streaming.close()
        self._write()

    def metrics(self) -> dict[str, Any]:
        """Metrics of streaming in this step; none in a synchronous run.

        Occupancy is the share of slots that drew a token. Staleness is the number of policy
        versions between a sample's oldest token and this step.
        """
        return self._agree(self._metrics) if self.is_streaming else {}

    def _metrics(self) -> dict[str, Any]:
        stats = self.engine.stats
        if self.worker_pool is not None:
            # Remote workers decode during training too; that counts for the next step.
            self.engine.stats = RolloutStats()
        counts = {str(age): stats.ages.count(age) for age in sorted(set(stats.ages))}
        return {
            "rollout/occupancy": stats.tokens / max(stats.offered, 1),
            "rollout/decode_steps": stats.decode_steps,
            "rollout/on_policy_share": mean(age == 0 for age in stats.ages),
            "rollout/staleness_mean": mean(stats.ages),
            "rollout/staleness_max": max(stats.ages),
            "rollout/staleness_counts": counts,
            "rollout/dropped": stats.dropped,
            "rollout/in_flight": len(self.rollout_state.pool),
        }

    def save_snapshots(self) -> None:
        """Before a checkpoint: write the policies that its unfinished samples continue with."""
        self.service.end()
        self._write()
        for policy_version in self._agree(self._needed_snapshots):
            target = self.directory.snapshot_directory(policy_version)
            if not self.backend.on_rank_zero(target.exists):
                self.backend.save(self.local.policies[policy_version], self.config, {}, target)

    def drop_snapshots(self) -> None:
        """After a checkpoint: delete the snapshots that no sample needs, now or in a checkpoint."""
        if self.config.rollout.continue_with == "snapshot":
            self.directory.drop_snapshots(self._agree(self._needed_snapshots))

    def _keep(self, newest: int, state: State) -> None:
        """Hold the newest policy, and the policies that samples may continue with."""
        policies = self.local.policies
        if self.config.rollout.continue_with == "newest":
            self.local.policies = {newest: state}
            return
        if newest not in policies:
            policies[newest] = self.backend.snapshot(state, self.config)
        kept = {*self._agree(self._needed_snapshots), newest}
        self.local.policies = {version: policies[version] for version in sorted(kept)}

    def _agree(self, compute: Callable[[], Answer]) -> Answer:
        """The result of every process, or the main process's where only it decides."""
        return compute() if self.worker_pool is None else self.backend.on_rank_zero(compute)

    def _needed_snapshots(self) -> list[int]:
        """Policy versions that unfinished samples continue with."""
        if self.config.rollout.continue_with == "newest":
            return []
        samples = self.rollout_state.schedule.samples.values()
        return sorted({s.newest for s in samples if s.tokens and not s.finished})

    def _log(self, event: Event) -> None:
        if self.is_streaming:
            self.events.append(event)

    def _write(self) -> None:
        lines = [{"step": self.step} | line_of(event) for event in self.events]
        self.directory.append_all("schedule.jsonl", lines)
        self.events.clear()
