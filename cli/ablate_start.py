"""RL from RFT against RL from SFT: what ``seed ablate --start sft,rft`` runs (report table 3).

    sft   SFT on the demonstrations, then RL
    rft   the same SFT model, trained on once more with right responses of its own, then RL

Right responses are drawn on the training problems by rejection sampling (``seed data sft``). Both
starts of a seed have the same number of RL steps, and the difference is paired by seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seed.cli.ablate_runs import Base, run_sft, run_variant
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.spec.config import Config

STARTS = ("sft", "rft")
NAMES: Mapping[str, str] = {"sft": "RL from SFT", "rft": "RL from RFT"}
DEMONSTRATIONS = "rft.jsonl"


@dataclass(frozen=True)
class RejectionSettings:
    """How RFT is made.

    Attributes:
        problems: Training problems that are asked.
        samples: Responses to each.
        keep: Right, distinct ones that are kept of each.
        epochs: Passes over them.
    """

    problems: int = 1000
    samples: int = 8
    keep: int = 4
    epochs: float = 2.0

    @property
    def description(self) -> str:
        """For the table."""
        return (
            f"{self.samples} responses to each of {self.problems} training problems, at most"
            f" {self.keep} right ones of each, {self.epochs:g} epochs"
        )


def starts_of(text: str) -> tuple[str, ...]:
    """The starts that are named, the first of which the others are compared with.

    Raises:
        SeedError: UNKNOWN_NAME.
    """
    names = tuple(name.strip() for name in text.split(","))
    if len(names) < 2 or len(set(names)) < len(names) or set(names) - set(STARTS):
        line = f"--start={text} must name each of two starts once: {','.join(STARTS)}"
        raise SeedError(Reason.UNKNOWN_NAME, line)
    return names


def run_starts(
    base: Base, starts: Sequence[str], seed: int, out: Path, settings: RejectionSettings
) -> dict[str, tuple[float, float]]:
    """Run every start of a seed.

    Returns:
        Start -> held-out accuracy before and after RL.
    """
    checkpoint = run_sft(base, seed, out)
    found = {}
    for start in starts:
        folder = out / f"rl-from-{start}"
        if start == "sft":
            found[start] = run_variant(base, seed, (), folder, checkpoint)
        else:
            demonstrations = draw(checkpoint, seed, out, settings)
            config = rft_config(base, seed, checkpoint, demonstrations, settings)
            found[start] = run_from_rft(config, folder / f"seed{seed}")
    return found


def draw(checkpoint: Path, seed: int, out: Path, settings: RejectionSettings) -> Path:
    """Right responses of an SFT model to training problems."""
    from seed.cli.data_sft import sample

    folder = out / "rejection" / f"seed{seed}"
    folder.mkdir(parents=True)
    demonstrations = folder / DEMONSTRATIONS
    options: dict[str, Any] = {
        "policy": str(checkpoint),
        "problems": settings.problems,
        "samples": settings.samples,
        "keep": settings.keep,
        "choose": "random",
        "seed": seed,
        "temperature": 1.0,
        "top_p": 1.0,
        "max_tokens": None,
        "verifier": "",
        "isolation": "automatic",
        "jobs": 1,
        "concurrency": None,
        "resume": False,
        "partial": False,
    }
    sample([], (), demonstrations, options, False)
    return demonstrations


def rft_config(
    base: Base, seed: int, checkpoint: Path, demonstrations: Path, settings: RejectionSettings
) -> "Config":
    """A run that trains the SFT model on its right responses, and goes on with RL."""
    change = (
        f'start.checkpoint="{checkpoint.resolve()}"',
        f'data.chats=["{demonstrations.resolve()}"]',
        f"supervised.epochs={settings.epochs}",
        "supervised.stop_accuracy=0.0",
    )
    return base.config(seed, change)


def run_from_rft(config: "Config", path: Path) -> tuple[float, float]:
    """SFT on the right responses, then RL."""
    from seed.cli.backends import open_backend
    from seed.cli.tracking import tracked
    from seed.reference.training import trainer
    from seed.reference.training.run import Run
    from seed.reference.training.run_directory import RunDirectory
    from seed.reference.training.run_lock import locked
    from seed.reference.training.start import with_start
    from seed.spec.observer import SilentObserver

    with open_backend(config) as computing:
        config = with_start(config, computing)
        directory = RunDirectory.create(path, config)
        with locked(directory.path, computing, SilentObserver()):
            run = Run.start(computing, config, directory, SilentObserver())
            with tracked(run):
                summary = trainer.train(run)
    before, after = summary["eval_before"]["overall"], summary["eval_after"]["overall"]
    return before["accuracy"], after["accuracy"]
