"""VpcConfig: every recorded answer, and the refusals nobody recorded."""

from __future__ import annotations

from typing import Any

import pytest
from asking import ROLE, archive, helped, plain
from bridge import Bridge
from recordings import Recording, answer, parity

FN = "vpc-fn"
EMPTY = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False}


def config(subnets: list[str], groups: list[str], **given: Any) -> dict[str, Any]:
    return {"SubnetIds": subnets, "SecurityGroupIds": groups} | given


def create(aws: Bridge, subnets: list[str], groups: list[str]) -> Any:
    return answer(
        aws.client.create_function,
        FunctionName=FN,
        Runtime="python3.12",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": archive()},
        VpcConfig=config(subnets, groups),
    )


@parity("Function", "test_vpc_config")
def test_a_function_is_given_a_network_then_another_then_none(aws: Bridge, recorded: Recording):
    made = helped(aws, FN, MemorySize=256, Timeout=5, VpcConfig=config(["subnet-1"], ["sg-1"]))
    recorded.check("create_response", made)
    recorded.check("get_function_response", aws.client.get_function(FunctionName=FN))
    for key, subnets, groups in (
        ("update_vpcconfig", ["subnet-2"], ["sg-2"]),
        ("delete_vpcconfig", [], []),
    ):
        updated = aws.client.update_function_configuration(FunctionName=FN, VpcConfig=config(subnets, groups))
        recorded.check(f"{key}_update_response", updated)
        aws.settle()
        recorded.check(f"{key}_get_function_response", aws.client.get_function(FunctionName=FN))


@parity("Function", "test_invalid_vpc_config_security_group")
def test_a_wrong_security_group_is_refused(aws: Bridge, recorded: Recording):
    recorded.check("create-response-non-existent-security-group", create(aws, ["subnet-1"], ["sg-12345678"]))
    recorded.check(
        "create-response-invalid-format-security-group", create(aws, ["subnet-1"], ["INVALID_FORMAT"])
    )


@parity("Function", "test_invalid_vpc_config_subnet")
def test_a_wrong_subnet_is_refused(aws: Bridge, recorded: Recording):
    recorded.check("create-response-non-existent-subnet-id", create(aws, ["subnet-12345678"], ["sg-1"]))
    recorded.check("create-response-invalid-format-subnet-id", create(aws, ["bad_subnet"], ["sg-1"]))


@pytest.mark.parametrize(
    ("subnets", "groups", "message"),
    [
        (["subnet-1"], [], "SubnetIds and SecurityIds must coexist or be both empty list."),
        ([], ["sg-1"], "SubnetIds and SecurityIds must coexist or be both empty list."),
        (["subnet-1", "subnet-3"], ["sg-1"], "Subnets are required to be in the same VPC."),
        (["subnet-1"], ["sg-3"], "Security Groups are required to be in the same VPC."),
        (["subnet-1"], ["sg-1", "sg-3"], "Security Groups are required to be in the same VPC."),
        (
            ["subnet-8", "subnet-1", "subnet-9"],
            ["sg-1"],
            (
                "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. "
                "EC2 Error Message: The subnet IDs 'subnet-8, subnet-9' do not exist"
            ),
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(
    aws: Bridge, subnets: list[str], groups: list[str], message: str
):
    refused = create(aws, subnets, groups)["Error"]
    assert (refused["Code"], refused["Message"]) == ("InvalidParameterValueException", message)
    assert aws.client.list_functions()["Functions"] == []


def test_dual_stack_is_kept_and_versions_keep_their_network(aws: Bridge):
    given = config(["subnet-1"], ["sg-1"], Ipv6AllowedForDualStack=True)
    shown = plain(aws, FN, VpcConfig=given, Publish=True)["VpcConfig"]
    assert shown == given | {"VpcId": "vpc-1"}
    aws.client.update_function_configuration(FunctionName=FN, VpcConfig=config([], []))
    version = aws.client.get_function_configuration(FunctionName=FN, Qualifier="1")
    assert version["VpcConfig"] == shown


def test_an_empty_network_is_shown_where_one_was_named_and_nothing_otherwise(aws: Bridge):
    assert plain(aws, "empty", VpcConfig=config([], []))["VpcConfig"] == EMPTY
    assert "VpcConfig" not in plain(aws, "nothing", VpcConfig={})


def test_an_update_without_a_network_leaves_it(aws: Bridge):
    plain(aws, FN, VpcConfig=config(["subnet-1"], ["sg-1"]))
    updated = aws.client.update_function_configuration(FunctionName=FN, Description="other")
    assert updated["VpcConfig"]["VpcId"] == "vpc-1"
