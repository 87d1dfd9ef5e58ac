"""Who may do what with whose functions: the gate before Lambda, in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.domain.code_signing import CODE_SIGNING_CONFIGS, CodeSigningConfig
from lambdad.domain.errors import AccessDenied, CredentialsRefused, InvalidParameter
from lambdad.domain.function import LATEST
from lambdad.domain.function_url import FUNCTION_URLS, AuthType, FunctionUrl
from lambdad.domain.resource import ACCOUNT as OF_ACCOUNT
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from tests.fakes.grants import (
    ACCOUNT,
    OTHER_ACCOUNT,
    allow,
    deny,
    root_of,
    session,
    user,
)
from tests.unit.authorization.gate_stage import ORDERS, REGION, ROLE, SCOPE, Stage, request_of

ALICE = user("alice")
CI = session("deploy")
BOB = user("bob", OTHER_ACCOUNT)
INVOKE = "lambda:InvokeFunction"
PREFIX = f"User: {ALICE.arn} is not authorized to perform: {INVOKE} on resource: {ORDERS}"


def grant(*principals: Any, action: str = INVOKE, resource: str = ORDERS, **more: Any) -> dict[str, Any]:
    """A statement of a function's policy."""
    return {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": action,
        "Resource": resource,
        **more,
    }


async def test_who_is_nobody_in_particular_may_do_everything_where_the_server_is_permissive():
    stage = Stage()
    assert await stage.may(None)
    assert await stage.may(None, "DeleteFunction")


async def test_who_is_nobody_in_particular_may_do_nothing_where_the_server_enforces():
    with pytest.raises(CredentialsRefused, match="Missing Authentication Token"):
        await Stage(enforce=True).ask(None)


async def test_a_user_needs_a_policy_in_every_mode():
    for enforce in (False, True):
        stage = Stage(enforce=enforce)
        stage.identities.bind(ALICE)
        words = f"{PREFIX} because no identity-based policy allows the {INVOKE} action"
        assert await stage.refusal(ALICE) == words
        stage.identities.bind(ALICE, allow(INVOKE, resource=ORDERS))
        assert await stage.may(ALICE)
        assert not await stage.may(ALICE, "DeleteFunction")
        assert not await stage.may(ALICE, FunctionName="other")


async def test_each_kind_of_policy_that_refuses_is_named():
    stage = Stage()
    everything = allow("lambda:*")
    stage.identities.bind(ALICE, everything, deny(INVOKE))
    assert await stage.refusal(ALICE) == f"{PREFIX} with an explicit deny in an identity-based policy"
    stage.identities.bind(ALICE, everything, boundary=allow("s3:*"))
    words = f"{PREFIX} because no permissions boundary allows the {INVOKE} action"
    assert await stage.refusal(ALICE) == words
    stage.identities.bind(ALICE, everything, boundary=deny("lambda:*"))
    assert await stage.refusal(ALICE) == f"{PREFIX} with an explicit deny in a permissions boundary"
    stage.identities.bind(ALICE, everything, session=[allow("s3:*")])
    assert await stage.refusal(ALICE) == f"{PREFIX} because no session policy allows the {INVOKE} action"
    stage.identities.bind(ALICE, everything, session=[deny("*")])
    assert await stage.refusal(ALICE) == f"{PREFIX} with an explicit deny in a session policy"
    stage.identities.bind(ALICE, everything)
    await stage.add()
    await stage.attach(grant(ALICE.arn) | {"Effect": "Deny"})
    assert await stage.refusal(ALICE) == f"{PREFIX} with an explicit deny in a resource-based policy"


async def test_a_change_of_a_policy_holds_for_the_next_call():
    stage = Stage()
    await stage.add()
    stage.identities.bind(ALICE)
    assert not await stage.may(ALICE)
    await stage.attach(grant(ALICE.arn))
    assert await stage.may(ALICE)
    await stage.attach()
    assert not await stage.may(ALICE)
    stage.identities.bind(ALICE, allow("lambda:*"))
    assert await stage.may(ALICE)
    stage.identities.bind(ALICE)
    assert not await stage.may(ALICE)


async def test_a_function_that_is_made_anew_does_not_have_the_policy_of_the_one_before():
    stage = Stage()
    stage.identities.bind(ALICE)
    await stage.add()
    await stage.attach(grant(ALICE.arn))
    assert await stage.may(ALICE)
    await stage.catalogue.delete_function(SCOPE, "orders")
    stage.made.guards.forget(SCOPE, "orders")
    await stage.add()
    assert not await stage.may(ALICE)


