"""Laws of the rollout_state of sampling: no response is lost, and a row of the decoder is the text of those
that read it.
"""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.problems import training_problem
from seed.scaled.decoding.slots import Slots
from seed.spec.datatypes import BoolArray, Finish, Request, Rollout
from seed.spec.philox import uniforms, word_of

many = settings(max_examples=60)
SLOTS, LIMIT = 6, 40
PROBLEM = training_problem(("arithmetic",), {"arithmetic": (1,)}, 0, 1)


def partial_of(prompt: int, drawn: tuple[int, ...], sample: int) -> Rollout:
    """A response to a prompt that is its number, of which something may have been drawn before."""
    request = Request(PROBLEM, (prompt,), sample, 0)
    return Rollout(request, drawn, (-1.0,) * len(drawn), (0,) * len(drawn), Finish.UNFINISHED)


class World:
    """Slots, and what they must say: the text of every response, and of every row of a decoder that
    copies what it is told.
    """

    def __init__(self) -> None:
        self.slots = Slots(SLOTS, LIMIT, 1, "law")
        self.text_of: dict[int, tuple[int, ...]] = {}
        self.read: dict[int, tuple[int, ...]] = {}
        self.entered = 0

    def step(self, entering: list[tuple[int, tuple[int, ...]]], tokens: list[int]) -> None:
        """Read the newest token of every row and the texts of those that enter, and draw a token
        for all.
        """
        newest, positions = self.slots.begin_step()
        for row, (token, position) in enumerate(
            zip(newest.tolist(), positions.tolist(), strict=True)
        ):
            assert len(self.read[row]) == position
            self.read[row] += (token,)
        self.enter(sorted(entering[: self.slots.free]))
        for number, row in zip(self.slots.active, self.slots.row.tolist(), strict=False):
            assert self.read[row] == self.text_of[number]
        self.draw(tokens[: len(self.slots.active)])

    def enter(self, entering: list[tuple[int, tuple[int, ...]]]) -> None:
        """Responses of some prompts with some tokens drawn."""
        if not entering:
            return
        texts = [(prompt, *drawn) for prompt, drawn in entering]
        distinct = sorted(set(texts))
        self.read |= dict(enumerate(distinct, start=self.slots.rows))
        numbers = list(range(self.entered, self.entered + len(entering)))
        self.entered += len(entering)
        partials = [
            partial_of(prompt, drawn, number)
            for number, (prompt, drawn) in zip(numbers, entering, strict=True)
        ]
        self.text_of |= dict(zip(numbers, texts, strict=True))
        self.slots.enter(numbers, partials, [distinct.index(text) for text in texts])

    def draw(self, tokens: list[int]) -> None:
        """A token for every response; those at the limit leave."""
        places = zip(self.slots.active, self.slots.lengths.tolist(), strict=False)
        keys = [(word_of(PROBLEM.id), number, 0, place) for number, place in places]
        if keys:
            np.testing.assert_array_equal(self.slots.numbers_of_step(), uniforms(1, "law", keys))
        self.slots.note(np.array(tokens, dtype=np.int64), np.full(len(tokens), -1.0))
        for number, token in zip(self.slots.active, tokens, strict=True):
            self.text_of[number] += (token,)
        self.settle(self.slots.lengths[: len(tokens)] == LIMIT)

    def settle(self, leaving: BoolArray) -> None:
        """Let some go; what is told of them is their text."""
        expected = {
            number: self.text_of[number][1:]
            for number, gone in zip(self.slots.active, leaving, strict=True)
            if gone
        }
        told, sources, targets = self.slots.settle(leaving)
        assert {number: tuple(tokens) for number, (tokens, _) in told.items()} == expected
        assert all(len(tokens) == len(log_probs) for tokens, log_probs in told.values())
        self.read |= {
            target: self.read[source]
            for source, target in zip(sources.tolist(), targets.tolist(), strict=True)
        }
        for number in told:
            del self.text_of[number]

    def check(self) -> None:
        """The active responses are those that entered and did not leave, in the order of their
        rows; every row has a reader.
        """
        count = len(self.slots.active)
        rows = self.slots.row[:count].tolist()
        assert sorted(self.slots.active) == sorted(self.text_of)
        assert rows == sorted(rows) and sorted(set(rows)) == list(range(self.slots.rows))
        for number, row in zip(self.slots.active, rows, strict=True):
            assert self.text_of[number][:-1] == self.read[row]


tokens_of_all = st.lists(st.integers(0, 2), min_size=SLOTS, max_size=SLOTS)
entering_ones = st.lists(
    st.tuples(st.integers(7, 8), st.lists(st.integers(0, 1), max_size=2).map(tuple)), max_size=4
)
events = st.lists(
    st.tuples(st.just("step"), entering_ones, tokens_of_all)
    | st.tuples(st.just("settle"), st.lists(st.booleans(), min_size=SLOTS, max_size=SLOTS)),
    max_size=60,
)


@given(events=events)
@many
def test_every_row_is_the_text_of_those_that_read_it_whatever_happens(
    events: list[tuple[Any, ...]],
) -> None:
    world = World()
    for name, *what in events:
        if name == "settle":
            world.settle(np.array(what[0][: len(world.slots.active)], dtype=bool))
        else:
            world.step(*what)
        world.check()


def test_responses_share_a_row_until_their_tokens_differ() -> None:
    world = World()
    world.step([(7, ())] * 4, [0, 0, 0, 0])
    assert world.slots.rows == 1
    world.step([], [0, 0, 1, 1])
    assert world.slots.rows == 2
    world.step([], [0, 0, 0, 0])
    assert world.slots.rows == 2
    world.step([], [0, 1, 2, 2])
    assert world.slots.rows == 3


def test_where_all_texts_differ_nothing_is_copied() -> None:
    slots = Slots(SLOTS, LIMIT, 1, "law")
    slots.enter([0, 1], [partial_of(7, (), 0), partial_of(8, (), 1)], [0, 1])
    slots.note(np.array([1, 2]), np.zeros(2))
    told, sources, targets = slots.settle(np.zeros(2, dtype=bool))
    assert not told and not len(sources) and not len(targets)
