"""Listeners of a search's event stream."""
