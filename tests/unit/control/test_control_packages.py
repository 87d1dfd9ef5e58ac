"""Zip files and images, dead letter targets and keys, the room for code: as the API sees them."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.domain.errors import CodeStorageExceeded, InvalidParameter, PreconditionFailed
from lambdad.domain.limits import TOTAL_CODE_BYTES
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import Usage

pytestmark = pytest.mark.asyncio
IMAGE = {"PackageType": "Image", "Runtime": None, "Handler": None, "Code": {"ImageUri": "repo:tag"}}
QUEUE = "arn:aws:sqs:eu-central-1:111111111111:letters"
TOPIC = "arn:aws:sns:eu-central-1:111111111111:letters"
KEY = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws:kms:eu-central-1:111111111111:alias/mine"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"ImageConfig": {"Command": ["x"]}}, "Please don't provide ImageConfig when the intended function"),
        (IMAGE | {"Handler": "index.handler"}, "Please don't provide Handler or Runtime or Layer when"),
        (IMAGE | {"Runtime": "python3.12"}, "Please don't provide Handler or Runtime or Layer when"),
        (IMAGE | {"Layers": ["arn"]}, "Please don't provide Handler or Runtime or Layer when"),
        (IMAGE | {"Code": {"ZipFile": b"PK"}}, "Please provide ImageUri when creating a function with"),
        (IMAGE, "container images are not offered by lambdad yet"),
        ({"Code": {"ImageUri": "repo:tag"}}, "Please provide a source for function code."),
        (
            {"Code": {"ImageUri": "i", "ZipFile": b"PK"}},
            "Please do not provide other FunctionCode parameters",
        ),
    ],
)
async def test_members_of_an_image_and_of_a_zip_file_do_not_mix(
    control: Any, given: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidParameter) if "not offered" not in text else pytest.raises(Exception) as told:
        await control.create(**given)
    assert text in str(told.value)
    assert (await control.ask("ListFunctions"))["Functions"] == []


async def test_an_empty_image_config_asks_for_nothing(control: Any) -> None:
    made = await control.create(ImageConfig={"Command": [], "EntryPoint": []})
    assert made["PackageType"] == "Zip"


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("UpdateFunctionCode", {"ImageUri": "repo:tag"}),
        ("UpdateFunctionConfiguration", {"ImageConfig": {"WorkingDirectory": "/"}}),
    ],
)
async def test_a_zip_file_does_not_become_an_image(control: Any, operation: str, given: Any) -> None:
    await control.create()
    (member,) = given
    text = f"Please don't provide {member} when updating a function with packageType Zip."
    with pytest.raises(InvalidParameter, match=text):
        await control.ask(operation, FunctionName="fn", **given)


@pytest.mark.parametrize("target", [QUEUE, f"{QUEUE}.fifo", TOPIC])
async def test_a_dead_letter_target_is_kept_until_it_is_taken_away(control: Any, target: str) -> None:
    made = await control.create(DeadLetterConfig={"TargetArn": target})
    assert made["DeadLetterConfig"] == {"TargetArn": target}
    update = {"FunctionName": "fn", "DeadLetterConfig": {"TargetArn": ""}}
    assert "DeadLetterConfig" not in {
        name for name, value in (await control.ask("UpdateFunctionConfiguration", **update)).items() if value
    }


@pytest.mark.parametrize(
    "target", ["arn:aws:s3:::bucket", "arn:aws:sqs:eu-central-1:1:short", "arn:aws:sqs:::q", f"{QUEUE}\n"]
)
async def test_a_dead_letter_target_is_a_queue_or_a_topic(control: Any, target: str) -> None:
    with pytest.raises(InvalidParameter, match="Invalid dead letter ARN: "):
        await control.create(DeadLetterConfig={"TargetArn": target})


async def test_keys_are_kept(control: Any) -> None:
    made = await control.create(KMSKeyArn=KEY, Code={"ZipFile": b"PK one", "SourceKMSKeyArn": KEY})
    assert made["KMSKeyArn"] == KEY
    assert "SourceKMSKeyArn" not in made
    assert (await control.ask("GetFunction", FunctionName="fn"))["Code"]["SourceKMSKeyArn"] == KEY
    await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK two")
    assert (await control.ask("GetFunction", FunctionName="fn"))["Code"]["SourceKMSKeyArn"] is None


@pytest.mark.parametrize(
    ("key", "said"), [(ALIAS, "Key Aliases are not supported"), (QUEUE, "Invalid keyId")]
)
async def test_a_key_is_a_key(control: Any, key: str, said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        await control.create(KMSKeyArn=key)
    with pytest.raises(InvalidParameter, match=said):
        await control.create(Code={"ZipFile": b"PK one", "SourceKMSKeyArn": key})
    await control.create()
    with pytest.raises(InvalidParameter, match=said):
        await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK", SourceKMSKeyArn=key)
    with pytest.raises(InvalidParameter, match=said):
        await control.ask("UpdateFunctionConfiguration", FunctionName="fn", KMSKeyArn=key)


async def test_code_that_replaces_other_code_needs_no_room_of_its_own(control: Any) -> None:
    await control.create(Code={"ZipFile": b"PK" + bytes(98)})
    usage = TOTAL_CODE_BYTES - 10

    async def nearly_full(_: Scope) -> Usage:
        return Usage(1, usage)

    control.catalogue.usage = nearly_full
    update = {"FunctionName": "fn", "ZipFile": b"PK" + bytes(98)}
    assert (await control.ask("UpdateFunctionCode", **update))["CodeSize"] == 100
    await control.settle()
    with pytest.raises(CodeStorageExceeded, match="Code storage limit exceeded."):
        await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK" + bytes(109))
    with pytest.raises(CodeStorageExceeded):
        await control.create("other", Code={"ZipFile": b"PK" + bytes(98)})
    with pytest.raises(CodeStorageExceeded):
        await control.ask("PublishVersion", FunctionName="fn")


async def test_what_cannot_be_published_for_room_is_not_half_made(control: Any) -> None:
    before = await control.create()

    async def room_for_one(_: Scope) -> Usage:
        return Usage(1, TOTAL_CODE_BYTES - 7)

    control.catalogue.usage = room_for_one
    with pytest.raises(CodeStorageExceeded):
        await control.create("other", Publish=True)
    with pytest.raises(CodeStorageExceeded):
        await control.ask("UpdateFunctionCode", FunctionName="fn", ZipFile=b"PK longer", Publish=True)
    assert [one["FunctionName"] for one in (await control.ask("ListFunctions"))["Functions"]] == ["fn"]
    after = await control.ask("GetFunctionConfiguration", FunctionName="fn")
    assert after["CodeSha256"] == before["CodeSha256"]


async def test_a_dry_run_checks_everything_and_changes_nothing(control: Any) -> None:
    before = await control.create()
    stored = await control.ask("GetFunctionConfiguration", FunctionName="fn")
    tried = {"FunctionName": "fn", "ZipFile": b"PK other", "DryRun": True, "Publish": True}
    shown = await control.ask("UpdateFunctionCode", **tried)
    assert shown["CodeSha256"] != before["CodeSha256"]
    assert shown["Version"] == "$LATEST"
    assert await control.ask("GetFunctionConfiguration", FunctionName="fn") == stored
    assert [version["Version"] for version in await versions(control)] == ["$LATEST"]
    with pytest.raises(PreconditionFailed):
        await control.ask("UpdateFunctionCode", **tried, RevisionId="other")
    with pytest.raises(InvalidParameter):
        await control.ask("UpdateFunctionCode", **(tried | {"ZipFile": b""}))


async def versions(control: Any) -> list[dict[str, Any]]:
    listed = await control.ask("ListVersionsByFunction", FunctionName="fn")
    found: list[dict[str, Any]] = listed["Versions"]
    return found
