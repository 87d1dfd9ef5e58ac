"""Function URLs: who may call them, where they lead to, and for how long."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from calling import started
from url_calls import OF_FUNCTION, OF_URL, RETURNS, Url, grant, id_in, make_url, open_url

from tests.running import Server

FORBIDDEN = (
    b'{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: '
    b'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}'
)


@pytest.fixture(scope="module")
def name(shared_server: Server) -> str:
    return shared_server.function({"app.py": RETURNS}, Timeout=3)


@pytest.fixture(scope="module")
def url(shared_server: Server, name: str) -> Url:
    return open_url(shared_server, name)


# --- who may call ----------------------------------------------------------------------------------


def test_the_url_that_is_answered_can_be_called_as_it_is(shared_server: Server, name: str, url: Url) -> None:
    address = shared_server.client().get_function_url_config(FunctionName=name)["FunctionUrl"]
    assert id_in(address) == url.url_id
    with urllib.request.urlopen(f"{address}event?a=b", timeout=20) as answer:
        event = json.load(answer)
    assert (event["rawPath"], event["rawQueryString"]) == ("/event", "a=b")


@pytest.mark.parametrize("grants", [(), (OF_URL,), (OF_FUNCTION,)])
def test_both_grants_are_needed(shared_server: Server, grants: tuple[dict[str, Any], ...]) -> None:
    closed = shared_server.function({"app.py": RETURNS})
    url = make_url(shared_server, closed)
    grant(shared_server, closed, *grants)
    heard = url.returns("x")
    assert (heard.status, heard.body) == (403, FORBIDDEN)
    assert heard.header("x-amzn-ErrorType") == "AccessDeniedException"
    assert heard.header("Content-Type") == "application/json"
    grant(shared_server, closed, *(one for one in (OF_URL, OF_FUNCTION) if one not in grants))
    assert url.returns("x").body == b"x"
    shared_server.client().remove_permission(FunctionName=closed, StatementId="InvokeFunctionUrl")
    assert url.returns("x").status == 403


def test_an_id_of_nobody_and_a_wrong_region_are_answered_alike(shared_server: Server, url: Url) -> None:
    for other in (
        Url(shared_server, "0" * 32),
        Url(shared_server, url.url_id, "eu-west-1"),
        Url(shared_server, "x"),
    ):
        heard = other.call()
        assert (heard.status, heard.body) == (403, b'{"Message":null}')
        assert heard.header("x-amzn-ErrorType") == "AccessDeniedException"


def test_a_url_that_wants_signatures_lets_in_who_signs_for_its_account(shared_server: Server) -> None:
    signed = shared_server.function({"app.py": RETURNS})
    url = open_url(shared_server, signed, AuthType="AWS_IAM")
    heard = url.returns("x")
    assert (heard.status, heard.body) == (403, FORBIDDEN)
    for key, status in (("test", 200), ("222222222222", 403)):
        scope = f"{key}/20261127/us-east-1/lambda/aws4_request"
        signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
        assert url.returns("x", headers={"Authorization": signature}).status == status


def test_a_change_is_seen_by_the_next_call(shared_server: Server) -> None:
    client, changing = shared_server.client(), shared_server.function({"app.py": RETURNS})
    url = open_url(shared_server, changing)
    assert url.returns("x").status == 200
    client.update_function_url_config(FunctionName=changing, AuthType="AWS_IAM")
    assert url.returns("x").status == 403
    client.update_function_url_config(
        FunctionName=changing, AuthType="NONE", Cors={"AllowOrigins": ["https://a.example"]}
    )
    heard = url.returns("x", headers={"Origin": "https://a.example"})
    assert heard.header("Access-Control-Allow-Origin") == "https://a.example"
    client.delete_function_url_config(FunctionName=changing)
    assert url.returns("x").body == b'{"Message":null}'
    again = make_url(shared_server, changing)
    assert again.url_id != url.url_id
    assert again.returns("x").status == 200
    client.delete_function(FunctionName=changing)
    assert again.returns("x").body == b'{"Message":null}'


def test_a_url_stays_the_same_over_a_restart(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        kept = server.function({"app.py": RETURNS})
        url = open_url(server, kept)
        assert url.returns("x").body == b"x"
        server.stop()
        with started(tmp_path / "data") as again:
            assert Url(again, url.url_id).returns("y").body == b"y"


# --- what else the endpoint has --------------------------------------------------------------------


def test_nothing_but_the_function_answers_below_its_name(url: Url) -> None:
    for path in ("/event?x=/2015-03-31/functions", "/2015-03-31/functions", "/health", "/lambdad/v1/status"):
        heard = url.call("POST", path, {"statusCode": 299})
        assert heard.status in (200, 299), path
        assert heard.header("x-amzn-Trace-Id"), path
    assert url.call(host="x.lambda-url.us-east-1.evil.example", path="/2015-03-31/functions").status == 403


def test_a_path_stands_for_hosts_without_such_names(shared_server: Server, url: Url) -> None:
    path = f"/lambdad/v1/url/{url.url_id}"
    heard = url.call("GET", f"{path}/event/../%2e?q=1", host=f"127.0.0.1:{shared_server.port}")
    assert heard.status == 200
    event = url.call("POST", f"{path}/event?q=1", host=f"localhost:{shared_server.port}").json()
    assert (event["rawPath"], event["rawQueryString"]) == ("/event", "q=1")
    assert event["requestContext"]["apiId"] == url.url_id
    assert event["requestContext"]["domainName"] == "localhost"
    assert url.call("POST", path, "root", host="localhost").body == b"root"
    assert url.call(path=f"/lambdad/v1/url/{'0' * 32}/", host="localhost").body == b'{"Message":null}'


def test_a_page_below_the_path_has_an_origin_of_its_own_and_others_cannot_rebind(url: Url) -> None:
    path = f"/lambdad/v1/url/{url.url_id}/event"
    heard = url.call(path=path, host="localhost")
    policy = heard.header("Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("sandbox ")
    assert "allow-same-origin" not in policy
    rebound = url.call(path=path, host="evil.example")
    assert rebound.status == 403
    assert b"allowed_hosts" in rebound.body
    assert url.call(path="/event").header("Content-Security-Policy") is None


def test_a_function_calls_the_url_of_another(shared_server: Server, url: Url) -> None:
    source = """
