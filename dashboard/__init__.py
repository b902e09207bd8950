"""The workbench in the browser: a Streamlit app over rnncore."""
