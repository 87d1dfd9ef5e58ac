"""Functions as the control plane keeps them, beyond what AWS's recorded answers show."""

from __future__ import annotations

import asyncio

import pytest

from lambdad.control import code_location
from lambdad.domain.errors import (
    AccessDenied,
    Conflict,
    ConstraintViolations,
    InvalidParameter,
    NotFound,
    NotOffered,
    PreconditionFailed,
    RequestTooLarge,
)
from lambdad.domain.limits import MAX_UNZIPPED_BYTES
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import Usage

HERE = Scope("111111111111", "eu-central-1")
LAYER = "arn:aws:lambda:eu-central-1:111111111111:layer:l"


async def test_a_name_is_taken_only_once(control):
    await control.create("fn")
    with pytest.raises(Conflict, match="^Function already exist: fn$"):
        await control.create("fn")


async def test_of_two_racing_creates_one_wins(control):
    results = await asyncio.gather(
        *(control.create("fn", settle=False) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "dict"]


async def test_functions_of_other_accounts_and_regions_are_not_seen(control):
    await control.create("fn")
    for scope in (Scope("222222222222", HERE.region), Scope(HERE.account, "us-east-1")):
        assert (await control.ask("ListFunctions", scope))["Functions"] == []
        with pytest.raises(NotFound):
            await control.ask("GetFunction", scope, FunctionName="fn")


async def test_a_new_function_is_pending_and_then_active(control):
    created = await control.create(settle=False)
    assert (created["State"], created["StateReasonCode"]) == ("Pending", "Creating")
    await control.settle()
    got = await control.ask("GetFunctionConfiguration", FunctionName="fn")
    assert (got["State"], got["LastUpdateStatus"]) == ("Active", "Successful")
    assert got["RevisionId"] != created["RevisionId"]
    assert control.sleep.delays == [0.5]


async def test_a_pending_function_cannot_be_changed_yet(control):
    await control.create(settle=False)
    with pytest.raises(Conflict, match="currently in the following state: Pending"):
        await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Timeout=5)
    with pytest.raises(Conflict, match="currently in the following state: Pending"):
        await control.ask("PublishVersion", FunctionName="fn")


async def test_of_two_racing_updates_with_a_revision_exactly_one_wins(control):
    await control.create()
    revision = (await control.ask("GetFunctionConfiguration", FunctionName="fn"))["RevisionId"]
    results = await asyncio.gather(
        *(
            control.ask(
                "UpdateFunctionConfiguration", FunctionName="fn", Description=text, RevisionId=revision
            )
            for text in ("one", "two")
        ),
        return_exceptions=True,
    )
    winners = [result for result in results if isinstance(result, dict)]
    assert len(winners) == 1
    assert [type(r) for r in results if not isinstance(r, dict)] == [PreconditionFailed]
    stored = await control.ask("GetFunctionConfiguration", FunctionName="fn")
    assert stored["Description"] == winners[0]["Description"]


async def test_an_update_that_loses_the_race_in_the_store_is_decided_again(control, monkeypatch):
    """Another writer comes between read and replace: the update sees what that one wrote."""
    await control.create()
    replace, interrupted = control.catalogue.replace, []

    async def replace_after_another(new, *, expected_revision):
        if not interrupted:
            interrupted.append(True)
            other = await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Description="other")
            assert other["Description"] == "other"
        return await replace(new, expected_revision=expected_revision)

    monkeypatch.setattr(control.catalogue, "replace", replace_after_another)
    with pytest.raises(Conflict, match="An update is in progress"):
        await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Timeout=9)
    assert (await control.ask("GetFunctionConfiguration", FunctionName="fn"))["Timeout"] == 3


@pytest.mark.parametrize(
    ("operation", "given"),
    [("UpdateFunctionConfiguration", {"Timeout": 5}), ("UpdateFunctionCode", {"ZipFile": b"PK two"})],
)
async def test_an_outdated_revision_is_refused(control, operation, given):
    outdated = (await control.create())["RevisionId"]
    with pytest.raises(PreconditionFailed, match="does not match the latest Revision Id"):
        await control.ask(operation, FunctionName="fn", RevisionId=outdated, **given)


