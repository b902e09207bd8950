"""A run (one network trained on one text): in memory, saved on disk, and exported to files.

How training proceeds belongs in ``training``. What one visitor's page remembers of a run
belongs in ``page``.
"""
