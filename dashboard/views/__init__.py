"""What the user sees: one file for each page, and one for each section of the workbench.

Views call Streamlit and compute nothing: figures, charts and files come from the packages below.
"""
