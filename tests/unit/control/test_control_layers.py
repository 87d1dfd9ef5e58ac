"""Layers as the control plane keeps them.

The words are AWS's, as recorded by the public suite that tests/parity has its answers from (its group of layer
tests), and for sizes as users quote them.
"""

from __future__ import annotations

import hashlib
import itertools

import pytest

from lambdad.domain.errors import AccessDenied, CodeStorageExceeded, InvalidParameter, NotFound, NotOffered
from lambdad.domain.limits import MAX_UNZIPPED_BYTES, TOTAL_CODE_BYTES
from lambdad.domain.scope import Scope

HERE = Scope("111111111111", "eu-central-1")
ARN = "arn:aws:lambda:eu-central-1:111111111111:layer"
NOTHING = "The resource you requested does not exist."
BOTH = "Two different versions of the same layer are not allowed to be referenced in the same function."
_contents = itertools.count()


async def publish(control, name="l", content=None, **given):
    """Publish one more version; its ARN."""
    content = b"PK layer %d" % next(_contents) if content is None else content
    answer = await control.ask("PublishLayerVersion", LayerName=name, Content={"ZipFile": content}, **given)
    return answer["LayerVersionArn"]


def numbers(answer):
    return [version["Version"] for version in answer["LayerVersions"]]


# --- publishing and reading ---------------------------------------------------------------------------


async def test_a_published_version_is_answered_as_aws_does(control):
    answer = await control.ask(
        "PublishLayerVersion",
        LayerName="l",
        Description="d",
        LicenseInfo="MIT",
        Content={"ZipFile": b"PK abc"},
        CompatibleRuntimes=["python3.12"],
        CompatibleArchitectures=["x86_64"],
    )
    content = answer.pop("Content")
    assert content["CodeSize"] == 6
    assert content["Location"].startswith("http://localhost:4566/lambdad/v1/code/")
    assert hashlib.sha256(b"PK abc").hexdigest() in content["Location"]
    assert answer.pop("CreatedDate").endswith("+0000")
    assert answer == {
        "LayerArn": f"{ARN}:l",
        "LayerVersionArn": f"{ARN}:l:1",
        "Version": 1,
        "Description": "d",
        "LicenseInfo": "MIT",
        "CompatibleRuntimes": ["python3.12"],
        "CompatibleArchitectures": ["x86_64"],
    }
    by_number = await control.ask("GetLayerVersion", LayerName="l", VersionNumber=1)
    by_arn = await control.ask("GetLayerVersionByArn", Arn=f"{ARN}:l:1")
    assert by_number == by_arn
    assert {name: by_arn[name] for name in answer} == answer


async def test_what_was_not_given_is_left_out_and_what_was_given_empty_is_empty(control):
    await publish(control)
    bare = await control.ask("GetLayerVersion", LayerName="l", VersionNumber=1)
    assert bare["Description"] == ""
    assert not {"LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"} & bare.keys()
    await publish(control, CompatibleRuntimes=[], CompatibleArchitectures=[])
    empty = await control.ask("GetLayerVersion", LayerName="l", VersionNumber=2)
    assert (empty["CompatibleRuntimes"], empty["CompatibleArchitectures"]) == ([], [])


async def test_a_layer_may_be_named_by_its_arn(control):
    await publish(control, f"{ARN}:l")
    assert await publish(control, "l") == f"{ARN}:l:2"
    got = await control.ask("GetLayerVersion", LayerName=f"{ARN}:l", VersionNumber=2)
    assert got["LayerArn"] == f"{ARN}:l"


