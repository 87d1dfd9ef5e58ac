"""What the platform tells of an environment's life besides its events: Init, restore, extensions,
subscriptions.

The words are chosen here; `journal` brings them into the log and to subscribers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from lambdad.domain import platform_events
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MIB
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import ON_DEMAND, SNAP_START, PlatformEvent
from lambdad.domain.platform_log import RestoreTimes
from lambdad.ports.clock import Clock
from lambdad.worker.environment.log_words import runtime_version_arn


class LifeTelling:
    """The part of a journal that tells of an environment's life.

    Attributes:
        stream_name: AWS's log stream name.
        initialization_type: as platform events name it; set before `init_started`.
    """

    __slots__ = (
        "_clock",
        "_invocation",
        "_phase",
        "_restore",
        "_version",
        "initialization_type",
        "stream_name",
    )
    # _phase: of Init that is going on; _restore: what the report of the first event says of the restore.

    def __init__(self, version: FunctionVersion, stream_name: str, clock: Clock) -> None:
        self.stream_name = stream_name
        self.initialization_type = ON_DEMAND
        self._version = version
        self._clock = clock
        self._invocation: Invocation | None = None
        self._phase = "init"
        self._restore: RestoreTimes | None = None

    @abstractmethod
    def _say(self, event: PlatformEvent) -> None:
        """Tell subscribers, and the log when it shows such an event."""

    @abstractmethod
    def _init_changed(self, is_running: bool) -> None:
        """Init has begun, or is over."""

    @abstractmethod
    def _read_output(self, now_ms: int) -> None:
        """Take what has been printed up to now."""

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)

    def init_started(self, runtime_version: str | None, phase: str = "init") -> None:
        """INIT_START; `phase` is ``invoke`` when Init is repeated inside an event, or ``snap-start``."""
        self._init_changed(True)
        self._phase = phase
        self._say(
            platform_events.init_start(
                self._now_ms(),
                initialization_type=self.initialization_type,
                phase=phase,
                **self._facts(runtime_version),
            )
        )

    def _facts(self, runtime_version: str | None) -> platform_events.EnvironmentFacts:
        version = self._version
        return {
            "function_name": version.name,
            "function_version": version.version,
            "runtime_version": runtime_version,
            "runtime_version_arn": (
                None if runtime_version is None else runtime_version_arn(version, runtime_version)
            ),
            "instance_id": self.stream_name,
            "memory_bytes": version.memory_mib * MIB,
        }

    def init_runtime_done(self, status: Status, error_type: str | None = None) -> None:
        """The runtime has come to its first `next`, or will not."""
        now_ms = self._now_ms()
        self._read_output(now_ms)
        self._say(
            platform_events.init_runtime_done(
                now_ms,
                initialization_type=self.initialization_type,
                phase=self._phase,
                status=status,
                error_type=error_type,
            )
        )

    def init_ended(self, duration_ms: float, status: Status, error_type: str | None) -> None:
        """INIT_REPORT. Text shows it of an Init that failed or was inside an event, JSON by its level."""
        now_ms = self._now_ms()
        self._read_output(now_ms)
        self._say(
            platform_events.init_report(
                now_ms,
                initialization_type=self.initialization_type,
                phase=self._phase,
                status=status,
                duration_ms=duration_ms,
                error_type=error_type,
            )
        )
        self._init_changed(False)

    def restore_started(self, started_ms: int, runtime_version: str | None) -> None:
        """RESTORE_START."""
        self.initialization_type = SNAP_START
        self._say(platform_events.restore_start(started_ms, **self._facts(runtime_version)))

    def restore_ended(self, times: RestoreTimes, status: Status, error_type: str | None = None) -> None:
        """RESTORE_REPORT; after a success the next event's report has the times, too."""
        now_ms = self._now_ms()
        self._read_output(now_ms)
        self._say(platform_events.restore_runtime_done(now_ms, status, error_type))
        self._say(platform_events.restore_report(now_ms, status, times.duration_ms, error_type))
        if status is Status.SUCCESS:
            self._restore = times

    def snap_start_is_off(self, reason: str) -> None:
        """Why there is no snapshot of what has just been initialised."""
        self._say(platform_events.snap_start_off(self._now_ms(), reason))

    def extension_state(
        self, name: str, state: str, events: Sequence[str], error_type: str | None = None
    ) -> None:
        """EXTENSION: one has come to a state (``Ready``, ``Registered``, ``LaunchError`` …)."""
        self._say(platform_events.extension(self._now_ms(), name, state, events, error_type))

    def subscribed(self, api: str, name: str, types: Sequence[str]) -> None:
        """TELEMETRY or LOGS: an extension has subscribed; `api` is ``telemetry`` or ``logs``."""
        self._say(platform_events.subscription(self._now_ms(), api, name, types))
