"""What the model allows, in AWS's words."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from awsapi_oracle import parsed_by_botocore, request_of, run

from lambdad.awsapi import constraints, model, patterns
from lambdad.awsapi.service import ModelledService, Params
from lambdad.domain.errors import ConstraintViolations
from lambdad.domain.http import Request

RECORDED = json.loads((Path(__file__).parent / "data" / "validation_messages.json").read_text())["messages"]
ROLE = "arn:aws:iam::123456789012:role/r"
CREATE = {"FunctionName": "f", "Role": ROLE, "Code": {}}


def said(operation: str, params: dict[str, Any], service: str = "lambda") -> str:
    shape = model.load(service).operations[operation].input
    with pytest.raises(ConstraintViolations) as caught:
        constraints.check(shape, params)
    return str(caught.value)


def allowed(operation: str, params: dict[str, Any], service: str = "lambda") -> None:
    constraints.check(model.load(service).operations[operation].input, params)


async def _accept(params: Params, request: Request) -> dict[str, Any]:
    raise AssertionError(f"accepted {params} of {request.path}")


def without_model_text(message: str) -> tuple[str, frozenset[str]]:
    """A message without what a newer model words differently: pattern text out, enumerations as sets."""
    message = re.sub(
        r"(regular expression pattern: ).*?(?=(, Member must not be null)?\]?$)", r"\1…", message
    )
    values = re.search(r"enum value set: \[([^]]*)\]", message)
    return re.sub(r"(enum value set: \[)[^]]*", r"\1…", message), frozenset(
        values[1].split(", ") if values else ()
    )


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["recorded"])
def test_every_recorded_violation_is_worded_as_aws_words_it(case: dict[str, Any]) -> None:
    request = request_of("lambda", case["operation"], case["params"])
    answer = run(ModelledService(model.load("lambda"), {case["operation"]: _accept})(request))
    error = parsed_by_botocore("lambda", case["operation"], answer)["Error"]
    assert (answer.status, error["Code"]) == (400, "ValidationException")
    ours = error["Message"]
    if (
        case["message"].startswith("1 validation error detected: Value 'arn:")
        and "resource" in case["message"]
    ):
        # The pinned model's list of taggable resources is newer than the recording's.
        assert without_model_text(ours) == without_model_text(case["message"])
    else:
        assert ours == case["message"]


def test_a_missing_required_member_is_null() -> None:
    assert said("CreateFunction", {"Role": ROLE, "Code": {}}) == (
        "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_several_violations_are_counted_and_joined_in_the_order_of_the_model() -> None:
    message = said("CreateFunction", CREATE | {"Role": "r1", "Timeout": 0, "MemorySize": 1})
    assert message.startswith("3 validation errors detected: Value 'r1' at 'role' failed")
    assert message.endswith(
        "; Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or "
        "equal to 1; Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater "
        "than or equal to 128"
    )


def test_one_value_may_break_pattern_and_length_the_pattern_first() -> None:
    message = said("CreateAlias", {"FunctionName": "f", "Name": "!" * 129, "FunctionVersion": "1"})
    assert message.startswith("2 validation errors detected: ")
    assert message.index("regular expression pattern") < message.index("length less than or equal to 128")


SHORTER = "Member must have length less than or equal to"
LONGER = "Member must have length greater than or equal to"
NOT_NULL = "Member must not be null"
PATTERN = "Member must satisfy regular expression pattern:"
ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0"


@pytest.mark.parametrize(
    ("params", "subject", "constraint"),
    [
        ({"Timeout": 5401}, "'5401' at 'timeout'", "Member must have value less than or equal to 5400"),
        ({"Description": "d" * 257}, f"'{'d' * 257}' at 'description'", f"{SHORTER} 256"),
        (
            {"PackageType": "Tar"},
            "'Tar' at 'packageType'",
            "Member must satisfy enum value set: [Zip, Image]",
        ),
        (
            {"TracingConfig": {"Mode": "On"}},
            "'On' at 'tracingConfig.mode'",
            "Member must satisfy enum value set: [Active, PassThrough]",
        ),
        (
            {"VpcConfig": {"SubnetIds": ["subnet-1"] * 17}},
            f"'[{', '.join(['subnet-1'] * 17)}]' at 'vpcConfig.subnetIds'",
            f"{SHORTER} 16",
        ),
        ({"Architectures": []}, "'[]' at 'architectures'", f"{LONGER} 1"),
        (
            {"Environment": {"Variables": {"a-b": "secret"}}},
            "at 'environment.variables'",
            f"Map keys must satisfy constraint: [{PATTERN} [a-zA-Z]([a-zA-Z0-9_])+]",
        ),
        (
            {"Environment": {"Variables": {"AB": None}}},
            "at 'environment.variables'",
            "Map value must satisfy constraint: [Member must not be null]",
        ),
        (
            {"FileSystemConfigs": [{"Arn": None, "LocalMountPath": "/mnt/a"}]},
            "null at 'fileSystemConfigs.1.member.arn'",
            NOT_NULL,
        ),
        (
            {"FileSystemConfigs": [{"Arn": ACCESS_POINT, "LocalMountPath": "/opt"}]},
            "'/opt' at 'fileSystemConfigs.1.member.localMountPath'",
            f"{PATTERN} /mnt/[a-zA-Z0-9-_.]+",
        ),
        (
            {"Layers": [None]},
            "'[null]' at 'layers'",
            f"Member must satisfy constraint: [{SHORTER} 2048, {LONGER} 1, {PATTERN} @Layer, {NOT_NULL}]",
        ),
        ({"KMSKeyArn": "key"}, "'key' at 'kMSKeyArn'", f"{PATTERN} @Key"),
    ],
)
def test_each_kind_of_constraint_has_its_words(params: dict[str, Any], subject: str, constraint: str) -> None:
    for mark, name in (("@Layer", "LayerVersionArn"), ("@Key", "KMSKeyArn")):
        constraint = constraint.replace(mark, model.load("lambda").shape(name).raw["pattern"])
    expected = f"1 validation error detected: Value {subject} failed to satisfy constraint: {constraint}"
    assert said("CreateFunction", CREATE | params) == expected


def test_what_the_model_allows_passes() -> None:
    allowed(
        "CreateFunction",
        CREATE
        | {
            "FunctionName": "a" * 64,
            "Timeout": 900,
            "MemorySize": 128,
            "Environment": {"Variables": {"AB": "", "C_1": "ü"}},
            "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
            "Tags": {"cost centre/ü": "Größe 1 +"},
            "Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:l:1"],
        },
    )


def test_the_64_characters_of_a_bare_name_are_a_rule_of_the_service() -> None:
    """Recorded: creating a longer one is an InvalidParameterValueException, getting one finds nothing."""
    allowed("CreateFunction", CREATE | {"FunctionName": "a" * 65})
    allowed("GetFunction", {"FunctionName": "a" * 65})


def test_an_unknown_runtime_is_left_to_the_rules_of_the_service() -> None:
    allowed("CreateFunction", CREATE | {"Runtime": "PYTHON3.9"})


def test_a_sensitive_value_is_never_repeated() -> None:
    message = said("CreateFunction", CREATE | {"Environment": {"Variables": {"bad-key": "hunter2"}}})
    assert "hunter2" not in message
    assert "bad-key" not in message


def test_patterns_hold_for_the_whole_value() -> None:
    assert "resource" in said("ListTags", {"Resource": "xarn:aws:lambda:us-east-1:123456789012:function:f"})
    assert "resource" in said("ListTags", {"Resource": "arn:aws:lambda:us-east-1:123456789012:function:f\n"})


def test_lengths_count_utf_16_units_as_java_does() -> None:
    allowed("CreateFunction", CREATE | {"Description": "😀" * 128})
    assert "less than or equal to 256" in said("CreateFunction", CREATE | {"Description": "😀" * 128 + "a"})


def test_logs_constraints_come_from_its_own_model() -> None:
    assert said("CreateLogGroup", {"logGroupName": "a b"}, "logs") == (
        "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
    )
    events = [{"timestamp": -1, "message": "m"}]
    message = said("PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": events}, "logs")
    assert "Value '-1' at 'logEvents.1.member.timestamp' failed" in message


@pytest.mark.parametrize(
    "service", ["lambda", "lambda-core", "lambda-microvms", "lambda-web", "logs", "iam", "sts"]
)
def test_every_pattern_of_the_models_can_be_matched(service: str) -> None:
    loaded = model.load(service)
    seen = 0
    for operation in loaded.operations.values():
        for pattern in _patterns(operation.input, set()):
            patterns.matches(pattern, "some value é 1")
            seen += 1
    assert seen > 0


def _patterns(shape: model.Shape | None, seen: set[str]) -> set[str]:
    if shape is None or shape.name in seen:
        return set()
    seen.add(shape.name)
    found = {shape.raw["pattern"]} if "pattern" in shape.raw else set()
    inner = [member.shape for member in shape.members.values()]
    if shape.kind == "list":
        inner.append(shape.element.shape)
    if shape.kind == "map":
        inner += [shape.key.shape, shape.value.shape]
    return found.union(*(_patterns(one, seen) for one in inner))


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "Größe 漢字 ٣\u00a0x", True),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "smile 😀", False),
        (r"[^\p{C}]*", "plain 😀", True),
        (r"[^\p{C}]*", "with\x07bell", False),
        (r"[^\p{C}]*", "with\u200bformat", False),
        (r"[\w-_]*", "a-b_c", True),
        (r"[\w-_]*", "a.b", False),
        (r"\d{2}", "٣٣", False),
        (r"$|a", "", True),
        (r"$|a", "a\n", False),
    ],
)
def test_java_patterns_mean_the_same_here(pattern: str, value: str, expected: bool) -> None:
    assert patterns.matches(pattern, value) is expected


def made_up(**shapes: Any) -> model.Shape:
    """The shape `Top` of a made-up model."""
    raw = {
        "metadata": {"protocol": "json", "apiVersion": "1", "endpointPrefix": "made-up"},
        "operations": {},
        "shapes": {"Word": {"type": "string", "max": 3}} | shapes,
    }
    return model.ServiceModel("made-up", raw).shape("Top")


def one_member(shape: str) -> dict[str, Any]:
    return {"type": "structure", "members": {"Member": {"shape": shape}}}


LISTS = {
    "Outer": {"type": "list", "member": {"shape": "Inner"}},
    "Inner": {"type": "list", "member": {"shape": "Thing"}},
}
MAPS = {
    "Outer": {"type": "list", "member": {"shape": "Inner"}},
    "Inner": {"type": "map", "key": {"shape": "Word"}, "value": {"shape": "Thing"}},
}
FLAGS = {"Outer": {"type": "list", "member": {"shape": "Flag"}, "max": 3}, "Flag": {"type": "boolean"}}
TIMES = {"Outer": {"type": "list", "member": {"shape": "Time"}, "max": 3}, "Time": {"type": "timestamp"}}
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shapes", "value", "where"),
    [
        (
            LISTS,
            [[{"Member": "abc"}], [{"Member": "abc"}, {"Member": "abcd"}]],
            "'abcd' at 'member.2.member.2.member.member'",
        ),
        (
            MAPS,
            [{"a": {"Member": "abc"}, "b": {"Member": "abcd"}}],
            "'abcd' at 'member.1.member.b.member.member'",
        ),
        (
            {"Outer": {"type": "blob", "max": 3}},
            b"1234",
            "'java.nio.HeapByteBuffer[pos=0 lim=4 cap=4]' at 'member'",
        ),
        (FLAGS, [True, False, True, False], "'[true, false, true, false]' at 'member'"),
        (TIMES, [MOMENT] * 4, f"'[{', '.join(['2026-11-23T00:00:00Z'] * 4)}]' at 'member'"),
    ],
    ids=["lists", "maps", "blob", "booleans", "times"],
)
def test_a_violation_is_found_and_placed_however_deep_it_lies(
    shapes: dict[str, Any], value: Any, where: str
) -> None:
    top = made_up(Top=one_member("Outer"), Thing=one_member("Word"), **shapes)
    expected = f"Value {where} failed to satisfy constraint: {SHORTER} 3"
    assert list(constraints.violations(top, {"Member": value})) == [expected]


def test_a_document_has_no_constraints() -> None:
    top = made_up(Top=one_member("Doc"), Doc={"type": "structure", "members": {}, "document": True})
    assert list(constraints.violations(top, {"Member": [1, {"any": None}]})) == []


def test_an_operation_without_input_has_nothing_to_check() -> None:
    constraints.check(None, {})
