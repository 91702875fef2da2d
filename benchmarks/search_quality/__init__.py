"""How good the searches are: twelve problems, ours beside the stored results of other libraries."""
