"""Policies as the control plane keeps them: races, whatever is sent, and who is let in."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdad.domain.errors import AccessDenied, CallerError, NotFound, PreconditionFailed, PublicPolicy
from lambdad.domain.scope import Scope
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue
from tests.forms import examples

HERE = Scope("111111111111", "eu-central-1")
ARN = f"arn:aws:lambda:{HERE.region}:{HERE.account}:function:fn"
LAYER = f"arn:aws:lambda:{HERE.region}:{HERE.account}:layer:l"
OTHER = Scope("222222222222", HERE.region)
GRANT = {"FunctionName": "fn", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
OPEN = {"FunctionName": "fn", "Action": "lambda:InvokeFunctionUrl", "Principal": "*"}


async def granted(control) -> list[str]:
    """Ids of the statements of the function's policy."""
    try:
        answer = await control.ask("GetPolicy", FunctionName="fn")
    except NotFound:
        return []
    return [statement["Sid"] for statement in json.loads(answer["Policy"])["Statement"]]


async def outcomes(*calls) -> list[object]:
    return [
        type(end) if isinstance(end, Exception) else "won"
        for end in await asyncio.gather(*calls, return_exceptions=True)
    ]


async def test_of_clients_that_race_with_one_revision_id_exactly_one_wins(controls, tmp_path):
    catalogue = SqliteCatalogue(tmp_path / "catalogue.db")
    control = controls(catalogue)
    await control.create()
    latest = (await control.ask("GetFunctionConfiguration", FunctionName="fn"))["RevisionId"]
    calls = [
        control.ask("AddPermission", StatementId=f"s{number}", RevisionId=latest, **GRANT)
        for number in range(8)
    ]
    ends = await outcomes(*calls)
    assert sorted(map(str, ends)) == sorted(["won", *[str(PreconditionFailed)] * 7])
    assert len(await granted(control)) == 1
    current = (await control.ask("GetPolicy", FunctionName="fn"))["RevisionId"]
    document = json.dumps({"Statement": json.loads(POLICY)["Statement"]})
    puts = [
        control.ask("PutResourcePolicy", ResourceArn=ARN, Policy=document, RevisionId=current)
        for _ in range(4)
    ]
    assert (await outcomes(*puts)).count("won") == 1
    await control.plane.close()
    catalogue.close()


async def test_statements_that_are_added_at_once_are_all_kept(controls, tmp_path):
    catalogue = SqliteCatalogue(tmp_path / "catalogue.db")
    control = controls(catalogue)
    await control.create()
    calls = [control.ask("AddPermission", StatementId=f"s{number}", **GRANT) for number in range(8)]
    assert await outcomes(*calls) == ["won"] * 8
    assert sorted(await granted(control)) == [f"s{number}" for number in range(8)]
    await control.plane.close()
    catalogue.close()


async def test_a_function_that_settles_meanwhile_keeps_its_policy(control):
    await control.create(settle=False)
    await control.ask("AddPermission", StatementId="s", **GRANT)
    await control.settle()
    configuration = await control.ask("GetFunctionConfiguration", FunctionName="fn")
    assert configuration["State"] == "Active"
    policy = await control.ask("GetPolicy", FunctionName="fn")
    assert policy["RevisionId"] == configuration["RevisionId"]


async def test_a_policy_changes_nothing_of_what_runs(control):
    await control.create()
    before = list(control.changes)
    await control.ask("AddPermission", StatementId="s", **GRANT)
    await control.ask("RemovePermission", StatementId="s", FunctionName="fn")
    assert control.changes == before


async def test_a_policy_is_gone_with_its_function(control):
    await control.create()
    await control.ask("AddPermission", StatementId="s", **GRANT)
    await control.ask("DeleteFunction", FunctionName="fn")
    await control.create()
    assert await granted(control) == []


@settings(
    max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["AddPermission", "RemovePermission"]), st.sampled_from("abc")), max_size=12
    )
)
def test_statements_agree_with_a_list_whatever_is_added_and_removed(controls, steps):
    async def run() -> None:
        control = controls()
        await control.create()
        expected: list[str] = []
        for operation, sid in steps:
            params = GRANT if operation == "AddPermission" else {"FunctionName": "fn"}
            fails = (sid in expected) is (operation == "AddPermission")
            if fails:
                with pytest.raises(CallerError):
                    await control.ask(operation, StatementId=sid, **params)
                continue
            await control.ask(operation, StatementId=sid, **params)
            if operation == "AddPermission":
                expected.append(sid)
            else:
                expected.remove(sid)
            assert await granted(control) == expected
        await control.plane.close()

    asyncio.run(run())


POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "a",
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "lambda:InvokeFunction",
                "Resource": ARN,
                "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"}},
            }
        ],
    }
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A policy with a piece cut out and another put in."""
    start = draw(st.integers(0, len(POLICY)))
    end = draw(st.integers(start, min(start + 20, len(POLICY))))
    put = draw(
        st.sampled_from(["", '"', "{", "}", "[]", "null", "*", "Not", ",", "\\ud800", "${aws:x}"]) | st.text()
    )
    return POLICY[:start] + put + POLICY[end:]


@settings(
    max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(document=damaged())
def test_whatever_is_put_is_kept_as_it_came_or_refused_as_the_callers_fault(controls, document):
    async def run() -> None:
        control = controls()
        await control.create()
        try:
            await control.ask("PutResourcePolicy", ResourceArn=ARN, Policy=document)
        except CallerError:
            assert await granted(control) == []
        else:
            assert (await control.ask("GetResourcePolicy", ResourceArn=ARN))["Policy"] == document
            await control.ask("AddPermission", StatementId="another", **GRANT)
        await control.plane.close()

    asyncio.run(run())


# --- everybody ------------------------------------------------------------------------------------------------


async def test_a_function_may_be_opened_to_everybody(control):
    await control.create()
    await control.ask("AddPermission", StatementId="s", FunctionUrlAuthType="NONE", **OPEN)
    assert await granted(control) == ["s"]


async def test_where_public_policies_are_blocked_nobody_opens_a_function_to_everybody(controls):
    control = controls(block_public_policies=True)
    await control.create()
    words = (
        "Lambda blocked the creation of this policy because it would grant public access to your function."
    )
    with pytest.raises(PublicPolicy, match=words):
        await control.ask("AddPermission", StatementId="s", FunctionUrlAuthType="NONE", **OPEN)
    everybody = json.dumps({"Statement": {**json.loads(POLICY)["Statement"][0], "Principal": "*"}})
    with pytest.raises(PublicPolicy):
        await control.ask("PutResourcePolicy", ResourceArn=ARN, Policy=everybody.replace("SourceArn", "a"))
    assert await granted(control) == []
    await control.ask("AddPermission", StatementId="s", SourceAccount=HERE.account, **OPEN)
    await control.ask("PutResourcePolicy", ResourceArn=ARN, Policy=POLICY)
    await control.plane.close()


# --- layers of others -----------------------------------------------------------------------------------------

_contents = itertools.count()


async def share(control, principal="*", *, number=1, **given):
    """Publish a version of our layer and let somebody use it."""
    content = b"PK shared %d" % next(_contents)
    await control.ask("PublishLayerVersion", LayerName="l", Content={"ZipFile": content})
    if principal is not None:
        await control.ask(
            "AddLayerVersionPermission",
            LayerName="l",
            VersionNumber=number,
            StatementId="s",
            Action="lambda:GetLayerVersion",
            Principal=principal,
            **given,
        )


@pytest.mark.parametrize("principal", ["*", OTHER.account, f"arn:aws:iam::{OTHER.account}:root"])
async def test_a_layer_that_is_shared_can_be_read_and_attached(control, principal):
    await share(control, principal)
    by_name = await control.ask("GetLayerVersion", OTHER, LayerName=LAYER, VersionNumber=1)
    by_arn = await control.ask("GetLayerVersionByArn", OTHER, Arn=f"{LAYER}:1")
    assert by_name["LayerVersionArn"] == by_arn["LayerVersionArn"] == f"{LAYER}:1"
    listed = await control.ask("ListLayerVersions", OTHER, LayerName=LAYER)
    assert [version["Version"] for version in listed["LayerVersions"]] == [1]
    made = await control.ask(
        "CreateFunction",
        OTHER,
        FunctionName="theirs",
        Runtime="python3.12",
        Handler="index.handler",
        Role=f"arn:aws:iam::{OTHER.account}:role/r",
        Code={"ZipFile": b"PK one"},
        Layers=[f"{LAYER}:1"],
    )
    assert [layer["Arn"] for layer in made["Layers"]] == [f"{LAYER}:1"]


async def refused(control, operation, **params):
    with pytest.raises(
        AccessDenied, match=f"iam::{OTHER.account}:root is not authorized to perform: lambda:"
    ):
        await control.ask(operation, OTHER, **params)


@pytest.mark.parametrize("principal", [None, "333333333333"])
async def test_a_layer_that_is_not_shared_with_an_account_is_denied_to_it(control, principal):
    await share(control, principal)
    await refused(control, "GetLayerVersion", LayerName=LAYER, VersionNumber=1)
    await refused(control, "GetLayerVersionByArn", Arn=f"{LAYER}:1")
    await refused(control, "ListLayerVersions", LayerName=LAYER)
    await refused(control, "GetLayerVersion", LayerName=LAYER, VersionNumber=9)


async def test_a_layer_shared_with_an_organization_is_denied_as_nobody_knows_its_accounts(control):
    await share(control, OrganizationId="o-1234567890")
    await refused(control, "GetLayerVersion", LayerName=LAYER, VersionNumber=1)


async def test_only_versions_that_are_shared_are_listed(control):
    await share(control, None)
    await share(control, number=2)
    await share(control, None)
    listed = await control.ask("ListLayerVersions", OTHER, LayerName=LAYER)
    assert [version["Version"] for version in listed["LayerVersions"]] == [2]


async def test_sharing_a_layer_gives_nobody_power_over_it(control):
    await share(control)
    await refused(control, "DeleteLayerVersion", LayerName=LAYER, VersionNumber=1)
    await refused(control, "GetLayerVersionPolicy", LayerName=LAYER, VersionNumber=1)
    await refused(control, "RemoveLayerVersionPermission", LayerName=LAYER, VersionNumber=1, StatementId="s")


async def test_what_a_function_has_attached_it_keeps_when_the_layer_goes(control):
    await share(control)
    await control.ask(
        "CreateFunction",
        OTHER,
        FunctionName="theirs",
        Runtime="python3.12",
        Handler="index.handler",
        Role=f"arn:aws:iam::{OTHER.account}:role/r",
        Code={"ZipFile": b"PK one"},
        Layers=[f"{LAYER}:1"],
    )
    await control.ask("DeleteLayerVersion", LayerName="l", VersionNumber=1)
    kept = await control.ask("GetFunctionConfiguration", OTHER, FunctionName="theirs")
    assert [layer["Arn"] for layer in kept["Layers"]] == [f"{LAYER}:1"]
    keys = await control.catalogue.code_keys()
    stored = await control.catalogue.read(OTHER, "theirs")
    assert stored is not None and stored.layers[0].code_key in keys
    await refused(control, "GetLayerVersion", LayerName=LAYER, VersionNumber=1)
