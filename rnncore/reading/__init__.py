"""Reading files: the bytes of a file become text.

Encodings, archives, e-books and Project Gutenberg's licence belong here. Vocabularies are in
``rnncore.vocab``.
"""
