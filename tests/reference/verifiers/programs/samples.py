"""Programs and tests in every shape: right ones, and tests that are broken."""

from typing import Any

from tests.reference.verifiers.programs.attacks import programs

ADD = "def add(a, b):\n    return a + b\n"
ADD_TESTS = ["assert add(1, 2) == 3", "assert add(a=20, b=30) == 50"]
POLYNOMIAL = '''import math

def value(xs: list, x: float):
    return sum(c * math.pow(x, i) for i, c in enumerate(xs))

def root(xs: list):
    """Find x such that value(xs, x) = 0."""
'''
ROOT_TEST = "def check(candidate):\n    assert abs(value([-6, 3], candidate([-6, 3]))) < 1e-4\n"
REVERSE = """class Solution:
    def reverse(self, head: Optional[ListNode]) -> Optional[ListNode]:
        before = None
        while head:
            head.next, before, head = before, head, head.next
        return before
"""
CACHE = """class Cache:
    def __init__(self, size): self.size, self.kept = size, OrderedDict()
    def get(self, key): return self.kept.get(key, -1)
    def put(self, key, value):
        self.kept[key] = value
        if len(self.kept) > self.size: self.kept.popitem(last=False)
"""
CACHE_TEST = """def check(cache):
    one = cache(1)
    assert one.put(1, 10) is None
    assert one.get(1) == 10
    one.put(2, 20)
    assert one.get(1) == -1
check(Cache)
"""

LIST_TEST = """def check(f):
    assert is_same_list(f(head = list_node([1, 2, 3])), list_node([3, 2, 1]))
check(Solution().reverse)
"""
LONG_LIST_TEST = """def check(f):
    assert is_same_list(f(list_node(list(range(5000)))), list_node(list(range(4999, -1, -1))))
check(Solution().reverse)
"""
LIST_NODE = """class ListNode:
    def __init__(self, x): self.val, self.next = x, None
"""
MIRROR = """class Solution:
    def mirror(self, t):
        if t: t.left, t.right = self.mirror(t.right), self.mirror(t.left)
        return t
"""
TREE_TEST = """def check(f):
    assert is_same_tree(f(tree_node([1, 2, None, 3])), tree_node([1, None, 2, None, 3]))
check(Solution().mirror)
"""
LARGEST = "class Solution:\n    def f(self, n: List[int]): return inf if not n else max(n)\n"
LARGEST_TEST = """def check(candidate):
    assert candidate(n = [1, 3]) == 3
    assert candidate(n = []) == inf
check(Solution().f)
"""
SUM_CHECKER = """def check(input, output, expected):
    return sum(map(int, output.split())) == int(input)
"""
RAISE_TEST = """try:
    f(1)
except ValueError as e:
    assert str(e) == 'no'
else:
    assert False
"""
ONE = [{"stdin": "", "stdout": "1"}]
"""The case of a program that should print 1."""
PLAIN_VALUES = (
    "{1: (2, {3}), None: b'x'}",
    "(1 << 900)",
    "1j",
    "range(3, 9, 2)",
    "frozenset({0.5})",
)

