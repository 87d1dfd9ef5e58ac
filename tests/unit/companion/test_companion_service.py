"""Requests on their way to the companion, and who stands for their caller there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lambdad.domain.errors import AccessDenied, CredentialsRefused
from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.scope import Scope
from lambdad.edge.api_route import is_api_host, is_api_path
from lambdad.edge.services import service_of_host
from lambdad.edge.tickets import Tickets
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.neighbours.apis import ApiGate, resources
from lambdad.identity.authorization.service_roles import ServiceRoles
from lambdad.neighbours.companion.service import CompanionService
from lambdad.neighbours.endpoints import Endpoints
from lambdad.settings import ServiceEndpoint
from tests.fakes.grants import ACCOUNT, FakeGrants, allow, deny, session, user
from tests.fakes.moments import FakeClock

REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"


def request_of(**members: Any) -> Request:
    given: dict[str, Any] = {
        "method": "GET",
        "path": "/",
        "query": (),
        "headers": {"host": "localhost:4566"},
        "body": b"",
        "caller": Caller(Scope(ACCOUNT, REGION)),
        "request_id": "r-1",
        "base_url": "http://localhost:4566",
    }
    return Request(**(given | members))


class FakeCompanion:
    """Has an address where nobody listens."""

    def __init__(self, refusal: str | None = None) -> None:
        self.why = refusal
        self.is_installed = True

    def endpoint(self, service: str) -> ServiceEndpoint:
        return ServiceEndpoint("http://127.0.0.1:1", headers=(("x-lambdad-for", service),))

    def endpoints(self) -> dict[str, ServiceEndpoint]:
        return {"s3": self.endpoint("s3")}

    def refusal(self) -> str | None:
        return self.why


def service(name: str, companion: FakeCompanion | None = None) -> CompanionService:
    return CompanionService(name, companion or FakeCompanion(), lambda caller: "ticket", FakeClock())


async def test_why_the_companion_does_not_answer_is_said() -> None:
    answer = await service("sqs", FakeCompanion("it is not installed"))(request_of())
    assert answer.status == 503
    assert isinstance(answer.body, bytes)
    assert b"sqs comes from the companion, and it is not installed." in answer.body
    assert (await service("sqs")(request_of())).status == 503


async def test_what_a_gate_before_would_not_see_is_refused() -> None:
    answer = await service("s3")(request_of(query=(("X-Amz-Copy-Source", "/b/k"),)))
    assert answer.status == 400


def test_what_the_settings_name_comes_before_the_companion_and_that_only_once_it_is_there() -> None:
    companion, own = FakeCompanion(), ServiceEndpoint("http://s3.example")
    assert Endpoints({"s3": own}, companion).get("s3") is own
    found = Endpoints({}, companion)
    assert found.get("sqs") is None
    companion.is_installed = False
    assert found.get("s3") is None
    companion.is_installed = True
    assert found.get("s3") == companion.endpoint("s3")
    assert Endpoints({}, None).get("s3") is None


def test_streams_of_tables_are_where_the_tables_are_unless_the_settings_say_otherwise():
    tables, streams = ServiceEndpoint("http://127.0.0.1:1"), ServiceEndpoint("http://127.0.0.1:2")
    assert Endpoints({"dynamodb": tables}, None).get("dynamodbstreams") is tables
    assert Endpoints({"dynamodb": tables, "dynamodbstreams": streams}, None).get("dynamodbstreams") is streams
    assert Endpoints({"dynamodbstreams": streams}, None).get("dynamodb") is None


def test_a_ticket_stands_for_its_caller_until_it_or_the_callers_credentials_are_over() -> None:
    clock = FakeClock()
    tickets = Tickets(b"secret", clock)
    caller = Caller(Scope(ACCOUNT, REGION), who=session("worker", issued_s=clock.now()))
    ticket = tickets.of(caller)
    assert tickets.read(ticket) == caller
    assert tickets.read(tickets.of(Caller(Scope()))) == Caller(Scope())
    for wrong in ("", "a.b", ticket[:-1], "x" + ticket, ticket.replace(".", "")):
        with pytest.raises(CredentialsRefused):
            tickets.read(wrong)
    with pytest.raises(CredentialsRefused):
        Tickets(b"other", clock).read(ticket)
    clock.now_s += 3_601
    with pytest.raises(CredentialsRefused, match="too long ago"):
        tickets.read(ticket)


def roles(grants: FakeGrants, *, enforce: bool = False) -> Callable[..., Caller]:
    made = ServiceRoles(grants, enforce=enforce)
    return lambda name, account=ACCOUNT: made.caller(name, ROLE, None, account, REGION)


def test_a_service_acts_with_a_role_that_lets_it_in() -> None:
    grants = FakeGrants()
    grants.make_role(ROLE, "states.amazonaws.com")
    grants.people[ROLE] = session("worker", "session")
    found = roles(grants)("states.amazonaws.com")
    assert found.who is not None
    assert found.who.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/states"
    with pytest.raises(AccessDenied, match=r"scheduler\.amazonaws\.com is not authorized to assume role"):
        roles(grants)("scheduler.amazonaws.com")
    with pytest.raises(AccessDenied, match="Cross-account"):
        roles(grants)("states.amazonaws.com", "222222222222")


def test_with_a_role_that_is_not_there_it_acts_as_the_root_only_where_the_server_is_permissive() -> None:
    assert roles(FakeGrants())("states.amazonaws.com") == Caller(Scope(ACCOUNT, REGION))
    with pytest.raises(AccessDenied, match="there is none"):
        roles(FakeGrants(), enforce=True)("states.amazonaws.com")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (b"/restapis/abc/prod/_user_request_/x?y=1", True),
        (b"/restapis/abc/prod/_user_request_", True),
        (b"/_aws/execute-api/abc/prod/x", True),
        (b"/restapis/abc/resources/x", False),
        (b"/restapis/abc/prod/x?a=/_user_request_", False),
        (b"/2015-03-31/functions/f/invocations", False),
    ],
)
def test_calls_of_apis_are_known_by_their_path(url: bytes, expected: bool) -> None:
    assert is_api_path(url) is expected


def test_calls_of_apis_and_buckets_are_known_by_their_host() -> None:
    assert is_api_host(b"abc.execute-api.us-east-1.amazonaws.com")
    assert not is_api_host(b"localhost:4566")
    assert not is_api_host(None)
    assert service_of_host("bucket.s3.localhost:4566") == "s3"
    assert service_of_host("s3.localhost") == "s3"
    assert service_of_host("localhost:4566") is None


class Api:
    """What is published, behind its gate."""

    def __init__(self, *, enforce: bool = False) -> None:
        self.grants = FakeGrants()
        self.seen: list[Request] = []
        self.gate = ApiGate(self._take, Authority(self.grants, FakeClock(), enforce=enforce))

    async def _take(self, request: Request) -> Response:
        self.seen.append(request)
        return Response(200)

    async def signature_of(self, request: Request) -> str | None:
        await self.gate(request)
        return self.seen[-1].headers.get("authorization")


def call(who: Any = None, authorization: str = "AWS4-HMAC-SHA256 x") -> Request:
    headers = {"host": "abc.execute-api.localhost", "authorization": authorization}
    caller = Caller(Scope(ACCOUNT, REGION), who=who)
    return request_of(path="/prod/things", headers=headers, caller=caller)


async def test_a_signature_reaches_an_api_when_its_owner_may_call_it() -> None:
    api, ann = Api(enforce=True), user("ann")
    api.grants.bind(ann)
    assert await api.signature_of(call(ann)) is None
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc"
    api.grants.bind(ann, allow("execute-api:Invoke", resource=f"{arn}/prod/GET/things"))
    assert await api.signature_of(call(ann)) == "AWS4-HMAC-SHA256 x"
    api.grants.bind(ann, allow("execute-api:*"), deny("execute-api:Invoke", resource=f"{arn}/prod/GET/*"))
    assert await api.signature_of(call(ann)) is None


async def test_a_signature_of_nobody_counts_where_the_server_is_permissive_and_tokens_always_pass() -> None:
    assert await Api(enforce=True).signature_of(call()) is None
    assert await Api().signature_of(call()) == "AWS4-HMAC-SHA256 x"
    assert await Api(enforce=True).signature_of(call(authorization="Bearer t")) == "Bearer t"


def test_a_path_names_one_stage_and_a_host_one_or_none() -> None:
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc"
    by_path = replace(call(), path="/restapis/abc/prod/_user_request_/things")
    assert list(resources(by_path)) == [f"{arn}/prod/GET/things"]
    assert list(resources(call())) == [f"{arn}/prod/GET/things", f"{arn}/$default/GET/prod/things"]
