"""Event invoke configuration: what becomes of asynchronous events, by function and qualifier."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.resource import Kind


@dataclass(frozen=True, slots=True)
class EventInvokeConfig:
    """The configuration that events sent to one qualifier follow.

    Attributes:
        last_modified: seconds since the epoch.
        max_retries: after an error of the function; None: AWS's default, 2.
        max_age_s: how long an event is kept; None: AWS's default, 6 hours.
        on_success: ARN of where a record of success goes; None for nowhere.
        on_failure: ARN of where events go that no attempt was successful with; None for nowhere.
    """

    last_modified: float
    max_retries: int | None = None
    max_age_s: int | None = None
    on_success: str | None = None
    on_failure: str | None = None


EVENT_INVOKE_CONFIGS = Kind("event-invoke-config", EventInvokeConfig, is_qualified=True)
"""Event invoke configurations, by function and qualifier; ``$LATEST`` for unqualified invocations."""
