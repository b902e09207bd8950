"""The machine: BLAS settings, buffers, threads, worker processes and shared memory.

Nothing here knows networks; what a worker process computes is ``rnncore.sharding``.
"""