async def test_code_of_a_layer_may_come_from_s3(control):
    control.objects.buckets["b"] = {"k": b"PK from s3"}
    answer = await control.ask("PublishLayerVersion", LayerName="l", Content={"S3Bucket": "b", "S3Key": "k"})
    assert answer["Content"]["CodeSize"] == len(b"PK from s3")


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ({}, InvalidParameter, "Please provide a source for function code."),
        ({"ZipFile": b""}, InvalidParameter, "Uploaded file must be a non-empty zip"),
        ({"ZipFile": b"no"}, InvalidParameter, "Could not unzip uploaded file"),
        ({"ZipFile": b"PK", "S3Bucket": "b"}, InvalidParameter, "Please do not provide other"),
        ({"S3Bucket": "b", "S3Key": "k", "S3ObjectStorageMode": "REFERENCE"}, NotOffered, "REFERENCE"),
    ],
)
async def test_a_layer_without_fit_code_is_refused_and_takes_no_number(control, content, error, message):
    with pytest.raises(error, match=message):
        await control.ask("PublishLayerVersion", LayerName="l", Content=content)
    assert await publish(control) == f"{ARN}:l:1"


async def test_a_layer_the_region_has_no_room_for_is_refused(control):
    await publish(control, content=b"PK 1")
    version = control.catalogue.layers.versions[HERE, "l"][1]
    object.__setattr__(version, "code_bytes", TOTAL_CODE_BYTES)
    with pytest.raises(CodeStorageExceeded):
        await publish(control)


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize("operation", ["GetLayerVersion", "DeleteLayerVersion"])
async def test_numbers_below_one_are_refused(control, operation, number):
    with pytest.raises(InvalidParameter, match="^Layer Version Cannot be less than 1$"):
        await control.ask(operation, LayerName="l", VersionNumber=number)


async def test_what_is_not_there_is_not_found(control):
    with pytest.raises(NotFound, match=f"^{NOTHING}$"):
        await control.ask("GetLayerVersion", LayerName="l", VersionNumber=1)
    await publish(control)
    for number in ("2", "9" * 17):
        with pytest.raises(NotFound, match=f"^{NOTHING}$"):
            await control.ask("GetLayerVersionByArn", Arn=f"{ARN}:l:{number}")
    with pytest.raises(NotFound):
        await control.ask("GetLayerVersion", LayerName=ARN.replace("central", "west") + ":l", VersionNumber=1)


async def test_a_layer_of_another_account_is_denied(control):
    await control.ask(
        "PublishLayerVersion",
        Scope("222222222222", HERE.region),
        LayerName="l",
        Content={"ZipFile": b"PK"},
    )
    other = ARN.replace("111111111111", "222222222222") + ":l"
    for operation, params, action in (
        ("GetLayerVersionByArn", {"Arn": f"{other}:1"}, "GetLayerVersion"),
        ("GetLayerVersion", {"LayerName": other, "VersionNumber": 1}, "GetLayerVersion"),
        ("DeleteLayerVersion", {"LayerName": other, "VersionNumber": 1}, "DeleteLayerVersion"),
        ("ListLayerVersions", {"LayerName": other}, "ListLayerVersions"),
        ("PublishLayerVersion", {"LayerName": other, "Content": {"ZipFile": b"PK"}}, "PublishLayerVersion"),
        ("CreateFunction", None, "GetLayerVersion"),
    ):
        with pytest.raises(AccessDenied) as caught:
            if params is None:
                await control.create(Layers=[f"{other}:1"])
            else:
                await control.ask(operation, **params)
        assert f"iam::111111111111:root is not authorized to perform: lambda:{action} on" in str(caught.value)


async def test_layers_of_aws_itself_are_not_offered(control):
    with pytest.raises(NotOffered, match="awslayer"):
        await control.create(Layers=["arn:aws:lambda:::awslayer:AmazonLinux1803"])


# --- deleting and listing -----------------------------------------------------------------------------


async def test_deleting_twice_is_as_good_as_once_and_numbers_go_on(control):
    await publish(control)
    await publish(control)
    for number in (1, 2, 2, 3):
        assert await control.ask("DeleteLayerVersion", LayerName="l", VersionNumber=number) == {}
    assert await control.ask("ListLayerVersions", LayerName="l") == {"LayerVersions": []}
    assert await control.ask("ListLayers") == {"Layers": []}
    assert await publish(control) == f"{ARN}:l:3"


