"""Whether two answers are the same: structure by structure, down to the expressions.

``values`` compares the expressions.

- Tuple, interval: bracket by bracket, member by member, in order; (1, 2) is a point and an open
  interval alike.
- Set, list, union: a one-to-one matching of the members, in any order; no subset is enough; {1, 1}
  is {1}.
- List and tuple: in order (rule ``bare_list_as_tuple``).
- One-member set: its member.
- Named value: names are compared where both are written, dropped where one is (rule
  ``named_value``).
- Equation, inequality: one side less the other, up to a constant factor (positive for an
  inequality).
- Numeral with a base: same base, same digits; against a bare number see ``_same_numeral``.
- Text: equal words, apart from case and punctuation.
"""

from seed.reference.verifiers.mathematics.answers import (
    DIFFERENCE,
    INTERSECTION,
    INTERVALS,
    LIST,
    POINT,
    RATIO,
    SET,
    UNION,
    UNORDERED,
    Answer,
    Collection,
    Matrix,
    Named,
    Numeral,
    Scalar,
    Statement,
    Text,
)
from seed.reference.verifiers.mathematics.evaluation import exact
from seed.reference.verifiers.mathematics.expressions import (
    Apply,
    Symbol,
    difference,
    numerator,
    symbols,
)
from seed.reference.verifiers.mathematics.grading_rules import GradingRules
from seed.reference.verifiers.mathematics.named import in_order_of_names, value_of_combination
from seed.reference.verifiers.mathematics.parser import Unreadable, read_expression
from seed.reference.verifiers.mathematics.quantities import same_quantity
from seed.reference.verifiers.mathematics.real_sets import as_interval, real_set
from seed.reference.verifiers.mathematics.values import Comparison, proportional, same_value

TRUTH = {"T": "true", "F": "false"}
SETS_OF_REALS = (UNION, DIFFERENCE, INTERSECTION)
DIFFERENT_KINDS = Comparison(False, "the answers are of different kinds")


def same_answer(
    reference: Answer, answer: Answer, rules: GradingRules, problem: str = ""
) -> Comparison:
    """Compare an answer with the correct one; the problem may speak of percent, ratios or bases.

    Raises:
        TooLarge: A number lies outside what is computed.
        Undecided: The two comparisons of an expression disagree.
    """
    if compared := _same_real_set(reference, answer, rules, problem):
        return compared
    match reference, answer:
        # The order matters: a name or a relation on one side decides before the kinds of values.
        case (Scalar() as number, Statement() as equation) | (
            Statement() as equation,
            Scalar() as number,
        ):
            value = value_of_combination(equation)
            return same_quantity(number, value, rules, problem) if value else DIFFERENT_KINDS
        case (Named(), _) | (_, Named()):
            return _same_named(reference, answer, rules, problem)
        case (Statement(), _) | (_, Statement()):
            return _same_statement(_as_statement(reference, rules), _as_statement(answer, rules))
        case Text(reference_words), Text(answer_words):
            equal = reference_words == answer_words
            return Comparison(equal, f"the words are {'the same' if equal else 'different'}")
        case (Text(words), Scalar(Symbol(letter))) | (Scalar(Symbol(letter)), Text(words)):
            return Comparison(TRUTH.get(letter) == words, "T and F are true and false")
        case (Numeral(), _) | (_, Numeral()):
            return _same_numeral(reference, answer, problem)
        case Matrix(), Matrix():
            return _same_matrix(reference, answer, rules, problem)
        case Collection(), Collection():
            return _same_collection(reference, answer, rules, problem)
        case Collection(brackets, (only,)), _ if brackets in (SET, LIST):
            return same_answer(only, answer, rules, problem)
        case _, Collection(brackets, (only,)) if brackets in (SET, LIST):
            return same_answer(reference, only, rules, problem)
        case Collection(_, members), _:
            return Comparison(False, f"one answer is given, the reference has {len(members)}")
        case _, Collection(_, members):
            return Comparison(False, f"{len(members)} answers are given, the reference has one")
        case Scalar(), Scalar():
            return same_quantity(reference, answer, rules, problem)
    return DIFFERENT_KINDS


