"""The report of a run: one HTML file that opens anywhere, without a server or a script.

Charts on the page belong in ``charts``; which figures the report gets is decided by its caller.
"""
