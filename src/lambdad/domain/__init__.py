"""Values and pure decisions: no input, no output, no clock of their own.

Everything above imports from here; this package imports nothing of lambdad.
"""
