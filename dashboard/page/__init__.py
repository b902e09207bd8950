"""One visitor's page: session state, values of widgets, and callbacks.

What outlives a page (a run, its files, its training) belongs in ``runs`` or ``training``; drawing
belongs in ``views``.
"""
