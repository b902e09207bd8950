"""Training in a background thread: the trainer, the scheduler, goals and live settings.

The mathematics of training is in ``rnncore.solver``; saving belongs in ``runs``.
"""
