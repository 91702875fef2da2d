"""From a cell's text to a search: the magics, their options and what they complete."""
