"""``seed eval POLICY FILE...``: ask, judge, store, and print the scores."""

import contextlib
import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from seed.cli.evaluation_text import count_lines, difference_line, grade_lines, score_table
from seed.cli.formatting import printable
from seed.cli.meter import DELAY_SECONDS, open_meter
from seed.reference.evaluation.answering import (
    Failures,
    Judges,
    all_scores,
    answer_and_judge,
    check_judge,
    wanted,
)
from seed.reference.evaluation.benchmarks import BENCHMARKS, MAX_TOKENS, TEMPERATURE, TOP_P
from seed.reference.evaluation.folder import PAGE, RESPONSES, SCORES, VERSION, Folder, is_evaluation
from seed.reference.evaluation.policies import Ask, Policy, ServerPolicy, Settings, served_model
from seed.reference.evaluation.questions import Question, QuestionSet, read_questions
from seed.reference.evaluation.scores import difference
from seed.reference.evaluation.stored_responses import StoredResponses, stored_responses
from seed.reference.rewards.chat_client import ChatClient
from seed.reference.verifiers.custom import checked_address
from seed.reference.verifiers.files.file import check_verifier
from seed.reference.verifiers.files.lines import Rule, digest
from seed.reference.verifiers.runner.pool import Pool, default_jobs
from seed.reference.verifiers.runner.worker import Limits
from seed.reference.verifiers.verdict import Judgement
from seed.spec.datatypes import Outcome
from seed.spec.errors import Reason, SeedError, with_way_on
from seed.spec.version import seed_version

KEY = "OPENAI_API_KEY"
SERVER = ("http://", "https://")
SAMPLING = ("--temperature", "--top-p", "--max-tokens", "--seed", "--concurrency")
CONCURRENCY = 8
"""Requests to a server at a time if nothing else is said."""
ATTEMPTS = 6
"""Of each request: the pauses between them add up to half a minute."""


def evaluate_files(
    named: str,
    files: Sequence[Path],
    settings: Sequence[str],
    out: Path | None,
    options: Mapping[str, Any],
    typed: Sequence[str],
) -> None:
    """Evaluate a policy on files.

    Args:
        named: The policy, as it was typed.
        files: Benchmarks; none for the folder of an evaluation, which has its own.
        settings: Overrides for a checkpoint.
        out: New folder, or one to resume.
        options: Of the command line.
        typed: Names of those that were typed.

    Raises:
        SeedError: Whatever is wrong with policy, files, options or folder.
    """
    check_effect(named, files, typed)
    if options["resume"] and out is None:
        raise SeedError(Reason.ILLEGAL_COMBINATION, "--resume needs --out, the folder to continue")
    sets = question_sets(named, files, options)
    questions = [question for one in sets for question in one.questions]
    check_judge({question.domain for question in questions}, options["verifier"])
    baseline = Folder.read(options["baseline"]) if options["baseline"] else None
    limits = Limits(isolation=options["isolation"])
    with (
        opened_policy(named, questions, settings, options) as policy,
        Pool(options["jobs"] or default_jobs(), limits) as pool,
    ):
        plan = plan_of(policy, sets, options)
        asks = asks_of(sets, plan)
        folder: list[Folder] = []

        def prepare() -> list[int]:
            if options["verifier"]:
                check_verifier(pool, Rule(checked_address(options["verifier"])))
            path = out or free_folder(named)
            folder.append(prepared(path, plan, questions, options["resume"]))
            return wanted(asks, folder[0])

        missing = [asks[place] for place in policy.on_rank_zero(prepare)]
        if not policy.is_main_process:
            for _ in policy.respond(missing):
                pass
            return
        failures = filled(policy, missing, len(asks), folder[0], pool, options["verifier"])
    finish(folder[0], policy, sets, failures, baseline)


def check_effect(named: str, files: Sequence[Path], typed: Sequence[str]) -> None:
    """Refuse options that have no effect with this policy.

    Raises:
        SeedError: ILLEGAL_COMBINATION.
    """
    is_server = named.startswith(SERVER)
    is_stored = not is_server and (Path(named).is_file() or is_evaluation(Path(named)))
    idle = {
        "a file of responses": SAMPLING if is_stored else (),
        "a policy that is no server": () if is_server else ("--model", "--timeout"),
        "an evaluation that is judged again": () if files else ("--protocol", "--limit"),
    }
    for what, names in idle.items():
        for name in names:
            if name in typed:
                line = f"{name} has no effect on {what}; legal: leave it out"
                raise SeedError(Reason.ILLEGAL_COMBINATION, line)


