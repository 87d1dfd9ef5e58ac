"""Stores in SQLite: one file per concern, one writer thread with group commit, one reader thread.

`database` opens and migrates, `writer` and `reader` own the threads, `catalogue_sqlite` and `logs_sqlite`
are the stores. SQL lives in `sql/` (named queries) and `migrations/` (numbered, one folder per database).
"""
