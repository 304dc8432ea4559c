"""The whole training run in reading order.

    supervised         SFT on demonstrations                                           report 4.1
    value_pretraining  fit V to Monte-Carlo returns of the frozen policy               VAPO 4.1
    reinforcement      rollouts -> rewards -> advantages -> updates                    VAPO, DAPO

The policy is evaluated on held-out problems before and after RL. The loop is written against
``spec.backend.Backend`` and owns every decision that is not arithmetic. Where it stands is a plain
value that a checkpoint stores beside the weights, so a killed run resumes as if never interrupted.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from seed.reference.evaluation.evaluate import evaluate_held_out
from seed.reference.evaluation.judges import evaluate_judges
from seed.reference.rewards import reward_model
from seed.reference.rewards.reward import quality_of, score
from seed.reference.tasks.task import any_problem, problems_of, tokenizer_of
from seed.reference.training.batch import rollout_batch
from seed.reference.training.metrics import (
    group_metrics,
    learning_events,
    log_prob_gap,
    mean_of,
    rl_metrics,
    sample_lines,
    sampling_metrics,
    value_pretraining_metrics,
)
from seed.reference.training.prompt_stream import (
    Collection,
    collect,
    observed,
    requests,
    split_groups,
)
from seed.reference.training.run import Run
from seed.reference.training.sft_data import sft_data, sft_metrics
from seed.reference.training.value_start import with_value_model
from seed.spec.config import Config
from seed.spec.datatypes import Batch, Metrics, Request, Rollout, ScoredRollout
from seed.spec.errors import Reason, SeedError
from seed.spec.philox import generator

State = TypeVar("State")
SHOWN_FIGURES = {
    "reward": "reward/mean",
    "accuracy": "reward/accuracy",
    "entropy": "policy/entropy",
    "length": "response_length/mean",
}
"""Metrics of an RL step that the observer shows beside the bar; without an update no entropy."""
PATIENCE = 2
"""Consecutive steps that must reach the explained variance: one alone may be luck of the batch."""


def train(run: Run[State]) -> dict[str, Any]:
    """Take a run to its end, from wherever it stands.

    Returns:
        The summary, also written to ``summary.json``.
    """
    if problem := any_problem(run.config):
        run.backend.on_rank_zero(lambda: run.verdicts.check(problem))
    with closing(run.verdicts):
        return train_and_evaluate(run)


def train_and_evaluate(run: Run[State]) -> dict[str, Any]:
    """``train`` while there are workers for verdicts."""
    directory = run.directory.path / "reward_model"
    run.reward_model = reward_model.load_or_train(run.backend, run.config, directory, run.observer)
    if run.progress.phase == "supervised":
        supervised(run)
        finish_sft(run)
    if run.progress.phase == "value_pretraining":
        pretrain_value(run)
        finish_phase(run, "reinforcement")
    if run.progress.phase == "reinforcement":
        reinforce(run)
        run.rollouts.close(run.progress.step)
        run.progress.eval_after = evaluate(run, "after")
        finish_phase(run, "done")
    summary = run.backend.on_rank_zero(run.summary)
    run.directory.write_json("summary.json", summary)
    return summary


def evaluate(run: Run[State], moment: str) -> dict[str, Any]:
    """Scores on the held-out problems ``before`` or ``after`` RL; judges are evaluated beside.

    Without problems there are none. Without RL those after it are those before it.
    """
    if not problems_of(run.config).groups:
        return {}
    if moment == "after" and not run.config.rollout.steps:
        run.progress.judges[moment] = run.progress.judges["before"]
        run.observer.scores(moment, run.progress.step, run.progress.eval_before)
        return run.progress.eval_before
    title = f"evaluation {moment} RL"
    scores = evaluate_held_out(
        run.backend, run.state, run.config, run.observer, title, run.verdicts
    )
    run.verdicts.take_seconds()  # what evaluations cost is no part of a step
    run.progress.judges[moment] = evaluate_judges(
        run.backend, run.state, run.config, run.reward_model
    )
    run.observer.scores(moment, run.progress.step, scores)
    return scores


def finish_sft(run: Run[State]) -> None:
    """Evaluate the SFT model and start RL from it."""
    run.progress.eval_before = evaluate(run, "before")
    state = with_value_model(run.backend, run.state, run.config)
    run.state = run.backend.start_rl(state, run.config)
    finish_phase(run, "value_pretraining" if run.config.uses_value_model else "reinforcement")


def finish_phase(run: Run[State], following: str) -> None:
    """Enter the next phase, with a checkpoint that is kept for good."""
    run.progress.phase, run.progress.phase_step = following, 0
    run.progress.phase_ends.append(run.progress.step)
    run.save()
    if following != "done":  # the summary of a run that is done is a matter of milliseconds
        run.end_if_asked(is_saved=True)


# SFT


def supervised(run: Run[State]) -> None:
    """SFT: every epoch reads each demonstration or chat once; ``sft_data`` cuts it into steps."""
    config = run.config
    run.observer.phase("SFT", config.supervised.steps, run.progress.phase_step)
    if run.progress.phase_step >= config.supervised.steps:
        return
    data = sft_data(config)
    while run.progress.phase_step < config.supervised.steps and not run.progress.sft_reached:
        step = run.progress.phase_step
        batch = data.batch(step)
        began = time.monotonic()
        run.state, metrics = run.backend.sft_step(run.state, config, batch)
        time_update(run, began, batch)
        checked = check_accuracy(run, config) if is_checked(step, config) else {}
        run.progress.sft_reached = reaches_accuracy(checked, config)
        is_counted = config.data.chats or config.supervised.batch_tokens
        read = sft_metrics(data, step, batch) if is_counted else {}
        run.record(checked | read | mean_of([metrics], "policy/"))
        run.observer.advance(loss=metrics["loss_nll"])


def is_checked(step: int, config: Config) -> bool:
    """Whether an SFT step ends with a look at ``supervised.stop_accuracy``."""
    settings = config.supervised
    return settings.stop_accuracy > 0.0 and (step + 1) % settings.check_every == 0


def check_accuracy(run: Run[State], config: Config) -> dict[str, Any]:
    """Figures of responses to the prompts of the first RL step, as the policy is now."""
    asked = requests(config, 0, config.rollout.prompts)
    rollouts = run.backend.generate(run.state, config, asked, config.rollout_sampling, "SFT")
    scored = score_rollouts(run, config, rollouts)
    return sampling_metrics(scored, config.data) | group_metrics(split_groups(scored))


def reaches_accuracy(checked: dict[str, Any], config: Config) -> bool:
    """Whether a look at the policy ends SFT."""
    return bool(checked) and checked["reward/accuracy"] >= config.supervised.stop_accuracy


# Value pretraining


def pretrain_value(run: Run[State]) -> None:
    """Fit V to Monte-Carlo returns of the frozen policy until V explains returns it has not seen.

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
        collection = collect_rollouts(run, config)
        batch = compute_advantages(run, config, collection.scored)
        metrics = rollout_metrics(run, config, collection)
        metrics |= value_pretraining_metrics(collection, batch, config)
        metrics |= update(run, config, batch, policy_moves=False)
        explained = metrics["value/explained_variance"]
        reached = explained >= settings.explained_variance
        run.progress.patience = run.progress.patience + 1 if reached else 0
        run.record(metrics)
        run.observer.advance(explained_variance=explained)


