"""One visitor's page: its session state, its widgets' values and the callbacks of its buttons.

What outlives the page (a run, its files, a training) belongs in ``runs`` or ``training``; what is
drawn belongs in ``views``.
"""
