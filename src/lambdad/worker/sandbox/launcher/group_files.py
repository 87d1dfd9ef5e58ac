"""The files of a control group: small texts, read and written whole."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH110, PTH118

from __future__ import annotations

import os


def lines(path: str) -> list[str]:
    """The lines of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def read(directory: str, name: str) -> str:
    """A file's text; empty when there is none of that name."""
    try:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(directory: str, name: str, value: object) -> None:
    """Write to a file that is there."""
    descriptor = os.open(os.path.join(directory, name), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


def write_if_there(directory: str, name: str, value: object) -> None:
    """Write to a file that not every kernel has."""
    if os.path.exists(os.path.join(directory, name)):
        write(directory, name, value)
