"""Consumer groups of a broker of Kafka: who is a member, what each reads, and how far the group is.

As Kafka's classic protocol: a member that comes, goes or is silent for its session has everybody join again, for
which the broker waits as long as members may take; one of them says who reads what. What differs: a broker that is told
to be impatient takes a member for dead when its connection ends, where a real one waits for its session.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

_NONE, _NOTE, _GENERATION, _PROTOCOL, _MEMBER, _SESSION, _REBALANCE = 0, 12, 22, 23, 25, 26, 27
_MOST_NOTE_BYTES = 4_096  # beside an offset, unless a broker is told otherwise (offset.metadata.max.bytes)
_LEAST_SESSION_MS, _MOST_SESSION_MS = 6_000, 1_800_000
_SIMPLE = -1  # the generation of who commits without being a member


@dataclass(slots=True, eq=False)
class GroupMember:
    """One consumer.

    Attributes:
        about: what it told of itself, by name of the way to share partitions.
        joined: what it hears when everybody is there; None while it has not asked.
        assigned: what it hears when the leader has said who reads what; None while it has not asked.
        heard_s: when it was last heard.
    """

    identity: str
    session_s: float
    rebalance_s: float
    about: dict[str, bytes]
    connection: object
    joined: asyncio.Future[int] | None = None
    assigned: asyncio.Future[tuple[int, bytes]] | None = None
    assignment: bytes = b""
    heard_s: float = 0.0

    @property
    def waits(self) -> bool:
        """Whether it is the broker that it waits for."""
        return any(one is not None and not one.done() for one in (self.joined, self.assigned))


@dataclass(slots=True, eq=False)
class Group:
    """One group.

    Attributes:
        phase: ``stable``; ``joining`` while members are waited for; ``syncing`` until the leader has said who reads what.
        offsets: where to go on, and what was noted beside it, by topic and partition.
    """

    generation: int = 0
    phase: str = "stable"
    protocol: str = ""
    members: dict[str, GroupMember] = field(default_factory=dict)
    offsets: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)
    deadline: asyncio.TimerHandle | None = None

    @property
    def leader(self) -> str:
        """Who says what everybody reads: the member that is there longest."""
        return next(iter(self.members), "")


class Groups:
    """All groups of a broker.

    Args:
        is_impatient: whether the end of a connection is the end of its member.
    """

    def __init__(self, *, is_impatient: bool = False) -> None:
        self._is_impatient = is_impatient
        self._groups: dict[str, Group] = {}
        self._numbers = itertools.count(1)
        self._loop = asyncio.get_running_loop()

    def __getitem__(self, name: str) -> Group:
        return self._groups.setdefault(name, Group())

    async def join(
        self,
        name: str,
        identity: str,
        session_ms: int,
        rebalance_ms: int,
        about: dict[str, bytes],
        connection: object,
    ) -> tuple[int, str]:
        """Wait until every member has joined; an error, and who the member is."""
        group = self[name]
        if not _LEAST_SESSION_MS <= session_ms <= _MOST_SESSION_MS:
            return _SESSION, identity
        if identity and identity not in group.members:
            return _MEMBER, identity
        if group.members and not set.intersection(
            *(set(one.about) for one in group.members.values()), set(about)
        ):
            return _PROTOCOL, identity
        member = group.members.get(identity)
        if member is None:
            identity = f"member-{next(self._numbers)}"
            member = GroupMember(identity, session_ms / 1000, rebalance_ms / 1000, about, connection)
            group.members[identity] = member
            self._loop.call_later(member.session_s, self._watch, group, member)
        member.about, member.connection, member.heard_s = about, connection, self._loop.time()
        joined = member.joined = self._loop.create_future()
        self._rebalance(group)
        return await joined, identity

    async def sync(
        self, name: str, generation: int, identity: str, assignments: dict[str, bytes]
    ) -> tuple[int, bytes]:
        """Say who reads what, as the leader, and hear what the member is to read."""
        group = self[name]
        error = self._wrong(group, generation, identity)
        if error or group.phase == "joining":
            return error or _REBALANCE, b""
        member = group.members[identity]
        member.heard_s = self._loop.time()
        if group.phase == "stable":
            return _NONE, member.assignment
        assigned = member.assigned = self._loop.create_future()
        if identity == group.leader:
            group.phase = "stable"
            for one in group.members.values():
                one.assignment = assignments.get(one.identity, b"")
                _tell(one.assigned, (_NONE, one.assignment))
        return await assigned

    def heartbeat(self, name: str, generation: int, identity: str) -> int:
        """A member is alive; an error when it is to join again."""
        group = self[name]
        error = self._wrong(group, generation, identity)
        if error:
            return error
        group.members[identity].heard_s = self._loop.time()
        return _REBALANCE if group.phase == "joining" else _NONE

    def leave(self, name: str, identity: str) -> int:
        """A member goes."""
        group = self[name]
        if identity not in group.members:
            return _MEMBER
        self._remove(group, group.members[identity])
        return _NONE

    def commit(
        self, name: str, generation: int, identity: str, offsets: dict[tuple[str, int], tuple[int, str]]
    ) -> int:
        """Keep where the group is; an error when who says so does not read for it now, or notes too much."""
        group = self[name]
        if generation != _SIMPLE or group.members:
            error = self._wrong(group, generation, identity)
            if error or group.phase == "syncing":
                return error or _REBALANCE
            group.members[identity].heard_s = self._loop.time()
        if any(len(note.encode()) > _MOST_NOTE_BYTES for _, note in offsets.values()):
            return _NOTE
        group.offsets |= offsets
        return _NONE

    def disconnected(self, connection: object) -> None:
        """A connection has ended."""
        for group in self._groups.values() if self._is_impatient else ():
            for member in list(group.members.values()):
                if member.connection is connection:
                    self._remove(group, member)

    # --- inside ----------------------------------------------------------------------------------------

    def _wrong(self, group: Group, generation: int, identity: str) -> int:
        if identity not in group.members:
            return _MEMBER
        return _NONE if generation == group.generation else _GENERATION

    def _rebalance(self, group: Group) -> None:
        """Have everybody join again, and go on when they have."""
        if group.phase != "joining":
            group.phase = "joining"
            for member in group.members.values():
                _tell(member.assigned, (_REBALANCE, b""))
            longest_s = max(one.rebalance_s for one in group.members.values())
            group.deadline = self._loop.call_later(longest_s, self._go_on, group)
        if all(one.joined is not None for one in group.members.values()):
            self._go_on(group)

    def _go_on(self, group: Group) -> None:
        """With those who have joined."""
        if group.deadline is not None:
            group.deadline.cancel()
            group.deadline = None
        group.members = {key: one for key, one in group.members.items() if one.joined is not None}
        group.generation += 1
        group.phase = "syncing" if group.members else "stable"
        shared = [set(one.about) for one in group.members.values()]
        group.protocol = min(set.intersection(*shared)) if shared else ""
        for member in group.members.values():
            joined, member.joined, member.assigned = member.joined, None, None
            member.heard_s = self._loop.time()
            _tell(joined, _NONE)

    def _remove(self, group: Group, member: GroupMember) -> None:
        del group.members[member.identity]
        _tell(member.joined, _MEMBER)
        _tell(member.assigned, (_MEMBER, b""))
        if group.members:
            self._rebalance(group)
        else:
            self._go_on(group)

    def _watch(self, group: Group, member: GroupMember) -> None:
        """Remove a member that is silent for its session, unless it waits for others."""
        if group.members.get(member.identity) is not member:
            return
        silent_s = 0.0 if member.waits else self._loop.time() - member.heard_s
        if silent_s >= member.session_s:
            self._remove(group, member)
        else:
            self._loop.call_later(member.session_s - silent_s + 0.01, self._watch, group, member)


def _tell(waiting: asyncio.Future[object] | asyncio.Future[int] | None, what: object) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(what)  # type: ignore[arg-type]
