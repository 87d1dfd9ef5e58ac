"""Records of a shard or partition that were tried and are not settled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Records that failed together and are to be called with again, or wait for those that are.

    Attributes:
        last: sequence number, or offset, of the last of them; they begin behind those before. Empty for the
            call that ends a window, which has no records.
        failures: of them, as they are, that count as attempts.
        calls: with them, as they are.
        request_id: of each call with them; None until the first.
        version: of the function, that ran last; None when none did.
        is_error: it ended with an error, and did not name what failed.
    """

    last: str
    failures: int = 0
    calls: int = 0
    request_id: str | None = None
    version: str | None = None
    is_error: bool = False
