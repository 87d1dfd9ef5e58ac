"""The ledger of asynchronous events over many kill -9: accepted, ran, ended.

Lives of a server on one data directory, each ended by kill -9 at a random moment under load. In the end every
event that was answered 202 must have exactly one end state, told to its destination; a second message is allowed
only in a later life than the first, when the kill fell between sending it and recording that.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import ROLE, Server
from tests.soak import warm_server
from tests.soak.event_endpoint import Endpoint, Told, endpoint

SENDERS = 6
QUEUE = "arn:aws:sqs:us-east-1:000000000000:ledger"
_QUIET_S = 90.0
"""What has not ended then is lost: longer than any event waits for its turn or its destination."""

_REST_EVERY = 50
"""Kills; then everything may end, or what takes long would pile up."""

_PAUSE_S = 0.01
_ENDPOINT_DOWN_SHARE = 0.15  # of the lives
FUNCTIONS = {
    "good": "def handler(event, context):\n    return event\n",
    "slow": "import time\ndef handler(event, context):\n    time.sleep(0.1)\n",
    "failing": "def handler(event, context):\n    raise ValueError(event['n'])\n",
    "dying": "import os\ndef handler(event, context):\n    os._exit(1)\n",
    "hanging": "import time\ndef handler(event, context):\n    time.sleep(30)\n",
}
"""What becomes of their events: success, success, and failures of three kinds; none is retried."""

_SHARES = {"good": 20, "slow": 4, "failing": 6, "dying": 1, "hanging": 1}


@dataclass
class Ledger:
    """What was accepted, and what became of it.

    Attributes:
        accepted: function by request id, of every event that was answered 202.
        unknown: events sent whose answer was cut off by a kill.
        refused: events that were answered otherwise, by status.
        rounds: kills.
        problems: what may not be; empty when all is well.
    """

    accepted: dict[str, str] = field(default_factory=dict)
    unknown: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    rounds: int = 0
    ended: int = 0
    ran: int = 0
    repeated: int = 0
    conditions: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The ledger for people."""
        conditions = ", ".join(f"{count} {name}" for name, count in sorted(self.conditions.items()))
        return [
            (
                f"events    {self.rounds} kills: {len(self.accepted)} accepted, {self.ran} ran, {self.ended} ended "
                f"({conditions})"
            ),
            (
                f"          {self.unknown} cut off unanswered, {sum(self.refused.values())} refused, "
                f"{self.repeated} told twice over a kill"
            ),
            *(f"PROBLEM   {problem}" for problem in self.problems),
        ]


def run(
    data_dir: Path,
    rounds: int,
    seed: int,
    say: Callable[[str], None] = lambda _: None,
    pause_s: float = _PAUSE_S,
) -> Ledger:
    """Kill a server so many times amid events, then let the last one finish; the ledger.

    Args:
        data_dir: of the server.
        rounds: kills.
        seed: of what is random.
        say: told after each kill.
        pause_s: between two events of a sender, at most; what is sent has to be handled in the end.
    """
    ledger, choose = Ledger(), random.Random(seed)
    with endpoint() as sink:
        server = _started(data_dir, sink, 1)
        _make(server)
        for number in range(1, rounds + 1):
            sink.down = choose.random() < _ENDPOINT_DOWN_SHARE
            if number > 1:
                server = _started(data_dir, sink, number)
            if number % _REST_EVERY == 0:
                sink.down = False
                sink.wait_for(set(ledger.accepted), _QUIET_S)
            _storm(server, ledger, choose.random() * 1.2, choose.randrange(2**32), pause_s)
            ledger.rounds = number
            say(f"events: kill {number} of {rounds}, {len(ledger.accepted)} accepted, {sink.count} told")
        sink.down = False
        server = _started(data_dir, sink, rounds + 1)
        try:
            missing = sink.wait_for(set(ledger.accepted), _QUIET_S)
            time.sleep(1.0)  # what is told twice is told soon
        finally:
            status = server.stop()
        if status != 0:
            ledger.problems.append(f"the last server ended with {status}: {server.log[-500:]}")
        _judge(ledger, sink, missing)
    return ledger


def _started(data_dir: Path, sink: Endpoint, life: int) -> Server:
    return warm_server.start(data_dir, env={"LAMBDAD_SERVICES_SQS_ENDPOINT": sink.begin(life)})


def _make(server: Server) -> None:
    client = server.client()
    for name, source in FUNCTIONS.items():
        server.function(
            {"app.py": source}, FunctionName=name, Timeout=1 if name == "hanging" else 10, Role=ROLE
        )
        client.put_function_event_invoke_config(
            FunctionName=name,
            MaximumRetryAttempts=0,
            DestinationConfig={"OnSuccess": {"Destination": QUEUE}, "OnFailure": {"Destination": QUEUE}},
        )


def _storm(server: Server, ledger: Ledger, seconds: float, seed: int, pause_s: float) -> None:
    """Send events from several threads, and kill the server after a while."""
    threads = [
        threading.Thread(target=_send, args=(server.port, ledger, random.Random(seed + number), pause_s))
        for number in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    server.kill()
    for thread in threads:
        thread.join()


def _send(port: int, ledger: Ledger, choose: random.Random, pause_s: float) -> None:
    """Send events until the server is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    names, weights = list(_SHARES), list(_SHARES.values())
    try:
        while True:
            name = choose.choices(names, weights)[0]
            payload = json.dumps({"n": choose.randrange(10**9), "pad": "x" * choose.randrange(2000)})
            ledger.unknown += 1
            connection.request(
                "POST",
                f"/2015-03-31/functions/{name}/invocations",
                payload,
                {"X-Amz-Invocation-Type": "Event"},
            )
            answer = connection.getresponse()
            answer.read()
            ledger.unknown -= 1
            if answer.status == 202:
                ledger.accepted[answer.headers["x-amzn-RequestId"]] = name
            else:
                ledger.refused[answer.status] += 1
            time.sleep(choose.random() * pause_s)
    except (OSError, http.client.HTTPException):
        connection.close()


def _judge(ledger: Ledger, sink: Endpoint, missing: set[str]) -> None:
    for request_id in sorted(missing)[:20]:
        ledger.problems.append(f"{request_id} ({ledger.accepted[request_id]}) was accepted and never ended")
    for request_id, told in sink.told.items():
        if request_id in ledger.accepted:
            ledger.ended += 1
            ledger.conditions[told[0].condition] += 1
            ledger.ran += told[0].ran
            _judge_one(ledger, request_id, told)
    if len(missing) > 20:
        ledger.problems.append(f"and {len(missing) - 20} more")


def _judge_one(ledger: Ledger, request_id: str, told: list[Told]) -> None:
    name = ledger.accepted[request_id]
    if len({one.digest for one in told}) != 1:
        ledger.problems.append(f"{request_id} ({name}) ended {len(told)} times: {told}")
        return
    expected = "Success" if name in ("good", "slow") else "RetriesExhausted"
    if told[0].condition != expected:
        ledger.problems.append(f"{request_id} ({name}) ended as {told[0].condition}")
    lives = [one.life for one in told]
    if len(set(lives)) != len(lives):
        ledger.problems.append(f"{request_id} ({name}) was told twice in one life: {lives}")
    ledger.repeated += len(told) > 1
