"""Use of the machine: BLAS settings, buffers, threads, worker processes and shared memory.

Nothing here knows about networks; what a worker process computes is in ``rnncore.sharding``.
"""
