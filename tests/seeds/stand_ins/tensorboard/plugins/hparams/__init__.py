"""In the place of TensorBoard's table of hyperparameters."""
