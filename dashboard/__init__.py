"""The workbench: a Streamlit app over rnncore. ``docs/architecture.md`` draws its packages.

``app.py`` starts it. A package imports only from packages below it, in the order that
``tests/dashboard/test_imports.py`` lists.
"""
