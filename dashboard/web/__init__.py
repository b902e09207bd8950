"""What the web server does beside drawing pages: its start and end, downloads, visitors.

Nothing here draws a page or knows a visitor's session.
"""
