"""From the bytes a visitor hands in to the text a network is trained on.

Decoding files is ``rnncore.reading``; here are the sources, clean-up rules and character names.
"""
