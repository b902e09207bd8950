"""What the web server does beside drawing pages: its start and its end.

Nothing here draws a page or knows a visitor's session.
"""