GOOD: dict[str, tuple[Any, ...]] = {
    "assertions": (ADD, ADD_TESTS),
    "assertions with setup": (
        ADD,
        {"test_list": ["assert add(x, 2) == 3"], "test_setup_code": "x = 1"},
    ),
    "assertions that forgot an import": (
        "def f(): return 3",
        ["assert math.floor(math.pi) == f()"],
    ),
    "a check function and its entry": (
        ADD,
        {"test": "def check(f):\n    assert f(1, 2) == 3\n", "entry_point": "add"},
    ),
    "a check function, the problem a prompt": (
        "def root(xs): return -xs[0] / xs[1]",
        ROOT_TEST,
        POLYNOMIAL,
    ),
    "a helper of the prompt": (
        "def root(xs): return next(x for x in range(99) if value(xs, x) == 0)",
        ROOT_TEST,
        POLYNOMIAL,
    ),
    "a check that calls itself": (LARGEST, LARGEST_TEST),
    "linked lists": (REVERSE, LIST_TEST),
    "linked lists with a class of its own": (LIST_NODE + REVERSE, LONG_LIST_TEST),
    "trees": (MIRROR, TREE_TEST),
    "a class with methods": (CACHE, CACHE_TEST),
    "calls": (
        "class Solution:\n    def f(self, a, b): return (a, b)\n",
        {"inputs": ["1\n[2]"], "outputs": ["[1, [2]]"], "fn_name": "f"},
    ),
    "calls of a function": (
        "def f(x): return x / 3",
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [1], "returns": 0.333333}]},
    ),
    "standard input": (
        "print(int(input()) * 2)",
        [{"stdin": "21\n", "stdout": "42"}, {"stdin": "4", "stdout": "8\n\n"}],
    ),
    "inputs and outputs": (
        "print(*sorted(Counter(input()).items()))",
        {"inputs": ["aab"], "outputs": ["('a', 2) ('b', 1)"]},
    ),
    "an exit that is no failure": ("import sys\nprint(1)\nsys.exit()\n", ONE),
    "the descriptor itself": (
        "import os\nos.write(1, os.read(0, 100))\n",
        [{"stdin": "x y", "stdout": "x y"}],
    ),
    "a main guard": ("if __name__ == '__main__':\n    print(1)", ONE),
    "several right answers": (
        "print(7, 3)",
        {"kind": "stdio", "cases": [{"stdin": "10", "stdout": "5 5"}], "checker": SUM_CHECKER},
    ),
    "arguments changed in place": (
        "def f(x): x.sort()",
        ["x = [3, 1]\nf(x)\nassert x == [1, 3]\n"],
    ),
    "nested arguments changed in place": (
        "def f(g): g[0][1] = 7; g.append({})",
        ["g = [[1, 2]]\nf(g)\nassert g == [[1, 7], {}]\n"],
    ),
    "an expected exception": ("def f(x):\n    raise ValueError('no')\n", [RAISE_TEST]),
    "a function as an argument": (
        "def f(g, xs): return [g(x) for x in xs]",
        ["assert f(lambda x: x * x, [1, 2]) == [1, 4]"],
    ),
    "a returned function": ("def f(n): return lambda x: x + n", ["assert f(2)(3) == 5"]),
    "a generator": (
        "def f(n): yield from range(n)",
        ["assert list(f(3)) == [0, 1, 2]", "assert sum(f(4)) == 6"],
    ),
    "an object that can be walked": (
        "from collections import deque\ndef f(): return deque([1, 2])\n",
        ["assert list(f()) == [1, 2]"],
    ),
    "numpy scalars": (
        "import numpy\ndef f(): return numpy.float64(0.5)\n",
        ["assert f() == 0.5 and type(f()) == float"],
    ),
    "every plain value": (
        "def f(x): return x",
        [f"assert f({v}) == {v} and type(f({v})) is type({v})" for v in PLAIN_VALUES],
    ),
    "printing while it works": (
        "print('loading')\ndef f(): print('x' * 10**5); return 1\n",
        ["assert f() == 1"],
    ),
}
"""Name -> a right program, its tests, and the problem if it matters."""

BROKEN: dict[str, Any] = {
    "nothing": None,
    "no assertion": [],
    "no text": "",
    "no case": {"kind": "stdio", "cases": []},
    "an unknown kind": {"kind": "magic"},
    "an unknown shape": {"something": 1},
    "a number": 5,
    "no expected output": [{"stdin": "1"}],
    "lists of different lengths": {"inputs": ["1"], "outputs": []},
    "arguments that are no JSON": {"inputs": ["x y"], "outputs": ["1"], "fn_name": "add"},
    "a checker that is no Python": {
        "cases": [{"stdin": "", "stdout": ""}],
        "checker": "def check(",
    },
    "a checker that refuses what is expected": {
        "cases": ONE,
        "checker": "def check(i, o, e):\n    return False\n",
    },
    "a checker that says nothing": {"cases": ONE, "checker": "def check(i, o, e):\n    return 1\n"},
    "a check of nobody": "def check(f):\n    assert f(1, 2) == 3\n",
}
"""Name -> tests that say nothing about any program."""

BROKEN_TESTS = """
#: a test that asserts nothing
add(1, 2)
#: a test that is no Python
assert add(1, 2) = 3
#: a test with a missing module
import nothing_of_this_name
assert add(1, 2) == 3
#: a test that fails by itself
x = 1 / 0
assert add(1, 2) == 3
#: a module that only the program has
assert np.allclose(add(1, 2), 3)
#: a value that cannot cross
assert add(object(), 2) == 3
#: a test that exits
import os
assert add(1, 2) == 3
os._exit(0)
#: a test that claims the verdict
import os
assert add(1, 2) == 3
os.write(1, b'{}'); os._exit(0)
"""
BROKEN_CHECKS = """
#: a test with a missing name
def check(f):
    assert f(1, 2) == three
#: a test that never calls
def check(f):
    assert True
#: a check that asserts nothing
def check(f):
    f(1, 2)
"""
BROKEN |= {name: [test] for name, test in programs(BROKEN_TESTS).items()}
BROKEN |= {
    name: {"test": test, "entry_point": "add"} for name, test in programs(BROKEN_CHECKS).items()
}
