"""Properties of the parts of the code verifier that need no sandbox."""

import contextlib
import json
import math
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.verifiers.programs import surroundings, wire
from seed.reference.verifiers.programs.compare import same_output, same_value
from seed.reference.verifiers.programs.copies import put_back
from seed.reference.verifiers.programs.counterparts import SolutionError, crossed
from seed.reference.verifiers.programs.extraction import program_of
from seed.reference.verifiers.programs.handles import Handle
from seed.reference.verifiers.programs.remote import Remote, TestsFault
from seed.reference.verifiers.programs.standard_values import MOST_BITS, WireError
from seed.reference.verifiers.programs.suite import SuiteError, suite_of

NODES: dict[str, Any] = {name: getattr(surroundings, name) for name in wire.NODES}


def refuse(*_: Any) -> Any:
    raise WireError("nothing plain")


def crossed_over(value: Any) -> Any:
    written = json.loads(json.dumps(wire.Encoder(refuse).encode(value)))
    return wire.Decoder(NODES, refuse).decode(written)


numbers = (
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
)
standard = (
    st.decimals(allow_nan=False)
    | st.fractions()
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.timedeltas()
    | st.sampled_from([int, str, ValueError])
)
keys = st.none() | numbers | st.text() | st.binary()
hashable = st.recursive(
    keys, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=6
)
plain = st.recursive(
    hashable | st.integers(-(1 << 200), 1 << 200) | standard,
    lambda inner: (
        st.lists(inner, max_size=3).map(deque)
        | st.dictionaries(hashable, inner, max_size=3).map(OrderedDict)
        | st.dictionaries(hashable, inner, max_size=3).map(partial(defaultdict, list))
        | st.lists(hashable, max_size=4).map(Counter)
        | st.lists(inner, max_size=4)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=3)
    ),
    max_leaves=12,
)


@given(value=plain)
@settings(max_examples=60)
def test_a_plain_value_crosses_unchanged(value: Any) -> None:
    assert repr_of_types(crossed_over(value)) == repr_of_types(value)
    assert crossed_over(value) == value


def repr_of_types(value: Any) -> Any:
    """The types of a value and its members: True and 1 are equal, and yet not the same."""
    if isinstance(value, list | tuple | deque):
        return type(value), [repr_of_types(member) for member in value]
    return type(value)


leaves = (
    st.none()
    | st.integers(-3, 3)
    | st.sampled_from([*"icbltsfdrgnhkNmqVvTewya", "ListNode", "TreeNode", "00", "x"])
)


@given(written=st.recursive(leaves, lambda inner: st.lists(inner, max_size=4), max_leaves=20))
@settings(max_examples=150)
def test_whatever_arrives_is_a_value_or_rejected(written: Any) -> None:
    with contextlib.suppress(WireError):
        wire.Decoder(NODES, refuse).decode(written)


