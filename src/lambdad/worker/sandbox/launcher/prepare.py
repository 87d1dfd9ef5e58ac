"""Before the first sandbox: control groups, mounts, network, and the probe that tries them all."""

# os.path on purpose: pathlib would add to the start of a process that must be small.
# ruff: noqa: PTH120

from __future__ import annotations

import contextlib
import errno
import gc
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from lambdad.worker.sandbox.launcher import seccomp, syscalls, trial
from lambdad.worker.sandbox.launcher.birth import (
    FIRST_FUNCTION_ID,
    FIRST_HOST_ID,
    FUNCTION_IDS,
    Network,
    NoNetwork,
    Nursery,
)
from lambdad.worker.sandbox.launcher.cgroups import Groups
from lambdad.worker.sandbox.launcher.first.machine import executable
from lambdad.worker.sandbox.launcher.forks import ForkServers
from lambdad.worker.sandbox.launcher.hierarchies import Found, find
from lambdad.worker.sandbox.launcher.newborn import Origin
from lambdad.worker.sandbox.launcher.rootfs import Template
from lambdad.worker.sandbox.launcher.tmp.opening import open_tmp
from lambdad.worker.sandbox.launcher.tmp.places import Tmp
from lambdad.worker.sandbox.launcher.turn import take_turn

_TUN = "/dev/net/tun"
_PROBE_GONE_WITHIN_S = 0.5
_NO_GROUPS = Groups(Found(0, {}, {}))


class Setting(NamedTuple):
    """What the server says on the command line.

    Attributes:
        data_id: names this server's control groups.
        place: empty directory on which the template is mounted.
        outbound: whether sandboxes shall reach the internet.
    """

    data_id: str
    place: str
    outbound: bool


class Makers(NamedTuple):
    """Who makes sandboxes: the nursery, with the help of fork servers."""

    nursery: Nursery
    fork_servers: ForkServers


class Prepared(NamedTuple):
    """What sandboxes are made with.

    Attributes:
        facts: what was tried, and how it went.
        makers: None when this host lets us make no sandbox.
    """

    groups: Groups
    tmp: Tmp
    network: Network
    facts: list[trial.Fact]
    makers: Makers | None = None
    privileged: bool = False

    def hello(self) -> dict[str, object]:
        """The first packet to the server."""
        found = self.groups.found
        return {
            "event": "hello",
            "facts": self.facts,
            "privileged": self.privileged,
            "groups": {"version": found.version, "parents": found.parents, "freezer": found.freezer},
        }


@contextlib.contextmanager
def prepare(setting: Setting) -> Iterator[Prepared]:
    """Prepare everything, remove what a killed server left, and take it all down at the end."""
    with contextlib.ExitStack() as stack:
        privileged = os.geteuid() == 0 and _may_map_ids()
        groups = _NO_GROUPS
        try:
            take_turn(os.path.dirname(setting.place))
            groups = Groups(find(setting.data_id))
            stack.callback(groups.close)
            groups.sweep()
            _enter_own_mounts(privileged=privileged)
        except OSError as error:
            yield Prepared(groups, Tmp(None), NoNetwork(), trial.nothing_works(str(error)))
            return
        network: Network = NoNetwork()
        network_facts: list[trial.Fact] = []
        if setting.outbound:
            network, network_facts = _open_network(stack, privileged=privileged)
        # Before the template, which is mounted over it: descriptors reach it, paths do not.
        tmp, tmp_fact = open_tmp(os.path.dirname(setting.place), setting.place, privileged=privileged)
        stack.callback(tmp.close)
        try:
            makers = _makers(setting, groups, tmp, privileged=privileged)
        except OSError as error:
            yield Prepared(groups, tmp, network, trial.nothing_works(str(error)))
            return
        facts = _try(makers.nursery, groups, tmp)
        facts += trial.limit_facts(groups, joined=trial.works(facts))
        tmp.remove(trial.PROBE)
        yield Prepared(groups, tmp, network, [*facts, tmp_fact, *network_facts], makers, privileged)


def _try(nursery: Nursery, groups: Groups, tmp: Tmp) -> list[trial.Fact]:
    facts = trial.try_isolation(nursery, groups)
    _remove_probe(groups)
    if groups.found.freezer is not None and not trial.works(facts, trial.FREEZE):
        # Nobody may be born into the group, or it does not freeze: stop processes by signals then.
        groups.give_up_freezer()
        tmp.remove(trial.PROBE)
        facts = trial.try_isolation(nursery, groups)
        _remove_probe(groups)
    return facts


def _makers(setting: Setting, groups: Groups, tmp: Tmp, *, privileged: bool) -> Makers:
    template = Template(setting.place, FIRST_HOST_ID if privileged else 0, privileged=privileged)
    origin = Origin(
        privileged,
        setting.data_id,
        seccomp.program(syscalls.architecture()),
    )
    program = template.program(executable(syscalls.architecture()))
    fork_servers = ForkServers(template, origin, program)
    makers = Makers(Nursery(template, groups, tmp, origin, fork_servers, program), fork_servers)
    # What exists now is shared by every clone: the collector must not touch (and so copy) it.
    gc.collect()
    gc.freeze()
    gc.disable()
    return makers


def _may_map_ids() -> bool:
    """Whether the ids of sandboxes are ours to map: root of a container may have fewer."""
    with open("/proc/self/uid_map", encoding="utf-8") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    last = FIRST_FUNCTION_ID + FUNCTION_IDS
    return any(first <= FIRST_HOST_ID and first + count >= last for first, _, count in ranges)


def _enter_own_mounts(*, privileged: bool) -> None:
    """Enter a mount namespace of our own; as an ordinary user in a user namespace of our own."""
    if privileged:
        syscalls.unshare(syscalls.CLONE_NEWNS)
    else:
        uid, gid = os.geteuid(), os.getegid()
        syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_SLAVE)


def _open_network(stack: contextlib.ExitStack, *, privileged: bool) -> tuple[Network, list[trial.Fact]]:
    # Costs several milliseconds of imports that a server without outbound network need not pay.
    from lambdad.worker.sandbox.network.failure import OutboundUnavailable  # noqa: PLC0415
    from lambdad.worker.sandbox.network.links import Links, sweep  # noqa: PLC0415

    feature = "outbound network"
    if not privileged and not os.access(_TUN, os.R_OK | os.W_OK):
        # Known at once here; pasta would be waited for in vain.
        closed: trial.Fact = {"feature": feature, "works": False, "detail": f"{_TUN} is closed to this user"}
        closed["remedy"] = f"chmod 0666 {_TUN}, or run lambdad as root"
        return NoNetwork(), [closed]
    try:
        sweep()
        links = Links.open()
    except OutboundUnavailable as failure:
        missing: trial.Fact = {"feature": feature, "works": False, "detail": failure.detail}
        missing["remedy"] = failure.remedy
        return NoNetwork(), [missing]
    except OSError as error:
        return NoNetwork(), [{"feature": feature, "works": False, "detail": str(error)}]
    stack.callback(links.close)
    return links, [{"feature": feature, "works": True, "detail": f"joined to the host by {links.kind}"}]


def _remove_probe(groups: Groups) -> None:
    deadline = time.monotonic() + _PROBE_GONE_WITHIN_S
    while not groups.remove(trial.PROBE):
        if time.monotonic() > deadline:
            raise OSError(errno.EBUSY, "the probe's control groups do not go away")
        time.sleep(0.001)
