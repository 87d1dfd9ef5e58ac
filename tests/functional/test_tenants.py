"""Tenant isolation on a real server: tenants never meet, and each is told to its function and its log."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call

from tests.running import Server

APP = """
import logging, os, uuid
BORN = str(uuid.uuid4())
SEEN = []
def handler(event, context):
    SEEN.append(context.tenant_id)
    kept = os.path.exists("/tmp/kept")
    with open("/tmp/kept", "a") as file:
        file.write("x")
    logging.warning("hello")
    return {"born": BORN, "seen": SEEN, "tenant": context.tenant_id, "kept": kept}
"""
TENANTS = {"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}


def refused(server: Server, name: str, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        server.client().invoke(FunctionName=name, **given)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    return str(error["Message"])


def test_tenants_share_nothing(shared_server: Server) -> None:
    name = shared_server.function({"app.py": APP}, **TENANTS)
    tenants = ["blue", "red", "Blue", "a/b:c @d"]
    with ThreadPoolExecutor(4) as together:
        bodies = list(together.map(lambda one: call(shared_server, name, TenantId=one).body, tenants * 3))
    for tenant, body in zip(tenants * 3, bodies, strict=True):
        assert body["tenant"] == tenant
        assert set(body["seen"]) == {tenant}
    homes = {tenant: {b["born"] for b in bodies if b["tenant"] == tenant} for tenant in tenants}
    assert sum(len(born) for born in homes.values()) == len(set().union(*homes.values()))


def test_a_tenant_comes_back_to_its_warm_environment(shared_server: Server) -> None:
    name = shared_server.function({"app.py": APP}, **TENANTS)
    first = call(shared_server, name, TenantId="blue").body
    other = call(shared_server, name, TenantId="red").body
    again = call(shared_server, name, TenantId="blue").body
    assert (first["kept"], other["kept"], again["kept"]) == (False, False, True)
    assert first["born"] == again["born"] != other["born"]
    assert again["seen"] == ["blue", "blue"]


def test_a_tenant_is_needed_there_and_only_there(shared_server: Server) -> None:
    apart = shared_server.function({"app.py": APP}, **TENANTS)
    together = shared_server.function({"app.py": APP})
    call(shared_server, apart, TenantId="blue")
    call(shared_server, together)
    assert "Add a valid tenant ID in your request" in refused(shared_server, apart)
    assert "Add a valid tenant ID in your request" in refused(shared_server, apart, InvocationType="DryRun")
    assert "Remove the tenant ID" in refused(shared_server, together, TenantId="blue")
    assert call(shared_server, together).body["tenant"] is None


def test_a_call_like_the_last_one_but_without_its_tenant_does_not_reach_it(shared_server: Server) -> None:
    """The edge remembers requests by their target alone, which is the same with any tenant."""
    name = shared_server.function({"app.py": APP}, **TENANTS)
    connection = http.client.HTTPConnection("127.0.0.1", shared_server.port)

    def post(headers: dict[str, str]) -> tuple[int, Any]:
        connection.request("POST", f"/2015-03-31/functions/{name}/invocations", b"{}", headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    try:
        assert post({"X-Amz-Tenant-Id": "blue"})[1]["tenant"] == "blue"
        assert post({})[0] == 400
        assert post({"X-Amz-Tenant-Id": "red"})[1]["seen"] == ["red"]
        assert post({"X-Amz-Tenant-Id": "no|such"})[0] == 400
        assert post({"X-Amz-Tenant-Id": "a" * 257})[0] == 400
    finally:
        connection.close()


def test_streams_are_kept_apart_too(shared_server: Server) -> None:
    name = shared_server.function({"app.py": APP}, **TENANTS)
    born = call(shared_server, name, TenantId="blue").body["born"]
    for tenant in ("blue", "red"):
        answer = shared_server.client().invoke_with_response_stream(FunctionName=name, TenantId=tenant)
        chunks = [
            event["PayloadChunk"]["Payload"] for event in answer["EventStream"] if "PayloadChunk" in event
        ]
        body = json.loads(b"".join(chunks))
        assert body["tenant"] == tenant
        assert (body["born"] == born) == (tenant == "blue")


def test_a_json_log_names_the_tenant(shared_server: Server) -> None:
    name = shared_server.function({"app.py": APP}, LoggingConfig={"LogFormat": "JSON"}, **TENANTS)
    log = call(shared_server, name, TenantId="blue").log
    records = [json.loads(line) for line in log.splitlines()]
    told = {record["type"]: record["record"] for record in records if "record" in record}
    assert told["platform.start"]["tenantId"] == told["platform.report"]["tenantId"] == "blue"
    (printed,) = [record for record in records if record.get("message") == "hello"]
    assert printed["tenantId"] == "blue"