async def test_another_accounts_function_needs_both_sides():
    stage = Stage()
    await stage.add()
    stage.identities.bind(BOB)
    foreign = {"FunctionName": ORDERS}
    said = f"User: {BOB.arn} is not authorized to perform: {INVOKE} on resource: {ORDERS}"
    words = f"{said} because no resource-based policy allows the {INVOKE} action"
    assert await stage.refusal(BOB, **foreign) == words
    stage.identities.bind(BOB, allow("lambda:*"))
    assert await stage.refusal(BOB, **foreign) == words
    await stage.attach(grant(f"arn:aws:iam::{OTHER_ACCOUNT}:root"))
    assert await stage.may(BOB, **foreign)
    assert not await stage.may(BOB, "DeleteFunction", **foreign)
    stage.identities.bind(BOB)
    assert await stage.refusal(BOB, **foreign) == (
        f"{said} because no identity-based policy allows the {INVOKE} action"
    )


async def test_what_is_let_into_another_account_acts_on_that_accounts_function():
    stage = Stage()
    await stage.add()
    await stage.attach(grant(OTHER_ACCOUNT))
    stage.identities.bind(BOB, allow("lambda:*"))
    assert (await stage.ask(BOB, FunctionName=ORDERS)).caller.scope == SCOPE
    assert (await stage.ask(BOB)).caller.scope == Scope(OTHER_ACCOUNT, REGION)


async def test_an_unknown_key_of_another_account_is_let_in_by_the_functions_policy_alone():
    stage = Stage()
    await stage.add()
    other = Scope(OTHER_ACCOUNT, REGION)
    request = request_of(None, other)
    assert (await stage.ask(None, request=request, FunctionName=ORDERS)).caller.scope == other
    await stage.attach(grant(OTHER_ACCOUNT))
    assert (await stage.ask(None, request=request, FunctionName=ORDERS)).caller.scope == SCOPE


async def test_the_root_of_an_account_may_do_everything_in_it_and_nothing_in_another():
    stage = Stage(enforce=True)
    assert await stage.may(root_of())
    assert not await stage.may(root_of(OTHER_ACCOUNT), FunctionName=ORDERS)


async def test_other_kinds_of_resources_of_another_account_are_refused():
    stage = Stage()
    stage.identities.bind(BOB, allow("lambda:*"))
    config = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-1"
    assert not await stage.may(BOB, "GetCodeSigningConfig", CodeSigningConfigArn=config)
    mapping = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:4b1e"
    assert not await stage.may(BOB, "TagResource", Resource=mapping, Tags={"a": "b"})
    policy = {"ResourceArn": ORDERS}
    assert not await stage.may(BOB, "GetResourcePolicy", **policy)


