"""The torch backend: the same modules as the reference, for CPUs and GPUs, in one process or sharded
over many.

Tensors end in their logical shape, in the letters of ``spec`` and these:

====== ==================================================================================
letter meaning
====== ==================================================================================
n      tokens of this rank: its slice of a packed stream
m      tokens of this rank's context-parallel share, all tensor-parallel slices together
M      keys of all context-parallel shares
p      response tokens that are predicted on this rank
c      tokens of the batch's rows that stand on this rank; a shared prompt's count once per row
R      rows that attention fills from a stream: sequences, or responses to one prompt
====== ==================================================================================
"""
