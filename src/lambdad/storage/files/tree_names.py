"""The names of trees in the code store."""

from __future__ import annotations

import hashlib

from lambdad.domain.function import LayerKeys

UNFINISHED = "unfinished"
"""Directory of work in progress: worthless after a kill."""
LEAVING = "leaving"
"""Directory of what is to be removed."""
COMPILED = "compiled"
"""Directory of byte code."""


def tree_name(keys: LayerKeys) -> str:
    """Content address of the tree of these archives laid over one another, in their order."""
    if len(keys) == 1:
        return keys[0]
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()
