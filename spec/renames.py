"""Names that files of earlier versions use: settings, metrics, events, checkpoint entries.

Whatever reads such a file translates it here, so that runs and checkpoints of version 0.1 can be
continued, evaluated and reported. Nothing is ever written under an old name.
"""

from collections.abc import Mapping
from typing import Any

SETTINGS: Mapping[str, str] = {
    "parallel.units": "parallel.rollout_workers",
    "parallel.unit_tp": "parallel.worker_tp",
    "parallel.unit_cp": "parallel.worker_cp",
    "parallel.unit_ep": "parallel.worker_ep",
    "parallel.unit_slots": "parallel.worker_slots",
    "parallel.unit_timeout": "parallel.worker_timeout",
    "reward_model.examined_pairs": "reward_model.evaluation_pairs",
}
"""``section.key`` of version 0.1 -> ``section.key`` of today."""

VALUES: Mapping[str, Mapping[Any, Any]] = {
    "rollout.at_staleness_bound": {"evict": "drop"},
    "model.query_key_norm": {True: "head", False: "none"},
}
"""Values of a setting that have another name today."""

METRICS: Mapping[str, str] = {
    "accuracy": "reward/accuracy",
    "accuracy_by_family": "reward/accuracy_by_family",
    "accuracy_trained": "reward/accuracy_trained",
    "advantage_mean": "advantage/mean",
    "advantage_std": "advantage/std",
    "explained_variance": "value/explained_variance",
    "generation_rounds": "rollout/generation_rounds",
    "grad_norm": "policy/grad_norm",
    "groups": "rollout/groups",
    "importance_capped_fraction": "rollout/importance_capped_fraction",
    "importance_mean": "rollout/importance_mean",
    "lambda_by_length": "advantage/lambda_by_length",
    "loss_load_balance": "policy/loss_load_balance",
    "loss_nll": "policy/loss_nll",
    "loss_router_z": "policy/loss_router_z",
    "order_gap_absolute": "reward/order_gap_absolute",
    "policy_clip_fraction_high": "policy/clip_fraction_high",
    "policy_clip_fraction_low": "policy/clip_fraction_low",
    "policy_entropy": "policy/entropy",
    "policy_grad_norm": "policy/grad_norm",
    "policy_log_prob_gap": "policy/log_prob_gap",
    "policy_loss_kl": "policy/loss_kl",
    "policy_loss_load_balance": "policy/loss_load_balance",
    "policy_loss_policy": "policy/loss_surrogate",
    "policy_loss_positive": "policy/loss_positive",
    "policy_loss_router_z": "policy/loss_router_z",
    "policy_ratio": "policy/ratio",
    "position_bias": "reward/position_bias",
    "preference_mean": "reward/preference_mean",
    "preference_std": "reward/preference_std",
    "response_length_max": "response_length/max",
    "response_length_mean": "response_length/mean",
    "responses": "rollout/responses",
    "reward_by_class": "reward/by_class",
    "reward_mean": "reward/mean",
    "rollout_log_prob_gap": "rollout/log_prob_gap",
    "srs_decode_steps": "rollout/decode_steps",
    "srs_evicted": "rollout/dropped",
    "srs_occupancy": "rollout/occupancy",
    "srs_on_policy_share": "rollout/on_policy_share",
    "srs_staleness_counts": "rollout/staleness_counts",
    "srs_staleness_max": "rollout/staleness_max",
    "srs_staleness_mean": "rollout/staleness_mean",
    "srs_under_way": "rollout/in_flight",
    "truncated_fraction": "response_length/truncated_fraction",
    "value_by_position": "value/by_position",
    "value_grad_norm": "value/grad_norm",
    "value_mean": "value/mean",
    "value_target_mean": "value/target_mean",
    "value_value_loss": "value/loss",
    "zero_variance_fraction": "reward/zero_variance_fraction",
}
"""Keys of a line of ``metrics.jsonl``."""

EVENTS: Mapping[str, str] = {
    "admitted": "scheduled",
    "evicted": "dropped",
    "joined": "worker_joined",
    "lost": "worker_lost",
    "opened": "submitted",
    "parked": "preempted",
    "recalled": "preempt_requested",
    "switched": "weights_updated",
    "taken": "consumed",
}
"""Names of events in ``schedule.jsonl``."""

EVENT_FIELDS: Mapping[str, str] = {
    "bundle": "atomic_group",
    "unit": "worker",
    "version": "policy_version",
}
"""Fields of those events."""

PROGRESS: Mapping[str, str] = {
    "books": "rollout_state",
    "curriculum": "prompt_stream",
    "version": "optimizer_step",
}
"""Entries of a checkpoint's progress."""

SCHEDULE: Mapping[str, str] = {
    **EVENT_FIELDS,
    "evicted": "dropped",
    "lost": "lost_workers",
    "opened": "submitted",
    "recalled": "preempt_requested",
    "taken": "consumed",
}
"""Fields of the scheduler's state and of its samples, within the progress."""

CHECKPOINT_PARTS: Mapping[str, str] = {"anchor": "reference_policy"}
"""Groups of ``state.h5``."""


OLD_SNAPSHOT = "publication_"
"""Beginning of the name of a snapshot's folder; today it is ``policy_version_``."""


def current_settings(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration of any version as nested plain values that today's ``Config`` reads."""
    result: dict[str, Any] = {}
    for section, settings in tree.items():
        if not isinstance(settings, Mapping):
            result[section] = settings
            continue
        result[section] = {}
        for key, value in settings.items():
            name = SETTINGS.get(f"{section}.{key}", f"{section}.{key}").partition(".")[2]
            values = VALUES.get(f"{section}.{name}", {})
            is_renamed = isinstance(value, str | bool) and value in values
            result[section][name] = values[value] if is_renamed else value
    return result


def current_metrics(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of ``metrics.jsonl`` under today's keys."""
    return {METRICS.get(key, key): value for key, value in line.items()}


def current_event(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of ``schedule.jsonl`` under today's names."""
    renamed = {EVENT_FIELDS.get(key, key): value for key, value in line.items()}
    return renamed | {"event": EVENTS.get(line["event"], line["event"])}


def current_progress(progress: Mapping[str, Any]) -> dict[str, Any]:
    """The progress of a checkpoint under today's names."""
    renamed = {PROGRESS.get(key, key): value for key, value in progress.items()}
    state = renamed.get("rollout_state")
    if isinstance(state, Mapping):
        schedule = {
            key: {number: _renamed(sample, SCHEDULE) for number, sample in value.items()}
            if key == "samples"
            else value
            for key, value in _renamed(state["schedule"], SCHEDULE).items()
        }
        renamed["rollout_state"] = _renamed(state, PROGRESS) | {"schedule": schedule}
    return renamed


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in values.items()}
