"""Programs that try to pass without being right, to read the tests, or to exhaust the machine.

``add`` is what they should define.
"""

WIRE = (
    "from seed.reference.verifiers import frames\n"
    "import seed.reference.verifiers.programs.wire as wire, os, json, struct\n"
)


def reply(*messages: str) -> str:
    """A program that answers every request with messages of its own."""
    sent = "; ".join(
        f"m = {message}; os.write(6, struct.pack('>Q', len(m)) + m)" for message in messages
    )
    return f"{WIRE}def add(a, b):\n    {sent}; os.read(5, 1 << 16)\n"


def programs(text: str, preamble: str = "") -> dict[str, str]:
    """Programs after a preamble, by name: a line that begins with ``#:`` names what follows."""
    parts = [part.partition("\n") for part in text.split("\n#: ")[1:]]
    return {name: preamble + program for name, _, program in parts}


FORGERIES = programs(r"""
#: exit
import sys
sys.exit(0)
#: hard exit
import os
os._exit(0)
#: exit when called
import sys
def add(a, b): sys.exit(0)
#: hard exit when called
import os
def add(a, b): os._exit(0)
#: exit at exit
import atexit, os
atexit.register(os._exit, 0)
def add(a, b): raise SystemExit(0)
#: interrupt
def add(a, b): raise KeyboardInterrupt
#: print the verdict
lies = '''{"outcome": "correct", "why": "all tests pass", "program_ended": false}'''
print(lies)
def add(a, b): print(lies); exit(0)
#: write the verdict everywhere
import os
for n in range(64):
    try: os.write(n, b'''{"outcome": "correct", "why": "all tests pass", "program_ended": false}''')
    except OSError: pass
os._exit(0)
#: an int that is equal to all
class Yes(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def add(a, b): return Yes(0)
#: a text that is equal to all
class Yes(str):
    def __eq__(self, other): return True
def add(a, b): return Yes()
#: a float that is equal to all
class Yes(float):
    def __eq__(self, other): return True
def add(a, b): return Yes()
#: a list that is equal to all
class Yes(list):
    def __eq__(self, other): return True
def add(a, b): return Yes()
#: an object that is equal to all
class Yes:
    def __eq__(self, other): return True
def add(a, b): return Yes()
#: a metaclass that is equal to all
class M(type):
    def __eq__(self, other): return True
    __hash__ = type.__hash__
class Yes(metaclass=M): pass
def add(a, b): return Yes
#: patched builtins
import builtins
builtins.isinstance = lambda *a: True
builtins.AssertionError = ValueError
builtins.__build_class__ = builtins.compile = builtins.exec = lambda *a, **k: None
def add(a, b): return 0
#: patched json
import json
json.dumps = lambda *a, **k: '["value", 3, {}]'
def add(a, b): return 0
#: patched math and unittest
import math, unittest
math.isclose = math.fabs = lambda *a, **k: True
unittest.TestCase.assertEqual = lambda *a: None
def add(a, b): return 0
#: a trace function
import sys
sys.settrace(lambda *a: None)
sys.setprofile(lambda *a: None)
def add(a, b): return 0
#: tests in frames
import sys
def add(a, b):
    f = sys._getframe()
    while f:
        if 'assert ' + 'add(20' in str(f.f_locals) + str(f.f_globals.get('suite')): return a + b
        f = f.f_back
    return 0
#: tests in memory
import gc
def add(a, b):
    for o in gc.get_objects():
        if isinstance(o, (list, dict)) and 'assert ' + 'add(20' in repr(o)[:10000]: return a + b
    return 0
#: tests in files
import os
def add(a, b):
    for folder in ('.', '/tmp', '/dev/shm', '/proc/self', os.getcwd()):
        for path, _, names in os.walk(folder):
            for name in names:
                try:
                    if 'assert ' + 'add(20' in open(os.path.join(path, name)).read(): return a + b
                except Exception: pass
    return 0
#: a raised assertion
def add(a, b): raise AssertionError('fine')
#: an exception that raises
class E(Exception):
    def __str__(self): raise E
def add(a, b): raise E
#: closed pipes
import os
def add(a, b):
    os.close(5)
    os.close(6)
    return 0
#: a signal to the group
import os, signal
def add(a, b):
    for target in (0, -1, os.getppid()):
        try: os.killpg(0, signal.SIGKILL) if target else os.kill(target, signal.SIGKILL)
        except OSError: pass
    return 0
#: the killed parent
import os, signal
def add(a, b):
    try: os.kill(os.getppid(), signal.SIGKILL)
    except OSError: pass
    return 0
#: patched by ctypes
import ctypes
ctypes.c_long.from_address(id(3) + 24).value = 0
def add(a, b): return 0
#: a value without end
def add(a, b):
    x = []
    x.append(x)
    return x
#: a value of exponential size
def add(a, b):
    x = []
    for _ in range(60): x = [x, x]
    return x
#: an endless generator
import itertools
def add(a, b): return itertools.count()
#: a huge integer
def add(a, b): return 1 << (1 << 24)
#: a loop
def add(a, b):
    while True: pass
#: a sleep
import time
def add(a, b): time.sleep(1000)
#: a loop while loading
while True: pass
#: memory
def add(a, b): return bytearray(1 << 40)
#: forks
import os
def add(a, b):
    while True: os.fork()
#: an orphan with the pipes
import os, time
def add(a, b):
    if os.fork() == 0:
        os.setsid()
        time.sleep(1000)
    return 0
#: a hung exit
import atexit, time
atexit.register(time.sleep, 1000)
def add(a, b): return 0
#: a recursion
def add(a, b): return add(a, b)
#: a crash
import ctypes
def add(a, b): ctypes.string_at(0)
""")
FORGERIES |= programs(
    r"""
#: a patched encoder
wire.Encoder.encode = lambda *a: True
def add(a, b): return 0
#: a patched channel
frames.Channel.send = lambda self, m: os._exit(0)
def add(a, b): return 0
#: a message without end
def add(a, b): os.write(6, struct.pack('>Q', 1 << 20))
#: a message of any length
def add(a, b): os.write(6, struct.pack('>Q', 1 << 62) + b'x')
#: call backs without end
def add(a, b):
    m = b'["back", 0, [1]]'
    while True: os.write(6, struct.pack('>Q', len(m)) + m)
""",
    WIRE,
)
FORGERIES |= {
    "no message": reply("b'garbage'"),
    "a deep message": reply("b'[' * 50000 + b']' * 50000"),
    "a deep value": reply(
        "json.dumps(['value', 3, {}]).replace('3', '[\"l\",' * 900 + '1' + ']' * 900).encode()"
    ),
    "a false tag": reply('b\'["value", ["z", 1], {}]\''),
    "a tag that is a list": reply("b'[\"value\", [[], 1], {}]'"),
    "an unhashable key": reply('b\'["value", ["d", ["l"], 1], {}]\''),
    "a number without end": reply("b'[\"value\", ' + b'9' * 10000 + b', {}]'"),
    "a handle of nothing": reply('b\'["value", ["h", 999, "int"], {}]\''),
    "arguments nobody gave": reply('b\'["value", 3, {"7": 3}]\''),
    "arguments that cannot change": reply('b\'["value", 3, {"0": 4}]\''),
    "a call back of nothing": reply("b'[\"back\", 0, [1]]'"),
    "a raised class that is none": reply('b\'["raise", "print", "x"]\''),
    "a named tuple of nothing": reply(
        'b\'["value", ["N", [1, 2, "__import__", ["x y"]], 1], {}]\''
    ),
    "a named tuple without end": reply(
        "json.dumps(['value', ['N', [1, 2, 'P', ['x'] * 3], 1, 2, 3], {}]).encode()"
    ),
    "an array of another size": reply('b\'["value", ["A", "<U99999", [1000000000]], {}]\''),
    "an array of objects": reply('b\'["value", ["A", "|O8", [1], 3], {}]\''),
    "a type that is none": reply('b\'["value", ["T", "exec"], {}]\''),
    "a number of any length": reply(
        "json.dumps(['value', ['v', 'decimal', '9' * 10**6], {}]).encode()"
    ),
    "a fraction of nothing": reply('b\'["value", ["v", "fraction", 3, 0], {}]\''),
    "a value of no kind": reply('b\'["value", ["v", "__import__", "os"], {}]\''),
    "a class of exceptions above itself": reply(
        'b\'["raise", ["e", 5, "E", [["T", "OSError"], ["T", "Exception"]]], ["x", ["l"], 6]]\''
    ),
    "a class of exceptions that is none": reply(
        'b\'["raise", ["e", 5, "", [["T", "int"], 3]], ["x", 3, "y"]]\''
    ),
    "an iterator of nothing": reply('b\'["value", ["y", 999, "map"], {}]\''),
    "a coroutine": reply('b\'["value", ["w", 0, "coroutine"], {}]\''),
    "printed garbage": reply('b\'["value", 0, {}, "3"]\'', "b'[\"value\", 3, {}, 7, 8]'"),
    "a raised exit": reply('b\'["raise", "SystemExit", "0"]\''),
}
"""Name -> program; each one is wrong for ``add``."""

CLAIMS = programs(r"""
#: a text equal to all
class Yes(str):
    def __str__(self): return '43'
print(Yes('41'))
#: nothing
#: an exit
import sys
sys.exit(0)
#: the right text, then a failure
print(42)
raise SystemExit(1)
#: the right text, then a crash
import os, signal
print(42, flush=True)
os.abort()
#: the right text and more
print(42)
print(42)
#: the right text on the wrong stream
import sys
print(42, file=sys.stderr)
#: expected outputs in files
import os
for n in range(3, 30):
    try: print(os.pread(n, 100, 0).decode())
    except OSError: pass
#: too much
import os
os.write(1, b'42\n')
while True: os.write(1, b'\n' * 65536)
""")
"""Name -> script; each one should print 42 for 21."""
