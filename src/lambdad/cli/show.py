"""What people and programs see: tables and progress for people, `--json` for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def document(value: object) -> None:
    """Print one JSON document, in a form a person can read as well."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below their headings; on a terminal with rich, else separated by tabs."""
    if not out.is_terminal:
        for row in rows:
            sys.stdout.write("\t".join(row) + "\n")
        return
    # What does not fit goes on in the next line: names that were cut would look the same.
    made = Table(*(Column(name, overflow="fold") for name in columns), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        made.add_row(*row)
    out.print(made)


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Say on stderr what takes a while; silent where nobody watches."""
    if err.is_terminal:
        with err.status(text):
            yield
    else:
        yield


def write(text: str) -> None:
    """Write text as it is; what the encoding of stdout does not have is escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def note(text: str) -> None:
    """One line for people on stderr."""
    err.print(text, markup=False)


def record(value: object) -> None:
    """Print one JSON document on one line, for streams of them."""
    sys.stdout.write(json.dumps(value, default=str) + "\n")


def verdict(mark: str, style: str, what: str, detail: str, width: int = 20) -> None:
    """One line of a report: a short mark, a name in a column of `width`, a sentence."""
    line = Text(f"{mark:>3} ", style=style)
    line.append(f"{what:<{width}} ", style="bold" if what else "")
    line.append(detail, style="default")
    out.print(line)