import os, urllib.request
def handler(host, context):
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/event", headers={"Host": host})
    return urllib.request.urlopen(request).status
"""
    caller = shared_server.function({"app.py": source})
    answer = shared_server.client().invoke(FunctionName=caller, Payload=json.dumps(url.host))
    assert answer["Payload"].read() == b"200"


# --- aliases, versions and counts ------------------------------------------------------------------

NAMES_ITSELF = """
def handler(event, context):
    arn = context.invoked_function_arn
    return {"statusCode": 200, "body": f"{context.function_version} {arn.rpartition(':')[2]}"}
"""


@pytest.fixture
def versioned(shared_server: Server) -> str:
    """A function with two versions, and an alias that points at the first."""
    client, made = shared_server.client(), shared_server.function({"app.py": NAMES_ITSELF})
    client.publish_version(FunctionName=made)
    client.update_function_configuration(FunctionName=made, Description="other")
    client.get_waiter("function_updated_v2").wait(FunctionName=made, WaiterConfig={"Delay": 0.05})
    client.publish_version(FunctionName=made)
    client.create_alias(FunctionName=made, Name="live", FunctionVersion="1")
    return made


def test_an_alias_has_a_url_and_grants_of_its_own(shared_server: Server, versioned: str) -> None:
    client, url = shared_server.client(), make_url(shared_server, versioned, Qualifier="live")
    grant(shared_server, versioned, OF_URL, OF_FUNCTION)
    assert url.call().status == 403
    grant(shared_server, versioned, OF_URL, OF_FUNCTION, Qualifier="live")
    assert url.call().body == b"1 live"
    client.update_alias(FunctionName=versioned, Name="live", FunctionVersion="2")
    assert url.call().body == b"2 live"
    of_function = make_url(shared_server, versioned)
    assert of_function.call().body == f"$LATEST {versioned}".encode()
    arn = client.get_function_configuration(FunctionName=versioned)["FunctionArn"]
    listed = client.list_function_url_configs(FunctionName=versioned)["FunctionUrlConfigs"]
    assert [(id_in(one["FunctionUrl"]), one["FunctionArn"]) for one in listed] == [
        (of_function.url_id, arn),
        (url.url_id, f"{arn}:live"),
    ]


def test_calls_of_a_weighted_alias_are_split(shared_server: Server, versioned: str) -> None:
    url = make_url(shared_server, versioned, Qualifier="live")
    grant(shared_server, versioned, OF_URL, OF_FUNCTION, Qualifier="live")
    shared_server.client().update_alias(
        FunctionName=versioned, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    with url.connected() as over:
        assert {url.call(over=over).body for _ in range(60)} == {b"1 live", b"2 live"}


def test_a_url_outlives_its_alias(shared_server: Server, versioned: str) -> None:
    client, url = shared_server.client(), make_url(shared_server, versioned, Qualifier="live")
    grant(shared_server, versioned, OF_URL, OF_FUNCTION, Qualifier="live")
    client.delete_alias(FunctionName=versioned, Name="live")
    assert (url.call().status, url.call().body) == (403, FORBIDDEN)
    client.create_alias(FunctionName=versioned, Name="live", FunctionVersion="2")
    grant(shared_server, versioned, OF_URL, OF_FUNCTION, Qualifier="live")
    assert url.call().body == b"2 live"
    client.delete_function_url_config(FunctionName=versioned, Qualifier="live")
    assert url.call().body == b'{"Message":null}'


def test_without_concurrency_every_call_is_throttled(shared_server: Server) -> None:
    client, off = shared_server.client(), shared_server.function({"app.py": RETURNS})
    url = open_url(shared_server, off)
    assert url.returns("x").status == 200
    client.put_function_concurrency(FunctionName=off, ReservedConcurrentExecutions=0)
    heard = url.returns("x")
    assert heard.status == 429
    assert heard.json() == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }
    client.delete_function_concurrency(FunctionName=off)
    assert url.returns("x").status == 200
