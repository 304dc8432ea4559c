"""From rollouts to padded rows: the one place that knows where a response stands in its row."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seed.spec.datatypes import Array, Batch, BoolArray, Finish, IntArray, Outcome, ScoredRollout


def pad(
    prompts: Sequence[Sequence[int]], responses: Sequence[Sequence[int]]
) -> tuple[IntArray, IntArray, BoolArray]:
    """Right-pad rows of prompt then response.

    Returns:
        Tokens [B, S], lengths [B], response mask [B, S].
    """
    rows = [(*prompt, *response) for prompt, response in zip(prompts, responses, strict=True)]
    lengths = np.array([len(row) for row in rows])
    tokens = np.zeros((len(rows), lengths.max()), dtype=np.int64)
    for index, row in enumerate(rows):
        tokens[index, : len(row)] = row
    starts = np.array([len(prompt) for prompt in prompts])
    columns = np.arange(tokens.shape[1])
    response = (columns >= starts[:, None]) & (columns < lengths[:, None])
    return tokens, lengths, response


def spread(per_response: Sequence[Sequence[float]], response_BS: BoolArray) -> Array:
    """Put the numbers of each response's tokens at their places [B, S], 0 elsewhere."""
    out = np.zeros(response_BS.shape)
    out[response_BS] = np.concatenate([np.asarray(row, dtype=np.float64) for row in per_response])
    return out


def plain_batch(prompts: Sequence[Sequence[int]], responses: Sequence[Sequence[int]]) -> Batch:
    """A batch that knows tokens only, for SFT and for recomputing log-probabilities."""
    return _plain(*pad(prompts, responses))


def masked_batch(rows: Sequence[Sequence[int]], is_target: Sequence[Sequence[bool]]) -> Batch:
    """A batch for SFT whose targets may stand anywhere in a row, such as the turns of a chat."""
    tokens, lengths, _ = pad(rows, [()] * len(rows))
    response = np.zeros(tokens.shape, dtype=bool)
    for index, targets in enumerate(is_target):
        response[index, : len(targets)] = targets
    return _plain(tokens, lengths, response)


def _plain(tokens: IntArray, lengths: IntArray, response: BoolArray) -> Batch:
    zeros = np.zeros(tokens.shape)
    rows = len(tokens)
    return Batch(
        tokens=tokens,
        lengths=lengths,
        response=response,
        positive=np.ones(rows, dtype=bool),
        group=np.arange(rows),
        truncated=np.zeros(rows, dtype=bool),
        behaviour_log_probs=zeros,
        advantages=zeros,
        value_targets=zeros,
        old_values=zeros,
        reference_log_probs=zeros,
        importance=np.ones(tokens.shape),
        current=response,
        weights={},
    )


def rollout_batch(scored: Sequence[ScoredRollout]) -> Batch:
    """Rows of sampled responses with their behaviour log-probabilities; advantages are still 0.

    A batch always has a token of the newest weights, unless srs_alpha is 0.
    """
    rollouts = [item.rollout for item in scored]
    batch = plain_batch(
        [r.request.prompt_tokens for r in rollouts], [r.response_tokens for r in rollouts]
    )
    newest = max(r.weight_versions[-1] for r in rollouts)
    _, group = np.unique([r.request.problem.id for r in rollouts], return_inverse=True)
    return replace(
        batch,
        # A reward model's favourite is not known to be right, so it is no positive example.
        positive=np.array(
            [
                item.accuracy == 1.0 and item.verdict.outcome is not Outcome.UNJUDGED
                for item in scored
            ]
        ),
        group=group,
        truncated=np.array([r.finish is Finish.LENGTH for r in rollouts]),
        behaviour_log_probs=spread([r.log_probs for r in rollouts], batch.response),
        current=spread([r.weight_versions for r in rollouts], batch.response) == newest,
    )
