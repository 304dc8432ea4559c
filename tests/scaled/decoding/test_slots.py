"""Properties of the slots: no response is lost, and a decoder row holds the text of its readers."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.problems import training_problem
from seed.scaled.decoding.slots import Slots
from seed.spec.characters import ENDS
from seed.spec.config_files import load_config
from seed.spec.datatypes import BoolArray, Finish, Request, Rollout, Sampling
from seed.spec.philox import uniforms, word_of
from seed.spec.sampler import SamplerSpec

many = settings(max_examples=60)
SLOTS, LIMIT = 6, 40
SPEC = SamplerSpec(load_config("tiny", "vapo").model, Sampling(1.0, 1.0, LIMIT, ENDS), 1, "law", 0)
PROBLEM = training_problem(("arithmetic",), {"arithmetic": (1,)}, 0, 1)


def partial_of(prompt: int, drawn: tuple[int, ...], sample: int) -> Rollout:
    """A response to a prompt of one token, to which some tokens may have been drawn before."""
    request = Request(PROBLEM, (prompt,), sample, 0)
    return Rollout(request, drawn, (-1.0,) * len(drawn), (0,) * len(drawn), Finish.UNFINISHED)


class World:
    """Slots with a model of them: the text of every response, and of every row of a decoder."""

    def __init__(self) -> None:
        self.slots = Slots(SLOTS, SPEC)
        self.text_of: dict[int, tuple[int, ...]] = {}
        self.row_text: dict[int, tuple[int, ...]] = {}
        self.next_id = 0

    def step(self, entering: list[tuple[int, tuple[int, ...]]], tokens: list[int]) -> None:
        """Read the newest token of every row and the new texts, then draw a token for each."""
        newest, positions = self.slots.begin_step()
        for row, (token, position) in enumerate(
            zip(newest.tolist(), positions.tolist(), strict=True)
        ):
            assert len(self.row_text[row]) == position
            self.row_text[row] += (token,)
        self.add(sorted(entering[: self.slots.free]))
        for id_, row in zip(self.slots.active, self.slots.row.tolist(), strict=False):
            assert self.row_text[row] == self.text_of[id_]
        self.draw(tokens[: len(self.slots.active)])

    def add(self, entering: list[tuple[int, tuple[int, ...]]]) -> None:
        """Add responses to some prompts with some tokens drawn."""
        if not entering:
            return
        texts = [(prompt, *drawn) for prompt, drawn in entering]
        distinct = sorted(set(texts))
        self.row_text |= dict(enumerate(distinct, start=self.slots.rows))
        ids = list(range(self.next_id, self.next_id + len(entering)))
        self.next_id += len(entering)
        partials = [
            partial_of(prompt, drawn, id_)
            for id_, (prompt, drawn) in zip(ids, entering, strict=True)
        ]
        self.text_of |= dict(zip(ids, texts, strict=True))
        self.slots.add(ids, partials, [distinct.index(text) for text in texts])

    def draw(self, tokens: list[int]) -> None:
        """Draw a token of every response; those at the limit leave."""
        positions = zip(self.slots.active, self.slots.lengths.tolist(), strict=False)
        keys = [(word_of(PROBLEM.id), id_, 0, position) for id_, position in positions]
        if keys:
            np.testing.assert_array_equal(self.slots.step_uniforms(), uniforms(1, "law", keys))
        self.slots.record(np.array(tokens, dtype=np.int64), np.full(len(tokens), -1.0))
        for id_, token in zip(self.slots.active, tokens, strict=True):
            self.text_of[id_] += (token,)
        self.release(self.slots.lengths[: len(tokens)] == LIMIT)

    def release(self, leaving: BoolArray) -> None:
        """Remove some responses; what was drawn of them is their text."""
        expected = {
            id_: self.text_of[id_][1:]
            for id_, leaves in zip(self.slots.active, leaving, strict=True)
            if leaves
        }
        drawn, sources, targets = self.slots.release(leaving)
        assert {id_: tuple(tokens) for id_, (tokens, _) in drawn.items()} == expected
        assert all(len(tokens) == len(log_probs) for tokens, log_probs in drawn.values())
        self.row_text |= {
            target: self.row_text[source]
            for source, target in zip(sources.tolist(), targets.tolist(), strict=True)
        }
        for id_ in drawn:
            del self.text_of[id_]

    def check(self) -> None:
        """Active responses were added and did not leave, are ordered by row, and use every row."""
        count = len(self.slots.active)
        rows = self.slots.row[:count].tolist()
        assert sorted(self.slots.active) == sorted(self.text_of)
        assert rows == sorted(rows) and sorted(set(rows)) == list(range(self.slots.rows))
        for id_, row in zip(self.slots.active, rows, strict=True):
            assert self.text_of[id_][:-1] == self.row_text[row]


tokens_of_all = st.lists(st.integers(0, 2), min_size=SLOTS, max_size=SLOTS)
entering_ones = st.lists(
    st.tuples(st.integers(7, 8), st.lists(st.integers(0, 1), max_size=2).map(tuple)), max_size=4
)
events = st.lists(
    st.tuples(st.just("step"), entering_ones, tokens_of_all)
    | st.tuples(st.just("release"), st.lists(st.booleans(), min_size=SLOTS, max_size=SLOTS)),
    max_size=60,
)


@given(events=events)
@many
def test_every_row_is_the_text_of_its_readers_after_any_events(
    events: list[tuple[Any, ...]],
) -> None:
    world = World()
    for name, *arguments in events:
        if name == "release":
            world.release(np.array(arguments[0][: len(world.slots.active)], dtype=bool))
        else:
            world.step(*arguments)
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
    slots = Slots(SLOTS, SPEC)
    slots.add([0, 1], [partial_of(7, (), 0), partial_of(8, (), 1)], [0, 1])
    slots.record(np.array([1, 2]), np.zeros(2))
    drawn, sources, targets = slots.release(np.zeros(2, dtype=bool))
    assert not drawn and not len(sources) and not len(targets)
