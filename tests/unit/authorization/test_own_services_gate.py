"""What Logs and IAM need, and what a role may write of its function's log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambdad.awsapi import model
from lambdad.composition.log_filters import FunctionDestination
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import AccessDenied
from lambdad.domain.event import Lane
from lambdad.domain.http import Request
from lambdad.domain.scope import Scope
from lambdad.edge.operations import OwnApi
from lambdad.identity.authorization import logs_needs, metrics_needs
from lambdad.identity.authorization.iam_needs import IamNeeds
from lambdad.identity.authorization.own_gate import OwnGate, action_of
from lambdad.identity.authorization.service_gate import ServiceGate
from lambdad.ports.log_store import LogLine, StreamKey
from tests.fakes.grants import ACCOUNT, allow, deny, session, user
from tests.fakes.worker import version_of
from tests.unit.authorization.gate_stage import ORDERS, REGION, ROLE, SCOPE, Stage, request_of

ALICE = user("alice")
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:log-stream:"
BASE = f"arn:aws:iam::{ACCOUNT}"


@pytest.mark.parametrize(
    ("operation", "params", "resource"),
    [
        ("CreateLogGroup", {"logGroupName": "g"}, GROUP),
        ("CreateLogStream", {"logGroupName": "g", "logStreamName": "s"}, f"{GROUP}s"),
        ("PutLogEvents", {"logGroupName": "g", "logStreamName": "s"}, f"{GROUP}s"),
        ("GetLogEvents", {"logGroupIdentifier": GROUP[:-12], "logStreamName": "s"}, f"{GROUP}s"),
        ("FilterLogEvents", {"logGroupName": "g"}, GROUP),
        ("DescribeLogGroups", {}, GROUP.replace(":g:", "::")),
        ("TagResource", {"resourceArn": "arn", "tags": {"a": "b"}}, "arn"),
        ("DescribeQueries", {}, "*"),
        ("TestMetricFilter", {"filterPattern": "x"}, "*"),
        ("ListLogGroups", {}, "*"),
        ("PutMetricFilter", {"logGroupName": "g"}, GROUP),
        ("DescribeMetricFilters", {"logGroupName": "g"}, GROUP),
        ("DeleteSubscriptionFilter", {"logGroupName": "g"}, GROUP),
        ("PutRetentionPolicy", {"logGroupName": "g"}, GROUP),
        ("UntagLogGroup", {"logGroupName": "g", "tags": ["a"]}, GROUP),
        ("DeleteLogStream", {"logGroupName": "g", "logStreamName": "s"}, f"{GROUP}s"),
    ],
)
def test_what_an_operation_of_logs_is_on(operation: str, params: dict[str, Any], resource: str):
    (need,) = logs_needs.needs_of(operation, params, request_of(ALICE))
    assert (need.action, need.resource) == (f"logs:{operation}", resource)


def test_tags_of_logs_are_known_to_conditions_in_every_form():
    request = request_of(ALICE)
    (set_,) = logs_needs.needs_of("TagLogGroup", {"logGroupName": "g", "tags": {"A": "b"}}, request)
    assert set_.keys == {"aws:requesttag/a": ("b",), "aws:tagkeys": ("A",)}
    (gone,) = logs_needs.needs_of("UntagLogGroup", {"logGroupName": "g", "tags": ["A"]}, request)
    assert gone.keys == {"aws:tagkeys": ("A",)}


def test_a_live_tail_is_on_every_group_of_it():
    groups = [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}" for name in ("g", "h")]
    needs = logs_needs.needs_of("StartLiveTail", {"logGroupIdentifiers": groups}, request_of(ALICE))
    assert [need.resource for need in needs] == [f"{group}:log-stream:" for group in groups]


async def test_log_events_reach_a_function_only_as_its_policy_says():
    stage = Stage()
    await stage.add()
    accepted: list[tuple[str, str | None, bytes]] = []

    def accept(
        lane: Lane, request_id: str, payload: bytes, trace: str, stored: Any, tenant: Any = None
    ) -> None:
        accepted.append((lane.function, lane.qualifier, payload))
        stored(None)

    destination = FunctionDestination(stage.catalogue, stage.made.gate, accept, stage.clock)
    orders = FunctionReference("orders")
    assert await destination.log_group(SCOPE, orders) == "/aws/lambda/hello"  # as the fake has it
    assert await destination.log_group(SCOPE, FunctionReference("none")) is None
    with pytest.raises(AccessDenied):
        await destination.deliver(SCOPE, "g", ORDERS, b"{}")
    for principal in ("logs.amazonaws.com", f"logs.{REGION}.amazonaws.com"):
        condition = {"ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:*"}}
        await stage.attach(
            allow(
                "lambda:InvokeFunction",
                resource=ORDERS,
                Principal={"Service": principal},
                Condition=condition,
            )
        )
        assert await destination.lets_in(SCOPE, orders, "g")
        assert not await destination.lets_in(SCOPE, orders, "other")
    await destination.deliver(SCOPE, "g", ORDERS, b"{}")
    assert accepted == [("orders", None, b"{}")]


def test_the_operations_of_logs_that_are_listed_exist():
    listed = logs_needs.ON_ARN | logs_needs.ON_GROUP | logs_needs.ON_STREAM | logs_needs.ON_GROUPS
    assert listed <= set(model.load("logs").operations)


@pytest.mark.parametrize(
    ("operation", "params", "resource"),
    [
        ("CreateRole", {"RoleName": "r", "Path": "/team/"}, f"{BASE}:role/team/r"),
        ("GetRole", {"RoleName": "r"}, f"{BASE}:role/known/r"),
        ("DeleteRole", {"RoleName": "other"}, f"{BASE}:role/other"),
        ("AttachRolePolicy", {"RoleName": "other", "PolicyArn": "p"}, f"{BASE}:role/other"),
        ("AddUserToGroup", {"UserName": "u", "GroupName": "g"}, f"{BASE}:group/g"),
        ("CreateAccessKey", {}, ALICE.arn),
        ("CreateAccessKey", {"UserName": "bob"}, f"{BASE}:user/bob"),
        ("GetUser", {}, ALICE.arn),
        ("ListUsers", {}, f"{BASE}:user/"),
        ("ListRoles", {"PathPrefix": "/team/"}, f"{BASE}:role/team/"),
        ("CreatePolicy", {"PolicyName": "p"}, f"{BASE}:policy/p"),
        ("GetPolicy", {"PolicyArn": f"{BASE}:policy/p"}, f"{BASE}:policy/p"),
        ("SimulatePrincipalPolicy", {"PolicySourceArn": ALICE.arn}, ALICE.arn),
        ("SimulateCustomPolicy", {}, "*"),
    ],
)
def test_what_an_operation_of_iam_is_on(operation: str, params: dict[str, Any], resource: str):
    needs = IamNeeds(lambda kind, _, name: f"{BASE}:{kind}/known/{name}" if name == "r" else None)
    (need,) = needs(operation, params, request_of(ALICE))
    assert (need.action, need.resource) == (f"iam:{operation}", resource)
    assert operation in model.load("iam").operations


def test_condition_keys_of_iam():
    needs = IamNeeds(lambda *_: None)
    (need,) = needs("AttachRolePolicy", {"RoleName": "r", "PolicyArn": "p"}, request_of(ALICE))
    assert need.keys == {"iam:policyarn": ("p",)}
    params = {"UserName": "u", "PermissionsBoundary": "b", "Tags": [{"Key": "K", "Value": "v"}]}
    (need,) = needs("CreateUser", params, request_of(ALICE))
    assert need.keys == {
        "iam:permissionsboundary": ("b",),
        "aws:requesttag/k": ("v",),
        "aws:tagkeys": ("K",),
    }


async def test_an_operation_of_logs_is_let_through_only_with_its_permission():
    stage = Stage()
    gate = ServiceGate(stage.made.authority, logs_needs.needs_of)
    stage.identities.bind(ALICE, allow("logs:*", resource=f"arn:aws:logs:*:{ACCOUNT}:log-group:/mine/*"))
    request = request_of(ALICE)
    mine = {"logGroupName": "/mine/a", "logStreamName": "s"}
    assert await gate("PutLogEvents", mine, request) is request
    with pytest.raises(AccessDenied):
        await gate("PutLogEvents", {"logGroupName": "/theirs/a", "logStreamName": "s"}, request)
    anonymous = request_of(None)
    assert (
        await gate("PutLogEvents", {"logGroupName": "/theirs/a", "logStreamName": "s"}, anonymous)
        is anonymous
    )


@pytest.mark.parametrize(
    "operation", ["GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"]
)
def test_operations_of_cloudwatch_are_on_everything(operation: str):
    (need,) = metrics_needs.needs_of(operation, {"Namespace": "N"}, request_of(ALICE))
    assert (need.action, need.resource) == (f"cloudwatch:{operation}", "*")
    assert need.keys == ({"cloudwatch:namespace": ("N",)} if operation == "PutMetricData" else {})


async def test_metrics_are_put_only_in_the_namespaces_of_a_condition():
    stage = Stage()
    gate = ServiceGate(stage.made.authority, metrics_needs.needs_of)
    mine = {"StringEquals": {"cloudwatch:namespace": "Mine"}}
    stage.identities.bind(ALICE, allow("cloudwatch:PutMetricData", Condition=mine))
    request = request_of(ALICE)
    assert await gate("PutMetricData", {"Namespace": "Mine"}, request) is request
    for operation, params in (("PutMetricData", {"Namespace": "Theirs"}), ("ListMetrics", {})):
        with pytest.raises(AccessDenied):
            await gate(operation, params, request)


WORKER = session("worker")
WRITING = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
STREAM = StreamKey(SCOPE, "/aws/lambda/orders", "s")
LINE = LogLine(0, "x")


def written(stage: Stage, sink: Any) -> bool:
    before = len(stage.logs.written)
    sink.write(STREAM, [LINE])
    return len(stage.logs.written) > before


def of_worker(stage: Stage) -> Any:
    version = replace(version_of(), scope=Scope(ACCOUNT, REGION), name="orders", role=ROLE)
    return stage.made.delivery.of(version)


def test_a_log_is_delivered_with_the_permissions_to_write_it_only(caplog: pytest.LogCaptureFixture):
    stage = Stage()
    stage.identities.bind(WORKER, allow("s3:*"))
    sink = of_worker(stage)
    assert not written(stage, sink)
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
    assert stage.made.delivery.withheld == {function: ROLE}
    assert not written(stage, sink)
    assert [record.message for record in caplog.records] == [
        f"the log of {function} is not delivered: its role {ROLE} may not write it"
    ]
    stage.identities.bind(WORKER, allow(*WRITING))
    assert written(stage, sink)
    assert stage.made.delivery.withheld == {}


def test_a_log_of_one_group_only():
    stage = Stage()
    stage.identities.bind(WORKER, allow(*WRITING, resource=f"arn:aws:logs:*:*:log-group:{STREAM.group}:*"))
    assert written(stage, of_worker(stage))
    stage.identities.bind(WORKER, allow(*WRITING, resource="arn:aws:logs:*:*:log-group:/aws/lambda/other:*"))
    assert not written(stage, of_worker(stage))


def test_a_condition_on_the_time_is_looked_at_with_every_line():
    stage = Stage()
    until = {"DateGreaterThan": {"aws:CurrentTime": "2001-01-01T00:00:00Z"}}
    stage.identities.bind(WORKER, allow(*WRITING), deny("logs:*", Condition=until))
    sink = of_worker(stage)
    stage.clock.now_s = 0.0
    assert written(stage, sink)
    stage.clock.now_s = 2_000_000_000.0
    assert not written(stage, sink)


def test_the_log_of_a_role_that_nobody_knows_is_delivered_where_the_server_is_permissive():
    permissive, enforcing = Stage(), Stage(enforce=True)
    assert written(permissive, of_worker(permissive))
    assert not written(enforcing, of_worker(enforcing))


async def _status(_: Request) -> dict[str, object]:
    return {}


async def test_lambdads_own_operations_need_permissions_of_their_own():
    stage = Stage()
    own = OwnApi({"GET status": _status, "GET health": _status}, {}, OwnGate(stage.made.authority))
    stage.identities.bind(ALICE, allow("lambda:*"))
    request = request_of(ALICE, method="GET", path="/lambdad/v1/status")
    refused = await own(request)
    assert refused.status == 403
    assert b"is not authorized to perform: lambdad:Status on resource: * because no" in bytes(refused.body)
    assert (await own(replace(request, path="/lambdad/v1/health"))).status == 200
    stage.identities.bind(ALICE, allow("lambdad:Status"))
    assert (await own(request)).status == 200
    assert (await own(replace(request, caller=replace(request.caller, who=None)))).status == 200


async def test_an_operation_with_a_name_in_its_path_is_one_and_the_same_for_every_name():
    stage = Stage()
    stage.identities.bind(ALICE, allow("lambdad:FunctionsInvocations"))
    own = OwnApi({"GET functions/{name}/invocations": _status}, {}, OwnGate(stage.made.authority))
    request = request_of(ALICE, method="GET", path="/lambdad/v1/functions/a%3Ab/invocations")
    assert (await own(request)).status == 200
    for path in ("functions/invocations", "functions/a/b/invocations", "functions//invocations"):
        assert (await own(replace(request, path=f"/lambdad/v1/{path}"))).status == 404


@pytest.mark.parametrize("enforce", [False, True])
async def test_a_token_reads_metrics_and_nothing_else(enforce: bool):
    stage = Stage(enforce=enforce)
    gate = OwnGate(stage.made.authority, "the-token-of-prometheus")
    own = OwnApi({"GET metrics": _status, "GET status": _status}, {}, gate)
    nobody = request_of(ALICE, method="GET", path="/metrics")
    nobody = replace(nobody, caller=replace(nobody.caller, who=None))

    async def asked(header: str | None, path: str = "/metrics") -> int:
        headers = {} if header is None else {"authorization": header}
        return (await own(replace(nobody, headers=headers, path=path))).status

    assert await asked("Bearer the-token-of-prometheus") == 200
    assert await asked("bearer  the-token-of-prometheus ") == 200
    assert await asked("Bearer another-token") == 403
    assert await asked("Bearer ") == 403
    assert await asked("Bearer \xe9") == 403
    without = 403 if enforce else 200
    assert await asked(None) == without
    assert await asked("Basic the-token-of-prometheus") == without
    assert await asked("Bearer the-token-of-prometheus", "/lambdad/v1/status") == without


@pytest.mark.parametrize("enforce", [False, True])
async def test_everybody_may_ask_whether_the_server_is_ready(enforce: bool):
    stage = Stage(enforce=enforce)
    own = OwnApi({"GET ready": _status}, {}, OwnGate(stage.made.authority))
    nobody = request_of(ALICE, method="GET", path="/ready")
    assert (await own(replace(nobody, caller=replace(nobody.caller, who=None)))).status == 200


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("GET metrics", "lambdad:Metrics"),
        ("POST drain", "lambdad:Drain"),
        ("POST queue/purge", "lambdad:QueuePurge"),
        ("GET auth/denials", "lambdad:AuthDenials"),
        ("GET functions/{name}/invocations", "lambdad:FunctionsInvocations"),
    ],
)
def test_what_an_own_operation_is_called(operation: str, action: str):
    assert action_of(operation) == action
