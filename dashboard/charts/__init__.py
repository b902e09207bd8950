"""History and other figures as rows and Altair charts.

Nothing here calls Streamlit or reads a run: a chart is a function of plain values.
"""
