"""The words of a search: pure values and rules, with no file, clock, thread, Keras or IPython."""
