"""A reward function of the user, ``path.py:function``, called by the names of its parameters.

===========================  ==========================================================
parameter                    what it gets
===========================  ==========================================================
item                         dict as a custom verifier of ``seed verify``: id, domain, problem,
                             response, reference, tests, puzzle
prompt, problem              text of the problem
messages                     the problem as chat messages
completion, response,        text of the response
solution_str
a column of the file         its value in the problem's line
reference, answer,           the reference answer
solution, ground_truth
info, extra_info             ``{}`` where the file has no such column
data_source, family          name that accuracy is reported by
id, domain, tests, puzzle    as in ``spec.verify.Item``
===========================  ==========================================================

A function that asks for ``prompts``, ``completions`` or ``completion_ids`` is of the batch form of
TRL: it gets lists, one entry for each response to one prompt in the order of the samples, also of
the columns, and returns as many rewards. With a prompt of chat messages ``prompts`` has lists of
messages and ``completions`` lists of one message. ``log_extra(column, values)`` and
``log_metric(name, value)`` are there too. Sources: verl ``compute_score``, TRL ``GRPOTrainer``.

Whatever has a default value may be missing, and ``**columns`` gets all columns of the line. The
function may be ``async``. It returns:

===========================  ==========================================================
returned                     meaning
===========================  ==========================================================
a bool, a number             the reward
None                         the function does not apply to this response
a mapping with ``score``     the reward; ``acc`` says whether the response is correct, ``extracted``
                             and ``why`` are texts, all else are columns of samples.jsonl
a mapping with ``verdict``,  as from a custom verifier, see ``reference.verifiers.verdict``
a ``Verdict``
a list                       batch form: one of the above for each response
===========================  ==========================================================

All else, a number that is not finite and an exception are errors: they say nothing about the
response.
"""

import inspect
import json
import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

from seed.reference.verifiers.custom import custom_function
from seed.reference.verifiers.verdict import MAX_TEXT_CHARACTERS, error, judgement_of
from seed.spec.datatypes import Outcome, Verdict

BATCH = ("prompts", "completions", "completion_ids")
"""Parameters that only the batch form has."""

RESPONSE = ("completion", "response", "solution_str")
REFERENCE = ("reference", "answer", "solution", "ground_truth")
MAX_COLUMN_CHARACTERS = 10_000
"""Longest value of a column, as JSON: samples.jsonl is for people."""
MAX_ANSWER_CHARACTERS = 500_000
"""Longest answer to a call, columns of all its responses included."""


@dataclass(frozen=True)
class Score:
    """What a function says about one response.

    Attributes:
        value: The reward; None if the function does not apply, or failed.
        correct: Whether the response is correct; None if the function does not say.
        extracted: The answer that the function found in the response.
        why: Its reason.
        columns: Further columns for samples.jsonl, plain JSON values.
        error: Why there is no reward; empty if the function has not failed.
    """

    value: float | None = None
    correct: bool | None = None
    extracted: str = ""
    why: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Answer:
    """The reply of a worker to a call: one score per response, and the function's form."""

    scores: tuple[Score, ...]
    takes_batches: bool

    def as_json(self) -> dict[str, Any]:
        """As it crosses the pipe."""
        scores = [asdict(score) for score in self.scores]
        return {"scores": scores, "takes_batches": self.takes_batches}


def answer_of(message: Mapping[str, Any]) -> Answer:
    """Undo ``as_json``.

    Raises:
        TypeError, ValueError: The message is no answer.
    """
    scores = tuple(Score(**score) for score in message["scores"])
    for score in scores:
        if score.value is not None and not math.isfinite(score.value):
            raise ValueError("a score is not finite")
    return Answer(scores, bool(message["takes_batches"]))


def answer(address: str, call: Mapping[str, Any]) -> dict[str, Any]:
    """Call a function, in the worker.

    Args:
        address: ``path.py:function``.
        call: ``responses``, each a mapping as ``described`` by ``reference.rewards.verdicts``: one,
            or all responses to one prompt for the batch form. ``only_check`` calls nothing.

    Returns:
        An ``Answer`` or an ``error`` as JSON.
    """
    function = custom_function(address)
    try:
        parameters = Parameters.of(function)
        responses = call["responses"]
        arguments = parameters.arguments(responses)
        if call.get("only_check"):
            return Answer((), parameters.takes_batches).as_json()
        if not parameters.takes_batches:
            returned = [_result(function, arguments)]
        else:
            returned = _list(_result(function, arguments), len(responses))
        scores = tuple(map(score_of, returned))
        reply = Answer(parameters.with_logs(scores), parameters.takes_batches).as_json()
        if (length := len(json.dumps(reply))) > MAX_ANSWER_CHARACTERS:
            limit = f"{MAX_ANSWER_CHARACTERS} characters of JSON"
            raise Misuse(f"its columns make {length}, must make at most {limit}")
        return reply
    except MemoryError:
        raise
    except Exception as failure:
        return error(_told(failure, address)).as_json()


