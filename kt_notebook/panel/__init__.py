"""What is shown of a search: the live panel, its output bundle, and the picture that needs no script."""
