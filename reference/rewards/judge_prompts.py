"""The words of a judge: what it is asked, so that the answer cannot speak for it, and what may be
read as its verdict.

    asked   principles, then one JSON object {"question", "reference_answer", "model_answer"}: the answer is a quoted string
            in which < and > are escapes, so no text of it can close the object or hold a tag
    read    what follows the last </think>; there the last <answer>YES</answer> or <answer>NO</answer>
            a reasoning that does not end, a reply that was cut off, any other content: no verdict,
            never NO

Public graders leak here: a substring search for a verdict phrase finds the one that the answer
itself brought along.
"""

import json
import re

from seed.spec.judge import Principles, Triplet

YES, NO = "YES", "NO"
THOUGHT_OPENS, THOUGHT_CLOSES = "<think>", "</think>"
ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
TAG_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e"})


def request_text(triplet: Triplet, principles: Principles, thinking: bool) -> str:
    """Write what a judge is asked.

    Args:
        triplet: Question, reference and the answer to be judged.
        principles: How to judge.
        thinking: Whether the judge is to reason first.

    Returns:
        The whole prompt, one message.
    """
    rules = "\n".join(f"{number}. {rule}" for number, rule in enumerate(principles.rules, start=1))
    quoted = json.dumps(
        {
            "question": triplet.question,
            "reference_answer": triplet.reference,
            "model_answer": triplet.answer,
        },
        indent=1,
    ).translate(TAG_ESCAPES)
    shape = principles.thinking if thinking else principles.direct
    return (
        f"You compare a model's answer with a reference answer.\n\n{rules}\n\n{shape}\n\nThe case,"
        f" as JSON:\n{quoted}\n"
    )


def final_answer(response: str) -> str:
    """What a response says after its reasoning: the text behind its last ``</think>``, or all of
    it.
    """
    return response.rpartition(THOUGHT_CLOSES)[2].strip()


def read_verdict(reply: str) -> tuple[str, str]:
    """Find the verdict in a judge's reply.

    Args:
        reply: Any text at all.

    Returns:
        ``YES`` or ``NO`` and an empty text, or an empty text and why there is no verdict.
    """
    said = reply.rpartition(THOUGHT_CLOSES)[2]
    if THOUGHT_OPENS in said:
        return "", "the judge's reasoning does not end"
    tagged = ANSWER.findall(said)
    verdict = (tagged[-1] if tagged else said).strip()
    if verdict in (YES, NO):
        return verdict, ""
    return "", f"the judge said neither {YES} nor {NO}: {said.strip()[-80:]!r}"
