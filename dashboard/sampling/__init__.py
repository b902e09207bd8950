"""Text written by a network: pieces in the background, writing together, copied passages.

Drawing the characters is ``rnncore.sampling``; how the text is shown belongs in ``views``.
"""
