"""Texts to train on: where they come from, how they are cleaned up and how characters are shown.

Decoding the bytes of a file belongs in ``rnncore.reading``, drawing a text in ``views``.
"""
