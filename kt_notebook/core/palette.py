"""The colours of trials by what became of them: good, running, bad, pruned; one set for panel, tables and figures.

Mid-tones: contrast of 3.5 or more on white as well as on #111. They are for dots, lines and bars; text keeps the colour
of the text around it.
"""

__all__ = ["BAD", "GOOD", "PRUNED", "RUN"]

GOOD = "#0f9168"
RUN = "#3b7ff0"
BAD = "#dd4a3f"
PRUNED = "#86909c"
