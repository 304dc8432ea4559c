"""A run in progress: where it stands, how it starts and resumes, what a step leaves on disk."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from seed.reference.evaluation.judges import judge_summary
from seed.reference.rewards import reward_model
from seed.reference.rewards.reward_model import RewardModel
from seed.reference.rewards.verdicts import Verdicts, check_verdicts, verdicts_of
from seed.reference.tasks.problems import check_families
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.tasks.task import tokenizer_of
from seed.reference.training.metrics import streaming_summary
from seed.reference.training.progress import Progress
from seed.reference.training.prompt_distribution import check_distribution
from seed.reference.training.prompt_lengths import check_prompts
from seed.reference.training.resume_check import check_resume
from seed.reference.training.rollout_manager import Rollouts
from seed.reference.training.run_directory import SCHEDULE, RunDirectory
from seed.reference.training.sft_data import sft_data
from seed.reference.training.start import check_demonstrations, initial_state, provenance
from seed.spec.backend import Backend
from seed.spec.characters import vocabulary_for
from seed.spec.config import Config
from seed.spec.datatypes import Metrics
from seed.spec.errors import Ended, Reason, SeedError
from seed.spec.observer import Observer

State = TypeVar("State")
PHASES = ("supervised", "value_pretraining", "reinforcement")


@dataclass
class Run(Generic[State]):
    """Everything that the loop works with.

    Attributes:
        backend: Computes.
        config: Of the whole run; a phase may narrow it.
        directory: Where the run writes.
        observer: Is told phases, steps, metrics, events, samples and scores.
        state: Weights and moments.
        progress: Where the run stands; saved with every checkpoint.
        reward_model: Scores general and hybrid problems, where there are any.
        timing: Seconds and tokens of the step at hand, by kind of work.
        started: When the seconds that ``progress`` does not yet hold began.
        verdicts: Judges responses for the loop.
        rollouts: Samples responses for the loop.
        after_save: Called after every checkpoint, when all files of the run are up to date; it must
            not raise.
        asked_to_end: Number of the signal that asks the run to end; 0 if none does.
    """

    backend: Backend[State]
    config: Config
    directory: RunDirectory
    observer: Observer
    state: State
    progress: Progress = field(default_factory=Progress)
    reward_model: RewardModel[State] | None = None
    timing: Metrics = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    verdicts: Verdicts = field(init=False)
    rollouts: Rollouts[State] = field(init=False)
    after_save: Callable[[], object] = field(default=lambda: None, kw_only=True)
    asked_to_end: Callable[[], int] = field(default=lambda: 0, kw_only=True)

    def __post_init__(self) -> None:
        """The scheduler goes on from the state that the progress holds."""
        self.verdicts = verdicts_of(self.config)
        self.rollouts = Rollouts(
            self.backend, self.config, self.directory, self.progress.rollout_state, self.verdicts
        )

    @classmethod
    def start(
        cls, backend: Backend[State], config: Config, directory: RunDirectory, observer: Observer
    ) -> "Run[State]":
        """A new run from random weights, or from those of ``start.checkpoint``."""
        return cls(backend, config, directory, observer, initial_state(backend, config))

    @classmethod
    def resume(
        cls, backend: Backend[State], config: Config, directory: RunDirectory, observer: Observer
    ) -> "Run[State]":
        """The run as it was at its newest whole checkpoint.

        What was written after the checkpoint is cut off; the resumed run writes it again.

        Raises:
            SeedError: DAMAGED_CHECKPOINT, FOREIGN_CHECKPOINT, UNREADABLE_FILE.
        """
        newest, damages = backend.on_rank_zero(directory.newest_whole_checkpoint)
        if newest is None:
            backend.on_rank_zero(lambda: directory.cut_after(0))
            return cls.start(backend, config, directory, observer)
        changed = backend.on_rank_zero(lambda: check_resume(config, directory, newest))
        run = cls.continued(backend, config, directory, observer, newest)
        for damage in damages:
            line = f"{damage}; renamed to damaged_step_N; continuing from {newest}"
            observer.event("checkpoint_damaged", line)
        if changed:
            line = f"{changed} since {newest} was saved; this may change last digits of numbers"
            observer.event("software_differs", line)
        return run

    @classmethod
    def continued(
        cls,
        backend: Backend[State],
        config: Config,
        directory: RunDirectory,
        observer: Observer,
        checkpoint: Path,
    ) -> "Run[State]":
        """The run as it was at a whole checkpoint, under a configuration that may differ.

        Raises:
            SeedError: DAMAGED_CHECKPOINT, FOREIGN_CHECKPOINT, UNREADABLE_FILE.
        """
        state, saved = backend.restore(config, checkpoint)
        progress = Progress.from_json(saved)
        backend.on_rank_zero(lambda: directory.cut_after(progress.step, progress.schedule_bytes))
        run = cls(backend, config, directory, observer, state, progress)
        run.drop_unneeded()  # a kill may have come between the checkpoint and this
        return run

    def record(self, metrics: Mapping[str, Any], events: Sequence[tuple[str, str]] = ()) -> None:
        """Count a step, write and report its line and events, save a checkpoint if one is due.

        Raises:
            Ended: A signal has asked for it; a checkpoint of this step is saved.
        """
        progress = self.progress
        progress.step += 1
        progress.phase_step += 1
        step = {"phase": progress.phase, "step": progress.step, "phase_step": progress.phase_step}
        names = [name for name, _ in events]
        line = step | dict(metrics) | {"events": names}
        self.directory.append("metrics.jsonl", line)
        self.directory.append("timings.jsonl", step | self.timing)
        self.timing = {}
        self.observer.metrics(line)
        for name, what in events:
            self.observer.event(name, f"step {progress.step}: {what}")
        is_due = progress.phase_step % self.config.run.checkpoint_every == 0
        if is_due:
            self.save()
        self.end_if_asked(is_saved=is_due)

    def end_if_asked(self, is_saved: bool) -> None:
        """End, with a checkpoint of this moment, if a signal has asked for it.

        Raises:
            Ended: It has; on all ranks.
        """
        if not self.config.run.save_on_signal:
            return
        if number := self.backend.on_rank_zero(self.asked_to_end):
            if not is_saved:
                self.save()
            raise Ended(number)

    def save(self) -> None:
        """Publish rollouts and a checkpoint of this moment, then drop what nobody needs."""
        now = time.monotonic()
        self.progress.seconds += now - self.started
        self.started = now
        self.directory.publish_rollouts()
        target = self.directory.checkpoint_directory(self.progress.step)
        self.rollouts.save_snapshots()
        self.directory.flush_lines()
        self.progress.schedule_bytes = self.directory.size(SCHEDULE)
        self.backend.save(self.state, self.config, self.progress.to_json(), target)
        self.drop_unneeded()
        self.after_save()

    def drop_unneeded(self) -> None:
        """Delete checkpoints that nobody needs any more, then snapshots that none of them needs."""
        keep = self.config.run.keep_checkpoints
        spared = self.progress.phase_ends if self.config.run.keep_phase_ends else []
        self.directory.drop_old_checkpoints(keep, spared)
        self.rollouts.drop_snapshots()

    def summary(self) -> dict[str, Any]:
        """The run in one mapping; only rank 0 can read the files."""
        lines = self.directory.read("timings.jsonl")
        rl_lines = [line for line in lines if line["phase"] == "reinforcement"]
        progress, config = self.progress, self.config
        return {
            "seed": config.seed,
            "recipe": config.recipe,
            "preset": config.preset,
            "backend": self.backend.name,
            "precision": config.precision,
            **provenance(config),
            "steps": len(rl_lines),
            "steps_by_phase": {name: sum(x["phase"] == name for x in lines) for name in PHASES},
            "stopped": progress.stopped or "steps_done",
            "wall_seconds": progress.seconds,
            "eval_before": progress.eval_before,
            "eval_after": progress.eval_after,
            **judge_summary(progress.judges, self.reward_model),
            "tokens_per_second": {
                kind: throughput(rl_lines, kind) for kind in ("rollout", "update")
            },
            **streaming_summary(self.directory.read("metrics.jsonl")),
        }


def throughput(timings: Sequence[Mapping[str, Any]], kind: str) -> float:
    """Tokens per second of one kind of work over all RL steps, 0 if there was none."""
    seconds = sum(line[f"{kind}_seconds"] for line in timings)
    return sum(line[f"{kind}_tokens"] for line in timings) / seconds if seconds else 0.0


def check(config: Config, backend: Backend[Any]) -> None:
    """Refuse, before anything is written, what the schema alone cannot know to be impossible.

    Raises:
        SeedError: A family or level does not exist, there are too few distinct held-out problems,
            the vocabulary or data.max_prompt_tokens is too small for the families, or the backend
            lacks a term of the loss.
    """
    check_loss_terms(config, backend)
    check_data(config)
    check_demonstrations(config)
    check_distribution(config)
    backend.on_rank_zero(lambda: check_verdicts(config))
    check_chats(config)
    check_prompts(config)


def check_data(config: Config) -> None:
    """The part of ``check`` that draws no problem and needs no backend.

    Raises:
        SeedError: ILLEGAL_VALUE.
    """
    check_families(config.data)
    reward_model.check(config)
    if config.tokenizer.path or not config.data.families:
        check_vocabulary(config)
        return
    characters = "".join(FAMILIES[family].CHARACTERS for family in config.data.families)
    needed = vocabulary_for(characters + (reward_model.CHARACTERS if config.data.preferred else ""))
    if config.model.vocabulary < needed:
        raise SeedError(
            Reason.ILLEGAL_VALUE,
            f"model.vocabulary={config.model.vocabulary} must be at least {needed}, for the"
            " characters of data.families",
        )


def check_chats(config: Config) -> None:
    """Refuse chats that cannot be learned from, and steps of SFT too small for what they read.

    Raises:
        SeedError: As ``sft_data``.
    """
    if config.data.chats or (config.supervised.batch_tokens and config.supervised.steps):
        sft_data(config)


def check_vocabulary(config: Config) -> None:
    """Refuse a model without an embedding for some token, and judges, who read characters only.

    Raises:
        SeedError: ILLEGAL_VALUE, ILLEGAL_COMBINATION.
    """
    known = tokenizer_of(config).vocabulary
    if config.model.vocabulary < known:
        line = f"model.vocabulary={config.model.vocabulary} must be at least {known}, the number of"
        tokenizer = config.tokenizer.path or "the character tokenizer"
        raise SeedError(Reason.ILLEGAL_VALUE, f"{line} tokens of {tokenizer}")
    for name in (*config.data.preferred, *({"equivalence"} & set(config.data.families))):
        raise SeedError(
            Reason.ILLEGAL_COMBINATION,
            f"data.families with {name} needs a judge, which reads characters; with tokenizer.path"
            " legal are verifiable families other than equivalence",
        )


def check_loss_terms(config: Config, backend: Backend[Any]) -> None:
    """Refuse a loss weight that the backend would ignore.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    for name in type(config.algorithm).model_fields:
        weight, term = getattr(config.algorithm, name), name.removesuffix("_weight")
        if term != name and weight and term not in backend.loss_terms:
            raise SeedError(
                Reason.ILLEGAL_COMBINATION,
                f"algorithm.{name}={weight} has no effect with backend={backend.name}, whose loss"
                f" has the terms: {', '.join(backend.loss_terms)}",
            )
