"""Counting: how much may run at once. A lease is taken before an environment is looked for."""
