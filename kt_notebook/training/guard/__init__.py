"""Checks the first steps of fused fits against Keras' own, and turns off what comes out different."""
