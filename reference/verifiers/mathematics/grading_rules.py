"""The points where graders of mathematics differ: each a named rule with default and reason.

The points that are no switch but fixed are in the table of
``reference.verifiers.mathematics.verifier``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class GradingRules:
    """When answers count as equal.

    Attributes:
        decimal_digits: Significant digits a decimal must have to stand for a number it does not
            equal, provided it is that number correctly rounded; 0 asks for exact equality. Default
            0: 0.333333 is not 1/3, and a model that is paid for rounded guesses learns to guess.
        missing_unit: A bare number may answer a quantity and the other way round (10 for 10 cm).
            Default True: most sets keep the unit in the question. Two written units are always
            compared, after conversion.
        percent_by_problem: When the problem speaks of percent, the bare number 20 may answer 20 %
            and the other way round. Default True. Otherwise, and always besides, 20 % is 0.2.
        named_value: ``x = 3`` may answer 3 and the other way round. Default True. Two written names
            are always compared.
        inequality_as_interval: ``0 < x <= 1`` in one unknown is the interval (0, 1]. Default True.
        bare_list_as_tuple: ``1, 2`` may answer the ordered (1, 2), in that order, and the other way
            round. Default True.
        log_base: Base of a ``\\log`` without one. Default 10, as contests write it; ``\\ln`` is
            natural whatever the value.
    """

    decimal_digits: int = 0
    missing_unit: bool = True
    percent_by_problem: bool = True
    named_value: bool = True
    inequality_as_interval: bool = True
    bare_list_as_tuple: bool = True
    log_base: int = 10


DEFAULT = GradingRules()
