"""What LeetCode and LiveCodeBench put around a program: imports, node classes and helper functions.

Executed in both processes: solutions use ``List`` and ``inf`` without importing them, tests build
lists and trees. The helper functions are those of the LeetCode tests in use
(newfacade/LeetCodeDataset): ``list_node``, ``is_same_list``, ...
"""

import ast
from collections.abc import Sequence
from typing import Any

PREAMBLE = """
import bisect, collections, copy, datetime, functools, heapq, itertools, json, math, operator
import random, re, statistics, string, sys
from bisect import bisect, bisect_left, bisect_right, insort
from collections import Counter, OrderedDict, defaultdict, deque
from functools import cache, cmp_to_key, lru_cache, reduce
from heapq import heapify, heappop, heappush, heappushpop, heapreplace, merge, nlargest, nsmallest
from itertools import accumulate, chain, combinations, combinations_with_replacement, count, cycle
from itertools import groupby, islice, pairwise, permutations, product, repeat, starmap, takewhile
from itertools import zip_longest
from math import ceil, comb, cos, dist, factorial, floor, gcd, inf, isqrt, lcm, log, log2, log10, pi
from math import prod, sin, sqrt
from operator import add, and_, itemgetter, mul, or_, sub, xor
from random import choice, randint, randrange, sample, shuffle
from string import ascii_lowercase, ascii_uppercase, digits
from typing import *
"""
"""Names, not modules, win where the two collide (``bisect``): that is how statements call them."""


class ListNode:
    """A node of a singly linked list."""

    def __init__(self, val: Any = 0, next: Any = None) -> None:
        self.val = val
        self.next = next


class TreeNode:
    """A node of a binary tree."""

    def __init__(self, val: Any = 0, left: Any = None, right: Any = None) -> None:
        self.val = val
        self.left = left
        self.right = right


def list_node(values: Sequence[Any]) -> ListNode | None:
    """Build a linked list and return its head; None for no values."""
    head = None
    for value in reversed(values):
        head = ListNode(value, head)
    return head


def tree_node(values: Sequence[Any]) -> TreeNode | None:
    """Build a binary tree and return its root; None for no values.

    LeetCode writes a tree as its values level by level, None for a missing child.
    """
    if not values or values[0] is None:
        return None
    root = TreeNode(values[0])
    rest = iter(values[1:])
    parents = [root]
    for parent in parents:  # grows while it is walked
        for side in ("left", "right"):
            if (value := next(rest, None)) is not None:
                child = TreeNode(value)
                setattr(parent, side, child)
                parents.append(child)
    return root


def is_same_list(first: Any, second: Any) -> bool:
    """Compare two linked lists value by value; a circular list is the same as none."""
    seen = set()
    while first is not None and second is not None and id(first) not in seen:
        if first.val != second.val:
            return False
        seen.add(id(first))
        first, second = first.next, second.next
    return first is None and second is None


def is_same_tree(first: Any, second: Any) -> bool:
    """Compare two binary trees node by node; a tree with a node twice is the same as none."""
    waiting, seen = [(first, second)], set()
    while waiting:
        node, counterpart = waiting.pop()
        if node is None or counterpart is None:
            if node is not counterpart:
                return False
            continue
        if node.val != counterpart.val or id(node) in seen:
            return False
        seen.add(id(node))
        waiting += [(node.left, counterpart.left), (node.right, counterpart.right)]
    return True


def namespace() -> dict[str, Any]:
    """Make the names that a program or a test of these sites has from the start."""
    names: dict[str, Any] = {}
    exec(PREAMBLE, names)
    own = (ListNode, TreeNode, list_node, tree_node, is_same_list, is_same_tree)
    return {**names, **{thing.__name__: thing for thing in own}}


def prompt_of(problem: str, entry: str) -> tuple[str, str]:
    """Find out whether a problem is itself the beginning of a program, as in HumanEval.

    Such a prompt may define helpers that tests and solutions use, so both processes execute it.

    Args:
        problem: A statement, or Python source.
        entry: The function to write; empty if nothing names it: then it is the last one that the
            prompt defines.

    Returns:
        The prompt, empty if the problem is not Python that defines the function; and the function's
        name.
    """
    try:
        body = ast.parse(problem).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", entry
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    if not defined or (entry and entry not in defined):
        return "", entry
    return problem, entry or defined[-1]
