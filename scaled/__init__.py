"""The torch house: the same chapters as the reference, for CPUs and GPUs, in one process or sharded over many.

Tensors end in their logical shape, in the letters of ``spec`` and these:

====== ==================================================================================
letter meaning
====== ==================================================================================
n      tokens of this rank: its slice of a packed stream
m      tokens of this rank's context-parallel share, all tensor-parallel slices together
M      keys of all context-parallel shares
R      documents (sequences) packed into a stream
====== ==================================================================================
"""