def question_sets(
    named: str, files: Sequence[Path], options: Mapping[str, Any]
) -> list[QuestionSet]:
    """The problems to ask: of the files, or of the evaluation that is judged again.

    Raises:
        SeedError: ILLEGAL_VALUE: a server without files.
    """
    if files:
        return read_questions(files, options["protocol"], options["limit"])
    if not is_evaluation(Path(named)):
        raise SeedError(Reason.ILLEGAL_VALUE, f"FILE is missing: {named} is asked the problems")
    folder = Folder.read(Path(named))
    return [
        QuestionSet(
            name,
            entry["file"],
            BENCHMARKS[entry["protocol"]],
            tuple(q for q in folder.questions.values() if q.benchmark == name),
            entry["left_out"],
        )
        for name, entry in folder.record["benchmarks"].items()
    ]


@contextlib.contextmanager
def opened_policy(
    named: str, questions: Sequence[Question], settings: Sequence[str], options: Mapping[str, Any]
) -> Iterator[Policy]:
    """The policy that was named.

    Raises:
        SeedError: What is wrong with it; ILLEGAL_COMBINATION: settings without a checkpoint.
    """
    path = Path(named)
    is_server = named.startswith(SERVER)
    if is_server or path.is_file() or is_evaluation(path):
        if settings:
            line = f"{settings[0]} changes a model of ours; {named} is none"
            raise SeedError(Reason.ILLEGAL_COMBINATION, line)
        if is_server:
            yield server_policy(named, options)
        else:
            yield stored_responses(path / RESPONSES if path.is_dir() else path, questions)
        return
    from seed.cli.evaluate_model import opened_model

    with opened_model(path, settings, options) as model:
        yield model


def server_policy(url: str, options: Mapping[str, Any]) -> ServerPolicy:
    """The policy behind a server.

    Raises:
        SeedError: ILLEGAL_VALUE, POLICY_FAILED.
    """
    parts = urlsplit(url)
    if not parts.netloc or parts.username or parts.query:
        line = f"POLICY={url} must be an address such as http://127.0.0.1:8000/v1"
        raise SeedError(Reason.ILLEGAL_VALUE, line)
    key = os.environ.get(KEY, "")
    if not (key.isascii() and (key.isprintable() or not key)):
        raise SeedError(Reason.ILLEGAL_VALUE, f"{KEY} must be printable ASCII without line breaks")
    client = ChatClient(url.rstrip("/"), key, options["timeout"], ATTEMPTS)
    model = served_model(client, options["model"])
    return ServerPolicy(client, model, options["concurrency"] or CONCURRENCY)


def plan_of(
    policy: Policy, sets: Sequence[QuestionSet], options: Mapping[str, Any]
) -> dict[str, Any]:
    """What the evaluation is: the content of ``evaluation.json``."""
    is_stored = isinstance(policy, StoredResponses)
    sampling: dict[str, Any] | None = None
    if not is_stored:
        limits = getattr(policy, "most_tokens", MAX_TOKENS)
        sampling = {
            "temperature": _or(options["temperature"], TEMPERATURE),
            "top_p": _or(options["top_p"], TOP_P),
            "max_tokens": _or(options["max_tokens"], limits),
            "seed": options["seed"],
        }
    benchmarks = {}
    for one in sets:
        own = policy.most(one.name) if isinstance(policy, StoredResponses) else 0
        text = json.dumps([question.as_json() for question in one.questions])
        benchmarks[one.name] = {
            "file": one.path,
            "protocol": one.benchmark.name,
            "domains": sorted({question.domain for question in one.questions}),
            "samples": options["samples"] or (own if is_stored else one.benchmark.samples) or 1,
            "problems": len(one.questions),
            "problems_sha256": digest(text.encode("utf-8", "surrogatepass")),
            "left_out": dict(one.left_out),
        }
    return {
        "policy": policy.record(),
        "sampling": sampling,
        "benchmarks": benchmarks,
        "verifier": options["verifier"],
        "verifier_digest": file_digest(options["verifier"]),
        "isolation": options["isolation"],
        VERSION: seed_version(),
    }


def file_digest(verifier: str) -> str:
    """Digest of the file of a custom verifier; empty without one."""
    path = Path(verifier.rpartition(":")[0])
    return digest(path.read_bytes()) if verifier and path.is_file() else ""


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def asks_of(sets: Sequence[QuestionSet], plan: Mapping[str, Any]) -> list[Ask]:
    """Every response of the evaluation, problem by problem: its samples share a prompt."""
    settings = Settings(**(plan["sampling"] or {"temperature": 0, "top_p": 1, "max_tokens": 1}))
    return [
        Ask(question, sample, settings)
        for one in sets
        for question in one.questions
        for sample in range(plan["benchmarks"][one.name]["samples"])
    ]


