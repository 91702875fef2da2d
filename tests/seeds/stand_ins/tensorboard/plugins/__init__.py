"""In the place of TensorBoard's plugins."""
