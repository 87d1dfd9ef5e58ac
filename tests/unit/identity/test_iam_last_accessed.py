"""Which services were last used, and by whom: by boto3, with requests that were decided on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from iam_cases import BASIC, LAMBDA, allow, document, refusal, role, user_with_key

from lambdad.domain.errors import AccessDenied
from lambdad.domain.http import Caller, Request
from lambdad.domain.identity import Who
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.authority import Asking, Authority
from lambdad.identity.authorization.needs import Need
from tests.fakes.iam_bridge import ACCOUNT, IamBridge

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/deploy"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/alice"


def asks(bridge: IamBridge, who: Who, *actions: str, region: str = "us-east-1") -> None:
    """Have requests decided on."""
    authority = Authority(bridge.directory, bridge.clock, enforce=True, accesses=bridge.accesses)
    caller = Caller(Scope(ACCOUNT, region), "AKIA", None, who)
    request = Request("GET", "/", (), {}, b"", caller, "id", "http://localhost")
    for action in actions:
        try:
            bridge.run(authority.admit(request, [Asking(Need(action, "*"))]))
        except AccessDenied:
            continue


def of_role(bridge: IamBridge) -> Who:
    return bridge.directory.who(ROLE_ARN)  # type: ignore[no-any-return]


def of_user(bridge: IamBridge, name: str = "alice") -> Who:
    return bridge.directory.who_of_user(ACCOUNT, name)


def report(bridge: IamBridge, arn: str, **more: Any) -> dict[str, Any]:
    job = bridge.iam.generate_service_last_accessed_details(Arn=arn, **more)["JobId"]
    found: dict[str, Any] = bridge.iam.get_service_last_accessed_details(JobId=job)
    return found


def services(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["ServiceNamespace"]: one for one in found["ServicesLastAccessed"]}


def test_a_role_shows_what_it_may_use_and_when_it_did(bridge: IamBridge):
    role(bridge)
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("s3:GetObject"))
    asks(bridge, of_role(bridge), "s3:GetObject", region="eu-west-1")
    found = report(bridge, ROLE_ARN)
    assert (found["JobStatus"], found["JobType"], found["IsTruncated"]) == (
        "COMPLETED",
        "SERVICE_LEVEL",
        False,
    )
    assert services(found)["logs"] == {
        "ServiceName": "Amazon CloudWatch Logs",
        "ServiceNamespace": "logs",
        "TotalAuthenticatedEntities": 0,
    }
    assert services(found)["s3"] == {
        "ServiceName": "Amazon S3",
        "ServiceNamespace": "s3",
        "TotalAuthenticatedEntities": 1,
        "LastAuthenticated": datetime.fromtimestamp(int(bridge.clock.now()), UTC),
        "LastAuthenticatedEntity": ROLE_ARN,
        "LastAuthenticatedRegion": "eu-west-1",
    }
    assert list(services(found)) == ["logs", "s3"]


def test_attempts_that_were_refused_count(bridge: IamBridge):
    user_with_key(bridge, policy=allow("sqs:SendMessage"))
    asks(bridge, of_user(bridge), "sqs:PurgeQueue")
    assert services(report(bridge, USER_ARN))["sqs"]["LastAuthenticatedEntity"] == USER_ARN


def test_single_actions_are_told_on_request(bridge: IamBridge):
    user_with_key(bridge, policy=allow("*"))
    asks(bridge, of_user(bridge), "lambda:InvokeFunction", "lambda:GetFunction")
    found = services(report(bridge, USER_ARN, Granularity="ACTION_LEVEL"))
    tracked = found["lambda"]["TrackedActionsLastAccessed"]
    assert [one["ActionName"] for one in tracked] == ["GetFunction", "InvokeFunction"]
    assert tracked[0]["LastAccessedEntity"] == USER_ARN
    assert found["s3"]["TrackedActionsLastAccessed"] == []
    assert len(found) > 10


def test_what_is_only_denied_cannot_be_used(bridge: IamBridge):
    deny = document({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    role(bridge)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=deny)
    assert services(report(bridge, ROLE_ARN)) == {}


def test_a_group_and_a_policy_show_who_used_what_they_allow(bridge: IamBridge):
    arn = bridge.iam.create_policy(PolicyName="p", PolicyDocument=allow("sns:Publish"))["Policy"]["Arn"]
    group = bridge.iam.create_group(GroupName="team")["Group"]["Arn"]
    bridge.iam.attach_group_policy(GroupName="team", PolicyArn=arn)
    role(bridge)
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=arn)
    for name in ("alice", "bob"):
        user_with_key(bridge, name)
        bridge.iam.add_user_to_group(GroupName="team", UserName=name)
    for who in (of_user(bridge), of_user(bridge, "bob"), of_role(bridge)):
        asks(bridge, who, "sns:Publish")
        bridge.clock.now_s += 60
    assert services(report(bridge, group))["sns"]["TotalAuthenticatedEntities"] == 2
    assert services(report(bridge, USER_ARN))["sns"]["TotalAuthenticatedEntities"] == 1
    whole = services(report(bridge, arn))["sns"]
    assert (whole["TotalAuthenticatedEntities"], whole["LastAuthenticatedEntity"]) == (3, ROLE_ARN)
    job = bridge.iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    used = bridge.iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="sns")
    names = [(one["EntityInfo"]["Type"], one["EntityInfo"]["Name"]) for one in used["EntityDetailsList"]]
    assert names == [("ROLE", "deploy"), ("USER", "bob"), ("USER", "alice")]


def test_reports_come_in_pages(bridge: IamBridge):
    role(bridge)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("*"))
    whole = services(report(bridge, ROLE_ARN))
    job, found, marker = bridge.iam.generate_service_last_accessed_details(Arn=ROLE_ARN)["JobId"], [], {}
    while True:
        page = bridge.iam.get_service_last_accessed_details(JobId=job, MaxItems=5, **marker)
        found += [one["ServiceNamespace"] for one in page["ServicesLastAccessed"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert found == list(whole)


def test_a_role_of_the_same_name_starts_with_nothing_used(bridge: IamBridge):
    role(bridge)
    asks(bridge, of_role(bridge), "s3:GetObject")
    bridge.iam.delete_role(RoleName="deploy")
    bridge.clock.now_s += 60
    role(bridge)
    bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=allow("s3:*"))
    assert services(report(bridge, ROLE_ARN))["s3"]["TotalAuthenticatedEntities"] == 0


def test_what_is_not_there_is_said_so(bridge: IamBridge):
    code, message, status = refusal(bridge.iam.generate_service_last_accessed_details, Arn=ROLE_ARN)
    assert (code, status) == ("NoSuchEntity", 404)
    assert ROLE_ARN in message
    nobodys = "00000000-0000-0000-0000-000000000000"
    assert refusal(bridge.iam.get_service_last_accessed_details, JobId=nobodys)[0] == "NoSuchEntity"
    role(bridge)
    job = bridge.iam.generate_service_last_accessed_details(Arn=ROLE_ARN)["JobId"]
    elsewhere = bridge.client("iam", account="222222222222")
    assert refusal(elsewhere.get_service_last_accessed_details, JobId=job)[0] == "NoSuchEntity"


def restarted(bridge: IamBridge) -> IamBridge:
    bridge.run(bridge.accesses.keep())
    return IamBridge(bridge.resources)


def used(bridge: IamBridge, arns: Sequence[str]) -> list[list[str]]:
    return [sorted(bridge.accesses.of(arn, 0.0)) for arn in arns]


def test_what_was_used_is_kept_and_what_is_gone_is_dropped(bridge: IamBridge):
    role(bridge, "gone", LAMBDA)
    gone_arn = f"arn:aws:iam::{ACCOUNT}:role/gone"
    gone = bridge.directory.who(gone_arn)
    assert gone is not None
    role(bridge)
    asks(bridge, of_role(bridge), "s3:GetObject")
    asks(bridge, gone, "s3:PutObject")
    with restarted(bridge) as again:
        assert used(again, [ROLE_ARN, gone_arn]) == [["s3:GetObject"], ["s3:PutObject"]]
        again.iam.delete_role(RoleName="gone")
        with restarted(again) as third:
            assert used(third, [ROLE_ARN, gone_arn]) == [["s3:GetObject"], []]


def test_who_asks_is_seen_again_from_time_to_time(bridge: IamBridge):
    authority = Authority(bridge.directory, bridge.clock, accesses=bridge.accesses)
    before = authority.epoch
    bridge.run(bridge.accesses.keep())
    assert authority.epoch != before


def test_of_roles_that_nobody_knows_nothing_is_kept(bridge: IamBridge):
    arn = f"{ROLE_ARN}-made-up"
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/made-up/f"
    asks(bridge, Who(ACCOUNT, session, "made-up:f", role_arn=arn), "s3:GetObject")
    assert used(bridge, [arn]) == [["s3:GetObject"]]
    with restarted(bridge) as again:
        assert used(again, [arn]) == used(bridge, [arn]) == [[]]
