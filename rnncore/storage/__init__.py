"""Files: saving runs and models, and reading them back without running code from a file.

How files are written, read and checked belongs here. What a run or a model consists of is
decided by ``rnncore.solver`` and ``rnncore.network``.
"""
