"""Notifications of an S3 server that knows no functions: what is kept, what is refused, what functions get."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import botocore.session
import pytest
from botocore.parsers import create_parser

from lambdad.domain.errors import InvalidRequestContent, NotFound, ServiceFault
from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.limits import MAX_BUCKET_RECORDS, MAX_WEBHOOK_BYTES
from lambdad.domain.scope import Scope
from lambdad.neighbours.bucket_events.buckets import NotifyingBuckets
from lambdad.neighbours.bucket_events.webhook import Webhook
from tests.fakes.resources import FakeResources

TOKEN = "t" * 64
ARN = "arn:aws:lambda:eu-west-1:000000000007:function:f"
OWNER = Scope("000000000007", "eu-west-1")
BUCKET = "photos"
MODEL = botocore.session.get_session().get_service_model("s3")


class Clock:
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


@dataclass
class Server:
    """S3 that has one bucket; `answers` what it says to a method, else 200."""

    answers: dict[str, Response] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        return self.answers.get(request.method, Response(200))


@dataclass
class Functions:
    """Functions; `refuses` those whose policy lets nobody in."""

    refuses: set[str] = field(default_factory=set)
    events: list[tuple[Scope, str, Any]] = field(default_factory=list)
    asked: list[tuple[str, Scope, str]] = field(default_factory=list)
    fails: bool = False

    async def lets_in(self, bucket: str, owner: Scope, function: str) -> bool:
        self.asked.append((bucket, owner, function))
        return function not in self.refuses

    async def deliver(self, owner: Scope, function: str, body: bytes) -> None:
        if self.fails:
            raise ServiceFault("the disk is full")
        self.events.append((owner, function, json.loads(body)))


class Stage:
    def __init__(self) -> None:
        self.server, self.functions = Server(), Functions()
        rules = FakeResources(lambda *_: True)
        self.buckets = NotifyingBuckets(self.server, rules, self.functions)
        self.webhook = Webhook(TOKEN, rules, self.functions, Clock())

    async def put(self, *rules: str, others: str = "", **headers: str) -> Response:
        body = f"<NotificationConfiguration>{''.join(rules)}{others}</NotificationConfiguration>".encode()
        return await self.buckets(asked("PUT", query=(("notification", ""),), body=body, headers=headers))

    async def get(self) -> dict[str, Any]:
        answer = await self.buckets(asked("GET", query=(("notification", ""),)))
        shape = MODEL.operation_model("GetBucketNotificationConfiguration").output_shape
        given = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
        found: dict[str, Any] = create_parser("rest-xml").parse(given, shape)
        return found

    async def tell(self, *records: Any, token: str = TOKEN) -> Response:
        body = json.dumps({"Records": records}).encode()
        return await self.webhook(asked("POST", f"/lambdad/v1/s3-events/{token}", body=body))

    @property
    def keys(self) -> list[str]:
        return [event["Records"][0]["s3"]["object"]["key"] for _, _, event in self.functions.events]


def asked(method: str, path: str = f"/{BUCKET}", **more: Any) -> Request:
    values: dict[str, Any] = {"query": (), "headers": {}, "body": b""} | more
    return Request(method, path, caller=Caller(OWNER), request_id="req", base_url="http://here", **values)


def rule(
    *events: str, arn: str = ARN, prefix: str | None = None, suffix: str | None = None, name: str = ""
) -> str:
    filters = "".join(
        f"<FilterRule><Name>{which}</Name><Value>{value}</Value></FilterRule>"
        for which, value in (("prefix", prefix), ("suffix", suffix))
        if value is not None
    )
    return (
        f"<CloudFunctionConfiguration>{name and f'<Id>{name}</Id>'}<CloudFunction>{arn}</CloudFunction>"
        + "".join(f"<Event>{event}</Event>" for event in events or ("s3:ObjectCreated:*",))
        + (filters and f"<Filter><S3Key>{filters}</S3Key></Filter>")
        + "</CloudFunctionConfiguration>"
    )


def record(key: str = "a.jpg", event: str = "ObjectCreated:Put", **more: Any) -> dict[str, Any]:
    about = {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 5, "eTag": "ab"}}
    return {"eventName": event, "eventSource": "aws:s3", "s3": about, **more}


def refusal(answer: Response) -> tuple[int, str]:
    assert isinstance(answer.body, bytes)
    text = answer.body.decode()
    return answer.status, text.partition("<Code>")[2].partition("<")[0]


async def test_what_functions_are_told_is_kept_here_and_shown():
    stage = Stage()
    assert (await stage.put(rule(prefix="in/", suffix=".jpg", name="one"))).status == 200
    assert (await stage.get())["LambdaFunctionConfigurations"] == [
        {
            "Id": "one",
            "LambdaFunctionArn": ARN,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {
                "Key": {
                    "FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]
                }
            },
        }
    ]
    assert ARN.encode() not in stage.server.seen[0].body
    assert stage.functions.asked == [(BUCKET, OWNER, ARN)]


async def test_what_is_not_about_functions_is_the_servers():
    stage = Stage()
    queue = "<QueueConfiguration><Queue>arn:aws:sqs:::q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration>"
    await stage.put(rule("s3:ObjectRemoved:*"), others=queue)
    [sent] = stage.server.seen
    assert b"arn:aws:sqs:::q" in sent.body
    assert b"CloudFunction" not in sent.body
    stage.server.answers["GET"] = Response(200, sent.body)
    shown = await stage.get()
    assert shown["QueueConfigurations"][0]["QueueArn"] == "arn:aws:sqs:::q"
    assert shown["LambdaFunctionConfigurations"][0]["LambdaFunctionArn"] == ARN


async def test_nothing_is_kept_of_what_the_server_refuses():
    stage = Stage()
    stage.server.answers["PUT"] = Response(400, b"no")
    assert (await stage.put(rule())).status == 400
    assert "LambdaFunctionConfigurations" not in await stage.get()


async def test_a_server_without_notifications_need_only_have_the_bucket():
    stage = Stage()
    stage.server.answers = {"PUT": Response(501), "GET": Response(501)}
    assert (await stage.put(rule())).status == 200
    assert len((await stage.get())["LambdaFunctionConfigurations"]) == 1
    stage.server.answers["HEAD"] = Response(404)
    assert refusal(await stage.put(rule())) == (404, "NoSuchBucket")
    queue = "<QueueConfiguration><Queue>q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration>"
    assert (await stage.put(others=queue)).status == 501


async def test_an_empty_configuration_ends_it():
    stage = Stage()
    await stage.put(rule())
    await stage.put()
    assert "LambdaFunctionConfigurations" not in await stage.get()
    await stage.tell(record())
    assert stage.functions.events == []


async def test_rules_go_with_their_bucket():
    stage = Stage()
    await stage.put(rule())
    await stage.buckets(asked("DELETE"))
    assert "LambdaFunctionConfigurations" not in await stage.get()


@pytest.mark.parametrize("path", [f"/{BUCKET}/key", "/"])
async def test_objects_and_lists_of_buckets_are_the_servers(path: str):
    stage = Stage()
    request = asked("PUT", path, query=(("notification", ""),), body=b"x")
    await stage.buckets(request)
    assert stage.server.seen == [request]


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([rule("s3:ObjectEaten:*")], "InvalidArgument"),
        ([rule(prefix="a", name="x"), rule(prefix="b", name="x")], "InvalidArgument"),
        ([rule(prefix="a"), rule(prefix="ab")], "InvalidArgument"),
        ([rule(suffix=".jpg"), rule("s3:ObjectCreated:Put", suffix="pg")], "InvalidArgument"),
        ([rule().replace("</CloudFunctionConfiguration>", "<Filter><S3Key><FilterRule><Name>middle</Name><Value>x"
          "</Value></FilterRule></S3Key></Filter></CloudFunctionConfiguration>")], "InvalidArgument"),
        ([rule(prefix=str(number)) for number in range(1000, 1101)], "InvalidArgument"),
        (["<CloudFunctionConfiguration><Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration>"], "MalformedXML"),
        (["<"], "MalformedXML"),
        (['<!DOCTYPE x [<!ENTITY a "b">]>'], "MalformedXML"),
        (["<x>" + "y" * 600_000 + "</x>"], "MalformedXML"),
    ],
)  # fmt: skip
async def test_what_s3_refuses_is_refused_and_not_kept(rules: list[str], code: str):
    stage = Stage()
    assert refusal(await stage.put(*rules)) == (400, code)
    assert stage.server.seen == []


@pytest.mark.parametrize(
    "rules",
    [
        [rule(prefix="a/"), rule(prefix="b/")],
        [rule(prefix="a/", suffix=".jpg"), rule(prefix="a/", suffix=".png")],
        [rule("s3:ObjectCreated:Put"), rule("s3:ObjectCreated:Copy")],
        [rule("s3:ObjectCreated:*"), rule("s3:ObjectRemoved:*")],
    ],
)
async def test_rules_that_no_object_fits_both_of_stand_together(rules: list[str]):
    assert (await Stage().put(*rules)).status == 200


async def test_a_function_that_does_not_let_s3_in_is_refused_unless_nobody_shall_ask():
    stage = Stage()
    stage.functions.refuses.add(ARN)
    assert refusal(await stage.put(rule())) == (400, "InvalidArgument")
    assert (await stage.put(rule(), **{"x-amz-skip-destination-validation": "true"})).status == 200


async def test_a_function_gets_what_aws_would_send():
    stage = Stage()
    await stage.put(rule(name="one"))
    told = {
        "eventVersion": "2.2",
        "eventTime": "2026-11-27T08:00:00+01:00",
        "awsRegion": "",
        "userIdentity": {"PrincipalId": "root"},
        "requestParameters": {"sourceIPAddress": "10.0.0.1", "more": "x"},
        "responseElements": {"x-amz-request-id": "R", "x-amz-id-2": "H", "x-minio": "y"},
    }
    assert (await stage.tell(record("in/ä b.jpg", "s3:ObjectCreated:Put", **told))).status == 200
    assert stage.functions.events == [
        (
            OWNER,
            ARN,
            {
                "Records": [
                    {
                        "eventVersion": "2.1",
                        "eventSource": "aws:s3",
                        "awsRegion": "eu-west-1",
                        "eventTime": "2026-11-27T07:00:00.000Z",
                        "eventName": "ObjectCreated:Put",
                        "userIdentity": {"principalId": "root"},
                        "requestParameters": {"sourceIPAddress": "10.0.0.1"},
                        "responseElements": {"x-amz-request-id": "R", "x-amz-id-2": "H"},
                        "s3": {
                            "s3SchemaVersion": "1.0",
                            "configurationId": "one",
                            "bucket": {
                                "name": BUCKET,
                                "ownerIdentity": {"principalId": "000000000007"},
                                "arn": f"arn:aws:s3:::{BUCKET}",
                            },
                            "object": {"key": "in/%C3%A4+b.jpg", "size": 5, "eTag": "ab"},
                        },
                    }
                ]
            },
        )
    ]


async def test_keys_that_come_encoded_are_read_before_they_are_compared():
    stage = Stage()
    await stage.put(rule(prefix="in/"))
    await stage.tell(record("in%2Fa+b", eventSource="minio:s3"), record("in%2Fa+b"))
    assert stage.keys == ["in/a+b"]


async def test_what_is_removed_has_no_size_and_no_etag():
    stage = Stage()
    await stage.put(rule("s3:ObjectRemoved:*"))
    await stage.tell(record(event="s3:ObjectRemoved:DeleteObjects"))
    [(_, _, event)] = stage.functions.events
    assert event["Records"][0]["eventName"] == "ObjectRemoved:Delete"
    assert event["Records"][0]["s3"]["object"] == {"key": "a.jpg"}


async def test_only_what_a_rule_fits_is_told():
    stage = Stage()
    await stage.put(rule("s3:ObjectCreated:Put", "s3:ObjectCreated:Copy", prefix="in/", suffix=".jpg"))
    await stage.tell(
        record("in/a.jpg"),
        record("in/b.jpg", "ObjectCreated:Copy"),
        record("in/c.jpg", "ObjectCreated:Post"),
        record("in/d.jpg", "ObjectRemoved:Delete"),
        record("in/e.png"),
        record("out/f.jpg"),
        record("in/g.jpg") | {"s3": {"bucket": {"name": "other"}, "object": {"key": "in/g.jpg"}}},
    )
    assert stage.keys == ["in/a.jpg", "in/b.jpg"]


async def test_a_function_that_lets_s3_in_no_more_is_told_nothing():
    stage = Stage()
    await stage.put(rule())
    stage.functions.refuses.add(ARN)
    assert (await stage.tell(record())).status == 200
    assert stage.functions.events == []


async def test_the_server_is_not_told_that_all_is_well_when_an_event_is_not_on_disk():
    stage = Stage()
    await stage.put(rule())
    stage.functions.fails = True
    with pytest.raises(ServiceFault):
        await stage.tell(record())


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "t", "\xff" * 64])
async def test_who_does_not_have_the_token_finds_nothing(token: str):
    stage = Stage()
    await stage.put(rule())
    with pytest.raises(NotFound):
        await stage.tell(record(), token=token)
    assert stage.functions.events == []


def _bodies() -> list[bytes]:
    def one(change: Callable[[dict[str, Any]], Any]) -> bytes:
        changed = json.loads(json.dumps(record()))
        change(changed)
        return json.dumps({"Records": [changed]}).encode()

    return [
        b"",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"Records": 1}',
        b'{"Records": [1]}',
        b'{"Records": [{}]}',
        json.dumps({"Records": [record()] * (MAX_BUCKET_RECORDS + 1)}).encode(),
        b'{"Records": []}' + b" " * MAX_WEBHOOK_BYTES,
        one(lambda it: it.update(eventName=None)),
        one(lambda it: it["s3"].update(bucket="x")),
        one(lambda it: it["s3"]["object"].update(key="k" * 1_025)),
        one(lambda it: it["s3"]["object"].update(key=["k"])),
    ]


@pytest.mark.parametrize("body", _bodies())
async def test_what_is_no_notification_is_refused(body: bytes):
    stage = Stage()
    await stage.put(rule())
    with pytest.raises(InvalidRequestContent):
        await stage.webhook(asked("POST", f"/lambdad/v1/s3-events/{TOKEN}", body=body))
    assert stage.functions.events == []


@pytest.mark.parametrize("body", [b'{"Event": "s3:TestEvent"}', b'{"Records": null}', b'{"Records": []}'])
async def test_a_test_event_is_taken_and_nobody_told(body: bytes):
    stage = Stage()
    answer = await stage.webhook(asked("POST", f"/lambdad/v1/s3-events/{TOKEN}", body=body))
    assert (answer.status, stage.functions.events) == (200, [])


async def test_a_chunked_body_is_read():
    stage = Stage()
    document = f"<NotificationConfiguration>{rule()}</NotificationConfiguration>".encode()
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(document), document)
    request = asked("PUT", query=(("notification", ""),), body=body)
    chunked = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    assert (await stage.buckets(replace(request, headers=chunked))).status == 200
    assert len((await stage.get())["LambdaFunctionConfigurations"]) == 1
    assert refusal(await stage.buckets(replace(request, headers=chunked, body=b"zz"))) == (
        400,
        "IncompleteBody",
    )
