"""From the bytes of a file to text: encodings, archives, e-books and Project Gutenberg's licence.

Nothing here knows networks; vocabularies are ``rnncore.vocab``.
"""
