"""One session of StartLiveTail, in a thread of its own: what arrives goes into a queue.

Before: `log_following` opens sessions. After: it takes `Told` values out of the queue, in order. A full
queue makes the session wait, and the server then sees a slow reader.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdad.cli.client import ApiError, Client, Streamed
from lambdad.cli.errors import CommandError
from lambdad.domain.event_frames import BrokenFrame, Frame, FrameReader

MOST_GROUPS = 10
"""Of one session (CloudWatch Logs quotas)."""
MOST_SESSIONS = 15
"""Of one account at a time (CloudWatch Logs quotas)."""
FULL_S = 0.5
"""Between two looks at whether anybody still wants what a full queue has no room for."""
QUIET_S = 15.0
"""A server sends an update each second: silent for so long, it is gone."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a session said.

    Attributes:
        session: who.
        events: log events in the form of LiveTailSessionLogEvent.
        begun: the session has begun: from now on every event comes.
        sampled: there were more events than it told.
        ended: it is over; why, or an empty text.
        refused: it never began, for a reason that will not go away.
    """

    session: Session
    events: Sequence[Mapping[str, object]] = ()
    begun: bool = False
    sampled: bool = False
    ended: str | None = None
    refused: bool = False


class Session:
    """A running session over some groups."""

    def __init__(
        self, client: Client, groups: Mapping[str, str], pattern: str | None, out: queue.Queue[Told]
    ) -> None:
        """`groups` are ARNs by name."""
        self.groups = groups
        self._client = client
        self._pattern = pattern
        self._out = out
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live tail", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End: the next thing that arrives is the last; nobody waits for it."""
        self._stopping.set()

    def _run(self) -> None:
        members: dict[str, object] = {"logGroupIdentifiers": list(self.groups.values())}
        if self._pattern:
            members["logEventFilterPattern"] = self._pattern
        try:
            with self._client.live_tail(members, QUIET_S) as stream:
                why = self._read(stream)
        except ApiError as error:
            gone = (
                error.code in {"ResourceNotFoundException", "LimitExceededException"}
                or error.http_status >= 500
            )
            self._tell(Told(self, ended=str(error), refused=not gone))
        except CommandError as error:
            self._tell(Told(self, ended=str(error)))
        else:
            self._tell(Told(self, ended=why))

    def _read(self, stream: Streamed) -> str:
        frames = FrameReader()
        try:
            while (data := stream.read()) and not self._stopping.is_set():
                for frame in frames.feed(data):
                    if frame.headers.get(":message-type") != "event":
                        return frame.headers.get(":exception-type", "")
                    self._take(frame)
        except (BrokenFrame, ValueError) as error:
            return f"the stream cannot be read: {error}"
        return ""

    def _take(self, frame: Frame) -> None:
        if frame.headers.get(":event-type") == "sessionStart":
            self._tell(Told(self, begun=True))
        elif frame.headers.get(":event-type") == "sessionUpdate":
            update = json.loads(frame.payload)
            events = update.get("sessionResults") or ()
            sampled = bool((update.get("sessionMetadata") or {}).get("sampled"))
            if events or sampled:
                self._tell(Told(self, events, sampled=sampled))

    def _tell(self, what: Told) -> None:
        while not self._stopping.is_set():
            try:
                self._out.put(what, timeout=FULL_S)
            except queue.Full:
                continue
            return