async def test_a_layer_of_another_account_is_for_its_own_policy_and_the_callers():
    stage = Stage()
    layer = {"LayerName": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:tools", "VersionNumber": 1}
    stage.identities.bind(BOB)
    assert not await stage.may(BOB, "GetLayerVersion", **layer)
    stage.identities.bind(BOB, allow("lambda:GetLayerVersion"))
    assert await stage.may(BOB, "GetLayerVersion", **layer)


async def test_a_qualified_name_needs_a_permission_for_the_qualifier():
    stage = Stage()
    stage.identities.bind(ALICE, allow(INVOKE, resource=f"{ORDERS}:live"))
    assert await stage.may(ALICE, Qualifier="live")
    assert await stage.may(ALICE, FunctionName=f"{ORDERS}:live")
    assert not await stage.may(ALICE)
    assert not await stage.may(ALICE, Qualifier="next")
    stage.identities.bind(ALICE, allow(INVOKE, resource=ORDERS))
    assert not await stage.may(ALICE, Qualifier="live")


async def test_a_role_must_be_one_that_the_caller_may_pass():
    stage = Stage()
    stage.identities.make_role(ROLE)
    stage.identities.bind(ALICE, allow("lambda:*"))
    words = (
        f"User: {ALICE.arn} is not authorized to perform: iam:PassRole on resource: {ROLE} "
        "because no identity-based policy allows the iam:PassRole action"
    )
    assert await stage.refusal(ALICE, "CreateFunction", Role=ROLE) == words
    to_others = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    stage.identities.bind(ALICE, allow("lambda:*"), allow("iam:PassRole", Condition=to_others))
    assert await stage.refusal(ALICE, "CreateFunction", Role=ROLE) == words
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    stage.identities.bind(ALICE, allow("lambda:*"), allow("iam:PassRole", Condition=to_lambda))
    assert await stage.may(ALICE, "CreateFunction", Role=ROLE)
    assert await stage.may(ALICE, "UpdateFunctionConfiguration", Role=ROLE)
    assert await stage.may(ALICE, "UpdateFunctionConfiguration")


async def test_a_role_of_another_account_cannot_be_passed():
    stage = Stage()
    stage.identities.bind(ALICE, allow("*"))
    theirs = f"arn:aws:iam::{OTHER_ACCOUNT}:role/worker"
    stage.identities.make_role(theirs)
    with pytest.raises(AccessDenied, match=r"^Cross-account pass role is not allowed\.$"):
        await stage.ask(ALICE, "CreateFunction", Role=theirs)


async def test_a_role_that_lambda_cannot_assume_is_refused_in_every_mode():
    for enforce in (False, True):
        stage = Stage(enforce=enforce)
        stage.identities.make_role(ROLE, "ec2.amazonaws.com")
        with pytest.raises(
            InvalidParameter, match=r"^The role defined for the function cannot be assumed by"
        ):
            await stage.ask(root_of(), "CreateFunction", Role=ROLE)


async def test_an_unknown_role_is_a_warning_where_the_server_is_permissive_and_refused_where_it_enforces(
    caplog: pytest.LogCaptureFixture,
):
    assert await Stage().may(None, "CreateFunction", Role=ROLE)
    assert [record.message for record in caplog.records] == [
        f"the role {ROLE} does not exist: functions with it act as their account's root"
    ]
    refusal = await Stage(enforce=True).refusal(root_of(), "CreateFunction", Role=ROLE)
    assert refusal == "The role defined for the function cannot be assumed by Lambda."


async def test_tags_of_the_function_decide_where_a_policy_mentions_them():
    stage = Stage()
    await stage.add(Team="blue")
    condition = {"StringEquals": {"aws:ResourceTag/Team": "${aws:PrincipalTag/team}"}}
    stage.identities.bind(ALICE, allow("lambda:*", Condition=condition), tags={"team": "red"})
    assert not await stage.may(ALICE)
    stage.identities.bind(ALICE, allow("lambda:*", Condition=condition), tags={"team": "blue"})
    assert await stage.may(ALICE)
    await stage.catalogue.write_tags(SCOPE, "orders", {"Team": "green"})
    assert not await stage.may(ALICE)


async def test_tags_of_other_resources_decide_as_well():
    stage = Stage()
    place = Place(SCOPE, OF_ACCOUNT, "csc-1")
    config = CodeSigningConfig("csc-1", (), "Warn", "", tags={"team": "blue"})
    await stage.catalogue.resources.change(CODE_SIGNING_CONFIGS, place, lambda _: config)
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-1"
    for team, allowed in (("blue", True), ("red", False)):
        condition = {"StringEquals": {"aws:ResourceTag/team": team}}
        stage.identities.bind(ALICE, allow("lambda:*", Condition=condition))
        assert await stage.may(ALICE, "DeleteCodeSigningConfig", CodeSigningConfigArn=arn) is allowed


async def test_the_vpc_of_a_function_is_that_of_its_subnets():
    stage = Stage()
    condition = {"StringEquals": {"lambda:VpcIds": "vpc-1"}}
    stage.identities.bind(ALICE, allow("lambda:*", Condition=condition), allow("iam:*"))
    config = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert await stage.may(ALICE, "UpdateFunctionConfiguration", VpcConfig=config)
    assert not await stage.may(ALICE, "UpdateFunctionConfiguration")


async def test_the_auth_type_of_a_url_is_the_stored_one_where_the_request_gives_none():
    stage = Stage()
    await stage.add()
    url = FunctionUrl("a" * 32, AuthType.NONE, None, None, created="", modified="")
    place = Place(SCOPE, "orders", LATEST)
    await stage.catalogue.resources.change(FUNCTION_URLS, place, lambda _: url)
    condition = {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}
    stage.identities.bind(ALICE, allow("lambda:*", Condition=condition))
    assert not await stage.may(ALICE, "DeleteFunctionUrlConfig")
    assert not await stage.may(ALICE, "UpdateFunctionUrlConfig", AuthType="NONE")
    assert await stage.may(ALICE, "CreateFunctionUrlConfig", AuthType="AWS_IAM")


async def test_a_permission_is_removed_only_by_who_might_have_given_it():
    stage = Stage()
    await stage.add()
    await stage.attach(grant() | {"Principal": {"Service": "s3.amazonaws.com"}})
    for service, allowed in (("sns.amazonaws.com", False), ("s3.amazonaws.com", True)):
        condition = {"StringEquals": {"lambda:Principal": service}}
        stage.identities.bind(ALICE, allow("lambda:*", Condition=condition))
        assert await stage.may(ALICE, "RemovePermission", StatementId="s") is allowed


async def test_sessions_issued_before_a_moment_are_refused_as_revocation_asks():
    stage = Stage()
    condition = {"DateLessThan": {"aws:TokenIssueTime": "2023-11-15T00:00:00Z"}}
    stage.identities.bind(CI, allow("lambda:*"), deny("*", Condition=condition))
    assert not await stage.may(session("deploy", issued_s=1_700_000_000.0))
    assert await stage.may(session("deploy", issued_s=1_800_000_000.0))


async def test_a_condition_on_the_clients_address_or_the_time_is_looked_at_in_every_call():
    stage = Stage()
    near = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    stage.identities.bind(ALICE, allow("lambda:*", Condition=near))
    for address, allowed in (("10.1.2.3", True), ("192.0.2.1", False), ("10.9.9.9", True)):
        request = request_of(ALICE, source_ip=address)
        admitted = stage.made.gate.admit("Invoke", {"FunctionName": "orders"}, request)
        if allowed:
            assert not (await admitted).is_steady
        else:
            with pytest.raises(AccessDenied):
                await admitted


async def test_a_call_that_nothing_of_the_request_decides_on_is_steady():
    stage = Stage()
    region = {"StringEquals": {"aws:RequestedRegion": REGION}}
    stage.identities.bind(ALICE, allow("lambda:*", Condition=region))
    admitted = await stage.made.gate.admit("Invoke", {"FunctionName": "orders"}, request_of(ALICE))
    assert admitted.is_steady


@pytest.mark.parametrize(
    ("condition", "source", "account", "allowed"),
    [
        ({}, None, None, True),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::in"}}, "arn:aws:s3:::in", None, True),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::in"}}, "arn:aws:s3:::out", None, False),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::in"}}, None, None, False),
        ({"StringEquals": {"AWS:SourceAccount": ACCOUNT}}, "arn:aws:s3:::in", ACCOUNT, True),
        ({"StringEquals": {"AWS:SourceAccount": ACCOUNT}}, "arn:aws:s3:::in", OTHER_ACCOUNT, False),
    ],
)
async def test_a_service_needs_the_functions_policy(
    condition: dict[str, Any], source: str | None, account: str | None, allowed: bool
):
    stage = Stage()
    await stage.add()
    may = stage.made.gate.may_service
    assert not await may("s3.amazonaws.com", SCOPE, ORDERS, source_arn=source, source_account=account)
    await stage.attach(grant() | {"Principal": {"Service": "s3.amazonaws.com"}, "Condition": condition})
    found = await may("s3.amazonaws.com", SCOPE, ORDERS, source_arn=source, source_account=account)
    assert found is allowed
    assert not await may("sns.amazonaws.com", SCOPE, ORDERS, source_arn=source, source_account=account)


