"""What every figure of a run means: keys of ``metrics.jsonl``, ``timings.jsonl``, ``summary.json``.

A key of ``metrics.jsonl`` is ``GROUP/NAME``; its lines hold those that apply to the step's phase,
recipe and settings. ``seed explain --metrics`` prints the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Metric:
    """One key.

    Attributes:
        meaning: What is counted or averaged, and over what.
        values: Unit and range.
        advice: What to do if it looks wrong, or how to read it.
        keys: What a key of a mapping is: ``FAMILY`` in ``reward/accuracy_by_family/FAMILY``. Empty
            where the value is no mapping.
    """

    meaning: str
    values: str
    advice: str
    keys: str = ""


GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "": "where the run stands; in every line",
        "sft": "what SFT has read; with data.chats or supervised.batch_tokens",
        "reward": "verdicts and rewards of the sampled responses",
        "data": "which domains and levels were asked; with distribution.method other than in_turn",
        "response_length": "tokens of a response, its end of sequence included",
        "rollout": "how the responses were sampled; streaming where rollout.srs_alpha < 1",
        "advantage": "advantages of the response tokens",
        "value": "the value model before the step, and its updates; recipes with gae only",
        "policy": "the policy's updates: means over mini-batches; absent if none was made",
    }
)
"""Group -> what its metrics are about."""

_SHARE = "share, 0 to 1"
_VALUE = "reward; reward.wrong to reward.correct where V fits"
_NONE_IF_OFF = "A part of the loss; leave it out of comparisons with runs that have it off."

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "phase": Metric(
            "phase of the step",
            "supervised, value_pretraining or reinforcement",
            "Compare lines of one phase only: most keys mean something in one or two phases.",
        ),
        "step": Metric(
            "steps taken over all phases, this one included",
            "count, from 1",
            "Names checkpoints/step_N and the groups in rollouts/.",
        ),
        "phase_step": Metric(
            "steps taken in this phase, this one included",
            "count, from 1",
            "The axis on which runs with a different length of SFT can be compared.",
        ),
        "events": Metric(
            "names of what must not pass silently: all_truncated_batch, zero_variance_batch,"
            " reward_errors",
            "list of names, mostly empty",
            "all_truncated_batch: raise rollout.max_response_tokens or supervised.steps."
            " zero_variance_batch: see reward/zero_variance_fraction. reward_errors: see"
            " reward/errors.",
        ),
        "sft/epoch": Metric(
            "passes over the demonstrations or chats, this step included",
            "number, >= 0",
            "Held-out figures that fall while policy/loss_nll falls from one epoch to the next: too"
            " many epochs.",
        ),
        "sft/sequences": Metric(
            "demonstrations or chats of the step; a chat whose template rewrites earlier turns"
            " counts once for each turn that it rewrites",
            "count, >= 1",
            "supervised.batch, or as many as fit into supervised.batch_tokens.",
        ),
        "sft/tokens": Metric(
            "tokens of the step, prompts included; nothing is computed for padding on the torch"
            " backend",
            "count, >= 2",
            "Divided by supervised.batch_tokens: how full the steps are.",
        ),
        "sft/taught_tokens": Metric(
            "tokens of the step that are targets: the assistant's, with their ends",
            "count, >= 1",
            "policy/loss_nll is the mean over these.",
        ),
        "reward/mean": Metric(
            "mean reward of all responses sampled in the step, before dynamic sampling drops any",
            "reward.wrong to reward.correct, less length and format penalties",
            "Should rise. Flat with reward/zero_variance_fraction near 1: the problems are too hard"
            " or too easy, change data.difficulties. Rising while reward/accuracy is flat: a"
            " penalty or the reward model is being learnt, read samples.jsonl.",
        ),
        "reward/accuracy": Metric(
            "share of the sampled responses that are correct; on general problems the share that"
            " the reward model prefers to its opponent",
            _SHARE,
            "Compare recipes by this, or by eval_after in summary.json, which is on held-out"
            " problems. Falling to 0: lower policy_optimizer.learning_rate.",
        ),
        "reward/accuracy_by_family": Metric(
            "share of the sampled responses of each family that are correct",
            _SHARE,
            "A family at 0 from the beginning is beyond the SFT model: give it lower"
            " data.difficulties or more supervised.steps. Families at 1 teach nothing.",
            "FAMILY",
        ),
        "reward/function": Metric(
            "mean score of each reward function over the responses that it applies to, before its"
            " weight; with reward.functions",
            "as the function returns",
            "One rising while reward/accuracy is flat is being exploited: read samples.jsonl, lower"
            " its weight in reward.functions.",
            "NAME",
        ),
        "reward/column": Metric(
            "mean of each column that reward functions return beside the score, where it is a"
            " number; with reward.functions",
            "as the function returns",
            "Return what you want to watch as a further key of the mapping, or by log_metric.",
            "COLUMN",
        ),
        "reward/errors": Metric(
            "responses without a reward, since their verifier or reward function failed; they train"
            " nothing and are in no other metric; with reward.on_error=drop",
            "count",
            "Above 0: the event reward_errors names problem and reason. An error is no wrong"
            " answer: mend what fails before you go on.",
        ),
        "reward/accuracy_trained": Metric(
            "accuracy of the responses that the step learns from",
            _SHARE,
            "Differs from reward/accuracy where dynamic sampling drops groups. It stays near the"
            " middle then, whatever the policy can do: never report it as a result.",
        ),
        "reward/zero_variance_fraction": Metric(
            "share of the trained groups whose rewards are all equal: their group advantages are 0",
            _SHARE,
            "Near 1: little is learnt per sampled response. Choose problems that are solved"
            " sometimes (data.difficulties), raise rollout.samples_per_prompt, or set"
            " algorithm.dynamic_sampling=true.",
        ),
        "reward/by_class": Metric(
            "mean reward of each data class: verifiable, general, hybrid; in runs with a reward"
            " model",
            "as reward/mean",
            "One class rising at the cost of another: change their share of data.families, or"
            " reward.preference_weight.",
            "CLASS",
        ),
        "reward/preference_mean": Metric(
            "mean score of the reward model on general and hybrid responses",
            "probability, 0 to 1; 0.5 is a tie",
            "Near 1 with reward.opponent=reference: every response beats its baseline and nothing"
            " is left to learn, try reward.opponent=group, where the mean is always 0.5.",
        ),
        "reward/preference_std": Metric(
            "standard deviation of the reward model's scores in the step",
            "probability, 0 to 0.5",
            "Near 0: the reward model no longer tells the responses apart, so they teach nothing.",
        ),
        "reward/position_bias": Metric(
            "mean of P(YES | a, b) + P(YES | b, a) - 1: whether the reward model prefers what it"
            " reads first",
            "probability, -1 to 1; 0 without bias",
            "Averaging both orders takes it out of the score. Far from 0: raise"
            " reward_model.steps.",
        ),
        "reward/order_gap_absolute": Metric(
            "mean of |P(YES | a, b) + P(YES | b, a) - 1|: how much the order of reading decides",
            "probability, 0 to 1; 0 without bias",
            "Large with a small bias: single scores are noise. Raise reward_model.steps.",
        ),
        "data/weight": Metric(
            "share of the step's prompts that each domain and level was due; STRATUM is"
            " DOMAIN/LEVEL",
            _SHARE,
            "All at their in_turn shares: the signals are alike, or distribution.temperature is"
            " too large for them.",
            "STRATUM",
        ),
        "data/weight_by_domain": Metric(
            "the same, summed over the levels of a domain",
            _SHARE,
            "One domain far above the others for long: its signal does not fall although it is"
            " asked; look at its accuracy in reward/accuracy_by_family. A larger"
            " distribution.floor keeps the others.",
            "DOMAIN",
        ),
        "data/solve_rate": Metric(
            "moving average of the share of right responses as the step began; none of what was"
            " not asked yet",
            _SHARE,
            "Levels that stay at 0 or 1 teach nothing: take them out of data.difficulties.",
            "STRATUM",
        ),
        "data/solve_rate_bands": Metric(
            "share of the sampled groups by their own share of right responses: none, up to 1/4, up"
            " to 3/4, below 1, all",
            _SHARE,
            "none and all together should shrink against a run with in_turn: their group advantages"
            " are 0.",
            "BAND",
        ),
        "data/signal": Metric(
            "moving average of the learning signal as the step began, 1 for what was not asked yet;"
            " with distribution.method=adaptive",
            "0 to about 1; 1 = half of the responses are right (variance), 0 = all alike",
            "It jumps from step to step: raise distribution.memory.",
            "STRATUM",
        ),
        "data/top_level": Metric(
            "highest level in the range of each domain; with distribution.method=sliding",
            "level, from 1",
            "It stays where it began: the policy does not reach distribution.raise_at there.",
            "DOMAIN",
        ),
        "response_length/mean": Metric(
            "mean tokens of a sampled response",
            "tokens, 1 to rollout.max_response_tokens",
            "Rises where reasoning pays. Rising without reward/accuracy: set reward.overlong_share."
            " Falling to a few tokens: the policy has given up reasoning.",
        ),
        "response_length/max": Metric(
            "longest sampled response",
            "tokens, 1 to rollout.max_response_tokens",
            "At the limit most of the time: see response_length/truncated_fraction.",
        ),
        "response_length/truncated_fraction": Metric(
            "share of the responses that were cut at rollout.max_response_tokens",
            _SHARE,
            "High: raise rollout.max_response_tokens, or let long responses cost"
            " (reward.overlong_share) or not count (algorithm.overlong_filter). It is no PPO clip.",
        ),
        "rollout/responses": Metric(
            "responses sampled for the step, those included that dynamic sampling drops",
            "count",
            "More than rollout.prompts * rollout.samples_per_prompt: the cost of dynamic sampling.",
        ),
        "rollout/groups": Metric(
            "prompts whose responses the step learns from",
            "count, rollout.prompts or more",
            "More than rollout.prompts: a streaming batch holds parts of groups.",
        ),
        "rollout/generation_rounds": Metric(
            "times that prompts were drawn and sampled to fill the batch",
            "count, 1 to algorithm.dynamic_sampling_tries",
            "Above 1 only with dynamic sampling. Rising: fewer problems are solved sometimes; at"
            " the limit RL ends as dynamic_sampling_exhausted.",
        ),
        "rollout/log_prob_gap": Metric(
            "mean over trained tokens of |log pi - log pi_behaviour| before any update; with"
            " rollout.precision=fp8",
            "nats, 0 or more",
            "What quantisation does to a token, and the age of its weights where rollouts are"
            " streamed. Growing: set algorithm.importance_cap, or rollout.precision=trainer.",
        ),
        "rollout/importance_mean": Metric(
            "mean weight min(pi_start / pi_behaviour, algorithm.importance_cap) of a trained token",
            "ratio, 0 to the cap; 1 if the sampler is the trainer's policy",
            "Far from 1: samples are too old or too coarse. Lower rollout.max_staleness or raise"
            " rollout.srs_alpha.",
        ),
        "rollout/importance_capped_fraction": Metric(
            "share of the trained tokens whose weight is at the cap",
            _SHARE,
            "Much above 0: the cap removes more than outliers. See rollout/importance_mean.",
        ),
        "rollout/occupancy": Metric(
            "share of decoding slots that drew a token; streaming",
            _SHARE,
            "Low: slots wait for the longest responses. Lower rollout.srs_alpha, or take fewer"
            " slots (parallel.rollout_slots).",
        ),
        "rollout/decode_steps": Metric(
            "forward passes that drew tokens for this step; streaming",
            "count",
            "The cost of the step's rollouts that does not depend on the machine.",
        ),
        "rollout/on_policy_share": Metric(
            "share of the consumed samples all of whose tokens the newest weights drew; streaming",
            "share, rollout.srs_alpha or more, to 1",
            "Low means many stale samples: raise rollout.srs_alpha if training is unstable.",
        ),
        "rollout/staleness_mean": Metric(
            "mean policy versions from a consumed sample's oldest token to this step; streaming",
            "policy versions, 0 to rollout.max_staleness",
            "Rising together with policy/log_prob_gap: lower rollout.max_staleness.",
        ),
        "rollout/staleness_max": Metric(
            "most policy versions from a consumed sample's oldest token to this step; streaming",
            "policy versions, 0 to rollout.max_staleness",
            "At the bound: long samples are waited for or dropped (rollout.at_staleness_bound).",
        ),
        "rollout/staleness_counts": Metric(
            "consumed samples by staleness in policy versions; streaming",
            "count",
            "A long tail is the longest responses. They are what a synchronous run waits for.",
            "STALENESS",
        ),
        "rollout/dropped": Metric(
            "samples given up at the staleness bound; streaming",
            "count",
            "Above 0 the batch favours short responses: set rollout.at_staleness_bound=wait or"
            " raise rollout.max_staleness.",
        ),
        "rollout/in_flight": Metric(
            "samples that are submitted and not yet consumed after the step; streaming",
            "count",
            "Grows with slots and as rollout.srs_alpha falls. It is work that a later step uses.",
        ),
        "advantage/mean": Metric(
            "mean advantage of the trained tokens",
            "reward; 0 for group advantages of responses of one length",
            "With gae far from 0 for many steps: V is behind. See value/explained_variance.",
        ),
        "advantage/std": Metric(
            "standard deviation of the advantages of the trained tokens",
            "reward, 0 or more; a plain number if algorithm.group_std divides by the deviation",
            "Near 0: nothing is learnt. See reward/zero_variance_fraction.",
        ),
        "advantage/lambda_by_length": Metric(
            "lambda of the policy's advantages by response length; recipes with gae",
            "number, 0 to 1",
            "All 0: algorithm.gae_alpha is too small for these lengths, and the reward reaches"
            " early tokens only through V. 1 is the Monte-Carlo return.",
            "LENGTH",
        ),
        "value/explained_variance": Metric(
            "share of the targets' variance that V explains before the step's updates:"
            " 1 - Var(target - V) / Var(target) over response tokens",
            "number, at most 1; 0 is a constant V, below 0 is worse; null if all targets are equal",
            "Should rise in value pretraining. Near 0 in RL: either V is behind (raise"
            " value_optimizer.learning_rate or value_pretraining.steps), or nearly all returns are"
            " equal and little is left to explain: look at value/return_variance.",
        ),
        "value/return_variance": Metric(
            "variance of the value targets over response tokens: what there is to explain",
            "reward squared, 0 or more; outcomes of 1 and -1 in equal parts give 1",
            "Near 0: nearly all responses have the same outcome. Ask harder or more various"
            " problems.",
        ),
        "value/mean": Metric(
            "mean V over response tokens, before the step's updates",
            _VALUE,
            "Should follow value/target_mean. A constant distance is a biased V.",
        ),
        "value/target_mean": Metric(
            "mean value target over response tokens",
            _VALUE,
            "With algorithm.lambda_value=1 it is the token mean of the returns.",
        ),
        "value/by_position": Metric(
            "mean V at each response position, correct and wrong responses apart; at most 64"
            " positions, evenly chosen",
            "two lists as value/mean; null where no response is that long",
            "A useful V tells both apart towards the end of a response. Equal lines: it does not.",
            "OUTCOME",
        ),
        "value/loss": Metric(
            "token mean of 1/2 (V - target)^2",
            "squared reward, 0 or more",
            "Rising: lower value_optimizer.learning_rate. Falling while value/explained_variance"
            " is flat: only the mean is learnt.",
        ),
        "value/grad_norm": Metric(
            "global norm of the value model's gradient, before clipping",
            "number, 0 or more",
            "Always above value_optimizer.clip_norm: every update is clipped, so the learning rate"
            " alone sets the size of a step.",
        ),
        "policy/loss_nll": Metric(
            "SFT: token mean of -log pi of the demonstrations",
            "nats, 0 or more",
            "Should fall. It ends above 0 where one problem has several demonstrations"
            " (data.bare_share).",
        ),
        "policy/loss_surrogate": Metric(
            "clipped policy loss, weighted as algorithm.aggregation says; its sign is no quality",
            "reward",
            "Do not judge a run by it: it starts near the mean advantage with its sign reversed and"
            " need not fall.",
        ),
        "policy/loss_positive": Metric(
            "algorithm.positive_weight times the mean of -log pi over tokens of correct responses",
            "nats, 0 or more; absent in a step without a correct response",
            _NONE_IF_OFF + " Much larger than policy/loss_surrogate: lower the weight.",
        ),
        "policy/loss_kl": Metric(
            "algorithm.kl_weight times the KL estimate to the policy that RL started from",
            "nats, 0 or more",
            _NONE_IF_OFF + " Divide it by the weight to compare weights.",
        ),
        "policy/loss_load_balance": Metric(
            "algorithm.load_balance_weight times the balance loss, summed over MoE layers; also in"
            " SFT",
            "number; the weight times the MoE layers at perfect balance",
            "Rising: experts are used unevenly. Raise the weight.",
        ),
        "policy/loss_router_z": Metric(
            "algorithm.router_z_weight times the mean of logsumexp(router logits)^2, summed over"
            " MoE layers; also in SFT",
            "number, 0 or more",
            "Rising: router logits grow, and rounding may choose experts. Raise the weight.",
        ),
        "policy/entropy": Metric(
            "mean entropy of the next token at rollout.temperature",
            "nats, 0 to log(model.vocabulary)",
            "Falling to 0 early: exploration ends. Raise algorithm.clip_high or lower the learning"
            " rate. Rising without end: the policy dissolves, lower the learning rate.",
        ),
        "policy/ratio": Metric(
            "mean of pi / pi_behaviour over response tokens; with algorithm.importance_cap"
            " pi_behaviour is the policy at the start of the step",
            "ratio, about 1",
            "Far from 1: too many or too large updates per batch. Raise algorithm.mini_batch or"
            " lower algorithm.epochs or the learning rate.",
        ),
        "policy/clip_fraction_low": Metric(
            "share of response tokens below the ratio's floor: A < 0 and ratio < 1 - clip_low",
            _SHARE,
            "Large: steps are too large for the batch. Lower policy_optimizer.learning_rate.",
        ),
        "policy/clip_fraction_high": Metric(
            "share of response tokens above the ratio's cap: A > 0 and ratio > 1 + clip_high",
            _SHARE,
            "Large with falling entropy: raise algorithm.clip_high (clip-higher). Both large: lower"
            " the learning rate.",
        ),
        "policy/log_prob_gap": Metric(
            "mean of |log pi - log pi_behaviour| over response tokens, during the updates",
            "nats, 0 or more",
            "Above 0 as soon as there is more than one update per step. A jump: the sampler and"
            " the trainer disagree, see rollout/log_prob_gap and rollout/staleness_max.",
        ),
        "policy/grad_norm": Metric(
            "global norm of the policy's gradient, before clipping; also in SFT",
            "number, 0 or more",
            "Single peaks are clipped by policy_optimizer.clip_norm. Rising for many steps: lower"
            " the learning rate before the run diverges.",
        ),
    }
)
"""Key of ``metrics.jsonl`` -> what it means. Another loss term is ``policy/loss_TERM``."""

TIMINGS: Mapping[str, Metric] = MappingProxyType(
    {
        "phase": METRICS["phase"],
        "step": METRICS["step"],
        "phase_step": METRICS["phase_step"],
        "rollout_seconds": Metric(
            "time from publishing the weights to scored rollouts; value pretraining and RL",
            "seconds",
            "Far above update_seconds: sampling is what to speed up (slots, workers, srs_alpha).",
        ),
        "rollout_tokens": Metric(
            "response tokens of the step's sampled responses",
            "tokens",
            "Divide by rollout_seconds for throughput.",
        ),
        "verdict_seconds": Metric(
            "time that the step waited for verdicts after its last response had ended; where"
            " verdicts are given in workers",
            "seconds",
            "Near 0: verdicts are given while others decode. Otherwise raise reward.workers.",
        ),
        "verdict_busy_seconds": Metric(
            "time that workers judged, summed over them; where verdicts are given in workers",
            "seconds",
            "What verdicts would cost without the overlap. Divide by reward.workers.",
        ),
        "update_seconds": Metric(
            "time of all optimizer steps on the batch, value model included",
            "seconds",
            "Far above rollout_seconds: raise algorithm.micro_batch, which changes no result.",
        ),
        "update_tokens": Metric(
            "tokens of the batch, prompts included; one pass over it",
            "tokens",
            "Multiply by algorithm.epochs for tokens that were computed.",
        ),
    }
)
"""Key of ``timings.jsonl``. These depend on the machine, so they are not among the metrics."""


def metric_of(name: str) -> Metric | None:
    """The entry of a key of ``metrics.jsonl``, or of one entry of its mapping.

    Args:
        name: ``reward/mean``, or ``reward/accuracy_by_family/maze`` as a tracker writes it.

    Returns:
        The entry, None if the table has none.
    """
    if name in METRICS:
        return METRICS[name]
    mapping = METRICS.get(name.rpartition("/")[0])
    return mapping if mapping is not None and mapping.keys else None


def full_name(key: str) -> str:
    """A key as a reader sees it: ``reward/accuracy_by_family/FAMILY`` for a mapping."""
    return f"{key}/{METRICS[key].keys}" if key in METRICS and METRICS[key].keys else key
