"""Plots of policy updates: SFT, and what each RL step does to the policy."""

from itertools import cycle

from seed.cli.report.colours import CORRECT, FAMILY_COLOURS, POLICY, VALUE, WRONG
from seed.cli.report.drawing import Curve, Plot, curves_plot
from seed.cli.report.record import Record

LOSS_PREFIX = "policy/loss_"
LOSS_LABELS = {
    "positive": "correct responses",
    "kl": "KL",
    "load_balance": "load balance",
    "router_z": "router z",
}
"""Labels of loss terms whose key does not read well; any other term is labelled by its key."""
LOSS_COLOURS = {"surrogate": POLICY, "positive": CORRECT}


def sft_plot(record: Record) -> Plot | None:
    """Loss of SFT."""
    return curves_plot(
        record.of_phase("supervised"),
        "SFT loss",
        "Negative log-likelihood of the next token of a demonstration, before RL. It should fall"
        " steeply, then flatten.",
        "loss (nats per token)",
        [Curve("policy/loss_nll", "loss", POLICY)],
        x_label="SFT step",
    )


def entropy_plot(record: Record) -> Plot | None:
    """Entropy of the policy over RL."""
    return curves_plot(
        record.rl_steps,
        "Entropy",
        "Mean entropy of the policy's next-token distribution. A slow fall is usual; near 0 the"
        " policy has stopped exploring, and a steep rise means that it degenerates.",
        "entropy (nats per token)",
        [Curve("policy/entropy", "entropy", POLICY)],
    )


def clip_plot(record: Record) -> Plot | None:
    """Share of tokens whose gradient is clipped."""
    algorithm = record.config.algorithm
    return curves_plot(
        record.rl_steps,
        "Clipped tokens",
        "Share of tokens whose gradient the clip removes: low, tokens of negative advantage whose"
        f" probability is already below {1 - algorithm.clip_low:g} times the old one; high, those"
        f" of positive advantage above {1 + algorithm.clip_high:g} times. More than a few percent"
        " mean that the policy moves far within a step.",
        "clipped tokens (%)",
        [
            Curve("policy/clip_fraction_low", "low", WRONG, 100.0),
            Curve("policy/clip_fraction_high", "high", CORRECT, 100.0),
        ],
    )


def ratio_plot(record: Record) -> Plot | None:
    """Mean probability ratio over RL."""
    return curves_plot(
        record.rl_steps,
        "Probability ratio",
        "Mean of a token's probability under the policy being updated over its probability when"
        " it was sampled. It stays near 1 (dotted) as long as updates are small.",
        "ratio",
        [Curve("policy/ratio", "ratio", POLICY)],
        level=1.0,
    )


def log_prob_gap_plot(record: Record) -> Plot | None:
    """Mean gap of log-probabilities in the updates, and before them where rollouts are in FP8."""
    curves = [Curve("policy/log_prob_gap", "in the updates", POLICY)]
    of_fp8 = ""
    if record.config.rollout.precision == "fp8":
        curves.append(Curve("rollout/log_prob_gap", "before them (FP8)", VALUE))
        of_fp8 = (
            " The other line is the gap before any update: the cost of rounding the rollout policy"
            " to FP8."
        )
    return curves_plot(
        record.rl_steps,
        "Log-prob gap",
        "Mean distance between a token's log-probability in the update and when it was sampled. A"
        f" jump means a large policy step, or a sampler and a trainer that disagree.{of_fp8}",
        "mean gap (nats)",
        curves,
    )


def loss_plot(record: Record) -> Plot | None:
    """Every term of the policy loss that the metrics hold."""
    lines = record.rl_steps
    keys = {key for line in lines for key in line if key.startswith(LOSS_PREFIX)}
    terms = {key.removeprefix(LOSS_PREFIX) for key in keys}
    others = cycle(FAMILY_COLOURS)
    curves = []
    for term in sorted(terms, key=lambda term: (term != "surrogate", term)):
        label = LOSS_LABELS.get(term, term.replace("_", " "))
        curves.append(Curve(LOSS_PREFIX + term, label, LOSS_COLOURS.get(term) or next(others)))
    return curves_plot(
        lines,
        "Policy loss",
        "The terms of the policy loss, each times its coefficient; their sum is the loss. The"
        " clipped surrogate has no level to reach; look for jumps.",
        "loss per token",
        curves,
    )


def gradient_plot(record: Record) -> Plot | None:
    """Gradient norms of both models over RL."""
    return curves_plot(
        record.rl_steps,
        "Gradient norms",
        "Global norm of the gradient before clipping, averaged over a step's updates; the dotted"
        " line is where the policy's is clipped. Spikes are updates that would have gone far.",
        "global norm",
        [
            Curve("policy/grad_norm", "policy", POLICY),
            Curve("value/grad_norm", "value model", VALUE),
        ],
        level=record.config.policy_optimizer.clip_norm or None,
    )
