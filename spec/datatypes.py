"""The values that pass between modules: problems, verdicts, rollouts and padded batches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]
Params = dict[str, Array]
Metrics = dict[str, float]


class Outcome(StrEnum):
    """A verifier's outcome.

    ``error`` means that the verifier failed: it is never counted as ``wrong`` nor as ``correct``.
    ``unjudged`` means that there is no verifier: a general problem, which only a reward model
    scores.
    """

    CORRECT = "correct"
    WRONG = "wrong"
    ERROR = "error"
    UNJUDGED = "unjudged"


class Finish(StrEnum):
    """Why a response ended: end-of-sequence token, token limit, or it has not ended yet."""

    EOS = "eos"
    LENGTH = "length"
    UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Problem:
    """One problem: a puzzle that was drawn, or a line of a file.

    Attributes:
        id: Name that is unique over all problems and the same in every run, e.g. ``maze/3/5f0c``.
        family: Accuracy is reported by it: a puzzle family (a module of
            ``reference.tasks.puzzles``), or the domain or name of a data set.
        difficulty: The generator's knob, 1 is easiest; 1 for a line of a file.
        prompt: The text the policy reads.
        instance: All that the verifier needs to judge an answer (plain JSON values). That of a
            puzzle is its family's; that of a line has ``domain`` and ``reference``, ``tests`` or
            ``puzzle``.
        demonstration: A correct response that writes its reasoning down; only SFT reads it. Empty
            if there is none.
        answer: A correct response without reasoning; only SFT reads it.
        messages: The prompt as chat messages with ``role`` and ``content``, for tokenizers with a
            chat template; empty = one message of the user with ``prompt``.
    """

    id: str
    family: str
    difficulty: int
    prompt: str
    instance: Mapping[str, Any]
    demonstration: str
    answer: str
    messages: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A verifier's outcome, the answer it extracted from the response, and why it decided so.

    Attributes:
        outcome: Correct, wrong, error or unjudged.
        extracted: The answer that was found in the response.
        why: The reason.
        isolation: What kept an executed response in its place (``bubblewrap``, ``landlock``, ...);
            empty where nothing was executed.
        reward: Weighted sum over ``reward.functions``; None where the outcome alone decides.
        scores: Reward function that applies -> its score, before its weight.
        columns: What the functions said beside that, plain JSON values.
    """

    outcome: Outcome
    extracted: str
    why: str
    isolation: str = ""
    reward: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sampling:
    """How tokens are sampled.

    Attributes:
        temperature: Of the softmax, > 0.
        top_p: Mass of the nucleus, in (0, 1].
        max_response_tokens: Token limit of a response, >= 1.
        ends: Token ids that end a response.
    """

    temperature: float
    top_p: float
    max_response_tokens: int
    ends: frozenset[int]


@dataclass(frozen=True)
class Request:
    """One response to sample. ``(problem, sample, draw)`` keys its randomness.

    Attributes:
        problem: The problem to answer.
        prompt_tokens: The encoded prompt.
        sample: Index of the response within its group, 0 <= sample < G.
        draw: Number of the visit to the problem, so that a second visit samples anew.
        forced_length: Benchmarks sample exactly so many tokens, end of sequence or not; 0 = as the
            policy likes.
    """

    problem: Problem
    prompt_tokens: tuple[int, ...]
    sample: int
    draw: int
    forced_length: int = 0

    def __hash__(self) -> int:
        """By identity of the response; a problem's instance is a mapping, which has no hash."""
        return hash((self.problem.id, self.sample, self.draw))


@dataclass(frozen=True)
class Rollout:
    """One sampled response, whole or partial, and all that an off-policy learner needs to know.

    Attributes:
        request: What was asked.
        response_tokens: Sampled tokens [T]; holds the end-of-sequence token exactly if ``finish``
            is ``eos``.
        log_probs: Behaviour log-probability of each token under the distribution it was drawn from
            [T].
        weight_versions: Version of the policy weights that drew each token [T].
        finish: Why it ended. Truncation is a flag of the sampler, never guessed from a length.
    """

    request: Request
    response_tokens: tuple[int, ...]
    log_probs: tuple[float, ...]
    weight_versions: tuple[int, ...]
    finish: Finish


def unanswered(request: Request) -> Rollout:
    """The partial rollout of which nothing is sampled yet."""
    return Rollout(request, (), (), (), Finish.UNFINISHED)


@dataclass(frozen=True)
class Preference:
    """What a pairwise reward model says about a response and what it is compared with.

    Attributes:
        score: Probability that the response is the better one, both presentation orders averaged,
            in [0, 1]; 1/2 is a tie.
        order_gap: ``P(YES | a, b) + P(YES | b, a) - 1`` in [-1, 1]: 0 without position bias,
            positive if the first is favoured.
    """

    score: float
    order_gap: float


@dataclass(frozen=True)
class ScoredRollout:
    """A rollout, its verdict, and the reward that reaches the learner.

    ``accuracy`` (1 or 0, from the verdict alone) is what dynamic sampling filters by; ``reward``
    also carries the length penalty, so filtering by it would keep groups that teach nothing
    (papers: DAPO 3.2, known bug P22). ``preference`` is the reward model's word on general and
    hybrid problems. A general problem has no verdict: there ``accuracy`` is 1 for a response
    preferred to what it is compared with, so that its mean is a win rate, and dynamic sampling
    filters by the spread of the scores.
    """

    rollout: Rollout
    verdict: Verdict
    accuracy: float
    reward: float
    preference: Preference | None = None


@dataclass(frozen=True)
class Batch:
    """Padded rows for the numeric modules. Rows are responses; padding sits on the right.

    Attributes:
        tokens: Token ids [B, S]; padding holds id 0 and is never read.
        lengths: Prompt plus response tokens of each row [B].
        response: True at response tokens [B, S].
        positive: True for rows whose response is correct [B].
        group: Number of the row's prompt; equal numbers form a group, wherever the rows stand [B].
        truncated: True for rows cut off by the token limit [B].
        behaviour_log_probs: Log-probability at generation time, 0 outside the response [B, S].
        advantages: Policy advantages, 0 outside the response [B, S].
        value_targets: Regression targets of the value model [B, S].
        old_values: Values before this step's updates, used by value clipping only [B, S].
        reference_log_probs: Log-probability under the reference policy, used by the KL term only
            [B, S].
        importance: Factor of each token's policy loss, 1 unless truncated importance sampling sets
            it [B, S].
        current: True at response tokens that the newest published weights drew [B, S].
        weights: Name of a loss term -> weight of each token in the optimizer step's loss [B, S].
    """

    tokens: IntArray
    lengths: IntArray
    response: BoolArray
    positive: BoolArray
    group: IntArray
    truncated: BoolArray
    behaviour_log_probs: Array
    advantages: Array
    value_targets: Array
    old_values: Array
    reference_log_probs: Array
    importance: Array
    current: BoolArray
    weights: Mapping[str, Array]

    def rows(self, index: IntArray) -> "Batch":
        """The same batch restricted to some rows and cut to the longest of them.

        Weights come along unchanged, so sums over parts equal the sum over all.
        """
        width = int(self.lengths[index].max())

        def part(array: Any) -> Any:
            return array[index, :width] if array.ndim == 2 else array[index]

        arrays = {
            name: part(getattr(self, name))
            for name in self.__dataclass_fields__
            if name != "weights"
        }
        return Batch(
            **arrays, weights={name: part(weight) for name, weight in self.weights.items()}
        )
