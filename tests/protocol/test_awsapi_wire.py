"""Every operation of every model, both directions, with botocore as oracle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from awsapi_oracle import Values, every_operation, oracle, parsed_by_botocore, request_of

from lambdad.awsapi import model, parse, render
from lambdad.awsapi.routes import router_for

DENSITIES = (1.0, 0.5, 0.0)


@pytest.mark.parametrize(("service", "name"), every_operation())
def test_what_an_sdk_sends_is_what_we_read(service: str, name: str) -> None:
    shape = oracle(service).operation_model(name).input_shape
    loaded = model.load(service)
    for density in DENSITIES:
        params = Values(f"{service}.{name}.{density}", density).structure(shape) if shape else {}
        if model.load(service).protocol == "query":
            params = _without_empty_structures(params)
        request = request_of(service, name, params)
        operation, labels = router_for(loaded).match(request)
        assert operation.name == name
        assert parse.params(loaded, operation, request, labels) == params


@pytest.mark.parametrize(("service", "name"), every_operation())
def test_what_we_answer_is_what_an_sdk_reads(service: str, name: str) -> None:
    shape = oracle(service).operation_model(name).output_shape
    loaded = model.load(service)
    for density in DENSITIES:
        result = Values(f"{service}.{name}.{density}", density).structure(shape) if shape else {}
        _give_a_status(loaded.operations[name], result)
        stream = _stream_member(loaded.operations[name])
        expected = dict(result)
        if stream is not None:
            expected[stream] = _events(shape.members[stream], name)
            result[stream] = _one_by_one(expected[stream])
        answer = render.response(loaded, loaded.operations[name], result, "rid")
        read = parsed_by_botocore(service, name, answer)
        assert read.pop("ResponseMetadata")["HTTPStatusCode"] == answer.status
        if stream is not None:
            read[stream] = list(read[stream])
            _content_type_is_the_streams(expected, read)
        if answer.status != 204:
            assert _without_empty_payload(read) == _without_empty_payload(expected)
        else:
            assert answer.body == b""


def _give_a_status(operation: model.Operation, result: dict[str, Any]) -> None:
    for member in operation.output.members.values() if operation.output else ():
        if member.location == "statusCode":
            result[member.name] = operation.status


def _stream_member(operation: model.Operation) -> str | None:
    members = operation.output.members.values() if operation.output else ()
    return next((member.name for member in members if member.shape.is_event_stream), None)


def _events(shape: Any, seed: str) -> list[dict[str, Any]]:
    values = Values(seed, 1.0)
    return [
        {name: values.structure(member)}
        for name, member in shape.members.items()
        if not member.metadata.get("exception")
    ]


async def _one_by_one(events: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for event in events:
        yield event


def _content_type_is_the_streams(expected: dict[str, Any], read: dict[str, Any]) -> None:
    """A member located in Content-Type is read from whatever that header says."""
    for name in read.keys() - expected.keys():
        if read[name] == "application/vnd.amazon.eventstream":
            del read[name]


def _without_empty_structures(value: Any) -> Any:
    """A form has no way to write a structure without members."""
    if isinstance(value, dict):
        pruned = {name: _without_empty_structures(item) for name, item in value.items()}
        return {name: item for name, item in pruned.items() if item != {}}
    if isinstance(value, list):
        return [pruned for pruned in map(_without_empty_structures, value) if pruned != {}]
    return value


def _without_empty_payload(result: dict[str, Any]) -> dict[str, Any]:
    """An SDK cannot tell an empty payload from none."""
    return {name: value for name, value in result.items() if value != b""}
