"""Which calls of a function URL reach the function, and what the others are told."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, cast

import pytest

from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import Conflict, CredentialsRefused, LambdadError, NotFound, Throttled
from lambdad.domain.event import Lane
from lambdad.domain.function_url import AuthType, Cors, FunctionUrl
from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.identity import Who
from lambdad.domain.invocation import Invocation
from lambdad.domain.measured import Measured, Noted
from lambdad.domain.policies.document import RESOURCE_POLICY, read_policy
from lambdad.domain.scope import Scope
from lambdad.edge.connection import HttpConnection
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.url_route import UrlRoute
from lambdad.edge.urls import FoundUrl, Urls
from lambdad.edge.wire import HttpDate
from lambdad.frontend.invoke import Frontend, Route
from lambdad.frontend.url_access import Access, access
from lambdad.identity.authorization.url_gate import UrlGate
from lambdad.ports.measures import Measures
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of

URL_ID = "a" * 32
SCOPE = version_of().scope
HOST = f"{URL_ID}.lambda-url.{SCOPE.region}.localhost:4566".encode()
ROUTE = cast("Route", object())


class FakeIds:
    def request_id(self) -> str:
        return "request-1"


class FakeFrontend:
    """Keeps the events; routes as it is told."""

    def __init__(self) -> None:
        self.ids = FakeIds()
        self.events: list[dict[str, Any]] = []
        self.keys: list[object] = []
        self.known: Route | None = ROUTE
        self.trouble: BaseException | None = None
        self.error: LambdadError | None = None

    def cached(self, key: object) -> Route | None:
        self.keys.append(key)
        return self.known

    async def route(self, key: object) -> Route:
        if self.trouble is not None:
            raise self.trouble
        return ROUTE

    def new_trace(self, route: object = None) -> str:
        return "Root=1-2-3;Parent=4;Sampled=0"

    def start(self, route: Route, request_id: str, payload: bytes, on_done: Any, **more: Any) -> None:
        self.events.append(json.loads(payload))
        if self.error is not None:
            version = version_of()
            invocation = Invocation(cast("Route", version), request_id, payload, "t", on_done)
            invocation.refuse(self.error)


class FakeConnection:
    client_ip = "127.0.0.1"
    cipher = None


class Stage:
    """A URL of a function, and what clients of it are told."""

    def __init__(self, **given: Any) -> None:
        members: dict[str, Any] = {"auth_type": AuthType.NONE, "invoke_mode": None, "cors": None}
        url = FunctionUrl(URL_ID, created="", modified="", **(members | given))
        self.found: FoundUrl | None = FoundUrl(
            url, SCOPE, (SCOPE, "f", None), Access(verdict=True, policy=None, resource="")
        )
        self.is_kept = True
        self.signer: Caller | None = None
        self.forged: CredentialsRefused | None = None
        self.is_admitted = True
        self.asked: list[tuple[Request, Scope, FunctionReference]] = []
        self.frontend = FakeFrontend()
        self.told: list[Response] = []
        self.work: list[Coroutine[None, None, None]] = []
        self.noted: list[Noted] = []
        self.route = UrlRoute(
            cast("Frontend", self.frontend),
            cast("Urls", self),
            FakeClock(),
            lambda _, raw, response, request_id: self.told.append(response),
            HttpDate(),
            self.work.append,
            self.signed,
            cast("UrlGate", self),
            Measures(lambda _: None, self.noted.append),
        )

    async def signed(self, raw: RawRequest) -> Caller | None:
        if self.forged is not None:
            raise self.forged
        return self.signer

    async def admits(self, request: Request, scope: Scope, reference: FunctionReference) -> bool:
        self.asked.append((request, scope, reference))
        return self.is_admitted

    def cached(self, url_id: str) -> FoundUrl | None:
        return self.found if self.is_kept and url_id == URL_ID else None

    async def look_up(self, url_id: str) -> FoundUrl | None:
        return self.found if url_id == URL_ID else None

    async def call(
        self, method: bytes = b"GET", target: bytes = b"/", *headers: tuple[bytes, bytes], host: bytes = HOST
    ) -> Response | None:
        """What the client is told without the function; None when it was called."""
        raw = RawRequest(0.0)
        raw.method, raw.url, raw.headers = method, target, list(headers)
        self.told.clear()
        connection = cast("HttpConnection", FakeConnection())
        if b".lambda-url." in host:
            self.route.by_host(connection, raw, host, "http")
        else:
            self.route.by_path(connection, raw, host, "http")
        for work in self.work:
            await work
        return self.told[0] if self.told else None


def body(response: Response | None) -> Any:
    assert response is not None
    return json.loads(cast("bytes", response.body))


async def test_a_url_that_is_known_needs_no_task() -> None:
    stage = Stage()
    assert await stage.call(b"POST", b"/a%2Fb?c=d") is None
    assert stage.work == []
    assert stage.frontend.keys == [(SCOPE, "f", None)]
    (event,) = stage.frontend.events
    assert (event["rawPath"], event["rawQueryString"]) == ("/a%2Fb", "c=d")
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize(("is_kept", "route"), [(False, ROUTE), (True, None), (False, None)])
async def test_what_is_not_known_is_looked_up(is_kept: bool, route: Route | None) -> None:
    stage = Stage()
    stage.is_kept, stage.frontend.known = is_kept, route
    assert await stage.call() is None
    assert len(stage.frontend.events) == len(stage.work) == 1


@pytest.mark.parametrize(
    ("host", "path", "port", "name"),
    [
        (HOST, "/x", "4566", HOST.decode().removesuffix(":4566")),
        (HOST.removesuffix(b":4566").upper().replace(b".LAMBDA-URL.", b".lambda-url."), "/x", "80", None),
        (b"localhost:1", f"/lambdad/v1/url/{URL_ID}/x", "1", "localhost"),
        (b"[::1]:1", f"/lambdad/v1/url/{URL_ID}/x", "1", "::1"),
    ],
)
async def test_host_name_and_path_name_the_same_url(
    host: bytes, path: str, port: str, name: str | None
) -> None:
    stage = Stage()
    assert await stage.call(b"GET", path.encode(), host=host) is None
    (event,) = stage.frontend.events
    assert event["rawPath"] == "/x"
    assert event["headers"]["x-forwarded-port"] == port
    assert event["requestContext"]["apiId"] == URL_ID
    assert name in (None, event["requestContext"]["domainName"])


@pytest.mark.parametrize(
    ("trouble", "status", "said"),
    [
        (NotFound("Function not found: arn"), 403, "Forbidden. For troubleshooting"),
        (Conflict("The function is currently in the following state: Pending"), 409, "state: Pending"),
        (ValueError("secret"), 500, "An error occurred"),
    ],
)
async def test_what_keeps_the_function_from_running_is_told(
    trouble: BaseException, status: int, said: str
) -> None:
    stage = Stage(cors=Cors(allow_origins=("*",)))
    stage.frontend.known, stage.frontend.trouble = None, trouble
    response = await stage.call(b"GET", b"/", (b"origin", b"https://app.example"))
    assert response is not None
    assert response.status == status
    assert said in str(body(response))
    assert "secret" not in str(body(response))
    assert ("Access-Control-Allow-Origin", "*") in response.headers


async def test_a_throttle_has_the_words_of_the_api() -> None:
    stage = Stage()
    stage.frontend.error = Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
    response = await stage.call()
    assert response is not None
    assert response.status == 429
    assert body(response) == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


@pytest.mark.parametrize("is_kept", [True, False])
async def test_nothing_is_looked_up_for_who_is_not_let_in(is_kept: bool) -> None:
    for stage in (Stage(auth_type=AuthType.AWS_IAM), Stage(), Stage()):
        stage.is_kept = is_kept
        assert stage.found is not None
        if stage.found.url.auth_type is AuthType.NONE:
            closed = Access(verdict=False, policy=None, resource="")
            stage.found = FoundUrl(stage.found.url, SCOPE, stage.found.key, closed)
        response = await stage.call()
        assert response is not None
        assert response.status == 403
        assert stage.frontend.keys == []


BOB = Caller(SCOPE, "AKIABOB", who=Who("222222222222", "arn:aws:iam::222222222222:user/bob", "AIDABOB"))


@pytest.mark.parametrize("is_kept", [True, False])
async def test_who_signs_and_may_call_is_told_to_the_function(is_kept: bool) -> None:
    stage = Stage(auth_type=AuthType.AWS_IAM)
    stage.is_kept, stage.signer = is_kept, BOB
    assert await stage.call(b"POST", b"/x?y=z") is None
    ((request, scope, reference),) = stage.asked
    assert (request.caller, request.source_ip) == (BOB, "127.0.0.1")
    assert (scope, reference) == (SCOPE, FunctionReference("f"))
    (event,) = stage.frontend.events
    assert event["requestContext"]["accountId"] == "222222222222"
    assert event["requestContext"]["authorizer"] == {
        "iam": {
            "accessKey": "AKIABOB",
            "accountId": "222222222222",
            "callerId": "AIDABOB",
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": "arn:aws:iam::222222222222:user/bob",
            "userId": "AIDABOB",
        }
    }


async def test_an_unknown_key_is_its_accounts_root_to_the_function() -> None:
    stage = Stage(auth_type=AuthType.AWS_IAM)
    stage.signer = Caller(SCOPE, "test")
    assert await stage.call() is None
    signer = stage.frontend.events[0]["requestContext"]["authorizer"]["iam"]
    assert signer["userArn"] == f"arn:aws:iam::{SCOPE.account}:root"
    assert signer["userId"] == signer["accountId"] == SCOPE.account


async def test_who_signs_and_may_not_call_is_refused() -> None:
    stage = Stage(auth_type=AuthType.AWS_IAM)
    stage.signer, stage.is_admitted = BOB, False
    response = await stage.call()
    assert body(response)["Message"].startswith("Forbidden.")
    assert stage.frontend.events == []


async def test_a_signature_that_does_not_hold_is_refused_by_its_name() -> None:
    stage = Stage(auth_type=AuthType.AWS_IAM)
    stage.forged = CredentialsRefused("InvalidSignatureException", "It does not match.")
    response = await stage.call()
    assert response is not None
    assert (response.status, body(response)) == (403, {"message": "It does not match."})
    assert ("x-amzn-ErrorType", "InvalidSignatureException") in response.headers


async def test_a_url_of_everybody_asks_for_no_signature() -> None:
    stage = Stage()
    stage.forged = CredentialsRefused("InvalidSignatureException", "It does not match.")
    assert await stage.call() is None
    assert stage.asked == []
    assert "authorizer" not in stage.frontend.events[0]["requestContext"]


async def test_who_may_not_call_may_ask_whether_a_page_may() -> None:
    stage = Stage(auth_type=AuthType.AWS_IAM, cors=Cors(allow_origins=("*",), allow_methods=("PUT",)))
    asks = ((b"origin", b"https://app.example"), (b"access-control-request-method", b"PUT"))
    response = await stage.call(b"OPTIONS", b"/", *asks)
    assert response is not None
    assert (response.status, response.body) == (200, b"")
    assert ("Access-Control-Allow-Methods", "PUT") in response.headers


@pytest.mark.parametrize("host", [b"x.lambda-url.y", HOST.replace(SCOPE.region.encode(), b"eu-south-9")])
async def test_an_id_of_nobody_and_a_wrong_region_are_told_nothing(host: bytes) -> None:
    stage = Stage()
    assert body(await stage.call(host=host)) == {"Message": None}
    assert stage.frontend.events == []


def of_policy(condition: dict[str, Any]) -> Access:
    """Everybody may call, under a condition."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    return access(
        [read_policy(document, RESOURCE_POLICY)], "arn:aws:lambda:us-east-1:000000000000:function:f"
    )


