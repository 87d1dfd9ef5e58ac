"""What verifying a signature costs a warm invoke: the same requests signed by a key of ours and by nobody's.

The key is one that a function was given, so that nothing has to be set up. Both kinds of request have the
same headers and the same lengths; they take turns at one server, and the cost is the difference of its
processor time per request, round by round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from bench import client, cpu, wrk
from bench.functions import Kind, Spec
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import Session, Target, UnsupportedError
from lambdad.cli.sigv4 import Credentials, sign

OURS, NOBODYS = "a key of ours", "nobody's key"
COST = "verify_cost_us"
_BODY = b"{}"
_CONNECTIONS = 8


def measure(run: Run) -> None:
    """Compare every checkout of lambdad with itself."""
    load = run.workshop.spec(Kind.PYTHON, "signed", FULL_MEMORY_MIB)
    keys = run.workshop.spec(Kind.PYTHON, "keys", FULL_MEMORY_MIB, handler="credentials")
    servers = [subject for subject in run.servers if subject.name in run.programs]
    with opened(run, Measure.SIGNATURES, [(subject, [load, keys]) for subject in servers]) as sessions:
        for name, session in sessions.items():
            try:
                _measure(run, name, session, load, keys)
            except (UnsupportedError, client.CallError, wrk.LoadError, OSError) as error:
                run.results.fail(Measure.SIGNATURES, name, "signed invokes", error)


def _measure(run: Run, name: str, session: Session, load: Spec, keys: Spec) -> None:
    source = session.target(keys.name)
    ours = Credentials(*json.loads(client.invoke(source.port, source.path, _BODY).body))
    nobodys = Credentials("NOBODYS" + ours.access_key[7:], ours.secret_key, ours.session_token)
    target = session.target(load.name)
    wrk.run(
        target.url,
        connections=_CONNECTIONS,
        seconds=run.effort.warm_up_s,
        body=_BODY,
        headers=signed_headers(target, nobodys, datetime.now(UTC)),
    )
    turns = [(OURS, ours), (NOBODYS, nobodys)]
    for number in range(run.effort.rounds):
        run.say(f"signatures: {name}, round {number + 1}")
        seen = {}
        for kind, credentials in turns:
            loaded = cpu.measure(
                target.url,
                target.pid,
                connections=_CONNECTIONS,
                seconds=run.effort.seconds,
                body=_BODY,
                headers=signed_headers(target, credentials, datetime.now(UTC)),
            )
            seen[kind] = loaded.server_us
            for metric, value in (("p50_us", loaded.load.p50_us), ("server_cpu_us", loaded.server_us)):
                run.results.add(Key(Measure.SIGNATURES, name, metric, kind, None, _CONNECTIONS), value)
        turns.reverse()
        run.results.add(Key(Measure.SIGNATURES, name, COST), seen[OURS] - seen[NOBODYS])


def signed_headers(target: Target, credentials: Credentials, now: datetime) -> Mapping[str, str]:
    """Headers of an invoke; they hold for five minutes, however often they are sent."""
    signed = sign(
        credentials,
        service="lambda",
        region="us-east-1",
        method="POST",
        host=f"127.0.0.1:{target.port}",
        path=target.path,
        query="",
        body=_BODY,
        now=now,
    )
    return {"Content-Type": "application/json", **signed}
