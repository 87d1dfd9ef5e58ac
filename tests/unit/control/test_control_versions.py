"""Publishing: when there is a new version, and what it keeps."""

from __future__ import annotations

import asyncio

import pytest

from lambdad.domain.errors import InvalidParameter, NotFound


async def numbers(control, name="fn"):
    listed = await control.ask("ListVersionsByFunction", FunctionName=name)
    return [version["Version"] for version in listed["Versions"]]


async def update(control, **given):
    await control.ask("UpdateFunctionConfiguration", FunctionName="fn", **given)
    await control.settle()


async def test_publishing_twice_is_publishing_once(control):
    await control.create()
    first = await control.ask("PublishVersion", FunctionName="fn")
    assert await control.ask("PublishVersion", FunctionName="fn") == first
    assert await numbers(control) == ["$LATEST", "1"]


async def test_publishing_leaves_latest_as_it_is(control):
    await control.create()
    before = await control.ask("GetFunction", FunctionName="fn")
    await control.ask("PublishVersion", FunctionName="fn", Description="one")
    assert (await control.ask("GetFunction", FunctionName="fn"))["Configuration"] == before["Configuration"]


@pytest.mark.parametrize(
    "changes", [{"Timeout": 9}, {"Description": "d"}, {"Environment": {"Variables": {"AB": "1"}}}], ids=str
)
async def test_any_change_of_latest_makes_a_new_version(control, changes):
    await control.create(Publish=True)
    await update(control, **changes)
    assert (await control.ask("PublishVersion", FunctionName="fn"))["Version"] == "2"


async def test_a_change_taken_back_makes_no_new_version(control):
    await control.create(Publish=True)
    await update(control, Timeout=9)
    await update(control, Timeout=3)
    assert (await control.ask("PublishVersion", FunctionName="fn"))["Version"] == "1"


async def test_a_version_keeps_its_configuration_and_code(control):
    created = await control.create(Publish=True, MemorySize=256)
    await update(control, MemorySize=512)
    await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two")
    kept = await control.ask("GetFunctionConfiguration", FunctionName="fn:1")
    assert (kept["MemorySize"], kept["CodeSha256"]) == (256, created["CodeSha256"])
    assert kept["FunctionArn"].endswith(":function:fn:1")


async def test_a_number_is_never_used_again(control):
    await control.create(Publish=True)
    await control.ask("DeleteFunction", FunctionName="fn", Qualifier="1")
    assert (await control.ask("PublishVersion", FunctionName="fn"))["Version"] == "2"


async def test_racing_publications_make_one_version(control):
    await control.create()
    published = await asyncio.gather(*(control.ask("PublishVersion", FunctionName="fn") for _ in range(5)))
    assert {version["Version"] for version in published} == {"1"}
    assert await numbers(control) == ["$LATEST", "1"]


async def test_a_number_taken_by_another_publication_is_passed_over(control, monkeypatch):
    await control.create()
    publish, interrupted = control.catalogue.publish, []

    async def publish_after_another(version):
        if not interrupted:
            interrupted.append(True)
            await control.ask("PublishVersion", FunctionName="fn")
        return await publish(version)

    monkeypatch.setattr(control.catalogue, "publish", publish_after_another)
    updated = await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two", DryRun=True)
    assert updated["Version"] == "$LATEST"
    assert (await control.ask("PublishVersion", FunctionName="fn"))["Version"] == "1"
    assert await numbers(control) == ["$LATEST", "1"]


async def test_versions_are_ordered_by_number_and_paged(control):
    await control.create(Publish=True)
    for timeout_s in range(10, 21):
        await update(control, Timeout=timeout_s)
        await control.ask("PublishVersion", FunctionName="fn")
    seen, marker = [], {}
    while True:
        page = await control.ask("ListVersionsByFunction", FunctionName="fn", MaxItems=5, **marker)
        seen += [version["Version"] for version in page["Versions"]]
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert seen == ["$LATEST", *map(str, range(1, 13))]


async def test_versions_of_no_function_are_not_listed(control):
    with pytest.raises(NotFound, match=r"Function not found: arn:.*:function:none$"):
        await control.ask("ListVersionsByFunction", FunctionName="none")


async def test_publishing_for_managed_instances_is_refused(control):
    await control.create()
    with pytest.raises(InvalidParameter):
        await control.ask("PublishVersion", FunctionName="fn", PublishTo="LATEST_PUBLISHED")
