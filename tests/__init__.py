"""Tests, in folders that mirror the packages; ``support`` holds what they share."""
