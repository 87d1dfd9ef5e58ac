"""Recursion configuration: what becomes of a function that calls itself over and over through a service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lambdad.domain.resource import Kind


class RecursiveLoop(StrEnum):
    """AWS's two choices; the first is the default."""

    TERMINATE = "Terminate"
    ALLOW = "Allow"


@dataclass(frozen=True, slots=True)
class Recursion:
    """The choice of one function."""

    recursive_loop: RecursiveLoop


RECURSION = Kind("recursion", Recursion)
"""Recursion configurations that were ever put, one per function: its name is ``$LATEST``."""
