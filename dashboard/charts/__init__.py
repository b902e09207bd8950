"""Charts: rows of a few hundred points, and the Vega-Lite drawings of them."""
