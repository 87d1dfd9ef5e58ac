"""Messages of a queue: how long one takes to its function and out of the queue, and how many go a second.

The queue is the tests' own SQS, in a process of its own: it answers at once, so that what is measured is the
poller. A message's time ends when it is deleted, which is after its handler.
"""

from __future__ import annotations

import http.client
import json
import statistics
import time
import urllib.request
from dataclasses import replace
from typing import Any

from bench import client, mappings
from bench.functions import BuildError, Kind
from bench.opening import folder_for
from bench.plan import FULL_MEMORY_MIB, Run
from bench.reach import PRODUCT
from bench.results import Key, Measure
from bench.running import StartError
from bench.subject_api import ApiServer
from tests.fakes.sqs_server import ACCOUNT, REGION, sqs_server

NAME = "polled"
ONE = "one at a time"
MANY = "many waiting, batches of 10"
_QUEUE = "bench"
_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{_QUEUE}"
_WITHIN_S = 120.0
_PAUSE_S = 0.02
_FAILURES = (StartError, client.CallError, OSError, http.client.HTTPException)


def measure(run: Run) -> None:
    """Measure the product."""
    try:
        spec = run.workshop.spec(Kind.PYTHON, "queues", FULL_MEMORY_MIB).named(NAME)
    except BuildError as error:
        run.results.fail(Measure.QUEUES, PRODUCT, "function", error)
        return
    for subject in run.servers:
        if subject.name != PRODUCT or not isinstance(subject, ApiServer):
            continue
        with sqs_server() as url, folder_for(run, subject.name) as folder:
            inner = subject.environment
            polling = replace(
                subject,
                environment=lambda port, place, url=url, inner=inner: {
                    **inner(port, place),
                    "LAMBDAD_SERVICES_SQS_ENDPOINT": url,
                },
            )
            try:
                _ask(url, "CreateQueue", QueueName=_QUEUE, Attributes={"VisibilityTimeout": "300"})
                with polling.open((spec,), folder) as session:
                    _measure(run, url, session.target(NAME).port)
            except _FAILURES as error:
                run.results.fail(Measure.QUEUES, subject.name, "queue", error)


def _measure(run: Run, url: str, port: int) -> None:
    uuid = mappings.create(port, NAME, _ARN, BatchSize=10)
    _fill(url, run.effort.queued)
    _until_empty(url)  # environments are warm
    for _ in range(run.effort.rounds):
        run.say("queues: one message at a time")
        _lifetimes(url)
        for _ in range(run.effort.paced):
            _fill(url, 1)
            time.sleep(_PAUSE_S)
        _until_empty(url)
        p50_ms = statistics.median(_lifetimes(url)) * 1e3
        run.results.add(Key(Measure.QUEUES, PRODUCT, "p50_ms", ONE), p50_ms)
        run.say("queues: many waiting")
        mappings.enable(port, uuid, enabled=False)
        _fill(url, run.effort.queued)
        begin = time.perf_counter()
        mappings.enable(port, uuid, enabled=True, wait=False)
        _until_empty(url)
        rate = run.effort.queued / (time.perf_counter() - begin)
        run.results.add(Key(Measure.QUEUES, PRODUCT, "rate_per_s", MANY), rate)
        mappings.settled(port, uuid, "Enabled")


def _fill(url: str, count: int) -> None:
    for at in range(0, count, 10):
        entries = [
            {"Id": str(one), "MessageBody": f'{{"n": {at + one}}}'} for one in range(min(10, count - at))
        ]
        _ask(url, "SendMessageBatch", QueueUrl=f"{url}/{ACCOUNT}/{_QUEUE}", Entries=entries)


def _until_empty(url: str) -> None:
    deadline = time.monotonic() + _WITHIN_S
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    asked = {"QueueUrl": f"{url}/{ACCOUNT}/{_QUEUE}", "AttributeNames": ["All"]}
    while any(int(_ask(url, "GetQueueAttributes", **asked)["Attributes"][name]) for name in names):
        if time.monotonic() > deadline:
            raise client.CallError("messages still wait")
        time.sleep(0.02)


def _lifetimes(url: str) -> list[float]:
    """Seconds from sent to deleted, of every message since this was asked last."""
    with urllib.request.urlopen(f"{url}/lifetimes", json.dumps({"queue": _QUEUE}).encode()) as answer:
        found: list[float] = json.load(answer)
    return found


def _ask(url: str, operation: str, **members: Any) -> dict[str, Any]:
    headers = {"x-amz-target": f"AmazonSQS.{operation}"}
    request = urllib.request.Request(url, json.dumps(members).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
