"""The command line of rnncore: one module for each command.

A command's module parses its arguments, calls rnncore and prints. What it computes belongs to
rnncore itself, so that Python code can call it too.
"""