async def test_a_layer_that_never_was_has_no_versions(control):
    assert await control.ask("ListLayerVersions", LayerName="never") == {"LayerVersions": []}
    assert await control.ask("DeleteLayerVersion", LayerName="never", VersionNumber=1) == {}


async def test_versions_are_listed_newest_first_in_pages(control):
    for _ in range(5):
        await publish(control)
    seen, marker = [], {}
    while True:
        page = await control.ask("ListLayerVersions", LayerName="l", MaxItems=2, **marker)
        seen.append(numbers(page))
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert seen == [[5, 4], [3, 2], [1]]
    item = (await control.ask("ListLayerVersions", LayerName="l"))["LayerVersions"][0]
    assert not {"Content", "LayerArn"} & item.keys()


async def test_layers_are_listed_by_name_with_their_newest_version_in_pages(control):
    for name in ("b", "a", "c", "a"):
        await publish(control, name)
    first = await control.ask("ListLayers", MaxItems=2)
    rest = await control.ask("ListLayers", MaxItems=2, Marker=first["NextMarker"])
    listed = [*first["Layers"], *rest["Layers"]]
    assert "NextMarker" not in rest
    assert [(layer["LayerName"], layer["LatestMatchingVersion"]["Version"]) for layer in listed] == [
        ("a", 2),
        ("b", 1),
        ("c", 1),
    ]
    assert listed[0]["LayerArn"] == f"{ARN}:a"
    assert listed[0]["LatestMatchingVersion"]["LayerVersionArn"] == f"{ARN}:a:2"


@pytest.mark.parametrize("marker", ["???", "WyJ4Il0=", "Wzdd", "W10="])
async def test_a_marker_that_is_none_of_ours_is_refused(control, marker):
    with pytest.raises(InvalidParameter, match="^Invalid pagination token$"):
        await control.ask("ListLayerVersions", LayerName="l", Marker=marker)


async def test_lists_show_what_is_compatible(control):
    await publish(control, CompatibleRuntimes=["python3.12"], CompatibleArchitectures=["arm64"])
    await publish(control, CompatibleRuntimes=["python3.13"], CompatibleArchitectures=["arm64", "x86_64"])
    await publish(control)
    listed = await control.ask("ListLayerVersions", LayerName="l", CompatibleArchitecture="arm64")
    assert numbers(listed) == [2, 1]
    layers = (await control.ask("ListLayers", CompatibleRuntime="python3.12"))["Layers"]
    assert [layer["LatestMatchingVersion"]["Version"] for layer in layers] == [1]
    assert (await control.ask("ListLayers", CompatibleRuntime="nodejs22.x"))["Layers"] == []


# --- functions with layers ----------------------------------------------------------------------------


async def test_a_function_shows_its_layers_in_order_wherever_it_is_shown(control):
    layers = [await publish(control, name, b"PK %d" % size) for name, size in (("b", 22), ("a", 333))]
    expected = [{"Arn": layers[0], "CodeSize": 5}, {"Arn": layers[1], "CodeSize": 6}]
    created = await control.create(Layers=layers, Publish=True)
    assert created["Layers"] == expected
    shown = [
        await control.ask("GetFunctionConfiguration", FunctionName="fn"),
        await control.ask("GetFunctionConfiguration", FunctionName="fn", Qualifier="1"),
        (await control.ask("GetFunction", FunctionName="fn"))["Configuration"],
        *(await control.ask("ListFunctions"))["Functions"],
        *(await control.ask("ListVersionsByFunction", FunctionName="fn"))["Versions"],
    ]
    assert [one["Layers"] for one in shown] == [expected] * 6


async def test_a_function_without_layers_shows_none(control):
    assert (await control.create()).get("Layers") is None