# RL


def reinforce(run: Run[State]) -> None:
    """RL for ``rollout.steps`` steps, or until dynamic sampling finds nothing to learn from."""
    config = run.config.in_phase("reinforcement")
    run.observer.phase("RL", config.rollout.steps, run.progress.phase_step)
    while run.progress.phase_step < config.rollout.steps and not run.progress.stopped:
        collection = collect_rollouts(run, config)
        if collection.exhausted:
            stop_exhausted(run, collection)
            return
        batch = compute_advantages(run, config, collection.scored)
        metrics = rollout_metrics(run, config, collection) | rl_metrics(collection, batch, config)
        metrics |= update(run, config, batch, policy_moves=has_signal(batch, config))
        record_rl_step(run, config, collection, batch, metrics)


def collect_rollouts(run: Run[State], config: Config) -> Collection:
    """One batch of scored groups; the prompt stream moves on."""
    began = time.monotonic()
    run.rollouts.publish(run.state, config, run.progress.step + 1)

    def sample_and_score(requests: Sequence[Request]) -> list[ScoredRollout]:
        return score_rollouts(run, config, run.rollouts.finish(requests))

    stream = run.progress.prompt_stream
    collection = collect(config, stream, sample_and_score, run.rollouts.prompts_needed)
    collection = observed(config, stream, collection, run.backend.on_rank_zero)
    run.progress.prompt_stream = collection.state
    tokens = sum(len(item.rollout.response_tokens) for item in collection.sampled)
    run.timing["rollout_seconds"] = time.monotonic() - began
    run.timing["rollout_tokens"] = float(tokens)
    run.timing |= run.verdicts.take_seconds()
    if config.rollout.needs_contrast and run.progress.phase_step == 0:
        require_contrast(collection, config)
    return collection


