"""One service in three protocols: what botocore writes is read, what is answered is what it reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from awsapi_oracle import Values, a_request, oracle, parsed_by_botocore, request_of, run

from lambdad.awsapi import model, parse, render, spoken
from lambdad.awsapi.model import ServiceModel
from lambdad.awsapi.routes import router_for
from lambdad.awsapi.scalars import NotSerializable
from lambdad.awsapi.service import ModelledService
from lambdad.domain import errors
from lambdad.domain.errors import LambdadError, UnknownOperation
from lambdad.domain.http import Request, Response
from lambdad.edge.services import service_for

CLOUDWATCH = model.load("cloudwatch")
PROTOCOLS = ("json", "query", spoken.CBOR)
OPERATIONS = ("GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData", "PutMetricAlarm")
PATH = "/service/GraniteServiceVersion20100801/operation/PutMetricData"


def read(body: bytes) -> dict[str, Any]:
    request = a_request("POST", PATH, body=body, headers={"smithy-protocol": "rpc-v2-cbor"})
    return parse.params(CLOUDWATCH, CLOUDWATCH.operations["PutMetricData"], request, {})


def without_empty_structures(value: Any) -> Any:
    """What is left when each member is a field of a form: a structure without any has none."""
    if isinstance(value, list):
        return [without_empty_structures(item) for item in value]
    if not isinstance(value, dict):
        return value
    members = {name: without_empty_structures(item) for name, item in value.items()}
    return {name: item for name, item in members.items() if item != {}}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_botocore_writes_is_read(name: str, protocol: str) -> None:
    for round_ in range(4):
        values = Values(f"{name}{round_}", 0.8)
        shape = oracle("cloudwatch").operation_model(name).input_shape
        params = values.structure(shape)
        request = request_of("cloudwatch", name, params, protocol)
        assert spoken.protocol_of(CLOUDWATCH, request) == protocol
        operation, labels = router_for(CLOUDWATCH).match(request)
        assert operation.name == name
        expected = without_empty_structures(params) if protocol == "query" else params
        assert parse.params(CLOUDWATCH, operation, request, labels) == expected


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", [*OPERATIONS, "GetMetricWidgetImage", "GetDashboard"])
def test_what_is_answered_is_what_botocore_reads(name: str, protocol: str) -> None:
    shape = oracle("cloudwatch").operation_model(name).output_shape
    for round_ in range(4):
        result = Values(f"{name}{round_}", 0.8).structure(shape) if shape else {}
        answer = render.response(CLOUDWATCH, CLOUDWATCH.operations[name], result, "id", protocol)
        found = parsed_by_botocore("cloudwatch", name, answer, protocol)
        found.pop("ResponseMetadata")
        assert found == result


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_moments_may_be_answered_as_seconds(protocol: str) -> None:
    result = {
        "MetricDataResults": [{"Id": "a", "Timestamps": [1_795_403_160, 1_795_403_160.5], "Values": [1.0]}]
    }
    answer = render.response(CLOUDWATCH, CLOUDWATCH.operations["GetMetricData"], result, "id", protocol)
    found = parsed_by_botocore("cloudwatch", "GetMetricData", answer, protocol)
    moments = found["MetricDataResults"][0]["Timestamps"]
    assert moments == [datetime.fromtimestamp(seconds, UTC) for seconds in (1_795_403_160, 1_795_403_160.5)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (errors.InvalidParameter("m"), "InvalidParameterValue", 400),
        (errors.MissingParameter("m"), "MissingParameter", 400),
        (errors.InvalidCombination("m"), "InvalidParameterCombination", 400),
        (errors.InvalidNextToken("m"), "InvalidNextToken", 400),
        (errors.QuotaExceeded("m"), "LimitExceeded", 400),
        (errors.ServiceFault("m"), "InternalServiceError", 500),
        (errors.AccessDenied("m"), "AccessDenied", 403),
        (errors.UnknownOperation("m"), "InvalidAction", None),
    ],
)
def test_an_error_has_the_name_of_the_query_protocol_in_all(
    error: LambdadError, code: str, status: int | None, protocol: str
) -> None:
    async def fails(*_: object) -> Any:
        raise error

    service = ModelledService(CLOUDWATCH, {"ListMetrics": fails})
    answer = run(service(request_of("cloudwatch", "ListMetrics", {}, protocol)))  # type: ignore[arg-type]
    found = parsed_by_botocore("cloudwatch", "ListMetrics", answer, protocol)
    assert found["Error"]["Code"] == code
    assert status is None or answer.status == status


@pytest.mark.parametrize("protocol", ["json", spoken.CBOR])
def test_a_client_of_today_also_learns_the_name_in_the_model(protocol: str) -> None:
    async def fails(*_: object) -> Any:
        raise errors.MissingParameter("m")

    service = ModelledService(CLOUDWATCH, {"ListMetrics": fails})
    answer = run(service(request_of("cloudwatch", "ListMetrics", {}, protocol)))  # type: ignore[arg-type]
    found = parsed_by_botocore("cloudwatch", "ListMetrics", answer, protocol)
    assert found["Error"]["QueryErrorCode"] == "MissingRequiredParameterException"


@pytest.mark.parametrize(
    "body",
    [
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # an array said to be endless
        b"\x5b\x00\x00\x0f\xff\xff\xff\xff\xff",  # bytes said to be endless
        b"\x81" * 100_000,  # deep
        b"\xc1" * 100_000,
        cbor2.dumps({"Namespace": cbor2.CBORTag(28, "shared")}),
        b"\xa2\x61a\xd8\x1c\x81\x01\x61b\xd8\x1d\x00",  # a value twice by reference
        b"\xd9\x01\x00\x82\x61a\xd8\x19\x00",  # a text by reference
        cbor2.dumps({"Namespace": 2**80}),
        cbor2.dumps({"Namespace": cbor2.CBORTag(35, "(a+)+$")}),  # a regular expression
        cbor2.dumps({"Namespace": cbor2.CBORTag(65_000, "n")}),
        b"\xa2\x61a\x01\x61a\x02",  # a key twice
        b"\xa1\x01\x02",  # a key that is a number
        b"\xa1\x61\xff\x01",  # text that is none
        b"\xa1\x61a",  # cut off
        cbor2.dumps([1]),
        cbor2.dumps({"Namespace": 1}),
        cbor2.dumps({"MetricData": {"a": "b"}}),
        cbor2.dumps({"MetricData": [{"MetricName": "m", "Value": "1"}]}),
        cbor2.dumps({"MetricData": [{"MetricName": "m", "Timestamp": "soon"}]}),
        cbor2.dumps({"MetricData": [{"MetricName": "m", "StorageResolution": float("nan")}]}),
        cbor2.dumps({"MetricData": [{"MetricName": "m", "StorageResolution": float("inf")}]}),
        cbor2.dumps({"MetricData": [{"MetricName": "m", "Timestamp": cbor2.CBORTag(1, 1e300)}]}),
        cbor2.dumps({"Namespace": cbor2.undefined}),
        b"{}",
    ],
)
def test_cbor_that_is_wrong_or_more_than_the_protocol_uses_is_refused(body: bytes) -> None:
    with pytest.raises(NotSerializable):
        read(body)


def test_no_tag_but_that_of_moments_is_read() -> None:
    for tag in range(300):
        if tag != 1:
            with pytest.raises(NotSerializable):
                read(cbor2.dumps({"Namespace": cbor2.CBORTag(tag, b"x")}))


def test_cbor_of_undetermined_length_is_read() -> None:
    assert read(b"\xbf\x69Namespace\x7f\x61a\x61b\xff\xff") == {"Namespace": "ab"}
    assert read(b"") == {}


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", PATH, {}),
        ("POST", PATH + "Nope", {}),
        ("POST", "/service/Other/operation/PutMetricData", {}),
        ("POST", "/", {"smithy-protocol": "rpc-v2-cbor"}),
        ("POST", "/", {"x-amz-target": "GraniteServiceVersion20100801.Nope"}),
        ("POST", "/", {}),
    ],
)
def test_what_names_no_operation_matches_none(method: str, path: str, headers: dict[str, str]) -> None:
    with pytest.raises(UnknownOperation):
        router_for(CLOUDWATCH).match(a_request(method, path, headers=headers))


@pytest.mark.parametrize(
    ("request_", "protocol"),
    [
        (a_request("POST", "/proxied" + PATH), spoken.CBOR),
        (a_request("GET", "/", query=(("Action", "ListMetrics"),)), "query"),
        (a_request("POST", "/", headers={"content-type": "application/x-www-form-urlencoded"}), "query"),
        (a_request("POST", "/"), "json"),
    ],
)
def test_the_protocol_of_a_request(request_: Request, protocol: str) -> None:
    assert spoken.protocol_of(CLOUDWATCH, request_) == protocol


def test_a_service_with_one_protocol_is_spoken_to_in_that() -> None:
    raw = {"metadata": {"protocol": "json", "apiVersion": "1", "endpointPrefix": "x"}, "shapes": {}}
    loaded = ServiceModel("x", raw | {"operations": {}})
    assert spoken.protocol_of(loaded, a_request("POST", PATH)) == "json"


def test_an_unsigned_rpc_v2_request_finds_its_service_by_its_path() -> None:
    assert service_for(a_request("POST", PATH), None) == "monitoring"
    assert service_for(a_request("POST", "/service/Unknown/operation/X"), None) == "lambda"


def test_a_long_body_is_answered_as_a_short_one() -> None:
    async def counts(params: Any, _request: Request) -> Any:
        return {"Metrics": [{"Namespace": params["Namespace"]}]}

    service = ModelledService(CLOUDWATCH, {"ListMetrics": counts}, long_body_bytes=10)
    answer: Response = run(service(request_of("cloudwatch", "ListMetrics", {"Namespace": "N"}, "json")))  # type: ignore[arg-type]
    assert parsed_by_botocore("cloudwatch", "ListMetrics", answer, "json")["Metrics"] == [{"Namespace": "N"}]
