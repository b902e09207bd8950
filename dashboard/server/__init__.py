"""What concerns the whole server: limits, memory, access, background jobs, error messages.

Nothing here knows runs, texts or pages.
"""
