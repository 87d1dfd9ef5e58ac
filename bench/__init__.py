"""The numbers, one command: `python -m bench` runs lambdad beside its peers and writes what it saw."""
