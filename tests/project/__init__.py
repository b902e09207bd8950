"""Tests of the rest of the project: documents, settings, notebook, benchmarks."""
