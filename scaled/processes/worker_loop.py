"""The loop of a remote worker, on each of its processes: commands, then a block of tokens."""

from collections.abc import Mapping
from typing import assert_never

from seed.reference.rollouts.engine import EventReport, LocalEngine
from seed.reference.rollouts.events import Preempted, Scheduled, WeightsUpdated
from seed.reference.rollouts.messages import Preempt, Start, WorkerReport
from seed.reference.rollouts.rules import rules_of
from seed.scaled.backend import ScaledBackend
from seed.scaled.checkpoint import State
from seed.scaled.optimizer import OptimizerState
from seed.scaled.parallel.collectives import broadcast_object
from seed.scaled.parallel.parallelize import build, fill
from seed.scaled.processes.channel import Channel
from seed.scaled.processes.messages import Stop, UpdateWeights, WorkerProcessCommand
from seed.scaled.processes.world import World
from seed.spec.config import Config
from seed.spec.datatypes import Array

POLL_SECONDS = 0.02
"""Wait for commands when no slot is filled: less than a block of tokens takes on a real model."""


class WorkerLoop:
    """A remote worker at work."""

    def __init__(
        self, world: World, config: Config, backend: ScaledBackend, channel: Channel
    ) -> None:
        self.world, self.config, self.backend, self.channel = world, config, backend, channel
        sampling, slots = config.rollout_sampling, rules_of(config).workers[-1].slots
        self.engine: LocalEngine[State] = LocalEngine(backend, config, sampling, slots)

    def run(self) -> None:
        """Execute commands and decode blocks in turn until Stop."""
        while True:
            for command in self.commands(0.0 if self.engine.busy else POLL_SECONDS):
                match command:
                    case Start(decisions, pool):
                        self.engine.start(decisions, pool)
                    case Preempt(samples):
                        self.engine.preempt(samples)
                    case UpdateWeights(policy_version, optimizer_step, precision, weights):
                        self.load(policy_version, optimizer_step, precision, weights)
                        self.use(policy_version)
                    case Stop():
                        return
                    case _:
                        assert_never(command)
            if self.engine.busy:
                self.report(self.engine.wait(), self.config.rollout.block_tokens)

    def commands(self, patience: float) -> list[WorkerProcessCommand]:
        """New commands, the same on every process of the worker."""
        received = self.channel.read(patience) if self.world.rank == 0 else []
        commands: list[WorkerProcessCommand] = broadcast_object(received, self.backend.mesh.world)
        return commands

    def report(self, reports: list[EventReport], decode_steps: int) -> None:
        """Send events to the main process, from one process of the worker."""
        if self.world.rank == 0:
            self.channel.send(WorkerReport(reports, decode_steps))

    def load(
        self, policy_version: int, optimizer_step: int, precision: str, weights: Mapping[str, Array]
    ) -> None:
        """Build the policy of a policy version."""
        policy, no_moments = build(self.config, self.backend.mesh), OptimizerState({}, {}, 0)
        fill(policy, lambda name, box: weights[name][box])
        rollout = self.config.rollout.model_copy(update={"precision": precision})
        self.engine.config = self.config.model_copy(update={"rollout": rollout})
        self.engine.policies[policy_version] = State(
            policy, None, None, no_moments, no_moments, optimizer_step
        )

    def use(self, policy_version: int) -> None:
        """Make a loaded policy version the newest.

        Running samples continue with it, and the cache is computed anew; if they continue with
        their snapshots, only policies that no sample can need are dropped.
        """
        policies = self.engine.policies
        if self.config.rollout.continue_with == "snapshot":
            oldest = policy_version - self.config.rollout.max_staleness - 1
            self.engine.policies = {n: state for n, state in policies.items() if n >= oldest}
            return
        partial = {
            event.sample: rollouts[0]
            for event, rollouts in self.engine.pause()
            if isinstance(event, Preempted)
        }
        self.engine.policies = {policy_version: policies[policy_version]}
        self.engine.start([Scheduled(number, 0, policy_version) for number in partial], partial)
        self.report([(WeightsUpdated(self.world.worker or 0, policy_version), [])], 0)
