"""Which provisioned environments to start and which to end; pure.

As many as were asked for are kept initialised. One that nears its age limit is replaced while it still
serves, and ends when the replacement has come up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lambdad.domain.limits import PROVISIONED_RENEWAL_S, PROVISIONED_RENEWAL_SHARE


@dataclass(frozen=True, slots=True)
class Standing:
    """One environment as the decision sees it.

    Attributes:
        is_initialised: its Init has succeeded.
        is_idle: it waits for an event.
        renew_at: monotonic seconds from which on another one should take its place.
        expires_at: monotonic seconds from which on it takes no event.
    """

    is_initialised: bool
    is_idle: bool
    renew_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now.

    Attributes:
        start: how many environments to start.
        end: which to end, by their place in what was given.
    """

    start: int
    end: tuple[int, ...]


def plan(requested: int, standing: Sequence[Standing], now: float, starts: int) -> Plan:
    """Decide.

    Args:
        requested: environments to keep.
        standing: those that live.
        now: monotonic seconds.
        starts: most environments that may be starting at once; 0 during a pause.
    """
    lasting = sum(one.renew_at > now for one in standing)
    starting = sum(not one.is_initialised for one in standing)
    start = max(0, min(requested - lasting, starts - starting))
    return Plan(start, _to_end(requested, standing, now))


def _to_end(requested: int, standing: Sequence[Standing], now: float) -> tuple[int, ...]:
    """Who is idle and too old, or near it and replaced; and of who lasts those beyond what is asked for."""
    starting = [place for place, one in enumerate(standing) if not one.is_initialised]
    usable = [place for place, one in enumerate(standing) if one.is_initialised and one.expires_at > now]
    lasting = [place for place in usable if standing[place].renew_at > now]
    idle = [place for place, one in enumerate(standing) if one.is_idle]
    expired = [place for place in idle if standing[place].expires_at <= now]
    replaced = [place for place in idle if standing[place].renew_at <= now < standing[place].expires_at]
    replaced = replaced[: max(0, len(usable) - requested)]
    # The oldest of those that are too many, so that the rest lasts longest.
    idle_lasting = sorted(set(idle) & set(lasting), key=lambda place: standing[place].renew_at)
    too_many = min(len(lasting), len(usable) - len(replaced)) - requested
    needless = starting[: max(0, len(lasting) + len(starting) - requested)]
    return (*expired, *replaced, *idle_lasting[: max(0, too_many)], *needless)


def renew_at(born: float, expires_at: float) -> float:
    """When another environment should take the place of one, in monotonic seconds."""
    ahead = min(PROVISIONED_RENEWAL_S, (expires_at - born) * PROVISIONED_RENEWAL_SHARE)
    return expires_at - ahead
