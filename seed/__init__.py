"""The public functions: load a configuration, train, resume, evaluate, generate, verify, read runs.

    import seed

    config = seed.load_config("tiny", "vapo", ["rollout.steps=40"])
    run = seed.train(config, "runs/mine")
    print(run.summary["eval_after"]["overall"]["accuracy"], run.metrics[-1]["reward/mean"])
    print(seed.generate("runs/mine", ["(2+3)*4="], samples=4))

``import seed`` loads neither NumPy nor torch: each function imports what it needs when it is
called. Nothing is printed; pass an ``Observer`` to follow a run, or let ``run.track`` send its
metrics to TensorBoard or W&B. User errors are a
``seed.SeedError`` with the line that the command line prints.

The packages lie at the top of the repository and are imported below this name. In a checkout this
folder holds a link to each of them; a wheel holds the packages themselves. Programs in the sandbox
import this module too, so only the standard library is imported here.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seed.reference.verifiers.verdict import Judgement as Judgement
    from seed.spec.config import Config as Config
    from seed.spec.errors import Reason as Reason
    from seed.spec.errors import SeedError as SeedError
    from seed.spec.observer import Observer as Observer

__all__ = [
    "Config",
    "Judgement",
    "Observer",
    "Reason",
    "RunRecord",
    "SeedError",
    "evaluate",
    "generate",
    "load_config",
    "read_run",
    "resume",
    "train",
    "verify",
]

_TYPES = {
    "Config": "seed.spec.config",
    "Judgement": "seed.reference.verifiers.verdict",
    "Observer": "seed.spec.observer",
    "Reason": "seed.spec.errors",
    "SeedError": "seed.spec.errors",
}
"""Types of the signatures, imported at first use."""

Location = str | os.PathLike[str]
Scores = dict[str, dict[str, float]]


@dataclass(frozen=True)
class RunRecord:
    """What a run directory holds.

    Attributes:
        path: The directory.
        config: Its configuration.
        metrics: One mapping per training step of all phases, oldest first: ``metrics.jsonl``.
        summary: ``summary.json``; None while the run has not finished.
    """

    path: Path
    config: "Config"
    metrics: list[dict[str, Any]]
    summary: dict[str, Any] | None


def load_config(
    preset: str | None = None,
    recipe: str | None = None,
    overrides: Sequence[str] = (),
    *,
    file: Location | None = None,
    seed: int | None = None,
    backend: str | None = None,
) -> "Config":
    """Compose a configuration and validate it.

    Later beats earlier: preset, recipe, file, seed and backend, overrides.

    Args:
        preset: Sizes and task: ``tiny`` (default), ``small``, ``mixed`` or ``seed-200b``.
        recipe: Algorithm: ``vapo`` (default), ``dapo``, ``grpo`` or ``ppo``.
        overrides: Settings as ``section.key=value``; ``seed explain`` lists them.
        file: TOML file with settings, such as the ``config.toml`` of a run. It may name preset and
            recipe.
        seed: Keys all randomness of the run, 0 <= seed < 2**32; 1 by default.
        backend: ``reference`` (NumPy, default) or ``scaled`` (torch).

    Returns:
        The configuration.

    Raises:
        SeedError: UNKNOWN_NAME, UNKNOWN_KEY, ILLEGAL_VALUE, ILLEGAL_COMBINATION or
            UNREADABLE_FILE.
    """
    from seed.spec.config_files import load_config as load

    path = None if file is None else Path(file)
    return load(preset, recipe, overrides, file=path, seed=seed, backend=backend)


def train(config: "Config", out: Location, observer: "Observer | None" = None) -> RunRecord:
    """Train from the beginning to the end. The tiny preset takes two to three minutes.

    Args:
        config: From ``load_config``.
        out: New run directory; must not exist or be empty.
        observer: Receives phases, steps, metrics, events, samples and scores.

    Returns:
        The finished run. Under ``mpirun`` every process calls this and gets the same.

    Raises:
        SeedError: RUN_DIRECTORY_IN_USE, ILLEGAL_VALUE, ILLEGAL_COMBINATION, BACKEND_MISSING,
            NOT_A_CHECKPOINT, FOREIGN_CHECKPOINT, TRACKER_FAILED, VERIFIER_FAILED,
            REWARD_NOT_FINITE, LOSS_NOT_FINITE.
    """
    _use_one_thread()
    from seed.cli.backends import open_backend
    from seed.cli.tracking import check_trackers, tracked
    from seed.reference.training import trainer
    from seed.reference.training.run import Run, check
    from seed.reference.training.run_directory import RunDirectory
    from seed.reference.training.run_lock import locked
    from seed.reference.training.start import with_start
    from seed.spec.config_errors import check_effect
    from seed.spec.observer import SilentObserver

    check_effect(config)
    check_trackers(config)
    with open_backend(config) as backend:
        config = with_start(config, backend)
        check(config, backend)
        path = Path(out)
        backend.on_rank_zero(lambda: RunDirectory.require_free(path))
        watcher = observer or SilentObserver()
        with locked(path, backend, watcher):
            backend.on_rank_zero(lambda: RunDirectory.create(path, config).path)
            directory = RunDirectory(path, backend.is_main_process)
            run = Run.start(backend, config, directory, watcher)
            with tracked(run):
                trainer.train(run)
        return backend.on_rank_zero(lambda: read_run(path))


def resume(path: Location, observer: "Observer | None" = None) -> RunRecord:
    """Continue a run from its newest whole checkpoint to its end, with its own configuration.

    Args:
        path: Run directory.
        observer: As for ``train``. Without one a Python warning tells of a damaged checkpoint that
            is passed over, of other software than the checkpoint's, and of a missing lock.

    Returns:
        The finished run; its metrics are those of a run without interruption, byte for byte.

    Raises:
        SeedError: NOT_A_RUN_DIRECTORY, DAMAGED_CHECKPOINT, FOREIGN_CHECKPOINT, UNREADABLE_FILE,
            UNWRITABLE_FILE, and those of ``train``.
    """
    _use_one_thread()
    from seed.cli.backends import open_backend
    from seed.cli.tracking import check_trackers, tracked
    from seed.reference.training import trainer
    from seed.reference.training.run import Run
    from seed.reference.training.run_directory import RunDirectory
    from seed.reference.training.run_lock import locked
    from seed.spec.observer import WarningObserver

    _, config = RunDirectory.resume(Path(path))
    check_trackers(config)
    with open_backend(config) as backend:
        directory = RunDirectory(Path(path), backend.is_main_process)
        watcher = observer or WarningObserver()
        with locked(directory.path, backend, watcher):
            run = Run.resume(backend, config, directory, watcher)
            with tracked(run):
                trainer.train(run)
        return backend.on_rank_zero(lambda: read_run(path))


def evaluate(
    path: Location, overrides: Sequence[str] = (), observer: "Observer | None" = None
) -> Scores:
    """Score a checkpoint on the held-out problems.

    Args:
        path: Checkpoint (``checkpoints/step_N``), or run directory for its newest one.
        overrides: Settings for this evaluation only, e.g. ``evaluation.samples=16``.
        observer: Receives one step per family.

    Returns:
        Family, and ``overall``, to accuracy, ci_low, ci_high (95 %), n (problems), samples,
        pass_at_k; shares in [0, 1].

    Raises:
        SeedError: NOT_A_CHECKPOINT, DAMAGED_CHECKPOINT, FOREIGN_CHECKPOINT, UNKNOWN_KEY,
            ILLEGAL_VALUE, ILLEGAL_COMBINATION, BACKEND_MISSING, VERIFIER_FAILED.
    """
    _use_one_thread()
    from seed.cli.checkpoints import restored
    from seed.reference.evaluation.evaluate import evaluate_held_out
    from seed.spec.observer import SilentObserver

    with restored(Path(path), overrides) as model:
        watcher = observer or SilentObserver()
        return evaluate_held_out(model.backend, model.state, model.config, watcher, "evaluation")


def generate(
    path: Location,
    prompts: Sequence[str],
    *,
    samples: int = 1,
    overrides: Sequence[str] = (),
    draw: int = 0,
) -> list[list[str]]:
    """Sample responses of a checkpoint with ``evaluation.temperature`` and ``evaluation.top_p``.

    Args:
        path: Checkpoint, or run directory for its newest one.
        prompts: Texts of 1 to ``data.max_prompt_tokens`` tokens of the model's vocabulary.
        samples: Responses per prompt, >= 1.
        overrides: Settings for this call only, e.g. ``rollout.max_response_tokens=20``.
        draw: A response depends on the prompt, the run's seed, the number of the sample and this
            number, which gives other ones.

    Returns:
        ``samples`` responses per prompt, in the order of the prompts, each without its end of
        sequence.

    Raises:
        SeedError: ILLEGAL_VALUE for a prompt or a number; else as ``evaluate``.
    """
    _use_one_thread()
    _check_number(prompts, samples)
    from seed.cli.checkpoints import checkpoint_config, restored
    from seed.cli.prompts import check_prompts, typed_problem
    from seed.reference.tasks.task import tokenizer_of
    from seed.reference.training.run_directory import find_checkpoint
    from seed.spec.datatypes import Request

    checkpoint = find_checkpoint(Path(path))
    config = checkpoint_config(checkpoint, overrides)
    problems, tokenizer = list(map(typed_problem, prompts)), tokenizer_of(config)
    check_prompts(problems, config)
    requests = [
        Request(problem, tokenizer.prompt(problem), sample, draw)
        for problem in problems
        for sample in range(samples)
    ]
    if not requests:
        return []
    sampling = config.evaluation_sampling
    with restored(checkpoint, overrides) as model:
        distinct = list(dict.fromkeys(requests))
        rollouts = model.backend.generate(model.state, config, distinct, sampling, "prompts")
    texts = {rollout.request: tokenizer.decode(rollout.response_tokens) for rollout in rollouts}
    responses = [texts[request] for request in requests]
    return [responses[n : n + samples] for n in range(0, len(responses), samples)]


def verify(
    lines: Iterable[Mapping[str, Any]],
    *,
    verifier: str = "",
    jobs: int | None = None,
    time_limit: float | None = None,
    memory_limit: int = 4096,
    isolation: str = "automatic",
) -> "list[Judgement]":
    """Judge responses. Verifiers run in processes of their own, which are killed at their limits.

    Args:
        lines: The fields of a line of ``seed verify``: id, domain (``math``, ``code``, ``puzzle``,
            ``judge``), problem, response, and reference (math, judge), tests (code) or puzzle. JSON
            values only.
        verifier: Your own verifier for all lines, ``path.py:function``; empty for those of the
            domains.
        jobs: Verifiers at a time; None for all cores.
        time_limit: Of one verdict in seconds; None for 10, code and judge 300.
        memory_limit: Of one verifier, in MiB.
        isolation: Where programs of code lines run: ``automatic``, ``bubblewrap``, ``landlock`` or
            ``weak``.

    Returns:
        One judgement per line, in order: ``verdict.outcome`` is ``correct``, ``wrong`` or
        ``error``, ``verdict.why`` is the reason. A line that cannot be read, or whose verifier
        failed, is ``error`` and has no ``reward``.

    Raises:
        SeedError: ILLEGAL_VALUE or VERIFIER_FAILED if ``verifier`` names no function that loads.
        TypeError: A line holds what JSON cannot.
    """
    from seed.reference.verifiers.files.file import check_verifier, judged
    from seed.reference.verifiers.files.lines import Rule
    from seed.reference.verifiers.runner.pool import Pool, default_jobs
    from seed.reference.verifiers.runner.worker import Limits

    raw_lines = [json.dumps(dict(line)).encode() for line in lines]
    rule, limits = Rule(verifier), Limits(time_limit, memory_limit, isolation)
    with Pool(jobs or default_jobs(), limits) as pool:
        check_verifier(pool, rule)
        return [judgement for _, judgement in judged(iter(raw_lines), rule, pool)]


def read_run(path: Location) -> RunRecord:
    """Read what a run has written so far. The run may still be going on.

    Args:
        path: Run directory.

    Returns:
        Configuration, metrics and summary.

    Raises:
        SeedError: NOT_A_RUN_DIRECTORY.
    """
    from seed.reference.training.run_directory import RunDirectory

    directory, config = RunDirectory.resume(Path(path))
    summary = directory.path / "summary.json"
    return RunRecord(
        path=directory.path,
        config=config,
        metrics=directory.read("metrics.jsonl"),
        summary=json.loads(summary.read_text(encoding="utf-8")) if summary.exists() else None,
    )


if not TYPE_CHECKING:  # a type checker would accept every misspelt name of this module

    def __getattr__(name: str) -> Any:
        """Import a type of the signatures."""
        if name not in _TYPES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_TYPES[name]), name)


def _check_number(prompts: Sequence[str], samples: int) -> None:
    """Refuse what is no list of prompts, or no number of samples."""
    from seed.spec.errors import Reason, SeedError

    if isinstance(prompts, str):
        raise SeedError(Reason.ILLEGAL_VALUE, "prompts is one text; it must be a list of texts")
    if samples < 1:
        raise SeedError(Reason.ILLEGAL_VALUE, f"samples={samples} must be at least 1")


def _use_one_thread() -> None:
    """Keep OpenBLAS to one thread, unless the user chose or NumPy is loaded already.

    Matrices of the reference are small: more threads only wait for each other.
    """
    if "numpy" not in sys.modules:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        os.environ.setdefault("OMP_NUM_THREADS", "1")
