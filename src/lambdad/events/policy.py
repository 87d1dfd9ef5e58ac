"""What is done with the events of one lane: retries, age, destinations. Values out of the catalogue; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_MAX_AGE_S: Final = 21_600
"""Six hours. Source: spec async-esm.md §1."""

DEFAULT_MAX_RETRIES: Final = 2
"""Of function errors. Source: spec async-esm.md §1."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How the events of a lane are treated.

    Attributes:
        max_age_s: an event that is older ends.
        max_retries: of function errors, 0 to 2.
        on_success, on_failure: ARNs of destinations; None for none.
        dead_letter: ARN of the dead-letter queue or topic of the version; None for none.
        role: of the version, with whose permissions destinations are told.
    """

    max_age_s: int = DEFAULT_MAX_AGE_S
    max_retries: int = DEFAULT_MAX_RETRIES
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter: str | None = None
    role: str | None = None


class Gone:
    """The lane's function, version or alias does not exist any more."""


GONE: Final = Gone()
