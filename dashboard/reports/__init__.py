"""The report of a run: one HTML file that opens in any browser, without a server or scripts.

Charts on the page belong in ``charts``; the caller decides which figures a report shows.
"""
