"""A batch's shards in worker processes: the worker's program and this process's end of it.

Starting processes and sharing memory is ``rnncore.compute``; the computation is ``batch_pass``.
"""
