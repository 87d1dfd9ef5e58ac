"""Nobody reaches another function, or another account's, by the way they write its name.

What is decided on must be what is done: the gate reads a name, and after it the operation does.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdad.domain.arn import parse_function
from lambdad.domain.errors import CallerError
from lambdad.domain.http import Request, Response
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.neighbours.guarded import Guarded
from lambdad.neighbours.forward import s3_path
from tests.fakes.grants import ACCOUNT, OTHER_ACCOUNT, FakeGrants, allow, user
from tests.fakes.moments import FakeClock
from tests.unit.authorization.gate_stage import ORDERS, REGION, Stage, request_of

MALLORY = user("mallory", OTHER_ACCOUNT)
OWN = ORDERS.replace(ACCOUNT, OTHER_ACCOUNT)
PIECES = st.sampled_from(
    [
        *("arn:aws:lambda:", "arn:", "aws", ":", "::", "lambda", f"{REGION}:", "eu-west-1:", f"{ACCOUNT}:"),
        *(
            f"{OTHER_ACCOUNT}:",
            "function:",
            "orders",
            "secrets",
            "live",
            "$LATEST",
            "1",
            "/",
            "%3A",
            "*",
            "?",
        ),
        *("\u0661", "\u212a", " ", "\n", ORDERS, OWN, "durable-execution/x"),
    ]
)
NAMES = st.lists(PIECES, min_size=1, max_size=9).map("".join)


@settings(deadline=None)
@given(NAMES, st.none() | st.sampled_from(["live", "1", "$LATEST", "secrets"]))
def test_what_is_invoked_is_what_was_allowed(name: str, qualifier: str | None):
    asyncio.run(_invoke(name, qualifier))


async def _invoke(name: str, qualifier: str | None) -> None:
    stage = Stage()
    stage.identities.bind(MALLORY, allow("lambda:InvokeFunction", resource=f"{OWN}*"))
    params: dict[str, Any] = {"FunctionName": name}
    if qualifier is not None:
        params["Qualifier"] = qualifier
    try:
        request = await stage.made.gate("Invoke", params, request_of(MALLORY))
        found = parse_function(name, request.caller.scope, qualifier)
    except CallerError:
        return
    assert found.arn(request.caller.scope).startswith(OWN)


@settings(deadline=None)
@given(NAMES)
def test_a_policy_for_one_version_opens_no_other(name: str):
    async def invoke() -> None:
        stage = Stage()
        stage.identities.bind(MALLORY, allow("lambda:InvokeFunction", resource=f"{OWN}:live"))
        try:
            request = await stage.made.gate("Invoke", {"FunctionName": name}, request_of(MALLORY))
            found = parse_function(name, request.caller.scope)
        except CallerError:
            return
        assert (found.name, found.qualifier) == ("orders", "live")

    asyncio.run(invoke())


SEGMENTS = st.lists(
    st.sampled_from(
        ["mine", "theirs", "..", ".", "%2e%2e", "%2E.", "%2f", "%252e%252e", "", "a", "%00", "é", "+"]
    ),
    max_size=6,
)


@settings(deadline=None)
@given(SEGMENTS, st.sampled_from(["", "mine.s3.localhost", "theirs.s3.localhost", "x.mine.s3.localhost"]))
def test_what_is_fetched_from_a_bucket_is_what_was_allowed(segments: list[str], host: str):
    asyncio.run(_fetch("/" + "/".join(segments), host))


async def _fetch(path: str, host: str) -> None:
    seen: list[Request] = []

    async def take(request: Request) -> Response:
        seen.append(request)
        return Response(200)

    identities = FakeGrants()
    identities.bind(MALLORY, allow("s3:GetObject", resource="arn:aws:s3:::mine/*"))
    guarded = Guarded("s3", take, Authority(identities, FakeClock()))
    headers = {"host": host} if host else {}
    await guarded(request_of(MALLORY, method="GET", path=path, headers=headers))
    for request in seen:
        bucket = host.partition(".s3.")[0]
        fetched = unquote(s3_path(f"/{bucket}{request.path}" if bucket else request.path))
        assert fetched.startswith("/mine/")
        assert not {".", ".."} & set(fetched.split("/"))
