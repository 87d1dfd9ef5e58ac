"""What each operation of Lambda needs, held against the pinned model."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.awsapi import model
from lambdad.domain.network import Network
from lambdad.identity.authorization.lambda_actions import RULES, On
from lambdad.identity.authorization.lambda_facts import LambdaFacts
from lambdad.identity.authorization.lambda_needs import needs_of
from lambdad.identity.authorization.needs import Need
from tests.fakes.catalogue import FakeCatalogue
from tests.unit.authorization.gate_stage import ORDERS, ROLE, SCOPE

BASE = ORDERS.rpartition(":function:")[0]
SAMPLE: dict[str, Any] = {
    "FunctionName": "orders",
    "LayerName": "tools",
    "VersionNumber": 3,
    "Arn": f"{BASE}:layer:tools:3",
    "UUID": "4b1e",
    "CodeSigningConfigArn": f"{BASE}:code-signing-config:csc-1",
    "Resource": ORDERS,
    "ResourceArn": ORDERS,
    "DurableExecutionArn": f"{ORDERS}:1/durable-execution/x/y",
    "CapacityProviderName": "pool",
}


def needs(operation: str, **params: Any) -> list[Need]:
    return needs_of(operation, SAMPLE | params, SCOPE, LambdaFacts(FakeCatalogue(), Network()))


def test_every_operation_of_the_pinned_model_is_decided_on():
    assert set(RULES) == set(model.load("lambda").operations)


@pytest.mark.parametrize("operation", sorted(RULES))
def test_what_a_rule_reads_is_a_member_of_the_operation(operation: str):
    members = model.load("lambda").operations[operation].input
    wanted = {
        On.FUNCTION: "FunctionName",
        On.QUALIFIED: "FunctionName",
        On.LAYER: "LayerName",
        On.LAYER_VERSION: "VersionNumber",
        On.LAYER_ARN: "Arn",
        On.MAPPING: "UUID",
        On.SIGNING: "CodeSigningConfigArn",
        On.TAGGED: "Resource",
        On.POLICY_OWNER: "ResourceArn",
        On.EXECUTION: "DurableExecutionArn",
        On.CAPACITY: "CapacityProviderName",
    }
    for on in RULES[operation].on:
        if on in wanted:
            assert members is not None
            assert wanted[on] in members.members


@pytest.mark.parametrize(
    ("operation", "params", "action", "resources"),
    [
        ("Invoke", {}, "lambda:InvokeFunction", [ORDERS]),
        ("Invoke", {"Qualifier": "live"}, "lambda:InvokeFunction", [f"{ORDERS}:live"]),
        ("Invoke", {"FunctionName": f"{ORDERS}:live"}, "lambda:InvokeFunction", [f"{ORDERS}:live"]),
        ("Invoke", {"FunctionName": "orders:2"}, "lambda:InvokeFunction", [f"{ORDERS}:2"]),
        ("InvokeWithResponseStream", {}, "lambda:InvokeFunction", [ORDERS]),
        ("InvokeAsync", {}, "lambda:InvokeAsync", [ORDERS]),
        ("GetFunction", {"Qualifier": "2"}, "lambda:GetFunction", [ORDERS]),
        ("AddPermission", {"Qualifier": "live"}, "lambda:AddPermission", [f"{ORDERS}:live"]),
        ("PublishLayerVersion", {}, "lambda:PublishLayerVersion", [f"{BASE}:layer:tools"]),
        ("GetLayerVersion", {}, "lambda:GetLayerVersion", [f"{BASE}:layer:tools:3"]),
        ("GetLayerVersionByArn", {}, "lambda:GetLayerVersion", [f"{BASE}:layer:tools:3"]),
        ("GetEventSourceMapping", {}, "lambda:GetEventSourceMapping", [f"{BASE}:event-source-mapping:4b1e"]),
        ("CreateEventSourceMapping", {}, "lambda:CreateEventSourceMapping", ["*"]),
        ("ListFunctions", {}, "lambda:ListFunctions", ["*"]),
        ("TagResource", {"Resource": f"{ORDERS}"}, "lambda:TagResource", [ORDERS]),
        (
            "PutFunctionCodeSigningConfig",
            {},
            "lambda:PutFunctionCodeSigningConfig",
            [ORDERS, f"{BASE}:code-signing-config:csc-1"],
        ),
        (
            "GetFunctionCodeSigningConfig",
            {},
            "lambda:GetFunctionCodeSigningConfig",
            [ORDERS],
        ),
    ],
)
def test_the_action_and_what_it_is_on(
    operation: str, params: dict[str, Any], action: str, resources: list[str]
):
    found = needs(operation, **params)
    assert [(need.action, need.resource) for need in found] == [(action, each) for each in resources]


def test_a_function_that_is_given_a_role_needs_the_role_to_be_passed():
    for operation in ("CreateFunction", "UpdateFunctionConfiguration"):
        *_, passing = needs(operation, Role=ROLE)
        assert (passing.action, passing.resource) == ("iam:PassRole", ROLE)
        assert passing.keys == {
            "iam:passedtoservice": ("lambda.amazonaws.com",),
            "iam:associatedresourcearn": (ORDERS,),
        }
    assert len(needs("UpdateFunctionConfiguration")) == 1


def test_condition_keys_that_stand_in_the_request():
    (need, _) = needs(
        "CreateFunction",
        Role=ROLE,
        Layers=["a", "b"],
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": []},
        Tags={"Team": "x"},
    )
    assert need.keys == {
        "lambda:layer": ("a", "b"),
        "lambda:subnetids": ("subnet-1",),
        "lambda:codesigningconfigarn": (SAMPLE["CodeSigningConfigArn"],),
        "aws:requesttag/team": ("x",),
        "aws:tagkeys": ("Team",),
    }
    (need,) = needs("AddPermission", Principal="s3.amazonaws.com", FunctionUrlAuthType="NONE")
    assert need.keys == {"lambda:principal": ("s3.amazonaws.com",), "lambda:functionurlauthtype": ("NONE",)}
    (need,) = needs("UntagResource", TagKeys=["a"])
    assert need.keys == {"aws:tagkeys": ("a",)}
    (need,) = needs("CreateEventSourceMapping", FunctionName="orders:live")
    assert need.keys == {"lambda:functionarn": (f"{ORDERS}:live",)}