class Misuse(Exception):
    """A function cannot be called, or has not returned what it should: one line."""


class Parameters:
    """What a function asks for, and what it logs while it runs."""

    def __init__(self, names: Mapping[str, bool], takes_all: bool) -> None:
        """Remember them.

        Args:
            names: Parameter -> whether it has a default value.
            takes_all: Whether the function has ``**columns``.
        """
        self.names, self.takes_all = names, takes_all
        self.takes_batches = any(name in BATCH for name in names)
        self.logged: list[dict[str, Any]] = []

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Parameters":
        """Read the signature."""
        names, takes_all = {}, False
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                takes_all = True
            elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                raise Misuse(f"parameter {name} must not be positional-only")
            elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
                names[name] = parameter.default is not inspect.Parameter.empty
        return cls(names, takes_all)

    def arguments(self, responses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The arguments by name.

        Raises:
            Misuse: A parameter without a default is nothing that there is.
        """
        self.logged = [{} for _ in responses]
        offered = self._batch(responses) if self.takes_batches else offer(responses[0])
        columns = responses[0]["row"]
        missing = [name for name, has in self.names.items() if not has and name not in offered]
        if missing:
            legal = dict.fromkeys([*columns, *sorted(set(offered) - set(columns))])
            raise Misuse(
                f"parameter {missing[0]} is neither a name that a reward function may ask for nor a"
                f" column of problem {responses[0]['id']}; there are: {', '.join(legal)}"
            )
        wanted = {name: offered[name] for name in self.names if name in offered}
        if self.takes_all:
            always = columns if not self.takes_batches else [*BATCH, *columns, *LOGGERS]
            wanted |= {name: offered[name] for name in always}
        return wanted

    def with_logs(self, scores: tuple[Score, ...]) -> tuple[Score, ...]:
        """The scores with what ``log_extra`` and ``log_metric`` were given."""
        return tuple(
            Score(**{**vars(score), "columns": {**score.columns, **logged}})
            for score, logged in zip(scores, self.logged, strict=True)
        )

    def _batch(self, responses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What the batch form may ask for: lists over the responses."""
        offers = [offer(response) for response in responses]
        lists = {name: [one[name] for one in offers] for name in offers[0]}
        chats = [bool(response["messages"]) for response in responses]
        return lists | {
            "prompts": [
                response["messages"] if is_chat else response["problem"]
                for response, is_chat in zip(responses, chats, strict=True)
            ],
            "completions": [
                [{"role": "assistant", "content": response["response"]}]
                if is_chat
                else response["response"]
                for response, is_chat in zip(responses, chats, strict=True)
            ],
            "completion_ids": [response["response_ids"] for response in responses],
            "log_extra": self._log_extra,
            "log_metric": self._log_metric,
        }

    def _log_extra(self, column: str, values: Sequence[Any]) -> None:
        for logged, value in zip(self.logged, _list(values, len(self.logged)), strict=True):
            logged[column] = plain(column, value)

    def _log_metric(self, name: str, value: Any) -> None:
        for logged in self.logged:
            logged[name] = plain(name, value)


LOGGERS = ("log_extra", "log_metric")


def offer(response: Mapping[str, Any]) -> dict[str, Any]:
    """What a function may ask for about one response: names of ours, then columns of the line.

    A column beats a name that we derive, except the response, the prompt and ``item``.
    """
    item = {name: response[name] for name in ITEM}
    derived: dict[str, Any] = dict.fromkeys(REFERENCE, response["reference"])
    derived |= {name: response[name] for name in ("id", "domain", "tests", "puzzle", "family")}
    derived |= {"data_source": response["family"], "info": {}, "extra_info": {}}
    row = response["row"]
    if isinstance(row.get("reward_model"), Mapping) and "ground_truth" in row["reward_model"]:
        derived["ground_truth"] = row["reward_model"]["ground_truth"]
    ours = {"item": item, "messages": response["messages"]}
    ours |= dict.fromkeys(("prompt", "problem"), response["problem"])
    return derived | dict(row) | ours | dict.fromkeys(RESPONSE, response["response"])


ITEM = ("id", "domain", "problem", "response", "reference", "tests", "puzzle")


def score_of(returned: Any) -> Score:
    """Read what a function returned about one response; see the table of this module."""
    try:
        if isinstance(returned, Verdict):
            return _of_verdict(vars(returned) | {"verdict": returned.outcome})
        if isinstance(returned, Mapping) and "verdict" in returned:
            return _of_verdict(returned)
        if isinstance(returned, Mapping) and "score" in returned:
            return _of_mapping(returned)
        if isinstance(returned, Mapping):
            raise Misuse(f"the mapping has {', '.join(map(str, returned)) or 'nothing'}, no score")
        value = _item(returned)
        if not isinstance(value, Real | None):
            legal = "a bool, a number, None or a mapping with score"
            raise Misuse(f"it returned {type(value).__name__} for a response, must be {legal}")
        return _of_number(value)
    except Misuse as failure:
        return Score(error=str(failure))


def _item(returned: Any) -> Any:
    """The Python scalar of an array without axes, and anything else as it is."""
    return returned.item() if getattr(returned, "shape", None) == () else returned


def _of_number(value: Any) -> Score:
    if value is None:
        return Score()
    return Score(finite(value), value if isinstance(value, bool) else None)


def _of_verdict(returned: Mapping[str, Any]) -> Score:
    judgement = judgement_of(returned)
    verdict = judgement.verdict
    if verdict.outcome is Outcome.ERROR:
        return Score(error=verdict.why or "it returned the verdict error")
    known = ("outcome", "verdict", "reward", "extracted", "why", "isolation")
    is_correct = verdict.outcome is Outcome.CORRECT
    columns = _columns(returned, known)
    return Score(judgement.reward, is_correct, verdict.extracted, verdict.why, columns)


def _of_mapping(returned: Mapping[str, Any]) -> Score:
    score = _of_number(_item(returned["score"]))
    correct, texts = score.correct, {}
    if returned.get("acc") is not None:
        correct = finite(returned["acc"]) >= 1.0
    for name in ("extracted", "why"):
        text = returned.get(name) or ""
        if not isinstance(text, str):
            raise Misuse(f"{name} is {type(text).__name__}, must be text")
        texts[name] = text[:MAX_TEXT_CHARACTERS]
    columns = _columns(returned, ("score", "extracted", "why"))
    return Score(score.value, correct, columns=columns, **texts)


def _columns(returned: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    return {str(name): plain(name, returned[name]) for name in returned if name not in known}


def finite(number: Any) -> float:
    """The number as a float.

    Raises:
        Misuse: It is none, or not finite.
    """
    number = _item(number)
    try:
        value = float(number) if isinstance(number, Real) else math.nan
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise Misuse(f"the reward is {number!r}, must be a finite number")
    return value


def plain(name: str, value: Any) -> Any:
    """The value of a column as plain JSON.

    Raises:
        Misuse: It cannot be written as JSON, or is too long.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    try:
        written = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise Misuse(f"column {name} is {type(value).__name__}, must be plain JSON") from None
    if len(written) > MAX_COLUMN_CHARACTERS:
        limit = f"{MAX_COLUMN_CHARACTERS} characters of JSON"
        raise Misuse(f"column {name} has {len(written)}, must have at most {limit}")
    return json.loads(written)


def _result(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call the function, and wait for it if it is async."""
    returned = function(**arguments)
    if inspect.isawaitable(returned):
        import asyncio  # costs a worker 50 ms that few functions need

        async def waited() -> Any:
            return await returned

        return asyncio.run(waited())
    return returned


def _list(returned: Any, count: int) -> list[Any]:
    """The entries of a list with one entry per response."""
    if hasattr(returned, "tolist") and getattr(returned, "shape", None) != ():
        returned = returned.tolist()
    if not isinstance(returned, Sequence) or isinstance(returned, str | bytes):
        kind = type(returned).__name__
        raise Misuse(f"it returned {kind} for {count} responses, must be a list of that length")
    if len(returned) != count:
        raise Misuse(f"it returned {len(returned)} values for {count} responses")
    return list(returned)


def _told(failure: Exception, address: str) -> str:
    """What went wrong, with the line of the user's file for an exception."""
    if isinstance(failure, Misuse):
        return str(failure)
    path = Path(address.rpartition(":")[0])
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(failure.__traceback__)
        if Path(frame.filename).resolve() == path.resolve()
    ]
    place = f" ({path.name} line {lines[-1]})" if lines else ""
    try:
        return f"{type(failure).__name__}: {failure}{place}"
    except Exception:
        return f"{type(failure).__name__}{place}"
