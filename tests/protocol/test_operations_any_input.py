"""Whatever any operation is asked, in any order: a modelled answer, and a catalogue that hangs together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from awsapi_oracle import oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from operation_requests import ROLE, archive, ask, params_of

from lambdad.control.families import offered_operations
from tests.fakes.grants import allow, user
from tests.forms import examples
from tests.parity.bridge import ACCOUNT, Bridge

OPERATIONS = sorted(offered_operations() - {"Invoke", "InvokeWithResponseStream", "InvokeAsync"})
CHANGING = [name for name in OPERATIONS if not name.startswith(("Get", "List"))]
EVERYWHERE = {
    "AccessDeniedException",
    "ValidationException",
    "SerializationException",
    "RequestEntityTooLargeException",
    "InvalidParameterValueException",
    "ResourceNotFoundException",
}
"""What any operation may answer beside the errors that its model lists: the recorded answers show these."""
SLOW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    max_examples=examples(40),
)


@contextmanager
def furnished() -> Iterator[tuple[Bridge, dict[str, str]]]:
    """A control plane with a function, two versions, an alias and a layer; and what its answers told."""
    with Bridge() as aws:
        known: dict[str, str] = {}
        code = {"ZipFile": archive()}
        made = {"FunctionName": "f", "Role": ROLE, "Runtime": "python3.12", "Handler": "index.handler"}
        succeeded(ask(aws, "CreateFunction", {**made, "Code": code, "Publish": True}, known))
        aws.settle()
        succeeded(ask(aws, "UpdateFunctionConfiguration", {"FunctionName": "f", "Description": "2"}, known))
        aws.settle()
        succeeded(ask(aws, "PublishVersion", {"FunctionName": "f"}, known))
        aws.settle()
        succeeded(
            ask(aws, "CreateAlias", {"FunctionName": "f", "Name": "live", "FunctionVersion": "1"}, known)
        )
        succeeded(ask(aws, "PublishLayerVersion", {"LayerName": "l", "Content": code}, known))
        yield aws, known


def succeeded(answer: dict[str, Any]) -> dict[str, Any]:
    assert "Error" not in answer, answer
    return answer


def is_modelled(operation: str, answer: dict[str, Any]) -> None:
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert status < 500, answer
    if status >= 300:
        modelled = {shape.name for shape in oracle("lambda").operation_model(operation).error_shapes}
        assert answer["Error"]["Code"] in modelled | EVERYWHERE, answer


def hangs_together(aws: Bridge) -> None:
    """Everything that is listed can be read, and what refers to something refers to what is there."""
    client = aws.client
    for function in client.list_functions(FunctionVersion="ALL")["Functions"]:
        arn, name = function["FunctionArn"], function["FunctionName"]
        read = client.get_function(FunctionName=arn)["Configuration"]
        assert read["RevisionId"] == function["RevisionId"]
        for alias in client.list_aliases(FunctionName=name)["Aliases"]:
            weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            for version in (alias["FunctionVersion"], *weights):
                client.get_function(FunctionName=name, Qualifier=version)
        for config in client.list_provisioned_concurrency_configs(FunctionName=name)[
            "ProvisionedConcurrencyConfigs"
        ]:
            client.get_function(FunctionName=config["FunctionArn"])
        if (policy := policy_of(client, name)) is not None:
            json.loads(policy)
    account = client.get_account_settings()
    assert account["AccountUsage"]["FunctionCount"] == len(client.list_functions()["Functions"])
    assert account["AccountLimit"]["UnreservedConcurrentExecutions"] >= 100


def policy_of(client: Any, name: str) -> str | None:
    try:
        policy: str = client.get_policy(FunctionName=name)["Policy"]
    except client.exceptions.ResourceNotFoundException:
        return None
    return policy


@pytest.mark.hypothesis
@pytest.mark.parametrize("operation", OPERATIONS)
def test_any_request_gets_a_modelled_answer(operation: str) -> None:
    @given(params_of(operation))
    @SLOW
    def check(params: dict[str, Any]) -> None:
        is_modelled(operation, ask(aws, operation, params, known))
        aws.settle()

    with furnished() as (aws, known):
        check()
        hangs_together(aws)


@given(
    st.lists(
        st.sampled_from(CHANGING).flatmap(lambda name: st.tuples(st.just(name), params_of(name))), max_size=8
    )
)
@settings(SLOW, max_examples=examples(60))
def test_any_sequence_of_changes_leaves_a_catalogue_that_hangs_together(
    steps: list[tuple[str, dict[str, Any]]],
) -> None:
    with furnished() as (aws, known):
        for operation, params in steps:
            is_modelled(operation, ask(aws, operation, params, known))
            aws.settle()
        hangs_together(aws)


CURIOUS = [
    {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"ForAnyValue:StringEquals": {key: "never"}},
    }
    for key in (
        *("aws:ResourceTag/a", "aws:RequestTag/a", "aws:TagKeys", "lambda:FunctionArn", "lambda:Principal"),
        *("lambda:VpcIds", "lambda:Layer", "lambda:FunctionUrlAuthType", "lambda:CodeSigningConfigArn"),
    )
]
"""Denies nobody, and looks at everything."""


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(SLOW, max_examples=10)
@given(data=st.data())
def test_who_is_bound_by_policies_that_look_at_everything_is_answered_as_well(
    operation: str, data: st.DataObject
) -> None:
    with furnished() as (aws, known):
        aws.who = user("alice", ACCOUNT)
        aws.identities.bind(aws.who, allow("*"), *CURIOUS)
        answer = ask(aws, operation, data.draw(params_of(operation)), known)
        is_modelled(operation, answer)
        assert "with an explicit deny" not in str(answer)
        aws.identities.bind(aws.who, allow("s3:*"))
        refused = ask(aws, operation, data.draw(params_of(operation)), known)
        assert refused["ResponseMetadata"]["HTTPStatusCode"] >= 400
