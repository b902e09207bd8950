"""Benchmarks: speed against PyTorch and plain NumPy (``python -m benchmarks``), and learning.

``quality`` compares training recipes, ``charrnn`` repeats char-rnn's setting, and ``pretrain``
makes the pretrained model.
"""