def score_rollouts(
    run: Run[State], config: Config, rollouts: Sequence[Rollout]
) -> list[ScoredRollout]:
    """Verdicts, preferences and rewards of whole groups, in their order."""
    preferences = reward_model.preferences(run.reward_model, config, rollouts)
    # Verifiers look at clocks and files, so one process decides for all.
    verdicts = run.backend.on_rank_zero(lambda: run.verdicts.collect(rollouts))
    return [
        score(rollout, verdict, config, preference)
        for rollout, verdict, preference in zip(rollouts, verdicts, preferences, strict=True)
    ]


def require_contrast(collection: Collection, config: Config) -> None:
    """Refuse a first batch in which no group has better and worse responses.

    Raises:
        SeedError: NOTHING_TO_LEARN.
    """
    groups = split_groups(collection.sampled)
    if any(len({quality_of(item, config) for item in group}) > 1 for group in groups):
        return
    figures = sampling_metrics(collection.sampled, config.data)
    cut = 100 * figures["response_length/truncated_fraction"]
    raise SeedError(
        Reason.NOTHING_TO_LEARN,
        f"in each of the {len(groups)} groups of the first batch all responses are right or all are"
        f" wrong (accuracy {100 * figures['reward/accuracy']:.0f} %, {cut:.0f} % cut off at"
        f" rollout.max_response_tokens={config.rollout.max_response_tokens}): nothing to learn"
        " from. What helps: SFT (supervised.steps), worked examples in the prompt (data.shots),"
        " other problems, a larger rollout.samples_per_prompt, rollout.temperature below 1;"
        " rollout.needs_contrast=false begins all the same",
    )


def compute_advantages(run: Run[State], config: Config, scored: Sequence[ScoredRollout]) -> Batch:
    """Rows with values, advantages and value targets: all that the updates need."""
    rewards = np.array([item.reward for item in scored])
    batch = run.backend.advantages(run.state, config, rollout_batch(scored), rewards)
    if config.algorithm.importance_cap:
        batch = run.backend.split_ratio(run.state, config, batch)
    return batch


def rollout_metrics(run: Run[State], config: Config, collection: Collection) -> dict[str, Any]:
    """How the rollouts were made: what was asked, streaming, the gap of sampler and policy."""
    metrics = run.rollouts.metrics() | dict(collection.asked)
    if config.rollout.precision == "trainer":
        return metrics
    # Not the batch with advantages: there log-probs of the trainer may have replaced the sampler's.
    batch = rollout_batch(collection.scored)
    return metrics | log_prob_gap(batch, run.backend.log_probs(run.state, config, batch))


