"""What all backends share: types, configuration, contracts, what must be bit-equal.

Shape alphabet of the whole project. A docstring that says ``[B, S]`` means these letters and no
others:

====== ==================================================================================
letter meaning
====== ==================================================================================
B      sequences (rows) of a batch
S      positions of a padded row: prompt tokens, then response tokens, then padding
T      response tokens of one sequence (written ``l`` or ``|o_i|`` in the papers)
G      group: responses sampled for the same prompt
N      tokens of a flattened batch, ``B * S``
D      width of the residual stream
H, K   query heads, key-value heads
h      width of one head
E, k   experts of a layer, experts chosen per token
F      inner width of one expert
V      vocabulary entries
====== ==================================================================================

Per-token arrays of shape ``[B, S]`` are aligned to the *token they are about*: entry ``t`` of the
log-probabilities is ``log pi(token_t | tokens before t)`` and entry ``t`` of the values is
``V(state before token t)``. Column 0 has no past and is 0.
"""
