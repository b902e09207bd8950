"""A run (one network trained on one text) and its life: in memory, on disk, in downloads.

How training proceeds belongs in ``training``; what one visitor's page remembers of a run belongs
in ``page``.
"""
