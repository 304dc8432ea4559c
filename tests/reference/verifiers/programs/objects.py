"""Values and objects of the program that tests use in every way Python has, and their verdicts."""

CASES: dict[str, tuple[str, list[str], str]] = {
    "decimals": (
        """from decimal import Decimal
def f(): return Decimal('1.10')
""",
        [
            """from decimal import Decimal
assert f()==Decimal('1.1')
"""
        ],
        "correct",
    ),
    "dates": (
        """from datetime import *
def f(): return date(2020,1,2), timedelta(1,2,3), datetime(2020,1,1,tzinfo=timezone.utc)
""",
        [
            """from datetime import *
assert f()==(date(2020,1,2),timedelta(1,2,3),datetime(2020,1,1,tzinfo=timezone.utc))
"""
        ],
        "correct",
    ),
    "fractions": (
        """from fractions import Fraction
def f(x): return Fraction(1,3)+x
""",
        [
            """from fractions import Fraction
assert f(Fraction(1,3))==Fraction(2,3)
"""
        ],
        "correct",
    ),
    "dataclasses": (
        """from dataclasses import dataclass
@dataclass
class P:
    x:int
    y:int
def f(): return P(1,2)
""",
        [
            "assert f()==P(1,2)",
            "assert f()!=P(1,3)",
            "assert isinstance(f(),P)",
            "assert f() in [P(1,2)]",
        ],
        "correct",
    ),
    "a dataclass of other values": (
        """from dataclasses import dataclass
@dataclass
class P:
    x:int
    y:int
def f(): return P(1,2)
""",
        ["assert f()==P(1,3)"],
        "wrong",
    ),
    "named tuples": (
        """from collections import namedtuple
P=namedtuple('P','x y')
def f(): return P(1,2)
def g(p): return p.x
""",
        [
            "assert f()==P(1,2) and f().x==1 and f()==(1,2)",
            "assert isinstance(f(),P)",
            "assert g(P(3,4))==3",
            "assert f()._replace(x=5).x==5",
        ],
        "correct",
    ),
    "a method of a named tuple": (
        """from typing import NamedTuple
class P(NamedTuple):
    x:int
    def double(self): return self.x*2
def f(): return P(1)
""",
        ["assert f().double()==2"],
        "correct",
    ),
    "own exceptions": (
        """class E(ValueError):
    def __init__(self,c): super().__init__('bad'); self.code=c
def f(): raise E(3)
""",
        [
            """try:
    f()
    assert False
except ValueError as e:
    assert e.code==3 and str(e)=='bad'
""",
            """try:
    f()
except E as e:
    assert e.args==('bad',)
else: assert False
""",
        ],
        "correct",
    ),
    "the argument of a KeyError": (
        """def f(d): return d['k']
""",
        [
            """try:
    f({})
except KeyError as e:
    assert e.args[0]=='k' and str(e)=="'k'"
else: assert 0
"""
        ],
        "correct",
    ),
    "coroutines": (
        """async def f(a):
    import asyncio
    await asyncio.sleep(0)
    return a+1
""",
        [
            """import asyncio
async def main():
    return await asyncio.gather(f(1),f(2))
assert asyncio.run(main())==[2,3]
"""
        ],
        "correct",
    ),
    "an asynchronous generator": (
        """async def f(n):
    for i in range(n): yield i
""",
        [
            """import asyncio
async def main():
    return [i async for i in f(3)]
assert asyncio.run(main())==[0,1,2]
"""
        ],
        "correct",
    ),
    "a generator without end": (
        """def f():
    n=0
    while True:
        yield n; n+=1
""",
        [
            """g=f()
assert next(g)==0 and next(g)==1
""",
            """from itertools import islice
assert list(islice(f(),300))==list(range(300))
""",
        ],
        "correct",
    ),
    "a generator that is sent to": (
        """def f():
    x=0
    while True:
        x=yield x*2
""",
        [
            """g=f()
next(g)
assert g.send(4)==8
g.close()
"""
        ],
        "correct",
    ),
    "a generator that raises": (
        """def f():
    yield 1
    raise ValueError('e')
""",
        [
            """try:
    list(f())
except ValueError: pass
else: assert False
"""
        ],
        "correct",
    ),
    "an endless iterator is no list": (
        """import itertools
def f(): return itertools.count()
""",
        ["assert list(f())==[1]"],
        "wrong",
    ),
    "a context manager by generator": (
        """from contextlib import contextmanager
log=[]
@contextmanager
def f(x):
    log.append('in')
    yield x
    log.append('out')
def seen(): return log
""",
        [
            """with f(3) as v:
    assert v==3 and seen()==['in']
assert seen()==['in','out']
"""
        ],
        "correct",
    ),
    "a context manager that swallows an assertion": (
        """class C:
    def __enter__(self): return self
    def __exit__(self,*a): return True
""",
        [
            """with C():
    assert 1==2
"""
        ],
        "wrong",
    ),
    "a context manager that swallows": (
        """class C:
    def __enter__(self): return self
    def __exit__(self,k,v,t): return k is ValueError
""",
        [
            """with C():
    raise ValueError('x')
assert C()
"""
        ],
        "correct",
    ),
    "operators": (
        """class V:
    def __init__(s,x,y): s.x,s.y=x,y
    def __add__(s,o): return V(s.x+o.x,s.y+o.y)
    def __mul__(s,k): return V(s.x*k,s.y*k)
    __rmul__=__mul__
    def __eq__(s,o): return (s.x,s.y)==(o.x,o.y)
    def __lt__(s,o): return s.x<o.x
    def __abs__(s): return (s.x**2+s.y**2)**.5
    def __repr__(s): return f'V({s.x}, {s.y})'
    __str__=__repr__
    def __neg__(s): return V(-s.x,-s.y)
    def __len__(s): return 2
    def __getitem__(s,i): return (s.x,s.y)[i]
    def __hash__(s): return hash((s.x,s.y))
""",
        [
            "assert V(1,2)+V(3,4)==V(4,6)",
            "assert V(1,2)*2==V(2,4) and 2*V(1,2)==V(2,4)",
            "assert V(1,2)<V(2,0)",
            "assert abs(V(3,4))==5",
            "assert str(V(1,2))=='V(1, 2)'",
            "assert (-V(1,2)).x==-1",
            """a=V(1,2)
a+=V(1,1)
assert a==V(2,3)
""",
            "assert sorted([V(2,0),V(1,0)])[0].x==1",
            "assert len({V(1,2),V(1,2)})==1",
            "assert V(1,2)[1]==2 and list(V(5,6))==[5,6]",
            """p=V(1,2)
p.x=9
assert p.x==9
""",
            "assert max([V(1,2),V(3,0)])==V(3,0)",
        ],
        "correct",
    ),
    "equality that nobody can check": (
        """class V:
    def __init__(s,x): s.x=x
    def __eq__(s,o): return True
""",
        ["assert V(1)==V(2)"],
        "error",
    ),
    "an object near everything": (
        """class V:
    def __sub__(s,o): return s
    def __abs__(s): return 0
    def __lt__(s,o): return True
    def __eq__(s,o): return True
def f(x): return V()
""",
        ["assert abs(f(1)-0.5)<1e-6"],
        "error",
    ),
    "a difference of nothing": (
        """class V:
    def __sub__(s,o): return 0.0
def f(x): return V()
""",
        ["assert abs(f(1)-0.5)<1e-6"],
        "error",
    ),
    "enumerations": (
        """from enum import Enum, IntEnum
class Color(Enum):
    R=1
    G=2
def f(): return Color.R
class I(IntEnum):
    A=1
""",
        [
            "assert f()==Color.R and f() != Color.G",
            "assert f() is not None and f().name=='R'",
            "assert Color(1)==Color.R and Color['R']==Color.R",
            "assert [c.name for c in Color]==['R','G']",
            "assert I.A==1",
            "assert len(Color)==2",
            "assert {Color.R:1}[f()]==1",
        ],
        "correct",
    ),
    "counters and other dicts": (
        """from collections import *
def f(s): return Counter(s)
def g():
    d=defaultdict(list); d[1].append(2); return d
def h(): return OrderedDict(a=1)
""",
        [
            "assert f('aab').most_common(1)==[('a',2)] and f('a')['z']==0",
            "assert g()=={1:[2]} and g()[5]==[]",
            """from collections import OrderedDict
assert h()==OrderedDict(a=1)
""",
        ],
        "correct",
    ),
    "the keys of a dict": (
        """def f(d): return d.keys()
""",
        ["assert f({1:2})=={1}"],
        "correct",
    ),
    "truth and membership": (
        """class S:
    def __init__(s): s.i=[]
    def push(s,x): s.i.append(x)
    def __len__(s): return len(s.i)
    def __contains__(s,x): return x in s.i
    def __iter__(s): return iter(s.i)
""",
        [
            """s=S()
assert not s and len(s)==0
s.push(1)
assert s and 1 in s and 2 not in s
"""
        ],
        "correct",
    ),
    "a type as an argument": (
        """def f(x): return isinstance(1,x)
""",
        ["assert f(int) and not f(str)"],
        "correct",
    ),
    "subclasses": (
        """class A:
    pass
class B(A): pass
""",
        [
            "assert issubclass(B,A) and isinstance(B(),A) and not isinstance(A(),B)",
            "assert A()!=A()",
            """a=A()
assert a==a
""",
        ],
        "correct",
    ),
    "nodes of a class of the program": (
        """class N:
    def __init__(s,v,n=None): s.v,s.n=v,n
def f(h):
    r=[]
    while h: r.append(h.v); h=h.n
    return r
""",
        ["assert f(N(1,N(2)))==[1,2]"],
        "correct",
    ),
    "an object of the tests": (
        """def f(s): s.x=1
""",
        [
            """class T: pass
t=T()
f(t)
assert t.x==1
"""
        ],
        "error",
    ),
    "what is printed": (
        """import sys
def f(): sys.stdout.buffer.write(b'hi'); print(1, flush=True); sys.stdout.flush()
""",
        [
            """import io,contextlib
b=io.StringIO()
with contextlib.redirect_stdout(b):
    f()
assert b.getvalue()=='hi1\\n'
"""
        ],
        "correct",
    ),
    "properties and class methods": (
        """class P:
    @property
    def x(s): return 5
    @classmethod
    def make(c): return c()
    @staticmethod
    def two(): return 2
""",
        ["assert P().x==5 and P.make().x==5 and P.two()==2"],
        "correct",
    ),
    "arrays": (
        "import numpy as np\ndef f(): return np.array([[1, 2], [3, 4]])\ndef g(a): return a.T",
        [
            "import numpy as np\nassert (f() == np.array([[1, 2], [3, 4]])).all()",
            "assert f().shape == (2, 2) and list(f()[0]) == [1, 2] and f().sum() == 10",
            "assert np.array_equal(g(np.array([[1.5, 2]])), np.array([[1.5], [2]]))",
        ],
        "correct",
    ),
    "values that do not cross": (
        "import uuid\ndef f(): return uuid.UUID(int=3)",
        ["import uuid\nassert f() == uuid.UUID(int=3)"],
        "error",
    ),
    "copies": (
        """class P:
    def __init__(s): s.items=[1]
    def __eq__(s,o): return s.items==o.items
""",
        [
            """import copy
p=P()
q=copy.deepcopy(p)
assert q==p
q.items
""",
            "assert P()==P()",
        ],
        "correct",
    ),
    "a list that a call changes": (
        """log=[]
def f(x): log.append(x)
""",
        [
            """f(1)
assert log==[1]
"""
        ],
        "correct",
    ),
    "a global number": (
        """count=0
def f():
    global count
    count+=1
""",
        [
            """f()
f()
assert count==2
"""
        ],
        "correct",
    ),
    "the class of an object": (
        """class P: pass
def f(): return P()
""",
        [
            """assert type(f())==P and type(f()).__name__=='P' and type(f()) is not int
""",
            "assert isinstance(type(3), type) and isinstance(P, type)",
        ],
        "correct",
    ),
    "standard input of the tests": (
        """def f(): return int(input())+int(input())
""",
        [
            """import sys,io
sys.stdin=io.StringIO('3\\n4\\n')
assert f()==7
"""
        ],
        "correct",
    ),
    "a patched input": (
        """def f(): return int(input('n'))
""",
        [
            """from unittest.mock import patch
with patch('builtins.input', return_value='5'):
    assert f()==5
"""
        ],
        "correct",
    ),
    "standard input as a whole": (
        """import sys
def f(): return sys.stdin.read()
""",
        [
            """import sys,io
old=sys.stdin
sys.stdin=io.StringIO('ab')
assert f()=='ab'
sys.stdin=old
"""
        ],
        "correct",
    ),
    "printed under a patch": (
        """def f(): print('a'); print('b')
""",
        [
            """import io
from unittest.mock import patch
with patch('sys.stdout', new=io.StringIO()) as out:
    f()
assert out.getvalue()=='a\\nb\\n'
"""
        ],
        "correct",
    ),
    "a test case of unittest": (
        """def f(x):
    if x<0: raise ValueError('neg')
    return x
""",
        [
            """import unittest
class T(unittest.TestCase):
    def test(self):
        with self.assertRaises(ValueError): f(-1)
        self.assertEqual(f(2),2)
r=unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T))
assert r.wasSuccessful()
"""
        ],
        "correct",
    ),
    "a list changed by the test": (
        """class Stack:
    def __init__(self): self.items=[]
    def push(self,x): self.items.append(x)
""",
        [
            """s=Stack()
s.push(1)
assert s.items==[1]
s.items.append(5)
assert s.items==[1,5]
"""
        ],
        "correct",
    ),
    "a list changed before a call": (
        """class Stack:
    def __init__(self): self.items=[]
    def __len__(self): return len(self.items)
""",
        [
            """s=Stack()
s.items.append(5)
assert len(s)==1
"""
        ],
        "correct",
    ),
    "a decorator": (
        """def deco(f):
    def g(*a): return f(*a)+1
    return g
""",
        [
            """@deco
def h(x): return x
assert h(1)==2
"""
        ],
        "correct",
    ),
    "a memoized function": (
        """import functools
@functools.lru_cache(None)
def fib(n): return n if n<2 else fib(n-1)+fib(n-2)
""",
        ["assert fib(30)==832040 and fib.cache_info().hits>0"],
        "correct",
    ),
    "a returned lambda": (
        """def f(): return lambda: 3
""",
        ["assert f()()==3 and callable(f())"],
        "correct",
    ),
    "generator expressions": (
        """def f(n):
    return (i for i in range(n))
""",
        [
            """assert tuple(f(3))==(0,1,2) and sum(f(4))==6 and list(zip(f(2),f(2)))==[(0,0),(1,1)]
""",
            """g=f(2)
assert list(g)==[0,1] and list(g)==[]
""",
        ],
        "correct",
    ),
    "a match": (
        """import re
def f(s): return re.match('a(b)',s)
""",
        [
            """m=f('ab')
assert m and m.group(1)=='b' and m[0]=='ab'
""",
            "assert f('x') is None",
        ],
        "correct",
    ),
    "an exception with a text of its own": (
        """class E(Exception):
    def __str__(self): return 'custom'
def f(): raise E
""",
        [
            """try: f()
except E as e: assert str(e)=='custom'
else: assert 0
"""
        ],
        "correct",
    ),
    "iterables as arguments": (
        """def f(x): return [*x]
""",
        ["assert f({1:2}.keys())==[1] and f(x for x in 'ab')==['a','b']"],
        "correct",
    ),
    "single values": (
        """def f(): return frozenset([1]), {1,2}, b'a', bytearray(b'b'), ..., slice(1,2)
""",
        [
            """assert f()[0]==frozenset([1])
assert f()[4] is ...
"""
        ],
        "correct",
    ),
    "a dict changed and returned": (
        """def f(d): d['a']=1; return d
""",
        [
            """d={}
r=f(d)
assert r is d or r==d
"""
        ],
        "correct",
    ),
    "an argument put into itself": (
        """def f(x): x.append(x[:])
def g(x): return x
""",
        [
            """x=[1]
f(x)
assert x==[1,[1]]
"""
        ],
        "correct",
    ),
    "a deque changed in place": (
        """from collections import deque
def f(q): q.appendleft(0)
""",
        [
            """from collections import deque
q=deque([1])
f(q)
assert q==deque([0,1])
"""
        ],
        "correct",
    ),
    "threads of the tests": (
        """import threading
class Counter2:
    def __init__(s): s.n=0; s.l=threading.Lock()
    def inc(s):
        with s.l: s.n+=1
""",
        [
            """import threading
c=Counter2()
ts=[threading.Thread(target=c.inc) for _ in range(5)]
[t.start() for t in ts]
[t.join() for t in ts]
assert c.n==5
"""
        ],
        "correct",
    ),
    "identity of enumerations": (
        """from enum import Enum
class C(Enum):
    R=1
    G=2
def f(): return C.R
""",
        ["assert f() is C.R and f() is not C.G and C.R is f()"],
        "correct",
    ),
    "identity of nodes": (
        """class N:
    def __init__(s): s.next=None
def f():
    a=N(); b=N(); a.next=b; b.next=a; return a
""",
        [
            """a=f()
assert a.next.next is a and a.next is not a
"""
        ],
        "correct",
    ),
    "a generator for isinstance": (
        """def f(n): yield n
""",
        [
            """import types,inspect
assert isinstance(f(1),types.GeneratorType) and inspect.isgenerator(f(1))
""",
            """g=f(1)
assert iter(g) is g
""",
        ],
        "correct",
    ),
    "a map for isinstance": (
        """def f(): return map(str,[1])
""",
        ["assert isinstance(f(),map) and list(f())==['1']"],
        "correct",
    ),
    "classes by type": (
        """class A: pass
class B(A): pass
""",
        [
            """assert type(B()) is B and type(B()) is not A and type(3) is int and type('x')==str
"""
        ],
        "correct",
    ),
    "classes of records and exceptions": (
        """from collections import namedtuple
P=namedtuple('P','x')
class E(Exception): pass
def f(): return P(1)
def g(): raise E()
""",
        [
            "assert type(f())==P",
            """try: g()
except Exception as e: assert type(e) is E and isinstance(e,E)
else: assert 0
""",
        ],
        "correct",
    ),
}
"""Name -> program, assertions, and the verdict."""
