"""State on disk: SQLite databases, code archives and the data directory that holds them.

Adapters of the store ports; only composition and the command line choose them.
"""
