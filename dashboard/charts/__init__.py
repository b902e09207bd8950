"""Rows and Vega-Lite specifications of the charts, made from a training history or other figures.

Every function here takes plain values: no module calls Streamlit or reads a run.
"""
