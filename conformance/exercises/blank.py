"""The file that a student starts from: signature and docstring of the solution, without its body.

It is cut out of the source of the solution, so it cannot say anything else than the reference.
"""

import ast
import inspect
import textwrap

from seed.conformance.exercises.catalogue import Exercise

HEAD = '''"""Exercise {name}: write {function}.

Check it with: seed exercise check {name} {file}
B responses or rows, S places of a row, N tokens, E experts.
"""

{imports}


'''


def blank_file(exercise: Exercise, file: str) -> str:
    """The text of the file.

    Args:
        exercise: What to write.
        file: Name of the file, for the command that stands in it.
    """
    function = blank_function(exercise)
    types = [name for name in ("Array", "BoolArray", "IntArray") if name in function]
    lines = ["import numpy as np"] + ["", f"from seed.spec.datatypes import {', '.join(types)}"] * (
        len(types) > 0
    )
    names = {"name": exercise.name, "function": exercise.function, "file": file}
    return HEAD.format(**names, imports="\n".join(lines)) + function


def blank_function(exercise: Exercise) -> str:
    """Signature and docstring of the solution, then ``raise NotImplementedError``."""
    source = textwrap.dedent(inspect.getsource(exercise.solution))
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    end = definition.body[0].end_lineno
    return "\n".join([*source.splitlines()[:end], "    raise NotImplementedError", ""])
