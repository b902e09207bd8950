"""What the tab Inside shows of a network: the units on a text, what they follow, what they are for.

Functions of plain values, which run beside the page. ``rnncore.inspect`` measures; here its figures
become findings with sentences. Drawing them belongs in ``views.inside``.
"""
