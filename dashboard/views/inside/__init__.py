"""The tab Inside: what the units of the network at hand do on a text, one module for each view.

Computing belongs in ``analysis.inside``; what the page remembers, and the jobs, in ``page``.
"""