def update(run: Run[State], config: Config, batch: Batch, policy_moves: bool) -> Metrics:
    """All optimizer steps on one batch: per mini-batch first the value model, then the policy.

    Mini-batches are fixed by the seed before any of them is cut into micro-batches.
    Source: VC-PPO algorithm 1.

    Returns:
        Mean of each figure over the optimizer steps, as ``policy/NAME`` and ``value/NAME``.
    """
    began = time.monotonic()
    value_steps: list[Metrics] = []
    policy_steps: list[Metrics] = []
    size = config.algorithm.mini_batch
    for epoch in range(config.algorithm.epochs):
        random = generator(config.seed, "mini-batches", run.progress.step, epoch)
        order = random.permutation(len(batch.tokens))
        for first in range(0, len(order), size):
            mini_batch = batch.rows(order[first : first + size])
            if config.uses_value_model:
                run.state, metrics = run.backend.update_value(run.state, config, mini_batch)
                value_steps.append(metrics)
            if policy_moves:
                run.state, metrics = run.backend.update_policy(run.state, config, mini_batch)
                policy_steps.append(metrics)
    time_update(run, began, batch, learned=bool(policy_steps or value_steps))
    return mean_of(policy_steps, "policy/") | mean_of(value_steps, "value/")


def has_signal(batch: Batch, config: Config) -> bool:
    """Whether a policy step would be more than momentum.

    It is if some advantage is not zero, or if the positive-example loss has an example.
    """
    counted = batch.response & ~(batch.truncated[:, None] & config.algorithm.overlong_filter)
    has_positive = bool(batch.positive.any()) and config.algorithm.positive_weight > 0.0
    return has_positive or bool(np.any(batch.advantages[counted] != 0.0))


def record_rl_step(
    run: Run[State], config: Config, collection: Collection, batch: Batch, metrics: dict[str, Any]
) -> None:
    """Write a step's rollouts, a few samples as text, its metrics and events."""
    step = run.progress.step + 1
    run.directory.keep_rollouts(step, collection.scored)
    samples = [
        {"step": step} | line
        for line in sample_lines(
            collection.scored, config.run.sampled_rollouts, tokenizer_of(config)
        )
    ]
    run.directory.append_all("samples.jsonl", samples)
    run.record(metrics, learning_events(collection, batch, config))
    run.observer.advance(
        **{name: metrics[key] for name, key in SHOWN_FIGURES.items() if key in metrics}
    )
    show_sample(run, samples)


def show_sample(run: Run[State], samples: Sequence[dict[str, Any]]) -> None:
    """Tell the observer one of the step's samples, every ``run.show`` RL steps."""
    every, rl_step = run.config.run.show, run.progress.phase_step
    if every and rl_step % every == 0:
        # Families take turns within a step, so the first sample would always be of the same one.
        run.observer.sample(samples[rl_step // every % len(samples)])


def stop_exhausted(run: Run[State], collection: Collection) -> None:
    """End RL by name when dynamic sampling cannot fill a batch.

    Groups that were collected stay in the checkpoint.
    """
    run.progress.prompt_stream = replace(collection.state, surplus=tuple(collection.groups))
    run.progress.stopped = "dynamic_sampling_exhausted"
    run.observer.event(
        run.progress.stopped,
        f"step {run.progress.step + 1}: {collection.rounds} rounds brought {len(collection.groups)}"
        f" of {run.config.rollout.prompts} useful groups; RL ends here"
        " (algorithm.dynamic_sampling_tries)",
    )


def time_update(run: Run[State], began: float, batch: Batch, learned: bool = True) -> None:
    """Note the seconds since ``began`` and the tokens learned from, prompts included."""
    run.timing["update_seconds"] = time.monotonic() - began
    run.timing["update_tokens"] = float(batch.lengths.sum()) if learned else 0.0
