"""Colours by role and by family.

Okabe and Ito's palette for roles, Paul Tol's muted one for families: people who are colour-blind
can tell the colours of either apart.
"""

POLICY, VALUE, CORRECT, WRONG = "#0072B2", "#E69F00", "#009E73", "#D55E00"
BEFORE, AFTER, TRAINER = "#767676", "#222222", "#cccccc"
FAMILY_COLOURS = ("#332288", "#44AA99", "#AA4499", "#999933", "#882255", "#88CCEE")
