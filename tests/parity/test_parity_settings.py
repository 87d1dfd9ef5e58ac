"""Logging configuration, tags and account settings: every recorded answer."""

from __future__ import annotations

from typing import Any

import pytest
from asking import archive_of_size, helped, plain
from bridge import ACCOUNT, Bridge
from recordings import Recording, answer, load, parity

FN = "my-fn-1a2b"
PARTIAL = "test_function_partial_advanced_logging_configuration_update"


def change_logging(aws: Bridge, logging: dict[str, str]) -> tuple[Any, Any]:
    updated = aws.client.update_function_configuration(FunctionName=FN, LoggingConfig=logging)
    aws.settle()
    return updated, aws.client.get_function_configuration(FunctionName=FN)


def check_creation(aws: Bridge, recorded: Recording, **given: Any) -> None:
    recorded.check("create_response", helped(aws, FN, MemorySize=256, Timeout=5, **given))
    recorded.check("get_function_response", aws.client.get_function(FunctionName=FN))
    recorded.check("function_config", aws.client.get_function_configuration(FunctionName=FN))


@parity("LoggingConfig", "test_function_advanced_logging_configuration")
def test_json_logs_keep_their_levels_when_the_group_changes(aws: Bridge, recorded: Recording):
    check_creation(aws, recorded, LoggingConfig={"LogFormat": "JSON"})
    updated, received = change_logging(aws, {"LogGroup": "cool_lambda"})
    recorded.check("updated_config", updated)
    recorded.check("received_config", received)


@parity("LoggingConfig", "test_advanced_logging_configuration_format_switch")
def test_the_log_format_is_switched_to_json_and_back(aws: Bridge, recorded: Recording):
    check_creation(aws, recorded)
    for suffix, log_format in {"": "JSON", "_v2": "Text"}.items():
        updated, received = change_logging(aws, {"LogFormat": log_format})
        recorded.check(f"updated_config{suffix}", updated)
        recorded.check(f"received_config{suffix}", received)


LOGGING = {
    "partial_config0": {"LogFormat": "JSON"},
    "partial_config1": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"},
    "partial_config2": {"LogFormat": "JSON", "SystemLogLevel": "DEBUG"},
    "partial_config3": {"LogGroup": "cool_lambda"},
}


@parity("LoggingConfig", *(test for test in load("LoggingConfig") if test.startswith(PARTIAL)))
def test_logging_is_configured_in_part(aws: Bridge, recorded: Recording):
    check_creation(aws, recorded)
    updated, received = change_logging(aws, LOGGING[recorded.case])
    recorded.check("updated_config", updated)
    recorded.check("received_config", received)


@parity("Tag", "test_create_tag_on_fn_create")
def test_a_function_is_created_with_tags(aws: Bridge, recorded: Recording):
    created = helped(aws, FN, Tags={"testtag": "custom-1"})
    recorded.check("get_function_result", aws.client.get_function(FunctionName=FN))
    recorded.check("list_tags_result", aws.client.list_tags(Resource=created["FunctionArn"]))


@parity("Tag", "test_create_tag_on_esm_create")
def test_an_event_source_mapping_is_created_with_tags(aws: Bridge, recorded: Recording):
    helped(aws, FN)
    created = mapped(aws, Tags={"testtag": "custom-1"})
    got = aws.client.get_event_source_mapping(UUID=created["UUID"])
    is_untagged = "Tags" not in got and got["EventSourceMappingArn"] == created["EventSourceMappingArn"]
    recorded.check("get_event_source_mapping_with_tag", is_untagged)
    recorded.check("list_tags_result", aws.client.list_tags(Resource=got["EventSourceMappingArn"]))


@parity(
    *("Tag", "test_tag_lifecycle", "test_tag_lifecycle[lambda_function]"),
    "test_tag_lifecycle[event_source_mapping]",
)
def test_tags_come_change_and_go(aws: Bridge, recorded: Recording):
    arn = helped(aws, FN)["FunctionArn"]
    if recorded.case == "event_source_mapping":
        arn = mapped(aws)["EventSourceMappingArn"]
    tag, untag = aws.client.tag_resource, aws.client.untag_resource
    steps = {
        "tag_single": (tag, {"Tags": {"A": "tag-a"}}),
        "tag_multiple": (tag, {"Tags": {"B": "tag-b", "C": "tag-c"}}),
        "tag_overlap": (tag, {"Tags": {"C": "tag-c-newsuffix", "D": "tag-d"}}),
        "untag_single": (untag, {"TagKeys": ["A"]}),
        "untag_multiple": (untag, {"TagKeys": ["B", "C"]}),
        "untag_nonexisting": (untag, {"TagKeys": ["F"]}),
        "untag_existing_and_nonexisting": (untag, {"TagKeys": ["D", "F"]}),
    }
    for step, (operation, given) in steps.items():
        recorded.check(f"{step}_response", operation(Resource=arn, **given))
        recorded.check(f"{step}_response_listtags", aws.client.list_tags(Resource=arn))