def test_subclasses_are_reduced_to_the_builtin_type() -> None:
    class Yes(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    text, many = type("Text", (str,), {})("x"), type("Many", (list,), {})([Yes(2)])
    value = crossed_over([Yes(1), text, many])
    assert value == [1, "x", [2]]
    assert [type(member) for member in value] == [int, str, list]


def test_values_without_end_are_rejected() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for value in (endless, 1 << (MOST_BITS + 1)):
        with pytest.raises(WireError):
            crossed_over(value)


@given(values=st.lists(st.none() | st.integers(0, 9), max_size=30))
@settings(max_examples=50)
def test_linked_lists_and_trees_cross_node_by_node(values: list[int | None]) -> None:
    linked, tree = surroundings.list_node(values), surroundings.tree_node(values)
    assert surroundings.is_same_list(crossed_over(linked), linked)
    assert surroundings.is_same_tree(crossed_over(tree), tree)


def test_a_circular_list_crosses_and_is_the_same_as_none() -> None:
    head = surroundings.ListNode(1)
    head.next = head
    copy = crossed_over(head)
    assert copy.next is copy
    assert not surroundings.is_same_list(copy, head)


class Liar(Remote):
    """A connection to a program that calls its objects equal to everything."""

    def __init__(self, kept: dict[str, Any], kept_by_the_other: dict[str, Any]) -> None:
        self.reply = [True, True, True, kept, kept_by_the_other]
        self.comparing, self.named, self.refused = 0, set(), ""

    def operate(self, name: str, *operands: Any) -> Any:
        return self.reply if name == "compared" else True

    def read(self, number: int, attribute: str) -> Any:
        return None


def test_a_handle_is_equal_to_itself_and_to_what_keeps_the_same() -> None:
    handle, same, other = (Handle(Liar({"x": 1}, {"x": 2}), number, "Yes") for number in (1, 1, 2))
    assert handle == same
    assert all(handle != value for value in (1, "x", None, [], object()))
    with pytest.raises(TestsFault):
        assert handle != other
    assert Handle(Liar({"x": [1]}, {"x": [1]}), 1, "Yes") == other
    with pytest.raises(TestsFault):  # an object that keeps nothing would be equal to any other
        assert Handle(Liar({}, {}), 1, "Yes") == other


def test_only_builtin_exceptions_keep_their_type() -> None:
    assert type(crossed("ValueError", "x")) is ValueError
    exits = "SystemExit", "KeyboardInterrupt"
    for name in (*exits, "print", "Own", "__import__", "UnicodeDecodeError"):
        assert type(crossed(name, "x")) is SolutionError


def test_an_argument_is_changed_only_into_its_own_kind() -> None:
    numbers, table = [1], {1: 2}
    put_back(numbers, [3, 4])
    put_back(table, {5: 6})
    assert (numbers, table) == ([3, 4], {5: 6})
    for original, changed in (([1], (1,)), (1, 2), ((1,), (2,)), ("a", "b")):
        with pytest.raises(TypeError):
            put_back(original, changed)


@pytest.mark.parametrize(
    ("response", "program"),
    [
        ("```python\na\n```", "a\n"),
        ("```python\na\n```\n```python\nb\n```\nso", "b\n"),
        ("```py\na\n```\n```\noutput\n```", "a\n"),
        ("```\na\n```", "a\n"),
        ("```cpp\na\n```", ""),
        ("<think>```python\na\n```</think>```python\nb\n```", "b\n"),
        ("<think>```python\na\n```", ""),
        ("```python\na\n```\n```python\nb", "a\n"),
        ("```python\nb", ""),
        ("1. so\n   ```python\n   if a:\n       b\n   ```", "if a:\n    b\n"),
        ("print(1)", "print(1)"),
        ("```PYTHON\r\na\r\n```", "a\n"),
        ("", ""),
        ("````python\na\n```\nb\n````", "a\n```\nb\n"),
        ("~~~py\na\n~~~", "a\n"),
        ("~~~python\na\n```\n~~~~", "a\n```\n"),
        ('```python title="a.py"\na\n```', "a\n"),
        ("```{.python .numberLines}\na\n```", "a\n"),
        ("```python:main.py\na\n```", "a\n"),
        ("``` python\na\n``` ", "a\n"),
        ("<answer>\na\n</answer>", "a"),
        ("<answer>```python\na\n```</answer>", "a\n"),
        ("<answer>\na", ""),
        ("a\n<|im_end|>", "a"),
        ("<thinking>```python\na\n```</thinking>\nb", "\nb"),
        ("```python\nif a:\n\u00a0b\n```", "if a:\n\u00a0b\n"),
        ("```js\na\n```", ""),
    ],
)
def test_the_program_is_the_last_closed_python_block_after_the_thinking(
    response: str, program: str
) -> None:
    assert program_of(response) == program


@pytest.mark.parametrize(
    ("output", "expected", "same"),
    [
        ("1 2\n", "1 2", True),
        ("1 2  \n3\n\n\n", "1 2\n3", True),
        ("1  2", "1 2", False),
        ("1\n\n2", "1\n2", False),
        (" 1", "1", False),
        ("YES", "Yes", False),
        ("0.3333333", "0.333333333", True),
        ("0.33", "0.333333333", False),
        ("1e9", "1000000000.0", True),
        ("3", "3.0", True),
        ("3.0", "3", False),
        ("nan", "1.0", False),
        ("inf", "1e400", False),
        ("1" * 400, "1.0", False),
        ("x 0.5000001", "x 0.5", True),
        ("", "", True),
        ("", "0", False),
    ],
)
def test_outputs_are_compared_line_by_line_and_reals_by_value(
    output: str, expected: str, same: bool
) -> None:
    assert same_output(output, expected) is same


def test_returned_values_are_compared_by_value_and_kind() -> None:
    assert same_value((1, [2.0000001]), [1, [2.0]])
    assert same_value({"a": (1,)}, {"a": [1]})
    assert same_value(10**400, 10**400)
    assert same_value({1: 2, None: 3}, {"1": 2, "null": 3})
    assert same_value(map(str, [1, 2]), ["1", "2"])
    assert not same_value({1: 2, "1": 2}, {"1": 2})
    assert not same_value(iter([1, 2, 3]), [1, 2])
    assert not any(same_value(*pair) for pair in ((1, True), (True, 1), (0, False), ([1], [True])))
    kinds = ("1", 1), ([1], [1, 2]), (None, 0), ({1}, [1])
    for returned, expected in ((1, 2), *kinds, (math.nan, 1.0), (10**400, 1.0)):
        assert not same_value(returned, expected)


def test_the_raw_shapes_of_one_suite_have_one_canonical_shape() -> None:
    cases = [{"stdin": "1", "stdout": "2"}]
    assert suite_of(cases) == suite_of({"cases": cases})
    assert suite_of(cases) == suite_of({"kind": "stdio", "cases": cases})
    assert suite_of(["assert f()"]) == suite_of({"test_list": ["assert f()"]})
    source = "def check(f):\n    assert f()"
    assert suite_of({"test": source}) == suite_of(source)
    calls = {"inputs": ['[1]\n"x"'], "outputs": ["null"], "fn_name": "f"}
    assert suite_of(calls)["cases"] == [{"arguments": [[1], "x"], "returns": None}]


def test_a_canonical_suite_is_its_own_canonical_shape() -> None:
    check = "def check(f):\n    assert f()\ncheck(g)"
    for tests in ([{"input": "1", "output": "2"}], ["assert f()"], check):
        assert suite_of(suite_of(tests)) == suite_of(tests)


def test_an_entry_that_is_no_name_is_rejected() -> None:
    with pytest.raises(SuiteError, match="entry='f; g' must be the name of a function"):
        suite_of({"kind": "calls", "entry": "f; g", "cases": [{"arguments": [], "returns": 1}]})
