"""What is drawn: one file for each page, and one for each section of the workbench.

Views call Streamlit and nothing else computes here: figures, charts and files come from the
packages below.
"""
