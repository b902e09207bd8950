"""Tests of the page as a person sees it: a real server, a real Chromium."""
