"""Objects put into a bucket of the companion: how long until the function that is told of them has begun.

The function prints when it began, on the same clock; its log is read afterwards.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bench import client
from bench.functions import BuildError, Kind
from bench.opening import folder_for
from bench.plan import FULL_MEMORY_MIB, Run
from bench.reach import PRODUCT
from bench.results import Key, Measure
from bench.running import StartError
from bench.subject_api import ApiServer

NAME = "told"
PUT = "object put, to its function"
_BUCKET = "bench-objects"
_ARN = f"arn:aws:lambda:us-east-1:000000000000:function:{NAME}"
_RULES = (
    "<NotificationConfiguration><CloudFunctionConfiguration>"
    f"<CloudFunction>{_ARN}</CloudFunction><Event>s3:ObjectCreated:*</Event>"
    "</CloudFunctionConfiguration></NotificationConfiguration>"
)
_POLICY = {
    "StatementId": "s3",
    "Action": "lambda:InvokeFunction",
    "Principal": "s3.amazonaws.com",
    "SourceArn": f"arn:aws:s3:::{_BUCKET}",
}
_COMPANION = Path(__file__).parent.parent / ".cache"
_WARM_UP = 5
_PAUSE_S = 0.02
_WITHIN_S = 30.0
_FAILURES = (StartError, client.CallError, OSError, http.client.HTTPException)


def measure(run: Run) -> None:
    """Measure the product, with the companion that is installed here."""
    try:
        spec = run.workshop.spec(Kind.PYTHON, "buckets", FULL_MEMORY_MIB, handler="begun").named(NAME)
    except BuildError as error:
        run.results.fail(Measure.BUCKETS, PRODUCT, "function", error)
        return
    for subject in run.servers:
        if subject.name != PRODUCT or not isinstance(subject, ApiServer):
            continue
        try:
            _install(run)
            inner = subject.environment
            with_companion = replace(
                subject,
                environment=lambda port, place, inner=inner: {
                    **inner(port, place),
                    "LAMBDAD_COMPANION_DIR": str(_COMPANION),
                },
            )
            with folder_for(run, subject.name) as folder, with_companion.open((spec,), folder) as session:
                _measure(run, session.target(NAME).port)
        except _FAILURES as error:
            run.results.fail(Measure.BUCKETS, subject.name, "bucket", error)


def _install(run: Run) -> None:
    """Have the companion there; it is fetched once.

    Raises:
        CallError: it cannot be.
    """
    run.say("buckets: installing the companion")
    command = [*run.programs[PRODUCT], "neighbours", "install", "--companion-dir", str(_COMPANION)]
    environment = {**os.environ, **run.environments[PRODUCT]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise client.CallError(done.stderr.strip()[-300:])


def _measure(run: Run, port: int) -> None:
    _call(port, "lambda", "POST", f"/2015-03-31/functions/{NAME}/policy", json.dumps(_POLICY).encode())
    _call(port, "s3", "PUT", f"/{_BUCKET}", b"")
    _call(port, "s3", "PUT", f"/{_BUCKET}?notification", _RULES.encode())
    _took_ms(port, "warm-up", _WARM_UP)
    for number in range(run.effort.rounds):
        run.say(f"buckets: round {number + 1}")
        took = _took_ms(port, f"round-{number}", run.effort.paced)
        run.results.add(Key(Measure.BUCKETS, PRODUCT, "p50_ms", PUT), statistics.median(took))


def _took_ms(port: int, folder: str, count: int) -> list[float]:
    """From before each put until its function had begun."""
    sent = {}
    for number in range(count):
        key = f"{folder}/{number}"
        sent[key] = time.time()
        _call(port, "s3", "PUT", f"/{_BUCKET}/{key}", b"hello")
        time.sleep(_PAUSE_S)
    deadline = time.monotonic() + _WITHIN_S
    while True:
        begun = _begun(port, folder)
        if begun.keys() >= sent.keys():
            return [(begun[key] - sent[key]) * 1e3 for key in sent]
        if time.monotonic() > deadline:
            raise client.CallError(f"{len(sent) - len(begun)} objects were not told of")
        time.sleep(0.1)


def _begun(port: int, folder: str) -> dict[str, float]:
    """When the function began, by key, of the objects of a folder."""
    asked = {"logGroupName": f"/aws/lambda/{NAME}", "filterPattern": f'"BEGUN {folder}/"'}
    body = _call(port, "logs", "POST", "/", json.dumps(asked).encode(), "Logs_20140328.FilterLogEvents")
    words = (event["message"].split() for event in json.loads(body)["events"])
    return {key: float(at) for _, key, at in words}


def _call(port: int, service: str, method: str, path: str, body: bytes, target: str | None = None) -> bytes:
    headers = {"Authorization": client.AUTHORIZATION.replace("/lambda/", f"/{service}/")}
    if target is not None:
        headers |= {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    with closing(client.dial(port)) as line:
        line.request(method, path, body, headers)
        answer = line.getresponse()
        said = answer.read()
    if answer.status >= 300:
        raise client.CallError(f"{method} {path}: {answer.status} {said[:300]!r}")
    return said