async def test_layers_are_replaced_kept_or_removed(control):
    one, other = await publish(control, "one"), await publish(control, "other")
    await control.create(Layers=[one])

    async def update(**params):
        answer = await control.ask("UpdateFunctionConfiguration", FunctionName="fn", **params)
        await control.settle()
        return [layer["Arn"] for layer in answer.get("Layers") or []]

    assert await update(Description="d") == [one]
    assert await update(Layers=[other, one]) == [other, one]
    assert await update(Layers=[]) == []


async def test_other_layers_make_another_version(control):
    one = await publish(control)
    await control.create(Publish=True)
    await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Layers=[one])
    await control.settle()
    assert (await control.ask("PublishVersion", FunctionName="fn"))["Version"] == "2"


async def test_five_layers_are_allowed_and_six_are_not(control):
    layers = [await publish(control, f"l{number}") for number in range(6)]
    assert len((await control.create(Layers=layers[:5]))["Layers"]) == 5
    with pytest.raises(InvalidParameter, match=r"^Cannot reference more than 5 layers\.$"):
        await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Layers=layers)


@pytest.mark.parametrize(("second", "third"), [(2, None), (2, 3), (1, None)])
async def test_versions_of_one_layer_exclude_each_other(control, second, third):
    for _ in range(3):
        await publish(control)
    arns = [f"{ARN}:l:{number}" for number in (1, second, third) if number]
    with pytest.raises(InvalidParameter) as caught:
        await control.create(Layers=arns)
    assert str(caught.value) == f"{BOTH} {arns[0]} and {arns[1]} are versions of the same layer."


async def test_layers_that_do_not_exist_are_refused(control):
    await publish(control)
    await control.create()
    for arn in (f"{ARN}:never:1", f"{ARN}:l:9", f"{ARN}:l:0", f"{ARN}:l:{'9' * 30}"):
        with pytest.raises(InvalidParameter, match=f"^Layer version {arn} does not exist\\.$"):
            await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Layers=[arn])


async def test_layers_of_another_region_are_refused(control):
    arn = ARN.replace("eu-central-1", "us-east-1") + ":l:1"
    with pytest.raises(InvalidParameter) as caught:
        await control.create(Layers=[arn])
    assert str(caught.value) == (
        "Layers are not in the same region as the function. Layers are expected to be in region eu-central-1."
    )


async def test_a_function_keeps_a_layer_that_is_deleted(control):
    arn = await publish(control, content=b"PK kept")
    await control.create(Layers=[arn])
    await control.ask("DeleteLayerVersion", LayerName="l", VersionNumber=1)
    assert await control.plane.collect_code() == 0
    shown = await control.ask("GetFunctionConfiguration", FunctionName="fn")
    assert [layer["Arn"] for layer in shown["Layers"]] == [arn]
    await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Layers=[])
    assert await control.plane.collect_code() == 1
    assert hashlib.sha256(b"PK kept").hexdigest() not in control.codes.stored


async def test_code_and_layers_together_are_bounded(control):
    half = MAX_UNZIPPED_BYTES // 2
    small = await publish(control, "small", control.codes.pretend(b"PK small", half))
    large = await publish(control, "large", control.codes.pretend(b"PK large", half + 1))
    code = {"ZipFile": control.codes.pretend(b"PK code", half)}
    await control.create("fits", Code=code, Layers=[small])
    too_much = (
        "^Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. "
        "The actual size is 262144001 bytes.$"
    )
    with pytest.raises(InvalidParameter, match=too_much):
        await control.create("fn", Code=code, Layers=[large])
    with pytest.raises(InvalidParameter, match=too_much):
        await control.ask("UpdateFunctionConfiguration", FunctionName="fits", Layers=[large])
    await control.create("other", Code={"ZipFile": b"PK"}, Layers=[large])
    with pytest.raises(InvalidParameter, match=too_much):
        await control.ask("UpdateFunctionCode", FunctionName="other", ZipFile=b"PK code")
    with pytest.raises(
        InvalidParameter, match="^Layers consume more than the available size of 262144000 bytes$"
    ):
        await control.create("fn", Layers=[small, large])
