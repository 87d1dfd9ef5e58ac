"""Policies as resources keep them."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.resource import Kind


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """The policy of a function, a version or an alias; its revision id is theirs.

    Source: public recordings of LocalStack's suite against AWS, test_function_revisions_permissions.

    Attributes:
        document: JSON, as operations answer it; `document.read_policy` reads it.
    """

    document: str


@dataclass(frozen=True, slots=True)
class LayerPolicy:
    """The policy of a layer version.

    Attributes:
        document: as above.
        revision_id: changes with every change of the policy and only then.
    """

    document: str
    revision_id: str


FUNCTION_POLICIES = Kind("policy", AttachedPolicy, is_qualified=True)
"""Of functions: by qualifier, ``$LATEST`` for what is not qualified."""

LAYER_POLICIES = Kind("layer-policy", LayerPolicy)
"""Of layer versions: the account's own, named ``<layer>:<number>``; they go with the layer version."""
