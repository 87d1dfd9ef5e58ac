"""A whole service: bytes in, bytes out, nothing raised."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from awsapi_oracle import Values, a_request, every_operation, oracle, parsed_by_botocore, request_of, run

from lambdad import __version__
from lambdad.awsapi import known, model
from lambdad.awsapi.service import ModelledService, Params
from lambdad.domain import errors
from lambdad.domain.http import Request, Response
from lambdad.ports.service import Service


def service_of(*, name: str = "lambda", **handlers: Any) -> ModelledService:
    return ModelledService(model.load(name), handlers)


def error_of(response: Response) -> tuple[int, str, str]:
    parsed = parsed_by_botocore("lambda", None, response)
    return response.status, parsed["Error"]["Code"], parsed["Error"]["Message"]


async def echo_name(params: Params, _request: Request) -> Mapping[str, Any]:
    return {"FunctionName": params["FunctionName"], "Description": None}


def raising(error: Exception) -> Any:
    async def handler(_params: Params, _request: Request) -> Mapping[str, Any]:
        raise error

    return handler


def get(name: str) -> Request:
    return a_request("GET", f"/2015-03-31/functions/{name}/configuration")


def test_a_request_becomes_parameters_and_a_result_an_answer() -> None:
    service: Service = service_of(GetFunctionConfiguration=echo_name)
    answer = run(service(get("f")))  # type: ignore[arg-type]
    assert (answer.status, answer.body) == (200, b'{"FunctionName":"f"}')


def test_the_handler_sees_the_request_too() -> None:
    seen = []

    async def handler(params: Params, request: Request) -> Mapping[str, Any]:
        seen.append((params, request.caller.scope.account, request.base_url))
        return {}

    run(service_of(GetFunctionConfiguration=handler)(get("f")))
    assert seen == [({"FunctionName": "f"}, "000000000000", "http://127.0.0.1:4566")]


def test_what_the_model_refuses_never_reaches_a_handler() -> None:
    answer = run(service_of(GetFunctionConfiguration=raising(AssertionError("reached")))(get("a%20b")))
    status, code, message = error_of(answer)
    assert (status, code) == (400, "ValidationException")
    assert message.startswith("1 validation error detected: Value 'a b' at 'functionName' failed")


def test_an_error_of_ours_is_answered_by_its_name() -> None:
    service = service_of(GetFunctionConfiguration=raising(errors.NotFound("Function not found: arn")))
    assert error_of(run(service(get("f")))) == (404, "ResourceNotFoundException", "Function not found: arn")


@pytest.mark.parametrize("error", [KeyError("secret"), errors.ServiceFault("secret")])
def test_an_unexpected_error_is_told_to_the_log_alone(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "lambdad.awsapi.service"):
        answer = run(service_of(GetFunctionConfiguration=raising(error))(get("f")))
    status, code, message = error_of(answer)
    assert (status, code) == (500, "ServiceException")
    assert "secret" not in message
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert record.__dict__["event"] == "service.error"
    assert record.__dict__["request_id"] == "11111111-2222"


def test_a_result_the_model_lacks_is_our_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(_params: Params, _request: Request) -> Mapping[str, Any]:
        return {"Nope": 1}

    with caplog.at_level(logging.CRITICAL):
        assert run(service_of(GetFunctionConfiguration=handler)(get("f"))).status == 500


def test_an_unreadable_body_is_a_serialization_error() -> None:
    request = a_request("POST", "/2015-03-31/functions", body=b"{")
    status, code, message = error_of(run(service_of(CreateFunction=echo_name)(request)))
    assert (status, code) == (400, "SerializationException")
    assert message.startswith("Could not parse request body into json: ")


def test_an_unknown_route_is_an_unknown_operation() -> None:
    status, code, message = error_of(run(service_of()(a_request("PATCH", "/nope"))))
    assert (status, code, message) == (404, "UnknownOperationException", "No operation matches PATCH /nope")


@pytest.mark.parametrize(("name", "operation"), every_operation())
def test_an_operation_without_a_handler_is_refused_by_name(name: str, operation: str) -> None:
    shape = oracle(name).operation_model(operation).input_shape
    params = Values(operation, 0.0).structure(shape) if shape else {}
    answer = run(service_of(name=name)(request_of(name, operation, params)))
    error = parsed_by_botocore(name, None, answer)["Error"]
    assert answer.status == 400
    assert error["Message"] == f"{operation} is not offered by lambdad {__version__}"
    names = {
        "lambda": "InvalidParameterValueException",
        "lambda-core": "InvalidParameterValueException",
        "logs": "InvalidOperationException",
        "iam": "ValidationError",
        "sts": "ValidationError",
    }
    assert error["Code"] == names.get(name, "ValidationException")


def test_the_refusal_can_be_worded_otherwise() -> None:
    service = ModelledService(model.load("lambda"), {}, refused="{operation}: not in {version}")
    assert error_of(run(service(get("f"))))[2] == f"GetFunctionConfiguration: not in {__version__}"


def test_a_handler_for_no_operation_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="lambda has no operation Nope"):
        service_of(Nope=echo_name)


def test_a_json_service_is_served_the_same_way() -> None:
    async def describe(params: Params, _request: Request) -> Mapping[str, Any]:
        return {"logGroups": [{"logGroupName": params["logGroupNamePrefix"], "storedBytes": 0}]}

    service = service_of(name="logs", DescribeLogGroups=describe)
    answer = run(service(request_of("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/aws"})))
    assert parsed_by_botocore("logs", "DescribeLogGroups", answer)["logGroups"] == [
        {"logGroupName": "/aws", "storedBytes": 0}
    ]


def test_a_wire_costs_no_botocore_code() -> None:
    program = (
        "import json, sys\n"
        "from lambdad.awsapi import faults, known, model, service\n"
        "from lambdad.domain.errors import NotFound\n"
        "for name in known.SERVICES:\n"
        "    service.ModelledService(model.load(name), {})\n"
        "    faults.render(name, NotFound('m'), 'rid')\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert not set(json.loads(out)) & {"botocore", "boto3", "dateutil", "jmespath", "urllib3"}


def test_every_service_known_has_a_wire_we_write() -> None:
    assert {model.load(name).protocol for name in known.SERVICES} == {"json", "rest-json"}
