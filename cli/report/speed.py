"""Plot of speed: tokens per second of rollouts and of updates."""

from seed.cli.report.colours import POLICY, VALUE
from seed.cli.report.drawing import Curve, Plot, curves_plot
from seed.cli.report.record import Record


def speed_plot(record: Record) -> Plot | None:
    """Tokens per second over RL."""
    speeds = [
        {
            "phase_step": line["phase_step"],
            "rollout": line["rollout_tokens"] / line["rollout_seconds"],
            # A step without anything to learn from has no update.
            "update": line["update_tokens"] / line["update_seconds"] or float("nan"),
        }
        for line in record.timings
        if line["phase"] == "reinforcement"
    ]
    return curves_plot(
        speeds,
        "Speed",
        "Tokens per second: response tokens while responses are sampled and scored, prompt and"
        " response tokens while models are updated. A drop means longer sequences or a busy"
        " machine.",
        "tokens per second",
        [Curve("rollout", "rollout", POLICY), Curve("update", "update", VALUE)],
    )
