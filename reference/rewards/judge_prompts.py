"""Prompts of a judge that is a language model, and how a verdict is read from its reply.

- Prompt: the principles, then one JSON object {"question", "reference_answer", "model_answer"}.
  The answer is a quoted string in which < and > are escaped, so no text of it can end the object or
  form a tag.
- Reply: the last <answer>YES</answer> or <answer>NO</answer> after the last </think>, or another
  verdict of the principles. Reasoning that does not end, a truncated reply and any other content
  are no verdict, never NO.

Graders that search a reply for a verdict phrase can find one that the judged answer contains.
"""

import json
import re
from collections.abc import Sequence

from seed.spec.judge import Principles, Triplet

YES, NO = "YES", "NO"
THOUGHT_OPENS, THOUGHT_CLOSES = "<think>", "</think>"
ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
TAG_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e"})


def request_text(triplet: Triplet, principles: Principles, thinking: bool) -> str:
    """Write the whole prompt of a judge, one message; ``thinking``: it is to reason first."""
    rules = "\n".join(f"{number}. {rule}" for number, rule in enumerate(principles.rules, start=1))
    case = {"question": triplet.question, "reference_answer": triplet.reference}
    case["model_answer"] = triplet.answer
    quoted = json.dumps(case, indent=1).translate(TAG_ESCAPES)
    reply_format = principles.thinking if thinking else principles.direct
    return (
        f"You compare a model's answer with a reference answer.\n\n{rules}\n\n{reply_format}\n\n"
        f"The case, as JSON:\n{quoted}\n"
    )


def read_verdict(reply: str, verdicts: Sequence[str] = (YES, NO)) -> tuple[str, str]:
    """Find the verdict in a judge's reply, which may be any text.

    Args:
        reply: The text.
        verdicts: Those of the principles.

    Returns:
        One of them and an empty text, or an empty text and why there is no verdict.
    """
    conclusion = reply.rpartition(THOUGHT_CLOSES)[2]
    if THOUGHT_OPENS in conclusion:
        return "", "the judge's reasoning does not end"
    tagged = ANSWER.findall(conclusion)
    verdict = (tagged[-1] if tagged else conclusion).strip()
    if verdict in verdicts:
        return verdict, ""
    legal = " nor ".join(verdicts)
    return "", f"the judge's verdict is neither {legal}: {conclusion.strip()[-80:]!r}"
