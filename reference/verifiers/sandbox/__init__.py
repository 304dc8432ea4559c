"""Running programs nobody trusts: what keeps them in their place, how long they may run, and what
is left of them (nothing).
"""
