"""Whether two answers are the same answer: structure by structure, down to expressions that
``values`` compares.

=====================  ===========================================================================================
tuple, interval        bracket by bracket, member by member, in order; (1, 2) is a point and an open interval alike
set, list, union       a one-to-one matching of the members, in any order; no subset is enough; {1, 1} is {1}
list and tuple         in order (policy ``bare_list_as_tuple``)
one-member set         its member
named value            names compared where both are written, dropped where one is (policy ``named_value``)
equation, inequality   one side less the other, up to a constant factor (positive for an inequality)
numeral with a base    same base, same digits; against a bare number see ``_equal_numerals``
text                   equal words, case and punctuation aside
=====================  ===========================================================================================
"""

from seed.reference.verifiers.mathematics.answers import (
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
from seed.reference.verifiers.mathematics.expressions import Apply, difference, symbols
from seed.reference.verifiers.mathematics.parser import Unreadable, read_expression
from seed.reference.verifiers.mathematics.policy import Policy
from seed.reference.verifiers.mathematics.quantities import same_quantity
from seed.reference.verifiers.mathematics.values import Comparison, proportional, same_value

DIFFERENT_KINDS = Comparison(False, "the answers are of different kinds")


def same_answer(reference: Answer, answer: Answer, policy: Policy, problem: str = "") -> Comparison:
    """Compare two answers.

    Args:
        reference: The correct one.
        answer: The one to judge.
        policy: What counts as equal where graders differ.
        problem: The problem: whether it speaks of percent, ratios or bases.

    Returns:
        The comparison and what decided it.

    Raises:
        TooLarge: A number lies outside what is computed.
        Undecided: The two looks at an expression disagree.
    """
    match reference, answer:
        case (Named(), _) | (_, Named()):
            return _same_named(reference, answer, policy, problem)
        case (Statement(), _) | (_, Statement()):
            return _same_statement(_as_statement(reference, policy), _as_statement(answer, policy))
        case Text(words), Text(others):
            return Comparison(
                words == others, f"the words are {'the same' if words == others else 'different'}"
            )
        case (Numeral(), _) | (_, Numeral()):
            return _same_numeral(reference, answer, problem)
        case Matrix(), Matrix():
            return _same_matrix(reference, answer, policy, problem)
        case Collection(), Collection():
            return _same_collection(reference, answer, policy, problem)
        case Collection(brackets, (only,)), _ if brackets in (SET, LIST):
            return same_answer(only, answer, policy, problem)
        case _, Collection(brackets, (only,)) if brackets in (SET, LIST):
            return same_answer(reference, only, policy, problem)
        case Collection(_, members), _:
            return Comparison(False, f"one answer is given, the reference has {len(members)}")
        case _, Collection(_, members):
            return Comparison(False, f"{len(members)} answers are given, the reference has one")
        case Scalar(), Scalar():
            return same_quantity(reference, answer, policy, problem)
    return DIFFERENT_KINDS


def _same_named(reference: Answer, answer: Answer, policy: Policy, problem: str) -> Comparison:
    if isinstance(reference, Named) and isinstance(answer, Named):
        # `f(x) = x + 1` and `y = x + 1` define one function; `P(A) = 1/2` and `P(B) = 1/2` are two
        # facts.
        defines = isinstance(reference.value, Scalar) and bool(symbols(reference.value.tree))
        one_function = ("(" in reference.name) != ("(" in answer.name) and defines
        if one_function or _same_name(reference.name, answer.name):
            return same_answer(reference.value, answer.value, policy, problem)
        statements = _as_statement(reference, policy), _as_statement(answer, policy)
        if None in statements or any(not symbols(s.right) for s in statements if s is not None):
            return Comparison(
                False, f"{answer.name[:20]!r} is named, the reference names {reference.name[:20]!r}"
            )
        return _same_statement(*statements)
    if isinstance(reference, Statement) or isinstance(answer, Statement):
        return _same_statement(_as_statement(reference, policy), _as_statement(answer, policy))
    if not policy.named_value:
        return Comparison(False, "only one of them is named (policy named_value)")
    one, other = (side.value if isinstance(side, Named) else side for side in (reference, answer))
    compared = same_answer(one, other, policy, problem)
    return Comparison(
        compared.equal, f"{compared.why}; a name in front is not compared (policy named_value)"
    )


def _same_name(one: str, other: str) -> bool:
    layout = str.maketrans("", "", " {}\\")
    return one.translate(layout) == other.translate(layout)


def _as_statement(answer: Answer, policy: Policy) -> Statement | None:
    if isinstance(answer, Statement):
        return answer
    if isinstance(answer, Named) and isinstance(answer.value, Scalar):
        try:
            return Statement(read_expression(answer.name, policy.log_base), "=", answer.value.tree)
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
    compared = proportional(*sides, same_sign=reference.relation in ("<", "le"))
    return Comparison(compared.equal, f"as statements, up to a constant factor: {compared.why}")


def _same_numeral(reference: Answer, answer: Answer, problem: str) -> Comparison:
    """A bare number answers a reference with a base by its digits; a numeral answers a bare
    reference by its value, or, if the problem speaks of a base, by its digits.
    """
    if isinstance(reference, Numeral) and isinstance(answer, Numeral):
        return Comparison(reference == answer, "base and digits are compared")
    if isinstance(reference, Numeral) and isinstance(answer, Scalar):
        value = exact(answer.tree)
        return Comparison(
            value is not None and str(value) == reference.digits,
            "digits without a base are compared as such",
        )
    if isinstance(reference, Scalar) and isinstance(answer, Numeral):
        asked = any(
            word in problem.casefold() for word in ("base", "binary", "octal", "hexadecimal")
        )
        value = exact(reference.tree)
        return Comparison(
            value is not None
            and (str(value) == answer.digits if asked else value == answer.value()),
            f"the {'digits' if asked else 'value'} of a numeral with a base",
        )
    return DIFFERENT_KINDS


def _same_matrix(reference: Matrix, answer: Matrix, policy: Policy, problem: str) -> Comparison:
    if [len(row) for row in reference.rows] != [len(row) for row in answer.rows]:
        return Comparison(False, "the matrices differ in shape")
    ones, others = (
        tuple(cell for row in matrix.rows for cell in row) for matrix in (reference, answer)
    )
    return _in_order(ones, others, policy, problem, "entry")


def _same_collection(
    reference: Collection, answer: Collection, policy: Policy, problem: str
) -> Comparison:
    kinds = (reference.brackets, answer.brackets)
    ones, others = reference.members, answer.members
    if UNION in kinds and LIST in kinds:
        kinds = (UNION, UNION)  # `x < 1 or x > 2` reads as a list of intervals
        if not all(_is_interval(member) for member in (*ones, *others)):
            return DIFFERENT_KINDS
    if kinds[0] in UNORDERED and kinds[1] in UNORDERED:
        if SET in kinds:
            ones, others = (_distinct(members, policy, problem) for members in (ones, others))
        return _matched(ones, others, policy, problem)
    if LIST in kinds and (POINT in kinds or "[]" in kinds):
        if not policy.bare_list_as_tuple:
            return Comparison(False, "a list is no tuple (policy bare_list_as_tuple)")
        return _in_order(ones, others, policy, problem, "member")
    if kinds == (RATIO, RATIO):
        return _same_ratio(ones, others, policy, problem)
    # Three members or more make no interval, so (1, 2, 3) and [1, 2, 3] are one list of three.
    alike = kinds[0] == kinds[1] or (len(ones) > 2 and {*kinds} <= {"()", "[]"})
    if not alike:
        return Comparison(False, f"the brackets differ: {kinds[0]} and {kinds[1]}")
    return _in_order(ones, others, policy, problem, "member")


def _is_interval(answer: Answer) -> bool:
    inside = answer.value if isinstance(answer, Named) else answer
    return isinstance(inside, Collection) and inside.brackets in INTERVALS


def _same_ratio(
    ones: tuple[Answer, ...], others: tuple[Answer, ...], policy: Policy, problem: str
) -> Comparison:
    trees = [
        [member.tree for member in side if isinstance(member, Scalar)] for side in (ones, others)
    ]
    if (
        "ratio" not in problem.casefold()
        or len(trees[0]) != len(ones)
        or len(trees[1]) != len(others)
    ):
        return _in_order(ones, others, policy, problem, "part")
    if len(ones) != len(others):
        return Comparison(False, "the ratios differ in length")
    products = [
        (Apply("*", (a, trees[1][0])), Apply("*", (b, trees[0][0])))
        for a, b in zip(*trees, strict=True)
    ]
    return Comparison(
        all(same_value(*pair).equal for pair in products), "ratios are compared up to a factor"
    )


def _in_order(
    ones: tuple[Answer, ...], others: tuple[Answer, ...], policy: Policy, problem: str, what: str
) -> Comparison:
    if len(ones) != len(others):
        return Comparison(False, f"{len(others)} members, the reference has {len(ones)}")
    for place, (one, other) in enumerate(zip(ones, others, strict=True), start=1):
        compared = same_answer(one, other, policy, problem)
        if not compared:
            return Comparison(False, f"{what} {place}: {compared.why}")
    return Comparison(True, f"every {what} is equal, in order")


def _matched(
    ones: tuple[Answer, ...], others: tuple[Answer, ...], policy: Policy, problem: str
) -> Comparison:
    if len(ones) != len(others):
        return Comparison(False, f"{len(others)} members, the reference has {len(ones)}")
    left = list(others)
    for one in ones:
        # Identical members first: a comparison that is not needed cannot fail.
        partner = next((other for other in left if other == one), None)
        partner = partner or next(
            (other for other in left if same_answer(one, other, policy, problem)), None
        )
        if partner is None:
            return Comparison(False, "a member of the reference is missing")
        left.remove(partner)
    return Comparison(True, "the members are equal, in some order")


def _distinct(members: tuple[Answer, ...], policy: Policy, problem: str) -> tuple[Answer, ...]:
    kept: list[Answer] = []
    for member in members:
        if not any(
            member == other or same_answer(other, member, policy, problem) for other in kept
        ):
            kept.append(member)
    return tuple(kept)
