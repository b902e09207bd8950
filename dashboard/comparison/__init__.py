"""Several runs side by side: what is read of them, how they differ, and what they wrote.

How a comparison is drawn belongs in ``charts`` and ``views``; how a run is stored, in ``runs``.
"""
