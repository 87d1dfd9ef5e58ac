"""Whether a function's log is delivered: what its role may write, as on AWS.

Groups and streams are made with the first line, so the role needs `logs:CreateLogStream` and
`logs:PutLogEvents`; `logs:CreateLogGroup` too where it is the first of its group is not asked for here, as
nobody on this path knows whether the group is there.

Source: Lambda developer guide, "Defining Lambda function permissions with an execution role": without
AWSLambdaBasicExecutionRole a function runs, and its log is not delivered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from lambdad.domain.function import FunctionVersion
from lambdad.domain.identity import Who
from lambdad.identity.authorization import facts
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.guards import Guard
from lambdad.identity.authorization.logs_needs import stream_arn
from lambdad.identity.authorization.needs import account_of
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import InvocationRecord, LogSink, Printed, StreamKey

_log = logging.getLogger("lambdad.identity")
_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
_ANY = Guard()
_MOST_REMEMBERED = 1_000


class LogDelivery:
    """Gives every environment the sink that its role lets it have.

    Args:
        authority: decides.
        sink: where lines go that may be written.
        clock: for conditions on time.
    """

    def __init__(self, authority: Authority, sink: LogSink, clock: Clock) -> None:
        self.authority = authority
        self.sink = sink
        self.clock = clock
        self._withheld: dict[str, str] = {}

    def of(self, version: FunctionVersion) -> LogSink:
        """The sink of one environment."""
        return _RoleSink(self, version)

    @property
    def withheld(self) -> dict[str, str]:
        """Roles of functions whose log is not delivered, by the function's ARN."""
        return dict(self._withheld)

    def note(self, function: str, role: str, *, delivered: bool) -> None:
        """Remember which functions nobody hears of."""
        if delivered:
            self._withheld.pop(function, None)
        elif function not in self._withheld and len(self._withheld) < _MOST_REMEMBERED:
            self._withheld[function] = role
            _log.warning(
                "the log of %s is not delivered: its role %s may not write it",
                function,
                role,
                extra={"event": "identity.logs_withheld", "role": role},
            )


class _RoleSink:
    """A sink that drops what the role may not write; implements `ports.log_store.LogSink`."""

    __slots__ = ("_delivery", "_epoch", "_function", "_may", "_sink", "_who")

    def __init__(self, delivery: LogDelivery, version: FunctionVersion) -> None:
        self._delivery = delivery
        self._sink = delivery.sink
        self._function = version.scope.arn("lambda", f"function:{version.name}")
        self._who = session_of(version.role, version.name)
        self._may = self._who is None
        self._epoch: int | None = None

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        """Take lines, or drop them."""
        if self._is_open(stream):
            self._sink.write(stream, lines)

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        """Take one whole invocation, or drop it."""
        if self._is_open(stream):
            self._sink.write_invocation(stream, record)

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        """As the sink behind it: what is dropped needs none, but that is no reason to ask."""
        return self._sink.has_room(stream, on_room)

    def _is_open(self, stream: StreamKey) -> bool:
        if self._who is not None and self._epoch != self._delivery.authority.epoch:
            self._decide(self._who, stream)
        return self._may

    def _decide(self, who: Who, stream: StreamKey) -> None:
        authority = self._delivery.authority
        standing, epoch = authority.standing(who), authority.epoch
        now_s = self._delivery.clock.now()
        now = facts.at(now_s)
        arn = stream_arn(stream.scope, stream.group, stream.stream)
        for action in _ACTIONS:
            authority.accesses.note(who, action, stream.scope.region, now_s)
        self._may = all(standing.decide(action, arn, _ANY, now).allowed for action in _ACTIONS)
        self._epoch = epoch if standing.is_steady(_ANY) else None
        self._delivery.note(self._function, who.role_arn or "", delivered=self._may)


def session_of(role: str, function: str) -> Who | None:
    """The session in which Lambda writes a function's log; None for a role that is no ARN."""
    account, name = account_of(role), role.rpartition("/")[2]
    if account is None or not name:
        return None
    arn = f"{role.partition(':iam:')[0]}:sts::{account}:assumed-role/{name}/{function}"
    return Who(account, arn, f"{name}:{function}", role_arn=role)
