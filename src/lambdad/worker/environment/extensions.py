"""The extensions of one environment: who they are, what each may do, what they are told.

Before: `runtime_api.extension_routes` cuts the call out. After: the environment hears of progress
(`extension_progress`). Whoever reports an error is going to end, and fails the environment by that. One
object per start of the processes.

External extensions are the programs in /opt/extensions, known before they register; internal ones
register from inside the runtime's process and may take INVOKE only.
Source: spec of the Runtime API §3; texts of AWS's emulator.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Protocol

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MAX_EXTENSION_NAME_BYTES, MAX_EXTENSIONS
from lambdad.worker.environment.extension_registration import DeprecatedKeys, events_of
from lambdad.worker.environment.extension_states import ExtensionState, may
from lambdad.worker.environment.failures import sanitised_extension_type
from lambdad.worker.environment.shutdown_budget import ShutdownBudget, ShutdownReason, budget
from lambdad.worker.runtime_api import extension_answers as answers
from lambdad.worker.runtime_api.server import RuntimeConnection
from lambdad.worker.runtime_api.wire import header

INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"
_EVENTS = (INVOKE, SHUTDOWN)
_S = ExtensionState
_REPORTED = {_S.INIT_ERROR: "InitError", _S.EXIT_ERROR: "Exited"}
"""What AWS calls the states that a report leads to."""


class ExtensionsOwner(Protocol):
    """Who hears of extensions."""

    def extension_progress(self) -> None:
        """One has registered, or waits in `next`."""
        ...


class Extension:
    """One extension.

    Attributes:
        name: of the file (external), or as it calls itself.
        events: what it registered for.
        report: AWS's type of what it reported (``Extension.InitError``); None while it did not.
        error_type: its own word for that.
        connection: where its `next` waits; None while it does not.
        pending: an event that came while its `next` was not there.
    """

    __slots__ = (
        "connection",
        "error_type",
        "events",
        "external",
        "identifier",
        "name",
        "pending",
        "report",
        "state",
    )

    def __init__(self, name: str, *, external: bool) -> None:
        self.name = name
        self.external = external
        self.state = _S.STARTED
        self.events: tuple[str, ...] = ()
        self.identifier = ""
        self.report: str | None = None
        self.error_type: str | None = None
        self.connection: RuntimeConnection | None = None
        self.pending: bytes | None = None

    @property
    def runs(self) -> bool:
        """Whether its process may still be there."""
        return self.state not in {_S.EXITED, _S.LAUNCH_ERROR}


class Extensions:
    """All extensions of one start of an environment.

    Args:
        version: named to those that register.
        external: names of the programs in /opt/extensions.
        owner: hears of progress and failures.

    Attributes:
        is_open: whether registering is still possible; the runtime's first `next` closes it.
        registered: set once every external extension has registered, and when waiting is in vain.
        failure: what the first that failed reported or died of; None while all is well.
    """

    def __init__(self, version: FunctionVersion, external: Sequence[str], owner: ExtensionsOwner) -> None:
        self._version = version
        self._owner = owner
        self._by_name = {name: Extension(name, external=True) for name in external}
        self._by_identifier: dict[str, Extension] = {}
        self._invoked: list[Extension] = []
        self.is_open = True
        self.registered = asyncio.Event()
        self._count_registered()

    # --- what the environment asks ---------------------------------------------------------------

    @property
    def all(self) -> list[Extension]:
        """Every extension, external ones first."""
        return list(self._by_name.values())

    @property
    def take_events(self) -> bool:
        """Whether any is registered for INVOKE."""
        return bool(self._invoked)

    @property
    def all_ready(self) -> bool:
        """Whether every living one waits in `next`."""
        return all(
            one.state is _S.READY for one in self._by_name.values() if one.state is not _S.LAUNCH_ERROR
        )

    @property
    def none_busy(self) -> bool:
        """Whether every one that was given the event has asked for another."""
        return all(one.state is not _S.RUNNING for one in self._invoked)

    def named(self, name: str) -> Extension:
        """The external extension of this name."""
        return self._by_name[name]

    def budget(self) -> ShutdownBudget:
        """How long their shutdown may take."""
        known = self._by_name.values()
        return budget(
            external=sum(one.external for one in known), internal=sum(not one.external for one in known)
        )

    # --- what the environment tells --------------------------------------------------------------

    def close_registration(self) -> None:
        """The runtime has come up: nobody else may register."""
        self.is_open = False

    def abandon(self) -> None:
        """Waiting for them is in vain."""
        self.is_open = False
        self.registered.set()

    def invoke(self, deadline_ms: int, request_id: str, invoked_arn: str, trace: str) -> None:
        """Hand the event to everyone who registered for INVOKE."""
        body = _json(
            {
                "eventType": INVOKE,
                "deadlineMs": deadline_ms,
                "requestId": request_id,
                "invokedFunctionArn": invoked_arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": trace},
            }
        )
        for one in self._invoked:
            one.state = _S.RUNNING
            _deliver(one, body)

    def shut_down(self, reason: ShutdownReason, deadline_ms: int) -> list[str]:
        """Tell everyone who registered for SHUTDOWN; the external ones that were told nothing."""
        body = _json({"eventType": SHUTDOWN, "deadlineMs": deadline_ms, "shutdownReason": reason.value})
        untold = []
        for one in self._by_name.values():
            if SHUTDOWN in one.events and one.runs:
                if one.state is _S.READY:
                    one.state = _S.RUNNING
                _deliver(one, body)
            elif one.external and one.runs:
                untold.append(one.name)
        return untold

    def launch_failed(self, name: str) -> None:
        """The program of an external extension could not be executed."""
        self._by_name[name].state = _S.LAUNCH_ERROR
        self._count_registered()

    def exited(self, name: str) -> Extension:
        """The process of an external extension has ended."""
        one = self._by_name[name]
        if one.state is not _S.LAUNCH_ERROR:
            one.state = _S.EXITED
        one.connection = None
        return one

    def connection_gone(self, connection: RuntimeConnection) -> None:
        """A connection was lost; whoever waited on it will ask again."""
        for one in self._by_name.values():
            if one.connection is connection:
                one.connection = None

    # --- the API ---------------------------------------------------------------------------------

    def register(self, head: bytes, body: bytes) -> bytes:
        """POST /register."""
        name = (header(head, b"lambda-extension-name") or b"").decode("latin-1")
        if not name or len(name) > MAX_EXTENSION_NAME_BYTES:
            return answers.NO_NAME
        try:
            events = events_of(body)
        except DeprecatedKeys:
            return answers.DEPRECATED_KEYS
        except ValueError as error:
            return answers.bad_format(str(error))
        one = self._by_name.get(name)
        if one is None or not one.external:
            found = self._internal(name, events)
        else:
            found = self._external(one, events)
        return found if isinstance(found, bytes) else self._registered(found, events, head)

    def _external(self, one: Extension, events: tuple[str, ...]) -> Extension | bytes:
        unknown = next((event for event in events if event not in _EVENTS), None)
        if unknown is not None:
            return answers.invalid_event_type(unknown)
        if not may(one.state, _S.REGISTERED):
            return answers.invalid_state(one.state.value, _S.REGISTERED.value, one.name)
        return one

    def _internal(self, name: str, events: tuple[str, ...]) -> Extension | bytes:
        for event in events:
            if event == SHUTDOWN:
                return answers.invalid_event_type(event, "ShutdownEventNotSupportedForInternalExtension")
            if event != INVOKE:
                return answers.invalid_event_type(event)
        if not self.is_open:
            return answers.REGISTRATION_CLOSED
        if name in self._by_name:
            return answers.ALREADY_REGISTERED
        if len(self._by_name) >= MAX_EXTENSIONS:
            return answers.TOO_MANY
        one = self._by_name[name] = Extension(name, external=False)
        return one

    def _registered(self, one: Extension, events: tuple[str, ...], head: bytes) -> bytes:
        one.state = _S.REGISTERED
        one.events = events
        one.identifier = str(uuid.uuid4())
        self._by_identifier[one.identifier] = one
        if INVOKE in events:
            self._invoked.append(one)
        self._count_registered()
        version = self._version
        names = {
            "functionName": version.name,
            "functionVersion": version.version,
            "handler": version.handler or "",
        }
        features = (header(head, b"lambda-extension-accept-feature") or b"").decode("latin-1")
        if "accountId" in [feature.strip() for feature in features.split(",")]:
            names["accountId"] = version.scope.account
        self._owner.extension_progress()
        return answers.registered(one.identifier, _json(names) + b"\n")

    def identified(self, head: bytes) -> Extension | bytes:
        """Who calls, or the answer to a call without a known identifier."""
        identifier = answers.identifier_of(head)
        if isinstance(identifier, bytes):
            return identifier
        one = self._by_identifier.get(identifier)
        return answers.UNKNOWN_IDENTIFIER if one is None else one

    def next(self, connection: RuntimeConnection, head: bytes) -> bytes | None:
        """GET /event/next: answered when there is an event."""
        one = self.identified(head)
        if isinstance(one, bytes):
            return answers.of_unknown(head) if one is answers.UNKNOWN_IDENTIFIER else one
        if not may(one.state, _S.READY):
            return answers.invalid_state(one.state.value, _S.READY.value, one.identifier)
        one.state = _S.READY
        one.connection = connection
        pending, one.pending = one.pending, None
        if pending is not None:
            one.state = _S.RUNNING
            one.connection = None
            return answers.event(str(uuid.uuid4()), pending)
        self._owner.extension_progress()
        return None

    def init_error(self, head: bytes) -> bytes:
        """POST /init/error."""
        return self._report(head, _S.INIT_ERROR)

    def exit_error(self, head: bytes) -> bytes:
        """POST /exit/error."""
        return self._report(head, _S.EXIT_ERROR)

    def _report(self, head: bytes, target: ExtensionState) -> bytes:
        one = self.identified(head)
        if isinstance(one, bytes):
            return one
        given = header(head, b"lambda-extension-function-error-type")
        if not given:
            return answers.NO_ERROR_TYPE
        if not may(one.state, target):
            return answers.invalid_state(one.state.value, _REPORTED[target], one.identifier)
        one.state = target
        one.connection = None
        one.report = f"Extension.{target.value}"
        one.error_type = sanitised_extension_type(given.decode("latin-1"))
        return answers.ACCEPTED

    def _count_registered(self) -> None:
        if all(one.state is not _S.STARTED for one in self._by_name.values() if one.external):
            self.registered.set()


def _deliver(one: Extension, body: bytes) -> None:
    connection, one.connection = one.connection, None
    head, body_bytes = answers.event_parts(str(uuid.uuid4()), body)
    if connection is None or not connection.send_event(head, body_bytes):
        one.pending = body


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
