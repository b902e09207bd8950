"""The shards of a batch: their computation, and how a worker process does it.

Splitting a batch into shards belongs in ``rnncore.batch_pass``; starting processes and
sharing memory belong in ``rnncore.compute``.
"""
