"""In the place of the package plotly, which is not kt_notebook's: one figure that shows nothing."""
