"""Steps in which lambdad is not yet as AWS's emulator is, and what has to be done.

An entry here is a promise, not a licence: when the difference is gone the test asks for the entry to go, too.
"""

from __future__ import annotations

PENDING: dict[tuple[str, str], str] = {}
"""(pattern of the scenario, pattern of the step) to what is missing."""
