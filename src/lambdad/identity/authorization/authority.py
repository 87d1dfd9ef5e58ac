"""Lets requests through, or refuses them in AWS's words.

Who is nobody in particular (an unknown key, an unsigned request) acts as the account's root where the server
is permissive; where it enforces, such a request never gets here, and is refused if it does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdad.domain.errors import AccessDenied, CredentialsRefused
from lambdad.domain.http import Caller, Request
from lambdad.domain.identity import Grants, Who
from lambdad.domain.policies.combined import Asked, Outcome, Policies, combine
from lambdad.domain.policies.principals import service
from lambdad.identity.authorization import denials, facts
from lambdad.identity.authorization.decisions import Decisions, Standing
from lambdad.identity.authorization.guards import Guard
from lambdad.identity.authorization.needs import Need, account_of
from lambdad.identity.authorization.recent import Denial, Denials
from lambdad.identity.last_accesses import LastAccesses
from lambdad.ports.clock import Clock
from lambdad.ports.identities import Identities

_log = logging.getLogger("lambdad.identity")
_OPEN = Guard()
_NO_GRANTS = Grants(())


@dataclass(frozen=True, slots=True)
class Asking:
    """A need, with what the resource says."""

    need: Need
    guard: Guard = _OPEN


class Authority:
    """Decides on requests.

    Args:
        identities: what binds those who ask.
        clock: for conditions on time.
        enforce: whether nobody acts as a root who has not proved to be one.
        accesses: is told who asked for what; None for nobody to be told.
    """

    def __init__(
        self,
        identities: Identities,
        clock: Clock,
        *,
        enforce: bool = False,
        accesses: LastAccesses | None = None,
    ) -> None:
        self._decisions = Decisions(identities, unknown=_NO_GRANTS if enforce else None)
        self._clock = clock
        self.enforce = enforce
        self.recent = Denials()
        self.accesses = accesses or LastAccesses()

    @property
    def epoch(self) -> int:
        """Moves whenever what binds somebody may have changed, and now and then, so that who asks is seen."""
        return self._decisions.epoch + self.accesses.tick

    def standing(self, who: Who) -> Standing:
        """What binds a principal now."""
        return self._decisions.standing(who)

    def asks(self, caller: Caller) -> Who | None:
        """The principal that is to be checked; None when the server lets everybody do everything.

        Raises:
            CredentialsRefused: nobody, where the server enforces.
        """
        if caller.who is None and self.enforce:
            raise CredentialsRefused("MissingAuthenticationTokenException", "Missing Authentication Token")
        return caller.who

    async def admit(self, request: Request, asked: Sequence[Asking]) -> bool:
        """Let a request through that has everything it needs; whether the same call always would be.

        Raises:
            AccessDenied: in AWS's words.
            CredentialsRefused: nobody, where the server enforces.
        """
        who = self.asks(request.caller)
        if who is None:
            return True
        steady = True
        now = self._clock.now()
        for each in asked:
            self.accesses.note(who, each.need.action, request.caller.scope.region, now)
            outcome = await self.outcome(who, request, each)
            if not outcome.allowed:
                raise self.denial(who, request, each, outcome)
            steady = steady and self.standing(who).is_steady(each.guard)
        return steady

    async def outcome(self, who: Who, request: Request, asked: Asking) -> Outcome:
        """Whether a principal has one permission."""
        need, guard = asked.need, asked.guard
        found = dict(need.keys)
        known = facts.of_request(request, self._clock.now(), found)
        for key in self.standing(who).wanted(guard):
            if key not in found and not known(key):
                later = await need.later(key)
                if later:
                    found[key] = later
        # Only now, after the last pause: what binds the principal may have changed in it.
        return self.standing(who).decide(need.action, need.resource, guard, known)

    def lets_service(
        self,
        name: str,
        resource: str,
        guard: Guard,
        keys: Mapping[str, Sequence[str]],
        action: str = "lambda:InvokeFunction",
    ) -> bool:
        """Whether a resource lets an AWS service use it; nothing else can."""
        time = {"aws:currenttime": facts.moment(self._clock.now())}
        asked = Asked(service(name), "", action, resource, {**time, **keys})
        policies = Policies(identity=None, resource=guard.policy, resource_must_allow=True)
        return combine(asked, policies).allowed

    def denial(self, who: Who, request: Request, asked: Asking, outcome: Outcome) -> AccessDenied:
        """The error for somebody who has not what they need; it is remembered."""
        need = asked.need
        known = facts.of_request(request, self._clock.now(), need.keys)
        keys = {key: tuple(known(key)) for key in self.standing(who).wanted(asked.guard)}
        self.recent.add(
            Denial(self._clock.now(), who.arn, need.action, need.resource, keys, outcome, request.request_id)
        )
        text = denials.words(who.arn, need.action, need.resource, outcome)
        _log.info("%s", text, extra={"event": "identity.denied", "request_id": request.request_id})
        return AccessDenied(text)


def guard_of(need: Need) -> Guard:
    """The guard of a resource that has no policy here, or whose policy its service knows: its account."""
    return Guard(account_of(need.resource))
