"""Named queries out of the .sql files beside this module.

A query is a line `-- name: words_of_its_name`, one or more comment lines that say what it does, and the
statement up to the next name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent
_NAME = "-- name:"


def queries(concern: str) -> Mapping[str, str]:
    """The statements of `sql/<concern>.sql` by name.

    Raises:
        ValueError: a name is used twice or lacks its sentence.
    """
    found: dict[str, str] = {}
    for block in (_FOLDER / "sql" / f"{concern}.sql").read_text("utf-8").split(_NAME)[1:]:
        name, _, rest = block.partition("\n")
        lines = rest.strip().splitlines()
        if name.strip() in found or not lines or not lines[0].startswith("--"):
            raise ValueError(f"{concern}.sql: query {name.strip()} is there twice or says nothing of itself")
        statement = "\n".join(line for line in lines if not line.startswith("--"))
        found[name.strip()] = statement.strip().rstrip(";")
    return found


def migrations(concern: str) -> list[str]:
    """The scripts of `migrations/<concern>/`, first to last; script n leads to schema version n.

    Raises:
        ValueError: the numbers of the files are not 1, 2, 3, …
    """
    files = sorted((_FOLDER / "migrations" / concern).glob("*.sql"))
    if [int(file.name[:4]) for file in files] != list(range(1, len(files) + 1)):
        raise ValueError(f"migrations of {concern} are not numbered without gaps")
    return [file.read_text("utf-8") for file in files]


def inserting(statement: str, rows: int) -> str:
    """The statement that inserts so many rows where `statement` inserts one, its VALUES at its end."""
    head, word, values = statement.rpartition("VALUES")
    return head + word + ", ".join([values] * rows)