async def test_denials_are_remembered_with_what_decided_them():
    stage = Stage()
    statement = deny(INVOKE, Sid="Never", Condition={"StringEquals": {"aws:RequestedRegion": REGION}})
    stage.identities.bind(ALICE, allow("lambda:*"), statement)
    assert not await stage.may(ALICE)
    (denial,) = stage.made.authority.recent.all()
    assert (denial.principal, denial.action, denial.resource) == (ALICE.arn, INVOKE, ORDERS)
    assert denial.keys == {"aws:requestedregion": (REGION,)}
    assert denial.outcome.statement is not None
    assert denial.outcome.statement.sid == "Never"


async def test_what_was_decided_is_not_decided_again():
    stage = Stage()
    stage.identities.bind(ALICE, allow(INVOKE))
    for _ in range(3):
        assert await stage.may(ALICE)
    assert stage.identities.asked == 1


QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:dead"


@pytest.mark.parametrize(
    ("target", "action", "words"),
    [(QUEUE, "sqs:SendMessage", "call SendMessage on SQS"), (TOPIC, "sns:Publish", "call Publish on SNS")],
)
async def test_a_role_that_may_not_send_to_the_dead_letter_queue_is_refused(
    target: str, action: str, words: str
) -> None:
    stage = Stage()
    stage.identities.make_role(ROLE)
    asked = {"DeadLetterConfig": {"TargetArn": target}, "Role": ROLE}
    stage.identities.bind(session("worker"), allow("logs:*"))
    refused = f"The provided execution role does not have permissions to {words}"
    assert await stage.refusal(None, "CreateFunction", **asked) == refused
    stage.identities.bind(session("worker"), allow(action, resource=target))
    assert await stage.may(None, "CreateFunction", **asked)


async def test_a_dead_letter_queue_given_later_is_held_against_the_role_the_function_has() -> None:
    stage = Stage()
    await stage.add()
    has = (await stage.catalogue.read(SCOPE, "orders", LATEST)).role  # type: ignore[union-attr]
    asked = {"DeadLetterConfig": {"TargetArn": QUEUE}}
    assert await stage.may(None, "UpdateFunctionConfiguration", **asked), "a role that nobody knows"
    name = has.rpartition("/")[2]
    account = has.split(":")[4]
    stage.identities.bind(session(name, account=account), allow("logs:*"))
    assert not await stage.may(None, "UpdateFunctionConfiguration", **asked)
    assert await stage.may(None, "UpdateFunctionConfiguration", DeadLetterConfig={"TargetArn": ""})