def mapped(aws: Bridge, **given: Any) -> Any:
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:my-queue"
    return aws.client.create_event_source_mapping(FunctionName=FN, EventSourceArn=queue, **given)


def ask_for_tags(aws: Bridge, recorded: Recording, arn: str) -> None:
    client = aws.client
    recorded.check("not_found_exception_tag", answer(client.tag_resource, Resource=arn, Tags={"A": "B"}))
    untagged = answer(client.untag_resource, Resource=arn, TagKeys=["A"])
    recorded.check("not_found_exception_untag", untagged)
    recorded.check("not_found_exception_list", answer(client.list_tags, Resource=arn))


@parity("Tag", "test_tag_nonexisting_resource")
def test_a_deleted_function_has_no_tags(aws: Bridge, recorded: Recording):
    arn = helped(aws, FN)["FunctionArn"]
    recorded.check("pre_delete_get_function", aws.client.get_function(FunctionName=FN))
    aws.client.delete_function(FunctionName=FN)
    ask_for_tags(aws, recorded, arn)


RESOURCES = {
    "lambda_function": ("function", "no-such-function"),
    "event_source_mapping": ("event-source-mapping", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"),
    "capacity_provider": ("capacity-provider", "no-such-provider"),
}


@parity("Tag", *(f"test_tag_exceptions[{resource}]" for resource in RESOURCES))
def test_tags_of_what_cannot_have_them_are_refused(aws: Bridge, recorded: Recording):
    kind, name = RESOURCES[recorded.case]
    prefix = f"arn:aws:lambda:us-east-1:{ACCOUNT}"
    ask_for_tags(aws, recorded, f"{prefix}:{kind}:{name}")
    tag = aws.client.tag_resource
    invalid = answer(tag, Resource=f"{prefix}:foobar:{name}", Tags={"A": "B"})
    recorded.check("invalid_arn_exception", invalid)
    aliased = answer(tag, Resource=f"{prefix}:{kind}:{name}:alias", Tags={"A": "B"})
    recorded.check("aliased_arn_exception", aliased)


def total_code_size(aws: Bridge) -> int:
    size: int = aws.client.get_account_settings()["AccountUsage"]["TotalCodeSize"]
    return size


@parity("AccountSettings", "test_account_settings")
def test_account_settings_have_these_members(aws: Bridge, recorded: Recording):
    settings = aws.client.get_account_settings()
    members = {key: sorted(settings[key]) for key in ("AccountLimit", "AccountUsage")}
    recorded.check("acc_settings_modded", members | {"ResponseMetadata": settings["ResponseMetadata"]})


@parity("AccountSettings", "test_account_settings_total_code_size")
def test_code_of_every_version_is_counted(aws: Bridge, recorded: Recording):
    before = total_code_size(aws)
    plain(aws, FN, Code={"ZipFile": archive_of_size(276)})
    created = total_code_size(aws)
    recorded.check("total_code_size_diff_create_function", created - before)
    aws.client.update_function_code(FunctionName=FN, ZipFile=archive_of_size(276), Publish=True)
    updated = total_code_size(aws)
    recorded.check("total_code_size_diff_update_function", updated - created)
    for key in ("total_code_size_diff_publish_layer", "total_code_size_diff_publish_layer_version"):
        before = total_code_size(aws)
        aws.client.publish_layer_version(LayerName="my-layer", Content={"ZipFile": archive_of_size(169)})
        recorded.check(key, total_code_size(aws) - before)


@parity("AccountSettings", "test_account_settings_total_code_size_config_update")
def test_configuring_stores_no_code_but_publishing_does(aws: Bridge, recorded: Recording):
    before = total_code_size(aws)
    plain(aws, FN, Code={"ZipFile": archive_of_size(276)})
    created = total_code_size(aws)
    recorded.check("is_total_code_size_diff_create_function_more_than_200", created - before > 200)
    aws.client.update_function_configuration(FunctionName=FN, Description="changed")
    aws.settle()
    configured = total_code_size(aws)
    recorded.check("total_code_size_diff_update_function_configuration", configured - created)
    aws.client.publish_version(FunctionName=FN)
    key = "is_total_code_size_diff_publish_version_after_config_update_more_than_200"
    recorded.check(key, total_code_size(aws) - configured > 200)


@pytest.mark.parametrize("level", ["ApplicationLogLevel", "SystemLogLevel"])
def test_levels_without_json_are_refused(aws: Bridge, level: str):
    helped(aws, FN)
    refused = answer(
        aws.client.update_function_configuration, FunctionName=FN, LoggingConfig={level: "DEBUG"}
    )
    assert refused["Error"]["Code"] == "InvalidParameterValueException"
    assert refused["Error"]["Message"].startswith(f"{level} is not supported with LogFormat set to Text.")