async def test_a_refused_update_stores_no_code(control):
    outdated = (await control.create())["RevisionId"]
    with pytest.raises(PreconditionFailed):
        await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two", RevisionId=outdated)
    assert len(control.codes.stored) == 1


async def test_a_dry_run_shows_the_new_code_and_changes_nothing(control):
    await control.create()
    before = await control.ask("GetFunctionConfiguration", FunctionName="fn")
    shown = await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two", DryRun=True)
    assert shown["CodeSha256"] != before["CodeSha256"]
    assert await control.ask("GetFunctionConfiguration", FunctionName="fn") == before


async def test_settings_not_mentioned_stay(control):
    await control.create(Timeout=7, Environment={"Variables": {"AB": "1"}}, Description="d")
    updated = await control.ask("UpdateFunctionConfiguration", FunctionName="fn", MemorySize=512)
    assert (updated["Timeout"], updated["MemorySize"], updated["Description"]) == (7, 512, "d")
    assert updated["Environment"] == {"Variables": {"AB": "1"}}


async def test_an_environment_is_replaced_as_a_whole(control):
    await control.create(Environment={"Variables": {"AB": "1", "CD": "2"}})
    updated = await control.ask(
        "UpdateFunctionConfiguration", FunctionName="fn", Environment={"Variables": {"CD": "3"}}
    )
    assert updated["Environment"] == {"Variables": {"CD": "3"}}


async def test_a_dead_letter_queue_and_a_key_are_set_and_removed(control):
    key = "arn:aws:kms:eu-central-1:111111111111:key/one"
    queue = {"TargetArn": "arn:aws:sqs:eu-central-1:111111111111:q"}
    created = await control.create(DeadLetterConfig=queue, KMSKeyArn=key)
    assert (created["DeadLetterConfig"], created["KMSKeyArn"]) == (queue, key)
    updated = await control.ask(
        "UpdateFunctionConfiguration", FunctionName="fn", DeadLetterConfig={"TargetArn": ""}, KMSKeyArn=""
    )
    assert "DeadLetterConfig" not in updated
    assert "KMSKeyArn" not in updated


async def test_listeners_hear_of_every_change_that_matters_to_running_functions(control):
    await control.create()
    await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Timeout=5)
    await control.settle()
    await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two")
    await control.ask("DeleteFunction", FunctionName="fn")
    assert control.changes == [(HERE, "fn")] * 4


async def test_reading_and_tagging_are_no_changes(control):
    arn = (await control.create())["FunctionArn"]
    control.changes.clear()
    await control.ask("GetFunction", FunctionName="fn")
    await control.ask("PublishVersion", FunctionName="fn")
    await control.ask("TagResource", Resource=arn, Tags={"a": "b"})
    assert control.changes == []


async def test_a_deleted_function_takes_its_versions_and_tags_along(control):
    await control.create(Tags={"a": "b"}, Publish=True)
    await control.ask("DeleteFunction", FunctionName="fn")
    await control.settle()
    with pytest.raises(NotFound):
        await control.ask("GetFunction", FunctionName="fn", Qualifier="1")
    again = await control.create(Publish=True)
    assert again["Version"] == "1"
    assert "Tags" not in await control.ask("GetFunction", FunctionName="fn")


async def test_deleting_a_version_that_is_gone_succeeds(control):
    await control.create(Publish=True)
    for _ in range(2):
        assert await control.ask("DeleteFunction", FunctionName="fn", Qualifier="1") == {"StatusCode": 204}
    listed = await control.ask("ListVersionsByFunction", FunctionName="fn")
    assert [version["Version"] for version in listed["Versions"]] == ["$LATEST"]


@pytest.mark.parametrize("operation", ["UpdateFunctionConfiguration", "UpdateFunctionCode", "PublishVersion"])
async def test_a_version_is_never_changed(control, operation):
    await control.create(Publish=True)
    with pytest.raises(InvalidParameter, match="permitted on Lambda functions only"):
        await control.ask(operation, FunctionName="fn:1")


