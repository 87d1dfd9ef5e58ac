"""Sequence numbers of records, and offsets as text, as what they are compared by."""

from __future__ import annotations


def number_of(sequence: str) -> int:
    """A sequence number as a number; -1 when it is none."""
    return int(sequence) if sequence.isascii() and sequence.isdigit() else -1
