"""Races: a few networks that train on the same text in turns, and which of them wins.

Each racer is a normal run. How runs are compared belongs in ``comparison``; how trainings take
turns, in ``training``.
"""
