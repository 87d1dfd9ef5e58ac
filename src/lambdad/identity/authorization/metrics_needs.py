"""What each operation of CloudWatch needs: its own name, on everything, for metrics are no resources.

PutMetricData can be held to namespaces by the condition key ``cloudwatch:namespace``.

Source: Service Authorization Reference, "Amazon CloudWatch"; "Using condition keys to limit access to
CloudWatch namespaces".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.http import Request
from lambdad.identity.authorization.needs import EVERYTHING, Need, Values


def needs_of(operation: str, params: Mapping[str, Any], _request: Request) -> list[Need]:
    """What an operation needs."""
    keys: dict[str, Values] = {}
    if operation == "PutMetricData":
        keys["cloudwatch:namespace"] = (params["Namespace"],)
    return [Need(f"cloudwatch:{operation}", EVERYTHING, keys)]
