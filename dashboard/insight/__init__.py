"""What the dashboard has to say about texts, curves and samples: plain functions, no Streamlit."""