async def test_functions_are_listed_in_pages_of_at_most_fifty(control):
    for number in range(120):
        await control.create(f"fn-{number:03}")
    names, sizes, marker = [], [], {}
    while True:
        page = await control.ask("ListFunctions", MaxItems=10_000, **marker)
        names += [function["FunctionName"] for function in page["Functions"]]
        sizes.append(len(page["Functions"]))
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert sizes == [50, 50, 20]
    assert names == sorted(names)
    assert len(set(names)) == 120


async def test_a_page_that_is_exactly_full_is_the_last(control):
    for number in range(3):
        await control.create(f"fn-{number}")
    assert "NextMarker" not in await control.ask("ListFunctions", MaxItems=3)
    assert "NextMarker" in await control.ask("ListFunctions", MaxItems=2)


async def test_versions_of_all_functions_are_listed_across_pages(control):
    for name in ("a", "b"):
        await control.create(name, Publish=True)
    seen, marker = [], {}
    while True:
        page = await control.ask("ListFunctions", FunctionVersion="ALL", MaxItems=1, **marker)
        seen += [function["FunctionArn"].split(":function:")[1] for function in page["Functions"]]
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert seen == ["a:$LATEST", "a:1", "b:$LATEST", "b:1"]


async def test_only_replicas_have_a_master_region(control):
    await control.create()
    assert await control.ask("ListFunctions", MasterRegion="ALL", FunctionVersion="ALL") == {"Functions": []}


@pytest.mark.parametrize("marker", ["nonsense", "W10=", "ÿ", "WyJhIl0", "eyJhIjoxfQ=="])
async def test_a_marker_of_somebody_else_is_refused(control, marker):
    with pytest.raises(InvalidParameter, match="Invalid pagination token"):
        await control.ask("ListFunctions", Marker=marker)


async def test_the_code_location_opens_the_code_for_ten_minutes(control):
    await control.create()
    answer = await control.ask("GetFunction", FunctionName="fn")
    location = answer["Code"]["Location"]
    assert location.startswith("http://localhost:4566/lambdad/v1/code/")
    path, _, query = location.removeprefix("http://localhost:4566").partition("?")
    fields = dict(pair.split("=") for pair in query.split("&"))
    secret = b"secret of the locations"
    now = control.clock.now()
    assert code_location.verify(secret, path, fields, now + 599) in control.codes.stored
    with pytest.raises(AccessDenied, match="expired"):
        code_location.verify(secret, path, fields, now + 600)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Runtime": None}, "Runtime and Handler are mandatory parameters"),
        ({"Handler": None}, "Runtime and Handler are mandatory parameters"),
        ({"Handler": ""}, "Runtime and Handler are mandatory parameters"),
        ({"Code": {}}, "Please provide a source for function code."),
        ({"Code": {"S3Bucket": "b"}}, "Please provide a source for function code."),
        ({"Code": {"ZipFile": b""}}, "Uploaded file must be a non-empty zip"),
        (
            {"Code": {"ZipFile": b"PK", "S3Bucket": "b"}},
            "Please do not provide other FunctionCode parameters",
        ),
        ({"MemorySize": 10_241}, "'MemorySize' value failed to satisfy constraint"),
        ({"Layers": [f"{LAYER}:1"]}, f"Layer version {LAYER}:1 does not exist."),
        ({"Tags": {f"k{n}": "" for n in range(51)}}, "Number of tags exceeds resource tag limit."),
        ({"Tags": {"aws:x": ""}}, "System tags cannot be added/updated by requester."),
        ({"FunctionName": "arn:aws:lambda:eu-central-1:111111111111:function:" + "a" * 65}, "equal to 64"),
        ({"Environment": {"Variables": {"AB": "\0"}}}, "null character"),
        (
            {"Runtime": "python3.9", "SnapStart": {"ApplyOn": "PublishedVersions"}},
            "not supported for SnapStart",
        ),
    ],
)
async def test_creating_is_refused(control, given, message):
    with pytest.raises(InvalidParameter, match=message):
        await control.create(**given)
    assert await control.catalogue.usage(HERE) == Usage(0, 0)


