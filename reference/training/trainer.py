"""The whole training run in reading order: sft_step, pretrain the value model, reinforce; examined
before and after RL.

    supervised         cold start on demonstrations                                        report 4.1
    value_pretraining  fit V to Monte-Carlo returns of the frozen policy                   VAPO 4.1
    reinforcement      problems -> rollouts -> rewards -> advantages -> updates            VAPO, DAPO

The loop is written against ``spec.backend.Backend`` and owns every decision that is not arithmetic.
Its progress is a plain value that a checkpoint stores beside the weights, so a killed run goes on
as if nothing had happened.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import numpy as np

from seed.reference.evaluation.evaluate import examine, held_out_problems
from seed.reference.evaluation.judges import evaluate_judges, judge_summary
from seed.reference.rewards import reward_model
from seed.reference.rewards.reward import quality_of, score
from seed.reference.rewards.reward_model import RewardModel
from seed.reference.tasks.problems import training_problem
from seed.reference.tasks.puzzles import FAMILIES
from seed.reference.training import metrics as journal
from seed.reference.training.batch import plain_batch, rollout_batch, truncated_importance
from seed.reference.training.progress import Progress
from seed.reference.training.prompt_stream import Collection, collect
from seed.reference.training.rollout_manager import Rollouts
from seed.reference.training.run_directory import RunDirectory
from seed.spec.backend import Backend
from seed.spec.config import Config
from seed.spec.datatypes import Batch, Metrics, Request, ScoredRollout
from seed.spec.errors import Reason, SeedError
from seed.spec.observer import Observer
from seed.spec.philox import generator
from seed.spec.tokenizer import END, encode, vocabulary_for

State = TypeVar("State")
PATIENCE = 2
"""Consecutive steps that must reach the wanted explained variance: one alone may be luck of the
batch.
"""


@dataclass
class Run(Generic[State]):
    """A run in motion: what it was told, what it learned so far, and where it writes."""

    backend: Backend[State]
    config: Config
    directory: RunDirectory
    observer: Observer
    state: State
    progress: Progress = field(default_factory=Progress)
    reward_model: RewardModel[State] | None = None
    started: float = field(default_factory=time.monotonic)
    rollouts: Rollouts[State] = field(init=False)

    def __post_init__(self) -> None:
        """The schedule goes on from the rollout_state that progress keeps."""
        self.rollouts = Rollouts(
            self.backend, self.config, self.directory, self.progress.rollout_state
        )


def check(config: Config) -> None:
    """Refuse, before anything is written, what the configuration alone cannot know to be
    impossible.

    Raises:
        SeedError: A family or level does not exist, there are too few distinct held-out problems,
            or the vocabulary is too small for the families' characters.
    """
    held_out_problems(config)
    reward_model.check(config)
    characters = "".join(FAMILIES[family].CHARACTERS for family in config.data.families)
    needed = vocabulary_for(characters + (reward_model.CHARACTERS if config.data.preferred else ""))
    if config.model.vocabulary < needed:
        raise SeedError(
            Reason.ILLEGAL_VALUE,
            f"model.vocabulary={config.model.vocabulary} must be at least {needed}, for the"
            " characters of data.families",
        )


def start(
    backend: Backend[State], config: Config, directory: RunDirectory, observer: Observer
) -> Run[State]:
    """A new run from random weights."""
    return Run(backend, config, directory, observer, backend.initial_state(config))


def resume(
    backend: Backend[State], config: Config, directory: RunDirectory, observer: Observer
) -> Run[State]:
    """The run as it was at its newest checkpoint; what was written after it is cut off and will be
    written again.
    """
    newest = backend.on_rank_zero(directory.newest_checkpoint)
    if newest is None:
        directory.cut_after(0)
        return start(backend, config, directory, observer)
    state, saved = backend.restore(config, newest)
    progress = Progress.from_json(saved)
    directory.cut_after(progress.step)
    return Run(backend, config, directory, observer, state, progress)


def train(run: Run[State]) -> dict[str, Any]:
    """Take a run to its end, from wherever it stands.

    Returns:
        The summary, also written to ``summary.json``.
    """
    run.reward_model = reward_model.ready(
        run.backend, run.config, run.directory.path / "reward_model", run.observer
    )
    if run.progress.phase == "supervised":
        supervised(run)
        finish_phase(run, "value_pretraining" if run.config.uses_value_model else "reinforcement")
    if run.progress.phase == "value_pretraining":
        pretrain_value(run)
        finish_phase(run, "reinforcement")
    if run.progress.phase == "reinforcement":
        reinforce(run)
        finish_phase(run, "done")
    summary = run.backend.on_rank_zero(lambda: summarise(run))
    run.directory.write_json("summary.json", summary)
    return summary


def finish_phase(run: Run[State], following: str) -> None:
    """Examine where an examination is due, prepare the next phase and publish a checkpoint that is
    kept for good.
    """
    progress = run.progress
    if progress.phase == "supervised":
        progress.eval_before = examine(
            run.backend, run.state, run.config, run.observer, "evaluation before RL"
        )
        progress.judges["before"] = evaluate_judges(
            run.backend, run.state, run.config, run.reward_model
        )
        run.state = run.backend.start_rl(run.state, run.config)
    if following == "done":
        run.rollouts.close(progress.step)
        progress.eval_after = examine(
            run.backend, run.state, run.config, run.observer, "evaluation after RL"
        )
        progress.judges["after"] = evaluate_judges(
            run.backend, run.state, run.config, run.reward_model
        )
    progress.phase, progress.phase_step = following, 0
    progress.phase_ends.append(progress.step)
    save(run)


def save(run: Run[State]) -> None:
    """Publish rollouts and a checkpoint of this moment, then drop checkpoints that nobody needs."""
    now = time.monotonic()
    run.progress.seconds += now - run.started
    run.started = now
    run.directory.publish_rollouts()
    target = run.directory.checkpoint_directory(run.progress.step)
    run.rollouts.save_snapshots()
    run.backend.save(run.state, run.config, run.progress.to_json(), target)
    run.rollouts.drop_snapshots()
    run.directory.drop_old_checkpoints(run.config.run.keep_checkpoints, run.progress.phase_ends)


def step_done(
    run: Run[State],
    metrics: dict[str, Any],
    timing: Metrics,
    events: Sequence[tuple[str, str]] = (),
) -> None:
    """Count a step, write its lines, say its events aloud, checkpoint if one is due."""
    progress = run.progress
    progress.step += 1
    progress.phase_step += 1
    place = {"phase": progress.phase, "step": progress.step, "phase_step": progress.phase_step}
    run.directory.append(
        "metrics.jsonl", place | metrics | {"events": [name for name, _ in events]}
    )
    run.directory.append("timings.jsonl", place | timing)
    for name, line in events:
        run.observer.event(name, f"step {progress.step}: {line}")
    if progress.phase_step % run.config.run.checkpoint_every == 0:
        save(run)


# Cold start


def supervised(run: Run[State]) -> None:
    """Imitate demonstrations: each step draws ``supervised.batch`` of the ``data.demonstrations``
    without replacement.
    """
    config = run.config
    run.observer.phase("supervised", config.supervised.steps, run.progress.phase_step)
    demonstrations = [
        training_problem(config.data.families, config.data.difficulties, index, config.seed)
        for index in range(config.data.demonstrations)
    ]
    prompts = [encode(problem.prompt) for problem in demonstrations]
    bare = (
        generator(config.seed, "bare demonstrations").random(len(demonstrations))
        < config.data.bare_share
    )
    shown = [
        p.answer if short else p.demonstration
        for p, short in zip(demonstrations, bare, strict=True)
    ]
    responses = [(*encode(text), END) for text in shown]
    size = min(config.supervised.batch, len(demonstrations))
    while run.progress.phase_step < config.supervised.steps:
        began = time.monotonic()
        random = generator(config.seed, "demonstrations", run.progress.phase_step)
        chosen = random.choice(len(demonstrations), size, replace=False)
        batch = plain_batch([prompts[i] for i in chosen], [responses[i] for i in chosen])
        run.state, metrics = run.backend.sft_step(run.state, config, batch)
        seconds = time.monotonic() - began
        step_done(
            run,
            journal.mean_of([metrics], "policy/"),
            {"update_seconds": seconds, "update_tokens": float(batch.lengths.sum())},
        )
        run.observer.advance(loss=metrics["loss_nll"])


# Value pretraining


def pretrain_value(run: Run[State]) -> None:
    """Sample from the frozen policy and fit V to the Monte-Carlo return until V explains returns it
    has not seen.

    The explained variance that decides is measured on each step's fresh rollouts before V learns
    from them.
    """
    settings = run.config.value_pretraining
    run.observer.phase("value pretraining", settings.steps, run.progress.phase_step)
    # Monte-Carlo returns are lambda 1, whatever lambda_value RL will use.
    frozen = run.config.algorithm.model_copy(
        update={"lambda_value": 1.0, "dynamic_sampling": False}
    )
    config = run.config.model_copy(update={"algorithm": frozen}).in_phase("value_pretraining")
    while run.progress.phase_step < settings.steps and run.progress.patience < PATIENCE:
        collection, rollout_timing = roll_out(run, config)
        scored = [item for group in collection.groups for item in group]
        batch = learnable(run, config, scored)
        began = time.monotonic()
        metrics = journal.sampling_metrics(collection.sampled, config.data) | journal.value_metrics(
            batch
        )
        metrics |= run.rollouts.metrics() | rollout_gap(run, config, scored)
        metrics |= update(run, config, batch, policy_moves=False)
        timing = rollout_timing | update_timing(began, batch)
        reached = metrics["value/explained_variance"] >= settings.explained_variance
        run.progress.patience = run.progress.patience + 1 if reached else 0
        step_done(run, metrics, timing)
        run.observer.advance(explained_variance=metrics["value/explained_variance"])


# Reinforcement


def reinforce(run: Run[State]) -> None:
    """Learn from rewards for ``rollout.steps`` steps, or until dynamic sampling finds no more to
    learn from.
    """
    config = run.config.in_phase("reinforcement")
    run.observer.phase("reinforcement", config.rollout.steps, run.progress.phase_step)
    while run.progress.phase_step < config.rollout.steps and not run.progress.stopped:
        collection, rollout_timing = roll_out(run, config)
        if collection.exhausted:
            stop_exhausted(run, collection)
            return
        scored = [item for group in collection.groups for item in group]
        batch = learnable(run, config, scored)
        began = time.monotonic()
        events = learning_events(batch, [quality_of(item, config) for item in scored])
        metrics = journal.sampling_metrics(collection.sampled, config.data) | journal.group_metrics(
            collection.groups
        )
        metrics |= {"rollout/generation_rounds": collection.rounds} | journal.advantage_metrics(
            batch, config
        )
        metrics |= (
            run.rollouts.metrics()
            | rollout_gap(run, config, scored)
            | journal.importance_metrics(batch, config)
        )
        metrics |= journal.value_metrics(batch) if config.uses_value_model else {}
        metrics |= update(run, config, batch, policy_moves=has_signal(batch, config))
        timing = rollout_timing | update_timing(began, batch)
        run.directory.keep_rollouts(run.progress.step + 1, scored)
        for line in journal.sample_lines(scored, config.run.sampled_rollouts):
            run.directory.append("samples.jsonl", {"step": run.progress.step + 1} | line)
        step_done(run, metrics, timing, events)
        run.observer.advance(
            accuracy=metrics["reward/accuracy"], length=metrics["response_length/mean"]
        )


def roll_out(run: Run[State], config: Config) -> tuple[Collection, Metrics]:
    """Collect one batch of scored groups; the curriculum moves on."""
    began = time.monotonic()
    run.rollouts.publish(run.state, config, run.progress.step + 1)

    def sample_and_score(requests: Sequence[Request]) -> list[ScoredRollout]:
        rollouts = run.rollouts.finish(requests)
        preferences = reward_model.preferences(run.reward_model, config, rollouts)
        judged = list(zip(rollouts, preferences, strict=True))
        return run.backend.on_rank_zero(
            lambda: [score(rollout, config, preference) for rollout, preference in judged]
        )

    collection = collect(
        config, run.progress.prompt_stream, sample_and_score, run.rollouts.prompts_needed
    )
    run.progress.prompt_stream = collection.state
    tokens = sum(len(item.rollout.response_tokens) for item in collection.sampled)
    return collection, {
        "rollout_seconds": time.monotonic() - began,
        "rollout_tokens": float(tokens),
    }


def learnable(run: Run[State], config: Config, scored: Sequence[ScoredRollout]) -> Batch:
    """Rows with values, advantages and value targets: all that the updates need."""
    rewards = np.array([item.reward for item in scored])
    batch = run.backend.advantages(run.state, config, rollout_batch(scored), rewards)
    if not config.algorithm.importance_cap:
        return batch
    return truncated_importance(
        batch, run.backend.log_probs(run.state, config, batch), config.algorithm.importance_cap
    )


def rollout_gap(run: Run[State], config: Config, scored: Sequence[ScoredRollout]) -> Metrics:
    """How far the policies that drew FP8 rollouts are from the trainer's before any update; nothing
    in its own precision.
    """
    if config.rollout.precision == "trainer":
        return {}
    batch = rollout_batch(
        scored
    )  # importance weights may have put the trainer's log-probs in the place of the behaviour's
    return journal.rollout_metrics(batch, run.backend.log_probs(run.state, config, batch))


def update(run: Run[State], config: Config, batch: Batch, policy_moves: bool) -> dict[str, float]:
    """All optimizer steps on one batch: per mini-batch first the value model, then the policy
    (VC-PPO algorithm 1).

    Mini-batches are fixed by the seed before any of them is cut into micro-batches.
    """
    value_steps: list[Metrics] = []
    policy_steps: list[Metrics] = []
    for epoch in range(config.algorithm.epochs):
        order = generator(config.seed, "mini-batches", run.progress.step, epoch).permutation(
            len(batch.tokens)
        )
        for start in range(0, len(order), config.algorithm.mini_batch):
            mini_batch = batch.rows(order[start : start + config.algorithm.mini_batch])
            if config.uses_value_model:
                run.state, metrics = run.backend.update_value(run.state, config, mini_batch)
                value_steps.append(metrics)
            if policy_moves:
                run.state, metrics = run.backend.update_policy(run.state, config, mini_batch)
                policy_steps.append(metrics)
    return journal.mean_of(policy_steps, "policy/") | journal.mean_of(value_steps, "value/")


def has_signal(batch: Batch, config: Config) -> bool:
    """Whether a policy step would be more than momentum: some advantage is not zero, or some
    response is to be imitated.
    """
    counted = batch.response & ~(batch.truncated[:, None] & config.algorithm.overlong_filter)
    imitates = bool(batch.positive.any()) and config.algorithm.positive_weight > 0.0
    return imitates or bool(np.any(batch.advantages[counted] != 0.0))


def learning_events(batch: Batch, qualities: Sequence[float]) -> list[tuple[str, str]]:
    """What must not pass silently about a batch: it can teach nothing, or hardly anything."""
    events = []
    if batch.truncated.all():
        events.append(("all_truncated_batch", "every response hit rollout.max_response_tokens"))
    quality = np.array(qualities)
    rewards_equal = [
        len(np.unique(quality[batch.group == group])) == 1 for group in np.unique(batch.group)
    ]
    if all(rewards_equal):
        events.append(
            ("zero_variance_batch", "in every group all responses are right or all are wrong")
        )
    return events


def stop_exhausted(run: Run[State], collection: Collection) -> None:
    """End RL by name when dynamic sampling cannot fill a batch; groups already found stay in the
    checkpoint.
    """
    run.progress.prompt_stream = replace(collection.state, surplus=tuple(collection.groups))
    run.progress.stopped = "dynamic_sampling_exhausted"
    run.observer.event(
        run.progress.stopped,
        f"step {run.progress.step + 1}: {collection.rounds} rounds brought {len(collection.groups)}"
        f" of {run.config.rollout.prompts} useful groups; RL ends here"
        " (algorithm.dynamic_sampling_tries)",
    )


def update_timing(began: float, batch: Batch) -> Metrics:
    """Seconds since ``began`` and tokens of the batch, prompt included, for the throughput of
    updates.
    """
    return {"update_seconds": time.monotonic() - began, "update_tokens": float(batch.lengths.sum())}


# The end


def summarise(run: Run[State]) -> dict[str, Any]:
    """The run in one mapping."""
    progress, config = run.progress, run.config
    timings = [
        line for line in run.directory.read("timings.jsonl") if line["phase"] == "reinforcement"
    ]
    steps = len(timings)
    return {
        "seed": config.seed,
        "recipe": config.recipe,
        "preset": config.preset,
        "backend": run.backend.name,
        "precision": config.precision,
        "steps": steps,
        "steps_by_phase": {
            phase: sum(line["phase"] == phase for line in run.directory.read("timings.jsonl"))
            for phase in ("supervised", "value_pretraining", "reinforcement")
        },
        "stopped": progress.stopped or "steps_done",
        "wall_seconds": progress.seconds,
        "eval_before": progress.eval_before,
        "eval_after": progress.eval_after,
        **judge_summary(progress.judges, run.reward_model),
        "tokens_per_second": {kind: throughput(timings, kind) for kind in ("rollout", "update")},
        **journal.streaming_summary(run.directory.read("metrics.jsonl")),
    }


def throughput(timings: Sequence[dict[str, Any]], kind: str) -> float:
    """Tokens per second of one kind of work over all RL steps, 0 if there was none."""
    seconds = sum(line[f"{kind}_seconds"] for line in timings)
    return sum(line[f"{kind}_tokens"] for line in timings) / seconds if seconds else 0.0
