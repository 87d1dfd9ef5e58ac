"""The data directory's disk is full: new events are refused in words, old ones are safe, and it goes on with room."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from calling import call
from queues import ended, queue, send, steer

from tests.running import Server, start_server

SIZE = "96m"
LARGE = b'"%s"' % (b"x" * 900_000)
REFUSAL = (
    500,
    {
        "Message": "The event could not be stored: the disk of the data directory is full.",
        "Code": "ServiceException",
    },
)
HANDLER = "def handler(event, context):\n    print('ran', context.aws_request_id)\n"


def on_small_disk(folder: Path) -> Server:
    """A server whose data directory is a disk of its own, which ends with it."""
    folder.mkdir()
    apart = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))
    mount = f'mount -t tmpfs -o size={SIZE} none "{folder}" && exec "$@"'
    return start_server(folder / "data", within=(*apart, "sh", "-c", mount, "sh"))


def fill(filler: Path) -> None:
    """Write until nothing more goes."""
    with filler.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            with pytest.raises(OSError, match="No space left"):
                while True:
                    file.write(b"\0" * size)


def readiness(server: Server) -> tuple[int, list[str]]:
    try:
        with urllib.request.urlopen(f"{server.url}/ready") as answer:
            return answer.status, json.load(answer)["reasons"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["reasons"]


def test_events_are_refused_on_a_full_disk_and_accepted_again_with_room(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    server = on_small_disk(folder)
    try:
        name = server.function({"app.py": HANDLER})
        steer(server, "pause", name)
        accepted = [send(server, name) for _ in range(20)]
        filler = Path(f"/proc/{server.process.pid}/root{folder}/filler")
        fill(filler)
        refusals = []
        for _ in range(40):
            try:
                accepted.append(send(server, name, LARGE))
            except ClientError as error:
                refusals.append(
                    (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"])
                )
        with pytest.raises(ClientError, match="disk of the data directory is full"):
            server.client().invoke_async(FunctionName=name, InvokeArgs=LARGE[:200_000] + b'"')
        assert readiness(server) == (503, ["the data directory cannot be written: no space left on device"])
        assert len(refusals) >= 30
        assert all(one == REFUSAL for one in refusals), refusals
        assert queue(server, name)["events"] == len(accepted), "what was accepted is there, and nothing else"
        steer_with_room(server, filler, name)
        while readiness(server) != (200, []):  # asked anew some seconds later
            time.sleep(0.1)
        accepted += [send(server, name, LARGE) for _ in range(5)]
        old = server.client().invoke_async(FunctionName=name, InvokeArgs=b"{}")
        accepted.append(old["ResponseMetadata"]["RequestId"])
        ended(server, name, len(accepted))
        assert call(server, name).status == 200
        told = "".join(server.messages(name, until=accepted[-1]))
        assert [one for one in accepted if told.count(f"ran {one}") != 1] == []
    finally:
        status = server.stop()
    assert status == 0, server.log


def steer_with_room(server: Server, filler: Path, name: str) -> None:
    filler.unlink()
    steer(server, "resume", name)


def test_events_that_end_on_a_full_disk_end_once(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    server = on_small_disk(folder)
    try:
        name = server.function({"app.py": HANDLER})
        call(server, name)
        steer(server, "pause", name)
        accepted = [send(server, name, LARGE) for _ in range(5)]
        filler = Path(f"/proc/{server.process.pid}/root{folder}/filler")
        fill(filler)
        with pytest.raises(ClientError, match="disk of the data directory is full"):
            for _ in range(40):
                accepted += [send(server, name, LARGE)]
        filler.unlink()
        steer(server, "resume", name)
        ended(server, name, len(accepted))
        assert queue(server, name)["since_start"]["tried"] == len(accepted)
    finally:
        status = server.stop()
    assert status == 0, server.log
