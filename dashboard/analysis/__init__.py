"""Answers computed from a text, a curve or a network, as plain functions of plain values.

How an answer is drawn belongs in ``charts`` or ``views``, when it is computed in ``page``.
"""
