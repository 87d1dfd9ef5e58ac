"""Blank sandboxes that wait for a function: how many of which kind, made when, handed out to whom."""