def _same_named(reference: Answer, answer: Answer, rules: GradingRules, problem: str) -> Comparison:
    if isinstance(reference, Named) and isinstance(answer, Named):
        # `f(x) = x + 1` and `y = x + 1` define one function; `P(A) = 1/2` and `P(B) = 1/2` are two
        # facts.
        defines = isinstance(reference.value, Scalar) and bool(symbols(reference.value.tree))
        one_function = ("(" in reference.name) != ("(" in answer.name) and defines
        if one_function or _same_name(reference.name, answer.name):
            return same_answer(reference.value, answer.value, rules, problem)
        # Two other names: `xy = 1` and `y = 1/x` are one equation, `x = 3` and `y = 3` are not.
        statements = _as_statement(reference, rules), _as_statement(answer, rules)
        solved = any(isinstance(s.left, Symbol) and not symbols(s.right) for s in statements if s)
        if None in statements or solved:
            given, expected = answer.name[:20], reference.name[:20]
            return Comparison(False, f"{given!r} is named, the reference names {expected!r}")
        return _same_statement(*statements)
    if isinstance(reference, Statement) or isinstance(answer, Statement):
        return _same_statement(_as_statement(reference, rules), _as_statement(answer, rules))
    if not rules.named_value:
        return Comparison(False, "only one of them is named (grading rule named_value)")
    ordered = [_without_name(in_order_of_names(side, problem)) for side in (reference, answer)]
    compared = same_answer(ordered[0], ordered[1], rules, problem)
    why = f"{compared.why}; a name in front is not compared (grading rule named_value)"
    return Comparison(compared.equal, why)


def _without_name(answer: Answer) -> Answer:
    return answer.value if isinstance(answer, Named) else answer


def _same_name(reference_name: str, answer_name: str) -> bool:
    layout = str.maketrans("", "", " {}\\")
    return reference_name.translate(layout) == answer_name.translate(layout)


def _as_statement(answer: Answer, rules: GradingRules) -> Statement | None:
    if isinstance(answer, Statement):
        return answer
    if isinstance(answer, Named) and isinstance(answer.value, Scalar):
        try:
            return Statement(read_expression(answer.name, rules.log_base), "=", answer.value.tree)
        except Unreadable:
            return None
    return None


def _same_statement(reference: Statement | None, answer: Statement | None) -> Comparison:
    if reference is None or answer is None:
        return DIFFERENT_KINDS
    if reference == answer:
        return Comparison(True, "the statements are identical")
    if reference.relation != answer.relation:
        return Comparison(False, "the relations differ")
    sides = difference(reference.left, reference.right), difference(answer.left, answer.right)
    if reference.relation == "=":
        sides = numerator(sides[0]), numerator(sides[1])
    compared = proportional(*sides, same_sign=reference.relation in ("<", "le"))
    return Comparison(compared.equal, f"as statements, up to a constant factor: {compared.why}")


def _same_numeral(reference: Answer, answer: Answer, problem: str) -> Comparison:
    """Compare a numeral with a base.

    A bare number equals a reference with a base if it has the same digits. A numeral equals a bare
    reference by its value, or, if the problem speaks of a base, by its digits.
    """
    if isinstance(reference, Numeral) and isinstance(answer, Numeral):
        return Comparison(reference == answer, "base and digits are compared")
    if isinstance(reference, Numeral) and isinstance(answer, Scalar):
        value = exact(answer.tree)
        equal = value is not None and str(value) == reference.digits
        return Comparison(equal, "digits without a base are compared as such")
    if isinstance(reference, Scalar) and isinstance(answer, Numeral):
        value, words = exact(reference.tree), ("base", "binary", "octal", "hexadecimal")
        if any(word in problem.casefold() for word in words):
            equal = value is not None and str(value) == answer.digits
            return Comparison(equal, "the digits of a numeral with a base")
        equal = value is not None and value == answer.value()
        return Comparison(equal, "the value of a numeral with a base")
    return DIFFERENT_KINDS


def _same_matrix(
    reference: Matrix, answer: Matrix, rules: GradingRules, problem: str
) -> Comparison:
    if [len(row) for row in reference.rows] != [len(row) for row in answer.rows]:
        return Comparison(False, "the matrices differ in shape")
    expected, given = (sum(matrix.rows, ()) for matrix in (reference, answer))
    return _in_order(expected, given, rules, problem, "entry")


def _same_collection(
    reference: Collection, answer: Collection, rules: GradingRules, problem: str
) -> Comparison:
    kinds = (reference.brackets, answer.brackets)
    expected, given = reference.members, answer.members
    if UNION in kinds and LIST in kinds:
        kinds = (UNION, UNION)  # `x < 1 or x > 2` reads as a list of intervals
        if not all(_is_interval(member) for member in (*expected, *given)):
            return DIFFERENT_KINDS
    if kinds[0] in UNORDERED and kinds[1] in UNORDERED:
        if SET in kinds:
            expected, given = (_distinct(members, rules, problem) for members in (expected, given))
        return _matched(expected, given, rules, problem)
    if LIST in kinds and (POINT in kinds or "[]" in kinds):
        if not rules.bare_list_as_tuple:
            return Comparison(False, "a list is no tuple (grading rule bare_list_as_tuple)")
        expected, given = (_ordered(side, problem) for side in (reference, answer))
        return _in_order(expected, given, rules, problem, "member")
    if kinds == (RATIO, RATIO):
        return _same_ratio(expected, given, rules, problem)
    # Three members or more make no interval, so (1, 2, 3) and [1, 2, 3] are one list of three.
    same_kind = kinds[0] == kinds[1] or (len(expected) > 2 and {*kinds} <= {"()", "[]"})
    if not same_kind:
        return Comparison(False, f"the brackets differ: {kinds[0]} and {kinds[1]}")
    return _in_order(expected, given, rules, problem, "member")


