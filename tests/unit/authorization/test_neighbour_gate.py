"""What requests to neighbours need, and that nothing is forwarded without it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from lambdad.domain.http import Request, Response
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.neighbours.guarded import READERS, Guarded
from lambdad.identity.authorization.neighbours.reading import Unreadable
from tests.fakes.grants import ACCOUNT, OTHER_ACCOUNT, FakeGrants, allow, deny, session, user
from tests.fakes.moments import FakeClock
from tests.unit.authorization.gate_stage import REGION, request_of

ROLE = session("worker", "orders")
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/work"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
TARGETS = {
    "sqs": "AmazonSQS",
    "dynamodb": "DynamoDB_20120810",
    "kinesis": "Kinesis_20131202",
    "events": "AWSEvents",
    "states": "AWSStepFunctions",
    "kms": "TrentService",
}


def spoken(service: str, operation: str, body: Any = None, **more: Any) -> Request:
    """A request in the JSON protocol."""
    headers = {
        "x-amz-target": f"{TARGETS[service]}.{operation}",
        "content-type": "application/x-amz-json-1.0",
    }
    written = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return request_of(ROLE, headers=headers, body=written, **more)


def form(path: str = "/", **members: str) -> Request:
    """A request in the query protocol."""
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return request_of(ROLE, path=path, headers=headers, body=urlencode(members).encode())


def objects(method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> Request:
    pairs = tuple(
        (name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)
    )
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return request_of(ROLE, method=method, path=path, query=pairs, body=body, headers=given)


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


PASSED = f"arn:aws:iam::{ACCOUNT}:role/passed"


def plain(method: str, path: str, body: Any = None, *query: tuple[str, str]) -> Request:
    """A request in the protocol of REST and JSON."""
    written = b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    return request_of(ROLE, method=method, path=path, query=query, headers=headers, body=written)


CASES: list[tuple[str, Request, list[tuple[str, str]]]] = [
    ("sqs", spoken("sqs", "SendMessage", {"QueueUrl": URL}), [("sqs:SendMessage", QUEUE)]),
    ("sqs", spoken("sqs", "SendMessageBatch", {"QueueUrl": URL}), [("sqs:SendMessage", QUEUE)]),
    ("sqs", spoken("sqs", "GetQueueUrl", {"QueueName": "work"}), [("sqs:GetQueueUrl", QUEUE)]),
    ("sqs", spoken("sqs", "ListQueues"), [("sqs:ListQueues", "*")]),
    ("sqs", spoken("sqs", "CancelMessageMoveTask"), [("sqs:CancelMessageMoveTask", "")]),
    ("sqs", form(Action="ReceiveMessage", QueueUrl=URL), [("sqs:ReceiveMessage", QUEUE)]),
    ("sqs", form(f"/{ACCOUNT}/work", Action="ReceiveMessage"), [("sqs:ReceiveMessage", QUEUE)]),
    (
        "sqs",
        form(f"/{ACCOUNT}/other", Action="ReceiveMessage", QueueUrl=URL),
        [("sqs:ReceiveMessage", QUEUE), ("sqs:ReceiveMessage", arn("sqs", "other"))],
    ),
    ("sns", form(Action="Publish", TopicArn=arn("sns", "t")), [("sns:Publish", arn("sns", "t"))]),
    ("sns", form(Action="PublishBatch", TopicArn=arn("sns", "t")), [("sns:Publish", arn("sns", "t"))]),
    ("sns", form(Action="CreateTopic", Name="t"), [("sns:CreateTopic", arn("sns", "t"))]),
    (
        "sns",
        form(Action="Unsubscribe", SubscriptionArn=arn("sns", "t:1")),
        [("sns:Unsubscribe", arn("sns", "t"))],
    ),
    ("sns", form(Action="Publish", PhoneNumber="+1"), [("sns:Publish", "*")]),
    ("sns", form(Action="ListTopics"), [("sns:ListTopics", "*")]),
    ("dynamodb", spoken("dynamodb", "GetItem", {"TableName": "orders"}), [("dynamodb:GetItem", TABLE)]),
    ("dynamodb", spoken("dynamodb", "GetItem", {"TableName": TABLE}), [("dynamodb:GetItem", TABLE)]),
    (
        "dynamodb",
        spoken("dynamodb", "Query", {"TableName": "orders", "IndexName": "day"}),
        [("dynamodb:Query", f"{TABLE}/index/day")],
    ),
    (
        "dynamodb",
        spoken("dynamodb", "BatchWriteItem", {"RequestItems": {"orders": [], "logs": []}}),
        [("dynamodb:BatchWriteItem", TABLE), ("dynamodb:BatchWriteItem", arn("dynamodb", "table/logs"))],
    ),
    (
        "dynamodb",
        spoken(
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "orders"}},
                    {"ConditionCheck": {"TableName": "orders"}},
                ]
            },
        ),
        [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
    ),
    (
        "dynamodb",
        spoken("dynamodb", "ExecuteStatement", {"Statement": ' Select * FROM "orders"'}),
        [("dynamodb:PartiQLSelect", "")],
    ),
    ("dynamodb", spoken("dynamodb", "ListTables"), [("dynamodb:ListTables", "*")]),
    (
        "kinesis",
        spoken("kinesis", "PutRecords", {"StreamName": "s"}),
        [("kinesis:PutRecords", arn("kinesis", "stream/s"))],
    ),
    ("kinesis", spoken("kinesis", "GetRecords", {"ShardIterator": "x"}), [("kinesis:GetRecords", "")]),
    (
        "events",
        spoken("events", "PutEvents", {"Entries": [{}, {"EventBusName": "b"}]}),
        [
            ("events:PutEvents", arn("events", "event-bus/default")),
            ("events:PutEvents", arn("events", "event-bus/b")),
        ],
    ),
    (
        "events",
        spoken("events", "PutTargets", {"Rule": "r", "EventBusName": "b"}),
        [("events:PutTargets", arn("events", "rule/b/r"))],
    ),
    ("events", spoken("events", "PutRule", {"Name": "r"}), [("events:PutRule", arn("events", "rule/r"))]),
    (
        "states",
        spoken("states", "StartExecution", {"stateMachineArn": arn("states", "stateMachine:m")}),
        [("states:StartExecution", arn("states", "stateMachine:m"))],
    ),
    (
        "states",
        spoken("states", "CreateStateMachine", {"name": "m"}),
        [("states:CreateStateMachine", arn("states", "stateMachine:m"))],
    ),
    ("states", spoken("states", "SendTaskSuccess", {"taskToken": "t"}), [("states:SendTaskSuccess", "*")]),
    ("s3", objects("GET", "/in/a%20b"), [("s3:GetObject", "arn:aws:s3:::in/a b")]),
    ("s3", objects("GET", "/a", host="in.s3.localhost"), [("s3:GetObject", "arn:aws:s3:::in/a")]),
    ("s3", objects("HEAD", "/in/a"), [("s3:GetObject", "arn:aws:s3:::in/a")]),
    ("s3", objects("GET", "/in/a", "versionId=1"), [("s3:GetObjectVersion", "arn:aws:s3:::in/a")]),
    ("s3", objects("PUT", "/in/a", "partNumber=1&uploadId=u"), [("s3:PutObject", "arn:aws:s3:::in/a")]),
    ("s3", objects("DELETE", "/in/a", "uploadId=u"), [("s3:AbortMultipartUpload", "arn:aws:s3:::in/a")]),
    (
        "s3",
        objects("PUT", "/in/a", x_amz_copy_source="/out/b", x_amz_acl="private"),
        [
            ("s3:PutObject", "arn:aws:s3:::in/a"),
            ("s3:PutObjectAcl", "arn:aws:s3:::in/a"),
            ("s3:GetObject", "arn:aws:s3:::out/b"),
        ],
    ),
    ("s3", objects("GET", "/in", "list-type=2&prefix=a"), [("s3:ListBucket", "arn:aws:s3:::in")]),
    ("s3", objects("GET", "/in/", "location="), [("s3:GetBucketLocation", "arn:aws:s3:::in")]),
    ("s3", objects("GET", "/"), [("s3:ListAllMyBuckets", "*")]),
    ("s3", objects("GET", "/in", "surprise="), [("s3:UnlistedOperation", "arn:aws:s3:::in")]),
    (
        "s3",
        objects("POST", "/in", "delete=", b"<Delete><Object><Key>a&amp;b</Key></Object></Delete>"),
        [("s3:DeleteObject", "arn:aws:s3:::in/a&b")],
    ),
    (
        "states",
        spoken("states", "CreateStateMachine", {"name": "m", "roleArn": PASSED}),
        [("states:CreateStateMachine", arn("states", "stateMachine:m")), ("iam:PassRole", PASSED)],
    ),
    (
        "events",
        spoken("events", "PutTargets", {"Rule": "r", "Targets": [{"Arn": QUEUE, "RoleArn": PASSED}]}),
        [("events:PutTargets", arn("events", "rule/r")), ("iam:PassRole", PASSED)],
    ),
    (
        "scheduler",
        plain("POST", "/schedules/s", {"Target": {"Arn": QUEUE, "RoleArn": PASSED}}),
        [("scheduler:CreateSchedule", arn("scheduler", "schedule/default/s")), ("iam:PassRole", PASSED)],
    ),
    (
        "scheduler",
        plain("DELETE", "/schedules/s", None, ("groupName", "g")),
        [("scheduler:DeleteSchedule", arn("scheduler", "schedule/g/s"))],
    ),
    ("scheduler", plain("GET", "/schedules"), [("scheduler:ListSchedules", "*")]),
    (
        "scheduler",
        plain("GET", "/schedule-groups/g"),
        [("scheduler:GetScheduleGroup", arn("scheduler", "schedule-group/g"))],
    ),
    (
        "apigateway",
        plain("PUT", "/restapis/a/resources/b/methods/GET/integration", {"credentials": PASSED}),
        [
            (
                "apigateway:PUT",
                f"arn:aws:apigateway:{REGION}::/restapis/a/resources/b/methods/GET/integration",
            ),
            ("iam:PassRole", PASSED),
        ],
    ),
    (
        "apigateway",
        plain("PATCH", "/restapis/a", {"patchOperations": [{"path": "/credentials", "value": PASSED}]}),
        [("apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/restapis/a"), ("iam:PassRole", PASSED)],
    ),
    ("apigateway", plain("GET", "/v2/apis"), [("apigateway:GET", f"arn:aws:apigateway:{REGION}::/apis")]),
]


@pytest.mark.parametrize(("service", "request_", "expected"), CASES)
def test_what_a_request_needs(service: str, request_: Request, expected: list[tuple[str, str]]):
    assert [(need.action, need.resource) for need in READERS[service](request_)] == expected


def test_the_prefix_of_a_list_is_a_condition_key():
    (need,) = READERS["s3"](objects("GET", "/in", "prefix=home/&max-keys=5"))
    assert need.keys == {"s3:prefix": ("home/",), "s3:max-keys": ("5",)}


@pytest.mark.parametrize(
    ("service", "request_"),
    [
        ("sqs", spoken("sqs", "SendMessage", b'{"QueueUrl": "/1/a", "QueueUrl": "/1/b"}')),
        ("sqs", spoken("sqs", "SendMessage", b"[1]")),
        ("sqs", spoken("sqs", "SendMessage", b"[" * 5_000)),
        ("sqs", spoken("sqs", "SendMessage", {"QueueUrl": 1})),
        ("sqs", spoken("sqs", "SendMessage", {"QueueUrl": f"http://x/{ACCOUNT}/a%2Fb"})),
        ("sqs", form(Action="SendMessage", QueueUrl=f"http://x/notanaccount/{ACCOUNT}:work")),
        ("sns", request_of(ROLE, body=b"Action=Publish&Action=DeleteTopic")),
        ("sns", request_of(ROLE, query=(("Action", "Publish"),), body=b"Action=DeleteTopic")),
        ("sns", request_of(ROLE, body=b"\xff")),
        ("dynamodb", spoken("dynamodb", "TransactWriteItems", {"TransactItems": [{"Surprise": {}}]})),
        ("dynamodb", spoken("dynamodb", "BatchGetItem", {"RequestItems": []})),
        ("dynamodb", spoken("dynamodb", "ExecuteStatement", {"Statement": ""})),
        ("kinesis", request_of(ROLE, body=b"{}")),
        (
            "kinesis",
            request_of(
                ROLE,
                headers={
                    "x-amz-target": "Kinesis_20131202.PutRecord",
                    "content-type": "application/x-amz-cbor-1.1",
                },
            ),
        ),
        ("scheduler", plain("POST", "/schedules/a/b", {})),
        ("scheduler", plain("POST", "/schedules/a", {"Target": []})),
        ("scheduler", plain("GET", "/schedules/a", None, ("groupName", "a"), ("groupName", "b"))),
        ("apigateway", plain("GET", "/restapis/../apis")),
        ("apigateway", request_of(ROLE, path="/apis", body=b"{")),
        ("s3", objects("GET", "/in/../out/a")),
        ("s3", objects("GET", "/in/%2e%2e/out/a")),
        ("s3", objects("GET", "/in/%ff")),
        ("s3", objects("GET", "/in/a", "acl=&tagging=")),
        ("s3", objects("GET", "/in/a", "versionId=1&versionId=2")),
        ("s3", objects("POST", "/")),
        ("s3", objects("POST", "/in", "delete=", b"<Delete><Object><x:Key>a</x:Key></Object></Delete>")),
        (
            "s3",
            objects("POST", "/in", "delete=", b"<Delete><Object><Key><![CDATA[a]]></Key></Object></Delete>"),
        ),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read(service: str, request_: Request):
    with pytest.raises((Unreadable, UnicodeDecodeError)):
        READERS[service](request_)


class Neighbour:
    """A service that takes everything."""

    def __init__(self, name: str, *, enforce: bool = False) -> None:
        self.identities = FakeGrants()
        self.seen: list[Request] = []
        self.guarded = Guarded(name, self._take, Authority(self.identities, FakeClock(), enforce=enforce))

    async def _take(self, request: Request) -> Response:
        self.seen.append(request)
        return Response(200)

    async def told(self, request: Request) -> tuple[int, str]:
        response = await self.guarded(request)
        assert isinstance(response.body, bytes)
        return response.status, response.body.decode()


SEND = spoken("sqs", "SendMessage", {"QueueUrl": URL})


async def test_a_request_is_forwarded_only_with_what_it_needs():
    queue = Neighbour("sqs")
    queue.identities.bind(ROLE, allow("sqs:ReceiveMessage"))
    status, body = await queue.told(SEND)
    assert status == 403
    assert json.loads(body)["message"] == (
        f"User: {ROLE.arn} is not authorized to perform: sqs:sendmessage on resource: {QUEUE} "
        "because no identity-based policy allows the sqs:sendmessage action"
    )
    assert queue.seen == []
    queue.identities.bind(ROLE, allow("sqs:SendMessage", resource=QUEUE))
    assert (await queue.told(SEND))[0] == 200
    other = spoken("sqs", "SendMessage", {"QueueUrl": URL.replace("work", "other")})
    assert (await queue.told(other))[0] == 403
    assert queue.seen == [SEND]


async def test_who_is_nobody_in_particular_is_forwarded_where_the_server_is_permissive_only():
    anonymous = replace(SEND, caller=replace(SEND.caller, who=None))
    assert (await Neighbour("sqs").told(anonymous))[0] == 200
    assert (await Neighbour("sqs", enforce=True).told(anonymous))[0] == 403


async def test_where_a_request_does_not_say_on_what_the_action_alone_is_checked():
    streams = Neighbour("kinesis")
    reading = spoken("kinesis", "GetRecords", {"ShardIterator": "x"})
    streams.identities.bind(ROLE, allow("kinesis:GetRecords", resource=arn("kinesis", "stream/s")))
    assert (await streams.told(reading))[0] == 200
    streams.identities.bind(ROLE, allow("kinesis:PutRecord"))
    assert (await streams.told(reading))[0] == 403
    streams.identities.bind(ROLE, allow("kinesis:*"), deny("kinesis:GetRecords"))
    assert (await streams.told(reading))[0] == 403


async def test_a_request_that_cannot_be_read_is_for_those_who_may_do_everything():
    queue = Neighbour("sqs")
    twice = spoken("sqs", "SendMessage", b'{"QueueUrl": "/1/a", "QueueUrl": "/1/b"}')
    queue.identities.bind(ROLE, allow("sqs:SendMessage", resource="*"))
    assert (await queue.told(twice))[0] == 403
    queue.identities.bind(ROLE, allow("sqs:*", resource=QUEUE))
    assert (await queue.told(twice))[0] == 403
    queue.identities.bind(ROLE, allow("sqs:*"))
    assert (await queue.told(twice))[0] == 200


@pytest.mark.parametrize("service", ["events", "s3", "sns"])
async def test_the_operation_of_another_service_does_not_get_past_by_its_name(service: str):
    neighbour = Neighbour(service)
    neighbour.identities.bind(ROLE, allow(f"{service}:SendMessage"), allow(f"{service}:List*"))
    assert (await neighbour.told(SEND))[0] == 403
    assert neighbour.seen == []


async def test_a_batch_that_names_nothing_needs_everything():
    tables = Neighbour("dynamodb")
    tables.identities.bind(ROLE, allow("dynamodb:BatchGetItem"))
    assert (await tables.told(spoken("dynamodb", "BatchGetItem", {"RequestItems": {}})))[0] == 403


@pytest.mark.parametrize(
    ("service", "request_", "code"),
    [
        ("s3", objects("GET", "/in/a"), "<Code>AccessDenied</Code>"),
        ("sns", form(Action="Publish", TopicArn=arn("sns", "t")), "<Code>AuthorizationError</Code>"),
        ("sqs", form(Action="SendMessage", QueueUrl=URL), "<Code>AccessDenied</Code>"),
        ("dynamodb", spoken("dynamodb", "GetItem", {"TableName": "orders"}), '"AccessDeniedException"'),
        ("kms", spoken("kms", "Decrypt"), '"AccessDeniedException"'),
    ],
)
async def test_a_denial_is_called_what_the_service_calls_it(service: str, request_: Request, code: str):
    neighbour = Neighbour(service)
    neighbour.identities.bind(ROLE)
    status, body = await neighbour.told(request_)
    assert status == 403
    assert code in body


async def test_the_words_of_s3_and_sns():
    neighbour = Neighbour("s3")
    neighbour.identities.bind(ROLE)
    _, body = await neighbour.told(objects("GET", "/in/a"))
    assert "on resource: &quot;arn:aws:s3:::in/a&quot; because" in body
    topics = Neighbour("sns")
    topics.identities.bind(ROLE)
    _, body = await topics.told(form(Action="Publish", TopicArn=arn("sns", "t")))
    assert "not authorized to perform: SNS:Publish on resource:" in body


async def test_a_service_that_nobody_described_is_checked_by_its_action():
    keys = Neighbour("kms")
    keys.identities.bind(ROLE, allow("kms:Decrypt", resource="arn:aws:kms:*:*:key/*"))
    assert (await keys.told(spoken("kms", "Decrypt")))[0] == 200
    assert (await keys.told(spoken("kms", "Encrypt")))[0] == 403


async def test_a_queue_of_another_account_is_its_own_policys_to_open():
    queue = Neighbour("sqs")
    foreign = spoken("sqs", "SendMessage", {"QueueUrl": f"http://x/{OTHER_ACCOUNT}/work"})
    queue.identities.bind(ROLE, allow("sqs:*", resource=QUEUE))
    assert (await queue.told(foreign))[0] == 403
    queue.identities.bind(ROLE, allow("sqs:*", resource=QUEUE.replace(ACCOUNT, OTHER_ACCOUNT)))
    assert (await queue.told(foreign))[0] == 200


async def test_a_user_is_checked_like_a_session():
    queue, alice = Neighbour("sqs"), user("alice")
    queue.identities.bind(alice)
    assert (await queue.told(replace(SEND, caller=replace(SEND.caller, who=alice))))[0] == 403
