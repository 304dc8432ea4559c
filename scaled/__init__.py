"""The torch backend: counterparts of the reference's modules, on any number of ranks.

Tensors end in their logical shape, in the letters of ``spec`` and these:

====== ==================================================================================
letter meaning
====== ==================================================================================
n      tokens of this rank: its slice of the packed sequences
m      tokens of this rank's context-parallel share, all tensor-parallel slices together
M      keys of all context-parallel shares
p      response tokens that are predicted on this rank
c      tokens of the batch's rows on this rank; those of a shared prompt once per row
R      rows that attention fills from packed tokens: sequences, or responses to one prompt
====== ==================================================================================
"""
