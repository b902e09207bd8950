"""Tests of what is neither rnncore nor the dashboard: README, settings, notebook, benchmarks."""
