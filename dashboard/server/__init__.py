"""Services of the whole server process: limits, memory, access, background jobs, error messages.

Nothing here depends on runs, texts or pages.
"""