@pytest.mark.parametrize(
    ("given", "member", "limit"),
    [
        ({"Timeout": 901}, "timeout", 900),
        ({"EphemeralStorage": {"Size": 10_241}}, "ephemeralStorage.size", 10_240),
    ],
)
async def test_sizes_beyond_an_ordinary_function_are_constraint_violations(control, given, member, limit):
    with pytest.raises(ConstraintViolations, match=f"at '{member}' failed .* less than or equal to {limit}$"):
        await control.create(**given)


async def test_the_largest_ordinary_function_is_created(control):
    created = await control.create(Timeout=900, MemorySize=10_240, EphemeralStorage={"Size": 10_240})
    assert (created["Timeout"], created["MemorySize"]) == (900, 10_240)
    assert created["EphemeralStorage"] == {"Size": 10_240}


async def test_reserved_variables_are_named(control):
    with pytest.raises(
        InvalidParameter, match=r"Reserved keys used in this request: AWS_REGION, LAMBDA_TASK_ROOT$"
    ):
        await control.create(
            Environment={"Variables": {"LAMBDA_TASK_ROOT": "", "AWS_REGION": "", "FINE": ""}}
        )


async def test_variables_fill_at_most_four_kilobytes(control):
    filling = "x" * (4_096 - len('{"AB":""}'))
    with pytest.raises(InvalidParameter, match=r'exceeded the 4KB limit. String measured: \{"AB":"x+"\}$'):
        await control.create(Environment={"Variables": {"AB": filling + "x"}})
    await control.create(Environment={"Variables": {"AB": filling}})


@pytest.mark.parametrize(
    "given",
    [
        {"PackageType": "Image", "Runtime": None, "Handler": None, "Code": {"ImageUri": "repo:tag"}},
        {"Code": {"S3Bucket": "b", "S3Key": "k", "S3ObjectStorageMode": "REFERENCE"}},
        {"Runtime": "custom"},
        {"DurableConfig": {"ExecutionTimeout": 5}},
    ],
    ids=lambda given: next(iter(given)),
)
async def test_what_lambdad_does_not_do_is_refused_and_not_ignored(control, given):
    with pytest.raises(NotOffered, match="not offered by lambdad yet"):
        await control.create(**given)


async def test_code_in_s3_is_read_as_the_caller_and_may_be_larger_than_an_upload(control):
    control.objects.buckets["b"] = {"k": b"PK" + bytes(52_428_800)}
    code = {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v"}
    created = await control.create(Code=code)
    assert created["CodeSize"] == 52_428_802
    assert control.objects.asked == [(HERE, "b", "k", "v", MAX_UNZIPPED_BYTES)]


async def test_an_upload_over_the_limit_is_refused(control):
    with pytest.raises(RequestTooLarge):
        await control.create(Code={"ZipFile": b"PK" + bytes(52_428_800)})


async def test_the_architecture_changes_with_the_code(control):
    assert (await control.create(Architectures=["arm64"]))["Architectures"] == ["arm64"]
    same = await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two")
    assert same["Architectures"] == ["arm64"]
    await control.settle()
    other = await control.ask(
        "UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two", Architectures=["x86_64"]
    )
    assert other["Architectures"] == ["x86_64"]


async def test_unused_code_is_collected(control):
    await control.create()
    await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two")
    assert await control.plane.collect_code() == 1
    assert list(control.codes.stored.values()) == [b"PK two"]


async def test_tags_set_at_the_same_time_are_all_kept(control):
    arn = (await control.create())["FunctionArn"]
    await asyncio.gather(*(control.ask("TagResource", Resource=arn, Tags={f"k{n}": "v"}) for n in range(20)))
    assert len((await control.ask("ListTags", Resource=arn))["Tags"]) == 20


async def test_a_function_has_at_most_fifty_tags(control):
    arn = (await control.create(Tags={f"k{n}": "" for n in range(50)}))["FunctionArn"]
    await control.ask("TagResource", Resource=arn, Tags={"k0": "changed"})
    with pytest.raises(InvalidParameter, match="Number of tags exceeds"):
        await control.ask("TagResource", Resource=arn, Tags={"one-more": ""})
