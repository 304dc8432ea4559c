"""The judge domain: Seed-Verifier and Seed-Thinking-Verifier on a server of the environment.

======================  ========================================================================
SEED_JUDGE_URL          base of an OpenAI-compatible API, such as ``http://127.0.0.1:8000/v1``
SEED_JUDGE_MODEL        name of the model on that server
SEED_JUDGE_KEY          bearer token, if the server needs one; never written anywhere
SEED_JUDGE_STYLE        ``thinking`` (default; report 3.1: steadier on hard cases) or ``direct``
SEED_JUDGE_TIMEOUT      seconds of one attempt, default 120
SEED_JUDGE_TEMPERATURE  0 to 2, default 0; ``none`` sends no temperature, which some models refuse
======================  ========================================================================

The judge sees question, reference and final answer. It does not see the reasoning before
``</think>``: it compares answers, and the reasoning could persuade it.
"""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from seed.reference.rewards.http_judge import HttpJudge
from seed.reference.verifiers.response import after_thinking
from seed.spec.datatypes import Outcome, Verdict
from seed.spec.judge import ATTEMPTED, NOT_ATTEMPTED, PRINCIPLES, Triplet, principles
from seed.spec.verify import Item

STYLES = ("thinking", "direct")
HIGHEST_TEMPERATURE = 2.0
"""As in OpenAI's API."""


class NoJudge(ValueError):
    """The environment names no usable judge.

    The text is one line for the person who has to correct it.
    """


def verify(item: Item) -> Verdict:
    """Judge one response by the configured server.

    It is ``correct`` for YES, ``wrong`` for NO or an empty answer; ``error`` without a judge, a
    reference or a readable verdict. Principles with another verdict for an answer that is not
    attempted give it to an empty one.
    """
    if not item.reference.strip():
        return Verdict(Outcome.ERROR, "", "the item has no reference answer to compare with")
    answer = (after_thinking(item.response) or "").strip()
    if not answer:
        why = "there is no answer after the reasoning; not sent to a judge"
        return Verdict(Outcome.WRONG, NOT_ATTEMPTED if item.principles == ATTEMPTED else "", why)
    try:
        judge = configured_judge(os.environ, item.principles or PRINCIPLES)
    except NoJudge as missing:
        return Verdict(Outcome.ERROR, "", str(missing))
    return judge(Triplet(item.problem, item.reference, answer))


def configured_judge(environment: Mapping[str, str], name: str = PRINCIPLES) -> HttpJudge:
    """Build the judge that the variables of the table above name; nothing is sent yet.

    Args:
        environment: Of the process.
        name: Of the principles.

    Raises:
        NoJudge: A variable is missing or cannot be used.
    """
    url, model = environment.get("SEED_JUDGE_URL", ""), environment.get("SEED_JUDGE_MODEL", "")
    if not url or not model:
        names = "SEED_JUDGE_URL and SEED_JUDGE_MODEL (and SEED_JUDGE_KEY if it wants a key)"
        raise NoJudge(f"no judge is configured: set {names}")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise NoJudge(f"SEED_JUDGE_URL={url!r} must be an http or https address")
    key = environment.get("SEED_JUDGE_KEY", "")
    if not (key.isascii() and (key.isprintable() or not key)):
        raise NoJudge("SEED_JUDGE_KEY must be printable ASCII without line breaks")
    style = environment.get("SEED_JUDGE_STYLE", STYLES[0])
    if style not in STYLES:
        raise NoJudge(f"SEED_JUDGE_STYLE={style!r} must be one of: {', '.join(STYLES)}")
    timeout, temperature = _timeout(environment), _temperature(environment)
    thinking = style == "thinking"
    return HttpJudge(
        url, model, key, principles(name), thinking, timeout=timeout, temperature=temperature
    )


def _timeout(environment: Mapping[str, str]) -> float:
    text = environment.get("SEED_JUDGE_TIMEOUT", str(HttpJudge.timeout))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < float("inf"):
        raise NoJudge(f"SEED_JUDGE_TIMEOUT={text!r} must be a number of seconds above 0")
    return seconds


def _temperature(environment: Mapping[str, str]) -> float | None:
    text = environment.get("SEED_JUDGE_TEMPERATURE", "0")
    if text.strip().lower() == "none":
        return None
    try:
        temperature = float(text)
    except ValueError:
        temperature = -1.0
    if not 0.0 <= temperature <= HIGHEST_TEMPERATURE:
        legal = f"a number from 0 to {HIGHEST_TEMPERATURE:g}, or none"
        raise NoJudge(f"SEED_JUDGE_TEMPERATURE={text!r} must be {legal}")
    return temperature