def _ordered(collection: Collection, problem: str) -> tuple[Answer, ...]:
    """The members, those with names in the order of their names."""
    ordered = in_order_of_names(collection, problem)
    return ordered.members if isinstance(ordered, Collection) else collection.members


def _same_real_set(
    reference: Answer, answer: Answer, rules: GradingRules, problem: str
) -> Comparison | None:
    """Compare unions and the like in one form; None where neither side is one, or they differ."""
    if not any(map(_is_made_of_sets, (reference, answer))):
        return None
    sets = real_set(reference), real_set(answer)
    if not sets[0] or not sets[1] or len(sets[0]) != len(sets[1]):
        return None
    pairs = zip(map(as_interval, sets[0]), map(as_interval, sets[1]), strict=True)
    if not all(same_answer(*pair, rules, problem) for pair in pairs):
        return None
    return Comparison(True, "the sets of real numbers are equal")


def _is_made_of_sets(answer: Answer) -> bool:
    value = _without_name(answer)
    if isinstance(value, Statement):
        return value.relation == "neq"
    return isinstance(value, Collection) and value.brackets in SETS_OF_REALS


def _is_interval(answer: Answer) -> bool:
    value = _without_name(answer)
    return isinstance(value, Collection) and value.brackets in INTERVALS


def _same_ratio(
    expected: tuple[Answer, ...], given: tuple[Answer, ...], rules: GradingRules, problem: str
) -> Comparison:
    terms = [member.tree for member in expected if isinstance(member, Scalar)]
    given_terms = [member.tree for member in given if isinstance(member, Scalar)]
    only_scalars = [len(terms), len(given_terms)] == [len(expected), len(given)]
    if "ratio" not in problem.casefold() or not only_scalars:
        return _in_order(expected, given, rules, problem, "part")
    if len(expected) != len(given):
        return Comparison(False, "the ratios differ in length")
    # a : b = c : d if a d = c b; products need no division, whose divisor might be zero.
    equal = all(
        same_value(Apply("*", (a, given_terms[0])), Apply("*", (b, terms[0]))).equal
        for a, b in zip(terms, given_terms, strict=True)
    )
    return Comparison(equal, "ratios are compared up to a factor")


def _in_order(
    expected: tuple[Answer, ...],
    given: tuple[Answer, ...],
    rules: GradingRules,
    problem: str,
    noun: str,
) -> Comparison:
    if len(expected) != len(given):
        return Comparison(False, f"{len(given)} members, the reference has {len(expected)}")
    for index, pair in enumerate(zip(expected, given, strict=True), start=1):
        compared = same_answer(*pair, rules, problem)
        if not compared:
            return Comparison(False, f"{noun} {index}: {compared.why}")
    return Comparison(True, f"every {noun} is equal, in order")


def _matched(
    expected: tuple[Answer, ...], given: tuple[Answer, ...], rules: GradingRules, problem: str
) -> Comparison:
    if len(expected) != len(given):
        return Comparison(False, f"{len(given)} members, the reference has {len(expected)}")
    unmatched = list(given)
    for member in expected:
        # Identical members first: a comparison that is not needed raises no error.
        if member in unmatched:
            unmatched.remove(member)
            continue
        equal = (
            index
            for index, one in enumerate(unmatched)
            if _is_set(one) == _is_set(member) and same_answer(member, one, rules, problem)
        )
        partner = next(equal, None)
        if partner is None:
            return Comparison(False, "a member of the reference is missing")
        del unmatched[partner]
    return Comparison(True, "the members are equal, in some order")


def _is_set(answer: Answer) -> bool:
    """Whether a member is a set itself: {{1}} is not {1}, though {1} alone answers 1."""
    return isinstance(answer, Collection) and answer.brackets == SET


def _distinct(members: tuple[Answer, ...], rules: GradingRules, problem: str) -> tuple[Answer, ...]:
    kept: list[Answer] = []
    for member in members:
        same = (member == one or same_answer(one, member, rules, problem) for one in kept)
        if not any(same):
            kept.append(member)
    return tuple(kept)
