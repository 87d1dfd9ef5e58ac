"""Placement: which worker gets a new environment, and whether there is room for it."""
