"""Function URLs as they are configured: what LocalStack's suite recorded from AWS, and what follows from it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lambdad.domain.alias import ALIASES, Alias
from lambdad.domain.errors import Conflict, InvalidParameter, NotFound
from lambdad.domain.function_url import by_name, domain_of, split_host
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope

HERE = Scope("111111111111", "eu-central-1")
ARN = "arn:aws:lambda:eu-central-1:111111111111:function:fn"
URL = re.compile(r"http://[a-z0-9]{32}\.lambda-url\.eu-central-1\.localhost:4566/")


async def with_alias(control: Any, name: str = "live") -> None:
    await control.create()
    place = Place(HERE, "fn", name)
    await control.catalogue.resources.change(ALIASES, place, lambda _: Alias(name, "$LATEST", "", "r"))


async def create(control: Any, **params: Any) -> dict[str, Any]:
    return await control.ask(
        "CreateFunctionUrlConfig", **({"FunctionName": "fn", "AuthType": "NONE"} | params)
    )


async def get(control: Any, **params: Any) -> dict[str, Any]:
    return await control.ask("GetFunctionUrlConfig", FunctionName="fn", **params)


async def test_a_mode_is_answered_to_create_and_update_only_when_it_was_given(control: Any) -> None:
    await control.create()
    made = await create(control)
    assert made.keys() == {"AuthType", "CreationTime", "FunctionArn", "FunctionUrl"}
    assert URL.fullmatch(made["FunctionUrl"])
    assert made["FunctionArn"] == ARN
    assert await get(control) == made | {
        "InvokeMode": "BUFFERED",
        "LastModifiedTime": made["CreationTime"],
    }
    control.clock.now_s += 60
    updated = await control.ask("UpdateFunctionUrlConfig", FunctionName="fn", AuthType="AWS_IAM")
    assert updated.keys() == {*made, "LastModifiedTime"}
    assert updated["LastModifiedTime"] > updated["CreationTime"] == made["CreationTime"]
    assert updated["AuthType"] == "AWS_IAM"
    streaming = await control.ask("UpdateFunctionUrlConfig", FunctionName="fn", InvokeMode="RESPONSE_STREAM")
    assert (streaming["AuthType"], streaming["InvokeMode"]) == ("AWS_IAM", "RESPONSE_STREAM")
    again = await control.ask("UpdateFunctionUrlConfig", FunctionName="fn")
    assert again["InvokeMode"] == "RESPONSE_STREAM"
    assert (await get(control))["FunctionUrl"] == made["FunctionUrl"]


async def test_times_are_written_as_aws_writes_them_here(control: Any) -> None:
    await control.create()
    made = await create(control)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", made["CreationTime"])


async def test_a_function_has_one_url_and_each_alias_another(control: Any) -> None:
    await with_alias(control)
    of_function, of_alias = await create(control), await create(control, Qualifier="live")
    assert of_alias["FunctionArn"] == f"{ARN}:live"
    assert of_function["FunctionUrl"] != of_alias["FunctionUrl"]
    for qualifier, arn in ((None, ARN), ("live", f"{ARN}:live")):
        with pytest.raises(Conflict) as refused:
            await create(control, **({"Qualifier": qualifier} if qualifier else {}))
        assert str(refused.value) == (
            f"Failed to create function url config for [functionArn = {arn}]. "
            "Error message:  FunctionUrlConfig exists for this Lambda function"
        )


@pytest.mark.parametrize("operation", ["CreateFunctionUrlConfig", "UpdateFunctionUrlConfig"])
@pytest.mark.parametrize("named", [{"FunctionName": "other"}, {"FunctionName": "fn", "Qualifier": "other"}])
async def test_create_and_update_need_function_and_alias(
    control: Any, operation: str, named: dict[str, str]
) -> None:
    await with_alias(control)
    with pytest.raises(NotFound, match=r"^Function does not exist$"):
        await control.ask(operation, AuthType="NONE", **named)


@pytest.mark.parametrize(
    "operation", ["GetFunctionUrlConfig", "UpdateFunctionUrlConfig", "DeleteFunctionUrlConfig"]
)
async def test_a_configuration_that_is_not_there_is_said_in_other_words(control: Any, operation: str) -> None:
    await with_alias(control)
    for named in ({}, {"Qualifier": "live"}):
        with pytest.raises(NotFound, match=r"^The resource you requested does not exist\.$"):
            await control.ask(operation, FunctionName="fn", **named)


@pytest.mark.parametrize("operation", ["GetFunctionUrlConfig", "DeleteFunctionUrlConfig"])
@pytest.mark.parametrize("named", [{"FunctionName": "other"}, {"FunctionName": "fn", "Qualifier": "other"}])
async def test_get_and_delete_know_no_difference(control: Any, operation: str, named: dict[str, str]) -> None:
    await with_alias(control)
    with pytest.raises(NotFound, match=r"^The resource you requested does not exist\.$"):
        await control.ask(operation, **named)


async def test_name_and_qualifier_must_agree(control: Any) -> None:
    await with_alias(control)
    with pytest.raises(InvalidParameter, match="derived qualifier"):
        await create(control, FunctionName="fn:other", Qualifier="live")


async def test_cors_is_kept_as_given_and_taken_away_by_an_empty_one(control: Any) -> None:
    await control.create()
    cors = {
        "AllowCredentials": False,
        "AllowHeaders": ["x-a"],
        "AllowMethods": ["GET", "*"],
        "AllowOrigins": ["https://app.example"],
        "ExposeHeaders": ["x-b"],
        "MaxAge": 0,
    }
    assert (await create(control, Cors=cors))["Cors"] == cors
    kept = await control.ask("UpdateFunctionUrlConfig", FunctionName="fn", AuthType="AWS_IAM")
    assert kept["Cors"] == cors
    fewer = await control.ask(
        "UpdateFunctionUrlConfig", FunctionName="fn", Cors={"AllowOrigins": ["*"], "AllowHeaders": []}
    )
    assert {name: value for name, value in fewer["Cors"].items() if value is not None} == {
        "AllowOrigins": ["*"]
    }
    assert "Cors" not in await control.ask("UpdateFunctionUrlConfig", FunctionName="fn", Cors={})
    assert "Cors" not in await get(control)


async def test_a_url_that_was_deleted_does_not_come_back(control: Any) -> None:
    await control.create()
    made = await create(control)
    assert await control.ask("DeleteFunctionUrlConfig", FunctionName="fn") == {}
    assert (await create(control))["FunctionUrl"] != made["FunctionUrl"]


async def test_it_goes_with_its_function_and_stays_without_its_alias(control: Any) -> None:
    await with_alias(control)
    made = await create(control, Qualifier="live")
    await control.catalogue.resources.change(ALIASES, Place(HERE, "fn", "live"), lambda _: None)
    assert (await get(control, Qualifier="live"))["FunctionUrl"] == made["FunctionUrl"]
    await control.ask("DeleteFunction", FunctionName="fn")
    await control.create()
    assert (await control.ask("ListFunctionUrlConfigs", FunctionName="fn"))["FunctionUrlConfigs"] == []


async def test_lists_come_in_pages(control: Any) -> None:
    with pytest.raises(NotFound, match=r"^Function does not exist$"):
        await control.ask("ListFunctionUrlConfigs", FunctionName="fn")
    await control.create()
    for name in ("a", "b"):
        place = Place(HERE, "fn", name)
        await control.catalogue.resources.change(
            ALIASES, place, lambda _, n=name: Alias(n, "$LATEST", "", "r")
        )
        await create(control, Qualifier=name)
    await create(control)
    arns: list[str] = []
    params: dict[str, Any] = {}
    while True:
        page = await control.ask("ListFunctionUrlConfigs", FunctionName="fn", MaxItems=1, **params)
        assert len(page["FunctionUrlConfigs"]) == 1
        assert page["FunctionUrlConfigs"][0]["InvokeMode"] == "BUFFERED"
        arns.append(page["FunctionUrlConfigs"][0]["FunctionArn"])
        if "NextMarker" not in page:
            break
        params = {"Marker": page["NextMarker"]}
    assert arns == [ARN, f"{ARN}:a", f"{ARN}:b"]


async def test_another_account_or_region_sees_nothing(control: Any) -> None:
    await control.create()
    await create(control)
    for scope in (Scope("222222222222", "eu-central-1"), Scope("111111111111", "us-east-1")):
        with pytest.raises(NotFound):
            await control.ask("GetFunctionUrlConfig", scope=scope, FunctionName="fn")


async def test_a_path_is_answered_where_names_do_not_resolve(control: Any) -> None:
    await control.create()
    control.resolving.clear()
    url = (await create(control))["FunctionUrl"]
    assert re.fullmatch(r"http://localhost:4566/lambdad/v1/url/[a-z0-9]{32}/", url)
    control.resolving.add("localhost")
    url_id = url.rstrip("/").rpartition("/")[2]
    assert (await get(control))["FunctionUrl"].startswith(
        f"http://{url_id}.lambda-url.eu-central-1.localhost:"
    )


@pytest.mark.parametrize(
    ("base_url", "domain"),
    [
        ("http://127.0.0.1:4566", "localhost"),
        ("http://localhost", "localhost"),
        ("https://[::1]:8443", "localhost"),
        ("http://any.localhost:1", "localhost"),
        ("https://lambda.eu-west-1.amazonaws.com", "localhost"),
        ("http://", "localhost"),
        ("http://lambda.example:4566", "lambda.example"),
    ],
)
def test_names_are_made_below_the_name_that_was_used(base_url: str, domain: str) -> None:
    assert domain_of(base_url) == domain


@pytest.mark.parametrize(
    ("base_url", "domain", "rest"),
    [
        ("http://127.0.0.1:4566", "localhost", "http://{}.localhost:4566/"),
        ("https://localhost", "localhost", "https://{}.localhost/"),
        ("https://[::1]:8443", "localhost", "https://{}.localhost:8443/"),
        ("http://127.0.0.1:4566", "functions.example:80", "http://{}.functions.example:80/"),
        ("http://127.0.0.1:4566", "https://on.aws", "https://{}.on.aws/"),
        ("http://127.0.0.1:4566", "https://on.aws:444", "https://{}.on.aws:444/"),
    ],
)
def test_a_domain_may_have_a_port_and_a_scheme_of_its_own(base_url: str, domain: str, rest: str) -> None:
    url_id = "a" * 32
    assert by_name(url_id, "eu-west-1", base_url, domain) == rest.format(f"{url_id}.lambda-url.eu-west-1")


@pytest.mark.parametrize(
    ("host", "parts"),
    [
        ("ABC.lambda-url.eu-west-1.on.aws", ("abc", "eu-west-1")),
        ("abc.lambda-url.eu-west-1.localhost:4566", ("abc", "eu-west-1")),
        ("abc.lambda-url.eu-west-1:80", ("abc", "eu-west-1")),
        ("a.b.lambda-url.", ("a.b", "")),
        (".lambda-url.x.lambda-url.y", ("", "x")),
    ],
)
def test_a_host_name_has_id_and_region(host: str, parts: tuple[str, str]) -> None:
    assert split_host(host) == parts
