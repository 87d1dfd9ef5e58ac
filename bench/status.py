"""What a server of ours says of itself: which ways environments took, and what waits in its pools."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from contextlib import closing

from bench import client

_STATUS = "/lambdad/v1/status"
_DRAIN = "/lambdad/v1/drain"
_LOOK_S = 0.01


def _status(line: http.client.HTTPConnection) -> Mapping[str, object]:
    seen = client.call(line, "GET", _STATUS)
    status = json.loads(seen.body) if seen.status == 200 else None
    if not isinstance(status, dict) or not isinstance(status.get("starts"), dict):
        # Another checkout: what it did cannot be proven, so it is not claimed.
        raise client.CallError("its status does not say which ways environments took")
    return status


def starts(port: int) -> dict[str, int]:
    """How many environments were started, by the path they took.

    Raises:
        CallError: a server that does not say.
    """
    with closing(client.dial(port)) as line:
        counted = _status(line)["starts"]
    assert isinstance(counted, dict)
    return {str(path): int(count) for path, count in counted.items()}


def await_full(port: int, within_s: float) -> None:
    """Wait until as many blanks wait as the server wants.

    Raises:
        CallError: not in time, or none is wanted.
    """
    deadline = time.monotonic() + within_s
    with closing(client.dial(port)) as line:
        while not _full(pools := _pools(line)):
            if time.monotonic() > deadline:
                raise client.CallError(f"its pools are not full after {within_s:g} s: {pools}")
            time.sleep(_LOOK_S)


def _pools(line: http.client.HTTPConnection) -> Mapping[str, Mapping[str, int]]:
    pools = _status(line).get("pools")
    return pools if isinstance(pools, dict) else {}


def _full(pools: Mapping[str, Mapping[str, int]]) -> bool:
    wanted = [pool for pool in pools.values() if pool["wanted"] > 0]
    return bool(wanted) and all(pool["waiting"] >= pool["wanted"] for pool in wanted)


def drain(port: int, within_s: float = 10.0) -> None:
    """Have every idle environment ended, so that the next call of each function is a cold one.

    Raises:
        CallError: some are left.
    """
    with closing(client.dial(port)) as line:
        seen = client.call(line, "POST", _DRAIN, json.dumps({"wait_s": within_s}).encode())
    told = json.loads(seen.body) if seen.status == 200 else {}
    if told.get("environments") != told.get("ended") or "ended" not in told:
        raise client.CallError(f"environments were not ended: {seen.status} {seen.body[:200]!r}")


def taken(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """The paths taken between two looks, those taken at all."""
    return {
        path: count - before.get(path, 0) for path, count in after.items() if count != before.get(path, 0)
    }
