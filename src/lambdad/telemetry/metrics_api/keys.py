"""Series as requests name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.metric import MetricKey
from lambdad.domain.scope import Scope


def key_of(metric: Mapping[str, Any], scope: Scope) -> MetricKey:
    """The series of a structure with Namespace, MetricName and Dimensions in any order."""
    named = sorted((one["Name"], one["Value"]) for one in metric.get("Dimensions") or ())
    return MetricKey(scope, metric.get("Namespace", ""), metric.get("MetricName", ""), tuple(named))
