"""Reading files: the bytes of a file become text.

Encodings, archives, e-books, web pages, Word documents and Project Gutenberg's licence belong
here. Vocabularies are in ``rnncore.vocab``.
"""
