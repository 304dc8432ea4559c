"""Programs and tests that were judged wrongly once, or are close to such ones, with their verdicts.

Two labels that others give are not ours: a checker that refuses what is expected, or cannot read
it, says nothing about a program, so that the verdict is ``error`` and not ``wrong``.
"""

from typing import Any

NESTED: list[Any] = []
for _ in range(60):
    NESTED = [NESTED]

LABELLED: dict[str, tuple[str, Any, str]] = {
    "coding": (
        ("Here it is.\n```python\n# -*- coding: utf-8 -*-\nprint(3)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "asserts_ctx": (
        (
            "```python\n"
            "class C:\n"
            "    def __enter__(self): return 5\n"
            "    def __exit__(self,*a): return False\n"
            "```\n"
        ),
        {"test_list": ["with C() as c:\n    assert c==5"]},
        "correct",
    ),
    "asserts_str": (
        ("```python\ndef f(a):\n    return 1.0\n```\n"),
        {"test_list": ["assert str(f(1))=='1.0'"]},
        "correct",
    ),
    "cache_state": (
        (
            "```python\n"
            "from functools import lru_cache\n"
            "@lru_cache(None)\n"
            "def f(a):\n"
            "    return a*2\n"
            "```\n"
        ),
        {
            "kind": "calls",
            "entry": "f",
            "cases": [{"arguments": [1], "returns": 2}, {"arguments": [2], "returns": 4}],
        },
        "correct",
    ),
    "humaneval": (
        ("```python\n    return a+b\n\n```\n"),
        {
            "test": "def check(candidate):\n    assert candidate(1,2)==3\n",
            "entry_point": "add",
            "prompt": 'def add(a,b):\n    """Add."""\n',
        },
        "correct",
    ),
    "default_mut": (
        ("```python\ndef f(a,b=[]):\n    b.append(a)\n    return len(b)\n```\n"),
        {
            "kind": "calls",
            "entry": "f",
            "cases": [{"arguments": [1], "returns": 1}, {"arguments": [1], "returns": 1}],
        },
        "wrong",
    ),
    "asserts_tuple_vs_list": (
        ("```python\ndef f(a):\n    return [1,2]\n```\n"),
        {"test_list": ["assert f(1)==(1,2)"]},
        "wrong",
    ),
    "open0": (
        ("Here it is.\n```python\nfor l in open(0):\n    print(int(l)*2)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "2\n3\n", "stdout": "4\n6\n"}]},
        "correct",
    ),
    "cpp": (
        ("```cpp\nint main(){}\n```"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "wrong",
    ),
    "dataclass": (
        (
            "Here it is.\n"
            "```python\n"
            "from dataclasses import dataclass\n"
            "@dataclass\n"
            "class A:\n"
            "    x:int\n"
            "print(A(3).x)\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "nolf_nonfence": (
        "print(int(input())+1)",
        {"kind": "stdio", "cases": [{"stdin": "2", "stdout": "3"}]},
        "correct",
    ),
    "four_ticks": (
        ("````python\nprint(3)\n````"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "asserts_sorted": (
        ("```python\ndef f(a):\n    return sorted(a,key=lambda x:-x)\n```\n"),
        {"test_list": ["assert f([1,3,2])==[3,2,1]"]},
        "correct",
    ),
    "asserts": (
        ("```python\ndef f(a):\n    return a+1\n```\n"),
        {"test_list": ["assert f(1)==2", "assert f(2) == 3"]},
        "correct",
    ),
    "asserts_exc_attr": (
        (
            "```python\n"
            "class E(Exception):\n"
            "    def __init__(self,c): self.code=c\n"
            "def f():\n"
            "    raise E(3)\n"
            "```\n"
        ),
        {
            "test_list": [
                (
                    "try:\n"
                    "    f()\n"
                    "except Exception as e:\n"
                    "    assert e.code==3\n"
                    "else:\n"
                    "    assert False"
                )
            ]
        },
        "correct",
    ),
    "float_nan_bad": (
        ("Here it is.\n```python\nprint(float('nan'))\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "1.0"}]},
        "wrong",
    ),
    "python_info": (
        ('```python title="a.py"\nprint(3)\n```'),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "os_exit": (
        ("Here it is.\n```python\nimport os\nprint(7,flush=True)\nos._exit(0)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "7"}]},
        "correct",
    ),
    "float_abs_rel": (
        ("Here it is.\n```python\nprint(1234567.8901)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "1234567.89"}]},
        "correct",
    ),
    "answer_tag": (
        ("<think>x</think><answer>\n```python\nprint(3)\n```\n</answer>"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "humaneval_full": (
        ("```python\ndef add(a,b):\n    return a+b\n\n```\n"),
        {
            "test": "def check(candidate):\n    assert candidate(1,2)==3\n",
            "entry_point": "add",
            "prompt": 'def add(a,b):\n    """Add."""\n',
        },
        "correct",
    ),
    "bool_as_int": (
        ("```python\ndef f(a):\n    return 1\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [1], "returns": True}]},
        "wrong",
    ),
    "static": (
        ("```python\nclass Solution:\n    @staticmethod\n    def f(a):\n        return a\n```\n"),
        {"inputs": ["2"], "outputs": ["2"], "fn_name": "f"},
        "correct",
    ),
    "asserts_bytes": (
        ("```python\ndef f(): return b'a'\n```\n"),
        {"test_list": ["assert f()==b'a'"]},
        "correct",
    ),
    "asserts_async": (
        ("```python\nimport asyncio\nasync def f(a):\n    return a+1\n```\n"),
        {"test_list": ["import asyncio\nassert asyncio.run(f(1))==2"]},
        "correct",
    ),
    "toplevel_guard": (
        (
            "```python\n"
            "def f(a):\n"
            "    return a\n"
            "if __name__=='__main__':\n"
            "    print(f(int(input())))\n"
            "```\n"
        ),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [1], "returns": 1}]},
        "correct",
    ),
    "asserts_callback": (
        ("```python\ndef apply(g,n):\n    return [g(i) for i in range(n)]\n```\n"),
        {"test_list": ["assert apply(lambda i:i*i,4)==[0,1,4,9]"]},
        "correct",
    ),
    "randomseed": (
        (
            "Here it is.\n"
            "```python\n"
            "import random\n"
            "random.seed(0)\n"
            "print(random.randint(1,6))\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "4"}]},
        "correct",
    ),
    "rec_default": (
        (
            "Here it is.\n"
            "```python\n"
            "def f(n):\n"
            "    return 0 if n==0 else 1+f(n-1)\n"
            "print(f(2000))\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "2000"}]},
        "wrong",
    ),
    "cr_only": (
        ("Here it is.\n```python\nprint('1\\r2')\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "2\n"}]},
        "wrong",
    ),
    "case": (
        ("Here it is.\n```python\nprint('Yes')\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "YES"}]},
        "wrong",
    ),
    "exitfn": (
        ("Here it is.\n```python\nprint(7)\nexit()\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "7"}]},
        "correct",
    ),
    "checker_raise": (
        ("```python\nprint('x')\n```\n"),
        {
            "kind": "stdio",
            "cases": [{"stdin": "5", "stdout": "2 3"}],
            "checker": "def check(input,output,expected):\n    return int(output)>0",
        },
        "error",
    ),
    "crlf_write": (
        ("Here it is.\n```python\nprint('5\\r')\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "5\n"}]},
        "correct",
    ),
    "asserts_msg": (
        ("```python\ndef f(a):\n    return a+1\n```\n"),
        {"test_list": ["assert f(1)==2, 'bad'"]},
        "correct",
    ),
    "answer_tag_bare": (
        ("<think>x</think><answer>\nprint(3)\n</answer>"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "recursion": (
        (
            "```python\n"
            "import sys\n"
            "sys.setrecursionlimit(10**6)\n"
            "def f(n):\n"
            "    return 0 if n==0 else 1+f(n-1)\n"
            "```\n"
        ),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [50000], "returns": 50000}]},
        "correct",
    ),
    "exit0": (
        ("```python\nn=int(input())\nif n<0:\n    print('NO')\n    exit(0)\nprint('YES')\n```"),
        [{"input": "-1\n", "output": "NO\n"}],
        "correct",
    ),
    "bigint_limit": (
        (
            "Here it is.\n"
            "```python\n"
            "import sys\n"
            "sys.set_int_max_str_digits(0)\n"
            "print(10**5000)\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "1" + "0" * 5000}]},
        "correct",
    ),
    "deepnest": (
        ("```python\ndef f(n):\n    x=[]\n    for _ in range(n): x=[x]\n    return x\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [60], "returns": NESTED}]},
        "correct",
    ),
    "crlf_str": (
        ("Here it is.\n```python\ns=input()\nt=input()\nprint('same' if s==t else 'diff')\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "ab\r\nab", "stdout": "same\n"}]},
        "correct",
    ),
    "humaneval_bare_body": (
        "    return a+b\n",
        {
            "test": "def check(candidate):\n    assert candidate(1,2)==3\n",
            "entry_point": "add",
            "prompt": 'def add(a,b):\n    """Add."""\n',
        },
        "correct",
    ),
    "dictkeys": (
        ("```python\ndef f(a):\n    return dict(a)\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [[[1, 2]]], "returns": {"1": 2}}]},
        "correct",
    ),
    "exit_lcb": (
        ("```python\nn=int(input())\nif n<0:\n    print('NO')\n    exit()\nprint('YES')\n```"),
        {"inputs": ["-1\n"], "outputs": ["NO\n"]},
        "correct",
    ),
    "asserts_counter": (
        ("```python\nfrom collections import Counter\ndef f(s): return Counter(s)\n```\n"),
        {"test_list": ["assert f('aab')=={'a':2,'b':1}", "assert f('aab')['a']==2"]},
        "correct",
    ),
    "checker_none": (
        ("```python\nprint('x')\n```\n"),
        {
            "kind": "stdio",
            "cases": [{"stdin": "5", "stdout": "2 3"}],
            "checker": "def check(input,output,expected):\n    pass",
        },
        "error",
    ),
    "sysexit1": (
        ("Here it is.\n```python\nimport sys\nprint(7)\nsys.exit(1)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "7"}]},
        "wrong",
    ),
    "double_space": (
        ("Here it is.\n```python\nprint('1  2')\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "1 2"}]},
        "wrong",
    ),
    "future": (
        ("Here it is.\n```python\nfrom __future__ import annotations\nprint(3)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "design": (
        (
            "```python\n"
            "class MinStack:\n"
            "    def __init__(self): self.s=[]\n"
            "    def push(self,x): self.s.append(x)\n"
            "    def getMin(self): return min(self.s)\n"
            "```\n"
        ),
        {"test_list": [("m=MinStack()\nm.push(2)\nm.push(1)\nassert m.getMin()==1")]},
        "correct",
    ),
    "oneline": (
        ("Here it is.\n```python\nprint(1,2,3)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": ("1\n2\n3\n")}]},
        "wrong",
    ),
    "wrongname": (
        ("```python\ndef g(a):\n    return a\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [1], "returns": 1}]},
        "wrong",
    ),
    "main_noguard": (
        (
            "Here it is.\n"
            "```python\n"
            "import sys\n"
            "input=sys.stdin.readline\n"
            "def solve():\n"
            "    n=int(input())\n"
            "    print(n+1)\n"
            "solve()\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "2\n", "stdout": "3"}]},
        "correct",
    ),
    "Python_caps": (
        ("```Python\nprint(3)\n```"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "resource_stack_soft": (
        (
            "Here it is.\n"
            "```python\n"
            "import resource,sys\n"
            "resource.setrlimit(resource.RLIMIT_STACK,(256<<20,resource.getrlimit(resource.RLIMIT_STACK)[1]))\n"
            "print(int(input())+1)\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "2", "stdout": "3"}]},
        "correct",
    ),
    "asserts_isclose": (
        ("```python\ndef f(a):\n    return a/3\n```\n"),
        {"test_list": ["import math\nassert math.isclose(f(1),0.3333333,rel_tol=1e-6)"]},
        "correct",
    ),
    "decimal": (
        (
            "Here it is.\n"
            "```python\n"
            "from decimal import *\n"
            "getcontext().prec=50\n"
            "print(Decimal(1)/Decimal(3))\n"
            "```\n"
        ),
        {
            "kind": "stdio",
            "cases": [
                {"stdin": "", "stdout": "0.33333333333333333333333333333333333333333333333333"}
            ],
        },
        "correct",
    ),
    "asserts_iter": (
        ("```python\nclass V:\n    def __iter__(self): return iter([1,2])\n```\n"),
        {"test_list": ["assert list(V())==[1,2]", "assert [x for x in V()]==[1,2]"]},
        "correct",
    ),
    "asserts_numpy": (
        ("```python\nimport numpy as np\ndef f(a):\n    return np.array([1,2])\n```\n"),
        {"test_list": ["assert list(f(1))==[1,2]"]},
        "correct",
    ),
    "fileinput": (
        (
            "Here it is.\n"
            "```python\n"
            "import fileinput\n"
            "print(sum(int(l) for l in fileinput.input()))\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "2\n3\n", "stdout": "5"}]},
        "correct",
    ),
    "asserts_custom_exc2": (
        ("```python\nclass MyErr(Exception): pass\ndef f():\n    raise MyErr('x')\n```\n"),
        {"test_list": [("try:\n    f()\n    assert False, 'no'\nexcept MyErr:\n    pass")]},
        "correct",
    ),
    "classattr": (
        ("```python\nclass Solution:\n    m=3\n    def f(self,a):\n        return a*self.m\n```\n"),
        {"inputs": ["2"], "outputs": ["6"], "fn_name": "f"},
        "correct",
    ),
    "toplevel_input": (
        ("```python\nn=int(input())\ndef f(a):\n    return a\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [1], "returns": 1}]},
        "wrong",
    ),
    "humaneval_empty": (
        ("```python\n\n```\n"),
        {
            "test": "def check(candidate):\n    assert candidate(1,2)==3\n",
            "entry_point": "add",
            "prompt": 'def add(a,b):\n    """Add."""\n',
        },
        "wrong",
    ),
    "pickle_main": (
        (
            "Here it is.\n"
            "```python\n"
            "import pickle\n"
            "class A: pass\n"
            "print(type(pickle.loads(pickle.dumps(A()))).__name__)\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "A"}]},
        "correct",
    ),
    "sysexit0": (
        ("Here it is.\n```python\nimport sys\nprint(7)\nsys.exit(0)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "7"}]},
        "correct",
    ),
    "cwdfile": (
        (
            "Here it is.\n"
            "```python\n"
            "open('x.txt','w').write('5')\n"
            "print(open('x.txt').read())\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "5"}]},
        "correct",
    ),
    "asserts_enum": (
        (
            "```python\n"
            "from enum import Enum\n"
            "class Color(Enum):\n"
            "    R=1\n"
            "def f(): return Color.R\n"
            "```\n"
        ),
        {"test_list": ["assert f()==Color.R", "assert f().value==1"]},
        "correct",
    ),
    "nbsp": (
        ("```python\nif True:\n\xa0\xa0\xa0\xa0print(3)\n```"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "wrong",
    ),
    "asserts_zip": (
        ("```python\ndef f(): return zip([1],[2])\n```\n"),
        {"test_list": ["assert list(f())==[(1,2)]"]},
        "correct",
    ),
    "trailing_ws": (
        ("Here it is.\n```python\nprint('1 2 3 ')\nprint()\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "1 2 3\n"}]},
        "correct",
    ),
    "float_neg0": (
        ("Here it is.\n```python\nprint(-0.0)\n```\n"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "0.0"}]},
        "correct",
    ),
    "float_int": (
        ("```python\ndef f(a):\n    return 2\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [1], "returns": 2.0}]},
        "correct",
    ),
    "globals": (
        (
            "Here it is.\n"
            "```python\n"
            "n=int(input())\n"
            "ans=0\n"
            "def f():\n"
            "    global ans\n"
            "    ans+=n\n"
            "f()\n"
            "print(ans)\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "4", "stdout": "4"}]},
        "correct",
    ),
    "heapq": (
        (
            "Here it is.\n"
            "```python\n"
            "import heapq\n"
            "h=[3,1,2]\n"
            "heapq.heapify(h)\n"
            "print(heapq.heappop(h))\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "1"}]},
        "correct",
    ),
    "eof_loop": (
        (
            "Here it is.\n"
            "```python\n"
            "import sys\n"
            "t=0\n"
            "try:\n"
            "    while True:\n"
            "        t+=int(input())\n"
            "except EOFError:\n"
            "    print(t)\n"
            "```\n"
        ),
        {"kind": "stdio", "cases": [{"stdin": ("1\n2\n3"), "stdout": "6"}]},
        "correct",
    ),
    "async_fn": (
        ("```python\nasync def f(a):\n    return a+1\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [1], "returns": 2}]},
        "wrong",
    ),
    "listnode": (
        ("```python\nclass Solution:\n    def f(self,head):\n        return head\n```\n"),
        {"inputs": ["[1,2]"], "outputs": ["[1,2]"], "fn_name": "f"},
        "correct",
    ),
    "asserts_deque": (
        ("```python\nfrom collections import deque\ndef f(): return deque([1,2])\n```\n"),
        {"test_list": ["from collections import deque\nassert f()==deque([1,2])"]},
        "correct",
    ),
    "unicode": (
        ("```python\ndef f(s):\n    return s[::-1]\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": ["aé漢"], "returns": "漢éa"}]},
        "correct",
    ),
    "asserts_print": (
        ("```python\ndef f(a):\n    print('hi')\n```\n"),
        {
            "test_list": [
                (
                    "import io,contextlib\n"
                    "b=io.StringIO()\n"
                    "with contextlib.redirect_stdout(b):\n"
                    "    f(1)\n"
                    "assert b.getvalue()=='hi\\n'"
                )
            ]
        },
        "correct",
    ),
    "python3_lang": (
        ("```python3\nprint(3)\n```"),
        {"kind": "stdio", "cases": [{"stdin": "", "stdout": "3"}]},
        "correct",
    ),
    "exit_in_def": (
        (
            "```python\n"
            "def main():\n"
            "    n=int(input())\n"
            "    if n<0:\n"
            "        print('NO')\n"
            "        exit(0)\n"
            "    print('YES')\n"
            "main()\n"
            "```"
        ),
        [{"input": "-1\n", "output": "NO\n"}],
        "correct",
    ),
    "map_ret": (
        ("```python\ndef f(a):\n    return map(str,a)\n```\n"),
        {"kind": "calls", "entry": "f", "cases": [{"arguments": [[1, 2]], "returns": ["1", "2"]}]},
        "correct",
    ),
}
"""Kind -> response, tests, verdict."""