def free_folder(named: str) -> Path:
    """``evaluations/POLICY``, with a number behind it if there is one already."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", re.sub(r"^https?://", "", named)).strip("-.")
    base = Path("evaluations") / (slug or "policy")
    numbered = (base.with_name(f"{base.name}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([base], numbered) if not path.exists())


def prepared(
    path: Path, plan: dict[str, Any], questions: Sequence[Question], resume: bool
) -> Folder:
    """A new folder, or the one to resume after a check that it is the same evaluation.

    Raises:
        SeedError: FILE_EXISTS, FOREIGN_OUTPUT, UNREADABLE_FILE, UNWRITABLE_FILE.
    """
    if not resume:
        return Folder.create(path, plan, questions)
    folder = Folder.read(path)
    folder.extend(json.loads(json.dumps(plan)))
    return folder


def filled(
    policy: Policy, missing: Sequence[Ask], expected: int, folder: Folder, pool: Pool, verifier: str
) -> Failures:
    """Ask and judge with a bar on stderr; Ctrl-C says how to go on."""
    counts = dict.fromkeys(Outcome, 0)
    done = len(folder.verdicts)
    with (
        folder.opened_for_writing(lambda line: click.echo(f"note: {line}", err=True)),
        contextlib.closing(open_meter("eval", expected, done, DELAY_SECONDS)) as shown,
    ):

        def report(judgement: Judgement) -> None:
            counts[judgement.verdict.outcome] += 1
            shown.advance(1, [f"{n} {outcome}" for outcome, n in counts.items() if n])

        try:
            with Judges(pool, verifier, folder, report) as judges:
                return answer_and_judge(policy, missing, folder, judges)
        except KeyboardInterrupt as interrupt:
            again = f"continue with --out {folder.path} --resume and the same arguments"
            raise with_way_on(interrupt, again) from None
        except SeedError as failure:
            again = f"{failure.line}; what came is kept, continue with --out {folder.path} --resume"
            raise SeedError(failure.reason, again) from None


def finish(
    folder: Folder,
    policy: Policy,
    sets: Sequence[QuestionSet],
    failures: Failures,
    baseline: Folder | None,
) -> None:
    """Write scores and page, and print the scores."""
    from seed.cli.report.evaluation_page import evaluation_page

    scores = all_scores(folder)
    differences = compared(scores, baseline)
    content = {
        "policy": folder.record["policy"],
        "scores": scores,
        "baseline": str(baseline.path) if baseline else None,
        "differences": differences,
    }
    folder.write(SCORES, json.dumps(content, indent=1) + "\n")
    folder.write(PAGE, evaluation_page(folder, scores, differences, baseline))
    click.echo(score_table(folder, scores))
    click.echo("\n".join([*count_lines(scores), *grade_lines(scores)]))
    for name, entry in differences.items():
        click.echo(difference_line(name, entry, baseline))
    for one in sets:
        if one.left_out:
            reasons = "; ".join(f"{count} {reason}" for reason, count in one.left_out.items())
            count = sum(one.left_out.values())
            text = printable(reasons, len(reasons))
            click.echo(f"{one.name}: {count} lines of {one.path} left out: {text}")
    if failures.count:
        click.echo(f"{failures.count} responses are missing: {printable(failures.reason)}")
        if not isinstance(policy, StoredResponses):
            click.echo(f"--out {folder.path} --resume asks for them again")
    if isinstance(policy, StoredResponses) and policy.unknown:
        click.echo(f"{policy.unknown} responses of {policy.path} belong to no problem")
    click.echo(f"{folder.path / PAGE}")


def compared(scores: Mapping[str, Any], baseline: Folder | None) -> dict[str, Any]:
    """Paired differences of accuracy by benchmark, in the benchmarks that the baseline has too.

    Raises:
        SeedError: ILLEGAL_COMBINATION: there is none, or no common problem.
    """
    if baseline is None:
        return {}
    base = all_scores(baseline)
    differences = {}
    for name in scores:
        if name in base:
            with contextlib.suppress(ValueError):
                mean, count = difference(base[name]["shares"], scores[name]["shares"])
                alone = len(scores[name]["shares"]) - count
                differences[name] = vars(mean) | {"problems": count, "only_here": alone}
    if not differences:
        line = f"--baseline={baseline.path} has no problem in common with this evaluation"
        raise SeedError(Reason.ILLEGAL_COMBINATION, line)
    return differences
