"""What verifying a signature costs a warm invoke, and what enforce mode does.

The same requests are signed by a key of ours and by nobody's, at one permissive server. The key is one that a
function was given, so that nothing has to be set up; both kinds of request have the same headers and the same
lengths. A second server, in enforce mode, is called by the administrator of `lambdad auth init`; beside
it the permissive server is called by nobody's key of that form, which has no session token. They take turns,
and a cost is the difference of processor time per request, round by round.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bench import client, cpu, wrk
from bench.functions import Kind, Spec
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject import Session, Target, UnsupportedError
from bench.subject_enforced import Enforced, EnforcedSession
from lambdad.cli.sigv4 import Credentials, sign

OURS, NOBODYS = "a key of ours", "nobody's key"
PERMISSIVE, ENFORCED = "nobody's key without a token, permissive", "an administrator's key, enforce"
COST, ENFORCE_COST = "verify_cost_us", "enforce_cost_us"
_BODY = b"{}"
_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class _Turn:
    """One kind of request, to its server."""

    kind: str
    target: Target
    credentials: Credentials


def measure(run: Run) -> None:
    """Compare every checkout of lambdad with itself."""
    load = run.workshop.spec(Kind.PYTHON, "signed", FULL_MEMORY_MIB)
    keys = run.workshop.spec(Kind.PYTHON, "keys", FULL_MEMORY_MIB, handler="credentials")
    servers = [subject for subject in run.servers if subject.name in run.programs]
    with opened(run, Measure.SIGNATURES, [(subject, [load, keys]) for subject in servers]) as sessions:
        for name, session in sessions.items():
            demanding = Enforced(f"{name}, enforce", run.programs[name], run.environments[name])
            with opened(run, Measure.SIGNATURES, [(demanding, [load])]) as enforced:
                try:
                    turns = [*_permissive(session, load, keys), *_enforced(enforced.values(), load)]
                    _measure(run, name, turns)
                except (UnsupportedError, client.CallError, wrk.LoadError, OSError) as error:
                    run.results.fail(Measure.SIGNATURES, name, "signed invokes", error)


def _permissive(session: Session, load: Spec, keys: Spec) -> Iterator[_Turn]:
    source = session.target(keys.name)
    ours = Credentials(*json.loads(client.invoke(source.port, source.path, _BODY).body))
    nobodys = Credentials("NOBODYS" + ours.access_key[7:], ours.secret_key, ours.session_token)
    yield _Turn(OURS, session.target(load.name), ours)
    yield _Turn(NOBODYS, session.target(load.name), nobodys)
    yield _Turn(PERMISSIVE, session.target(load.name), replace(nobodys, session_token=None))


def _enforced(sessions: Iterable[Session], load: Spec) -> Iterator[_Turn]:
    for session in sessions:
        assert isinstance(session, EnforcedSession)
        yield _Turn(ENFORCED, session.target(load.name), session.credentials)


def _measure(run: Run, name: str, turns: list[_Turn]) -> None:
    for turn in turns:
        wrk.run(
            turn.target.url,
            connections=_CONNECTIONS,
            seconds=run.effort.warm_up_s,
            body=_BODY,
            headers=signed_headers(turn.target, turn.credentials, datetime.now(UTC)),
        )
    for number in range(run.effort.rounds):
        run.say(f"signatures: {name}, round {number + 1}")
        seen = {}
        for turn in turns:
            loaded = cpu.measure(
                turn.target.url,
                turn.target.pid,
                connections=_CONNECTIONS,
                seconds=run.effort.seconds,
                body=_BODY,
                headers=signed_headers(turn.target, turn.credentials, datetime.now(UTC)),
            )
            seen[turn.kind] = loaded.server_us
            for metric, value in (("p50_us", loaded.load.p50_us), ("server_cpu_us", loaded.server_us)):
                run.results.add(Key(Measure.SIGNATURES, name, metric, turn.kind, None, _CONNECTIONS), value)
        turns.reverse()
        for cost, kind, other in ((COST, OURS, NOBODYS), (ENFORCE_COST, ENFORCED, PERMISSIVE)):
            if kind in seen:
                run.results.add(Key(Measure.SIGNATURES, name, cost), seen[kind] - seen[other])


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
