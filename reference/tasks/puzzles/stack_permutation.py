"""Stack permutations: bring items into a wanted order with one stack, or see that it is impossible.

- Instance: ``{"pushed": "3142", "wanted": "1324"}``: the items, all different, in the order of the
  pushes, and the wanted output.
- Prompt: ``P3142>1324=``.
- Response: ``+3+1-1-3+4+2-2-4``: ``+`` pushes the next item, ``-`` pops the top one; each with a
  note of its item. If it is impossible, as in ``P123>312=``, then ``312X``: ``X``, with a note of
  three items of the output that cannot leave in this order, because the third lies on the second.
- Bare answer: ``++--++--`` or ``X``: digits are notes and are skipped, right or wrong.
- Levels 1..5: 6 to 10 items.

An order is impossible exactly if the output somewhere has items c, a, b that were pushed in the
order a, b, c: when c comes out, a lies below b (Knuth, The Art of Computer Programming, volume 1,
section 2.2.1, exercise 5).
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

ITEMS_BELOW_LEVEL_ONE = 5
LEVELS = range(1, 6)
CHARACTERS = "0123456789+->=PX"
RULES = (
    "Before the > stand items, one digit each, in the order in which they are pushed onto a stack;"
    " after it the order in which they shall leave it. Write + to push the next item and - to pop"
    " the top one, until all have left in the wanted order, such as ++-- for 12>21. If that is"
    " impossible, write X and neither + nor -. Digits are notes of your own and are not read."
)
ITEMS = "0123456789"
PUSH, POP, IMPOSSIBLE = "+", "-", "X"
# The answer X needs no operations at all: were it right half of the time, a policy would learn to
# write nothing else.
IMPOSSIBLE_SHARE = 0.25
WITHOUT_NOTES = str.maketrans("", "", ITEMS)


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw items and an output: one that random operations give, or one that is impossible."""
    count = difficulty + ITEMS_BELOW_LEVEL_ONE
    pushed = "".join(ITEMS[item] for item in random.permutation(len(ITEMS))[:count])
    if random.random() >= IMPOSSIBLE_SHARE:
        return {"pushed": pushed, "wanted": _random_output(random, pushed)}
    while True:
        wanted = "".join(pushed[index] for index in random.permutation(count))
        if _operations(pushed, wanted) is None:
            return {"pushed": pushed, "wanted": wanted}


def identity(instance: Mapping[str, Any]) -> str:
    """The order of the output if the items are pushed in the order 0, 1, 2 and so on.

    Each wanted item is written as its index in the order of the pushes.
    """
    return "".join(str(instance["pushed"].index(item)) for item in instance["wanted"])


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``P3142>1324=``."""
    return f"P{instance['pushed']}>{instance['wanted']}="


def solve(instance: Mapping[str, Any]) -> str:
    """The operations with their items, or the three items that make them impossible."""
    pushed, wanted, operations = instance["pushed"], instance["wanted"], answer(instance)
    if operations == IMPOSSIBLE:
        return _obstacle(pushed, wanted) + IMPOSSIBLE
    entering, leaving = iter(pushed), iter(wanted)
    return "".join(
        operation + next(entering if operation == PUSH else leaving) for operation in operations
    )


def answer(instance: Mapping[str, Any]) -> str:
    """The operations or the verdict, e.g. ``++--`` or ``X``."""
    operations = _operations(instance["pushed"], instance["wanted"])
    return IMPOSSIBLE if operations is None else operations


def work(instance: Mapping[str, Any]) -> int:
    """The number of items, 6 to 10."""
    return len(instance["pushed"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Replay the operations, or decide whether there are none.

    ``correct`` exactly if, digits aside, the operations move every item through the stack into the
    wanted order, or the response is ``X`` and no operations do.
    """
    claim = response.translate(WITHOUT_NOTES)
    pushed, wanted = instance["pushed"], instance["wanted"]
    fault = unreadable(response) or _fault(pushed, wanted, claim)
    impossible = claim == IMPOSSIBLE
    success = "no operations give this output" if impossible else "the output is the wanted one"
    return judge(fault, claim, success)


def _fault(pushed: str, wanted: str, operations: str) -> str:
    if operations == IMPOSSIBLE:
        return "" if _operations(pushed, wanted) is None else "the output can be had"
    stack: list[str] = []
    to_push, output = list(pushed[::-1]), ""
    for number, operation in enumerate(operations, start=1):
        if operation == PUSH:
            if not to_push:
                return f"operation {number} pushes, but no item is left"
            stack.append(to_push.pop())
        elif operation == POP:
            if not stack:
                return f"operation {number} pops from an empty stack"
            output += stack.pop()
        else:
            return f"operation {number} is neither {PUSH} nor {POP}"
    if len(output) < len(wanted):
        return f"only {len(output)} of {len(wanted)} items have left the stack"
    return "" if output == wanted else f"the output is {output}, not {wanted}"


def _operations(pushed: str, wanted: str) -> str | None:
    """Find the operations, which are forced: to pop an item, push until it lies on top.

    None if it lies deeper.
    """
    stack: list[str] = []
    to_push, operations = list(pushed[::-1]), ""
    for item in wanted:
        while item not in stack:
            stack.append(to_push.pop())
            operations += PUSH
        if stack.pop() != item:
            return None
        operations += POP
    return operations


def _obstacle(pushed: str, wanted: str) -> str:
    """Find the first items c, a, b of the output that were pushed in the order a, b, c."""
    triples = combinations(wanted, 3)
    return next(
        c + a + b for c, a, b in triples if pushed.index(a) < pushed.index(b) < pushed.index(c)
    )


def _random_output(random: np.random.Generator, pushed: str) -> str:
    stack: list[str] = []
    to_push, output = list(pushed[::-1]), ""
    while to_push or stack:
        if to_push and (not stack or random.random() < 0.5):
            stack.append(to_push.pop())
        else:
            output += stack.pop()
    return output
