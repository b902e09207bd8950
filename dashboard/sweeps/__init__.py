"""Sweeps of the page: the plan from the page's settings, the process that computes it, its runs.

What a sweep is and how it is computed is in ``rnncore.sweep``; nothing here imports Dask or
Streamlit. What the page draws of a sweep is in ``charts`` and ``views``.
"""
