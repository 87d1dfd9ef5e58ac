"""Events of functions that always fail, hang or die end as they should, and nobody else's wait for them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from calling import started
from local_services import eventually
from queues import ended, queue, send, steer

from tests.running import Server

EVENTS = 40
SOURCES = {
    "failing": "def handler(event, context):\n    raise ValueError('no')\n",
    "hanging": "import time\ndef handler(event, context):\n    time.sleep(60)\n",
    "dying": "import os\ndef handler(event, context):\n    os._exit(1)\n",
    "killing": "import os, signal\ndef handler(event, context):\n    os.kill(-1, signal.SIGKILL)\n",
    "stillborn": "raise RuntimeError('never')\n",
}
GOOD = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("bad") / "data") as made:
        for name, source in {**SOURCES, "good": GOOD}.items():
            made.function({"app.py": source}, FunctionName=name, Timeout=1 if name == "hanging" else 10)
            made.client().put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
        yield made


def test_events_of_others_end_while_those_of_bad_functions_still_wait(server: Server) -> None:
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda name: send(server, name), [*SOURCES] * EVENTS))
        list(senders.map(lambda _: send(server, "good"), range(EVENTS)))
    ended(server, "good", EVENTS)
    assert queue(server, "good")["since_start"]["succeeded"] == EVENTS
    assert queue(server, "hanging")["events"] > 0
    for name in SOURCES.keys() - {"hanging"}:
        ended(server, name, EVENTS)
    steer(server, "purge", "hanging")


@pytest.mark.parametrize("name", SOURCES)
def test_an_event_of_a_bad_function_is_tried_once_and_has_failed(server: Server, name: str) -> None:
    eventually(lambda: queue(server, name)["events"] == 0)  # what the test before left under way
    before = queue(server, name)["since_start"].get("failed", 0)
    send(server, name)
    ended(server, name, before + 1)
    after = queue(server, name)["since_start"]
    assert after["tried"] == after["failed"] == before + 1
    assert after["succeeded"] == 0
