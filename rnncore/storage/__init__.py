"""Files: checkpoints, model pickles and the readers that open them without running anything.

What a file holds is decided by ``model`` and ``solver``; here is how it is written and checked.
"""
