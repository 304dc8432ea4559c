"""``seed data sft``: rejection sampling. Right responses of a policy become demonstrations."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.evaluate import SETTING
from seed.cli.formatting import printable
from seed.cli.options import ISOLATIONS, PATH, FiniteRange, typed
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.evaluation.folder import Folder
    from seed.reference.evaluation.questions import Question, QuestionSet

REPORT = "report.json"
WORDING = "{problem}"


@click.command("sft", cls=Command)
@click.argument("words", nargs=-1, metavar="[PROBLEMS]... [KEY.SUB=VALUE]...")
@click.option(
    "--policy",
    required=True,
    metavar="POLICY",
    help="Run, checkpoint, model folder, server (http://host:port/v1) or file of responses.",
)
@click.option("--out", type=PATH, required=True, help="New file of demonstrations.")
@click.option(
    "--samples", type=click.IntRange(1), default=8, show_default=True, help="Responses to each."
)
@click.option(
    "--keep", type=click.IntRange(1), default=4, show_default=True, help="Most of a problem."
)
@click.option(
    "--choose",
    type=click.Choice(("shortest", "random")),
    default="random",
    show_default=True,
    help="Which of them; random = by --seed. The shortest teach to leave working out.",
)
@click.option(
    "--problems",
    type=click.IntRange(1),
    metavar="N",
    help="Most problems of each file; without PROBLEMS, of the run's training problems."
    "  [default: all; 1000]",
)
@click.option("--resume", is_flag=True, help="Continue an --out that was interrupted.")
@click.option("--partial", is_flag=True, help="Write --out although responses are missing.")
@click.option(
    "--temperature",
    type=FiniteRange(0.0, 2.0),
    default=1.0,
    show_default=True,
    help="Of the policy.",
)
@click.option("--top-p", type=FiniteRange(0.0, 1.0, min_open=True), default=1.0, show_default=True)
@click.option("--max-tokens", type=click.IntRange(1), help="Token limit of a response.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="Sample k has seed SEED + k."
)
@click.option(
    "--concurrency", type=click.IntRange(1, 1024), metavar="N", help="Responses at a time."
)
@click.option("--model", default="", metavar="NAME", help="Model of a server that has several.")
@click.option("--timeout", type=FiniteRange(0.0, 86400.0, min_open=True), default=600.0)
@click.option(
    "--verifier",
    default="",
    metavar="PATH.py:FUNCTION",
    help="Your own verifier, for all problems.",
)
@click.option("--isolation", type=click.Choice(ISOLATIONS), default="automatic", show_default=True)
@click.option("--jobs", type=click.IntRange(1, 256), help="Verifiers at a time.  [default: cores]")
@click.pass_context
def rejection_sampling(
    context: click.Context, /, words: tuple[str, ...], out: Path, **options: Any
) -> None:
    """Sample responses to PROBLEMS, verify them, and keep right ones as demonstrations for SFT.

    PROBLEMS are files as of `seed run --data`, asked as they stand; without them a run's policy is
    asked its own training problems. --out has a line per response that is kept, for
    `seed run --chats` and `--data`. All responses and verdicts stay in the folder OUT.responses,
    which `seed eval` reads, with report.json.
    """
    settings = [word for word in words if SETTING.fullmatch(word) and not Path(word).exists()]
    files = [Path(word) for word in words if word not in settings]
    sample(files, settings, out, options, typed(context, "samples") is None)


def sample(
    files: Sequence[Path],
    settings: Sequence[str],
    out: Path,
    options: dict[str, Any],
    default_samples: bool,
) -> None:
    """Ask, judge, choose and write.

    Raises:
        SeedError: Whatever is wrong with policy, problems, options or files.
    """
    from seed.cli.evaluate_files import asks_of, filled, opened_policy, plan_of, prepared
    from seed.reference.evaluation.answering import check_judge, wanted
    from seed.reference.evaluation.model_policy import ModelPolicy
    from seed.reference.evaluation.questions import read_questions
    from seed.reference.evaluation.rejection import Rejection
    from seed.reference.evaluation.stored_responses import StoredResponses
    from seed.reference.evaluation.training_questions import training_questions
    from seed.reference.verifiers.files.publish import check_free, publish
    from seed.reference.verifiers.runner.pool import Pool, default_jobs
    from seed.reference.verifiers.runner.worker import Limits

    check_free(out)
    named = options["policy"]
    fault: Callable[[Question, str], str] = no_fault
    sets = read_questions(files, "", options["problems"], WORDING) if files else []
    questions = [question for one in sets for question in one.questions]
    limits = Limits(isolation=options["isolation"])
    with (
        opened_policy(named, questions, settings, options) as policy,
        Pool(options["jobs"] or default_jobs(), limits) as pool,
    ):
        is_stored = isinstance(policy, StoredResponses)
        if not files:
            if not isinstance(policy, ModelPolicy) or policy.source["kind"] != "checkpoint":
                line = f"PROBLEMS are missing: {named} is no run, which has problems of its own"
                raise SeedError(Reason.ILLEGAL_COMBINATION, line)
            own = training_questions(policy.config, options["problems"] or 1000)
            sets, questions, fault = [own.questions], [*own.questions.questions], own.fault
        if isinstance(policy, ModelPolicy) and not policy.config.tokenizer.path:
            sets = [in_characters(one) for one in sets]
            questions = [question for one in sets for question in one.questions]
        check_judge({question.domain for question in questions}, options["verifier"])
        samples = None if is_stored and default_samples else options["samples"]
        plan = plan_of(policy, sets, options | {"samples": samples})
        asks, folders = asks_of(sets, plan), list["Folder"]()

        def begin() -> list[int]:
            folders.append(prepared(folder_of(out), plan, questions, options["resume"]))
            return wanted(asks, folders[0])

        missing = [asks[place] for place in policy.on_rank_zero(begin)]
        if not policy.is_main_process:
            for _ in policy.respond(missing):
                pass
            return
        failures = filled(policy, missing, len(asks), folders[0], pool, options["verifier"])
    if failures.count and not (is_stored or options["partial"]):
        line = f"{failures.count} responses are missing ({printable(failures.reason)}); --resume"
        raise SeedError(
            Reason.POLICY_FAILED, f"{line} asks for them again, with --partial {out} does without"
        )
    rule = Rejection(options["keep"], options["choose"], options["seed"], fault)
    lines, report = rule.rows(folders[0])
    record = {"keep": rule.most, "choose": rule.choice, "missing": failures.count}
    folders[0].write(REPORT, json.dumps(record | report.as_json(), indent=1) + "\n")
    for line in [*left_out_lines(sets), *report.lines()]:
        click.echo(line)
    if not lines:
        line = f"no response of {named} is right: there is nothing to write to {out}"
        raise SeedError(Reason.NOTHING_TO_LEARN, f"{line}; the responses are in {folder_of(out)}")
    publish(out, lines)
    click.echo(f"{len(lines)} demonstrations in {out}; train on them: seed run --chats {out}")


def in_characters(questions: "QuestionSet") -> "QuestionSet":
    """Questions as a model of characters is asked them."""
    asked = tuple(
        replace(one, messages=({"role": "user", "content": one.compact},)) if one.compact else one
        for one in questions.questions
    )
    return replace(questions, questions=asked)


def no_fault(question: "Question", text: str) -> str:
    """Files demand nothing beside their verifier."""
    return ""


def folder_of(out: Path) -> Path:
    """Where responses and verdicts are kept."""
    return out.with_name(f"{out.name}.responses")


def left_out_lines(sets: "Sequence[QuestionSet]") -> list[str]:
    """Problems of files that were not asked."""
    lines = []
    for one in sets:
        if one.left_out:
            reasons = "; ".join(f"{count} {reason}" for reason, count in one.left_out.items())
            count = sum(one.left_out.values())
            lines.append(f"{count} lines of {one.path} left out: {printable(reasons)}")
    return lines
