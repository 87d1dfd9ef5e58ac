"""Imports what a server imports, in the process that servers are forked from (see `warm`)."""

from __future__ import annotations

import importlib
import pkgutil

import lambdad.cli.serve
from lambdad import composition

for found in pkgutil.walk_packages(composition.__path__, f"{composition.__name__}."):
    importlib.import_module(found.name)

__all__ = ["lambdad"]