@pytest.mark.parametrize(
    ("condition", "is_let_in"),
    [
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
        ({"NumericGreaterThan": {"aws:EpochTime": "1"}}, True),
        ({"StringLike": {"aws:UserAgent": "curl*"}}, True),
        ({"StringLike": {"aws:Referer": "https://app.example/*"}}, True),
        ({"StringEquals": {"aws:PrincipalType": "Anonymous"}}, True),
        ({"Null": {"aws:PrincipalAccount": "false"}}, False),
    ],
)
async def test_a_policy_may_hang_on_the_call(condition: dict[str, Any], is_let_in: bool) -> None:
    stage = Stage()
    assert stage.found is not None
    stage.found = replace(stage.found, access=of_policy(condition))
    sent = ((b"user-agent", b"curl/8"), (b"referer", b"https://app.example/x"))
    response = await stage.call(b"GET", b"/", *sent)
    assert (response is None) is is_let_in


async def test_a_request_that_is_refused_is_measured_with_its_status() -> None:
    stage = Stage()
    stage.frontend.known, stage.frontend.trouble = None, NotFound("gone")
    response = await stage.call()
    assert response is not None
    told = {what: (lane, value) for what, lane, _, _, value in stage.noted}
    here = Lane(SCOPE, "f", None)
    assert told == {
        Measured.URL_REQUESTS: (here, 1.0),
        Measured.URL_4XX: (here, 1.0),
        Measured.URL_5XX: (here, 0.0),
        Measured.URL_LATENCY: (here, 0.0),
    }


async def test_a_request_for_nobodys_url_is_nobodys() -> None:
    stage = Stage()
    stage.found = None
    assert (await stage.call()) is not None
    assert stage.noted == []
