"""Results computed from a text, a training curve or a network, as functions of plain values.

Drawing a result belongs in ``charts`` or ``views``, running the function in ``page.background``.
"""
