"""Benchmarks: speed against PyTorch and plain NumPy (``python -m benchmarks``), and learning.

``minutes`` measures losses after given times of training, ``quality`` compares training recipes,
``charrnn`` repeats char-rnn's setting, and ``pretrain`` makes the pretrained model.
"""
