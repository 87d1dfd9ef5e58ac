"""What is known of users, roles and keys, before and after a restart."""

from __future__ import annotations

import asyncio

import pytest
from iam_cases import ADMIN, BASIC, LAMBDA, allow, role, trust, user_with_key

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.iam import ACCESS_KEYS, ROLES, Role
from lambdad.domain.identity import Who
from lambdad.identity.directory import Directory
from lambdad.identity.iam.aws_managed_policies import aws_managed_policies
from lambdad.identity.principals import root_of
from lambdad.identity.sealing import Sealer
from lambdad.identity.sessions import Sessions
from tests.fakes.iam_bridge import ACCOUNT, IamBridge
from tests.fakes.resources import FakeResources

ROOT_TRUST = trust({"AWS": ACCOUNT})


def again(bridge: IamBridge, key: bytes = b"k" * 32) -> Directory:
    """What a server started anew on the same data knows."""
    made = Directory(bridge.resources, Sealer(key), Sessions(b"s" * 32), aws_managed_policies())
    bridge.run(made.load())
    return made


def test_everything_is_there_after_a_restart(bridge: IamBridge):
    key = user_with_key(bridge, policy=allow("s3:*"))
    role(bridge, trusted=ROOT_TRUST, Path="/x/")
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    arn = f"arn:aws:iam::{ACCOUNT}:role/x/deploy"
    credentials = bridge.sts.assume_role(RoleArn=arn, RoleSessionName="ci")["Credentials"]
    directory, now = again(bridge), bridge.clock.now()
    known = directory.key(key["AccessKeyId"], None, now)
    assert known is not None
    assert known.secret == key["SecretAccessKey"]
    session = directory.key(credentials["AccessKeyId"], credentials["SessionToken"], now)
    assert session is not None
    assert session.secret == credentials["SecretAccessKey"]
    for who in (known.who, session.who):
        found, before = directory.grants(who), bridge.directory.grants(who)
        assert found is not None and before is not None
        assert [len(one.statements) for one in found.identity] == [1] * len(before.identity) == [1]


def test_the_last_use_of_a_role_is_kept_when_the_server_ends(bridge: IamBridge):
    role(bridge, trusted=ROOT_TRUST)
    bridge.sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/deploy", RoleSessionName="ci")
    bridge.run(bridge.directory.close())
    assert again(bridge).table(ROLES, ACCOUNT)["deploy"].used_s == bridge.clock.now()


def test_a_key_sealed_otherwise_is_refused_and_never_a_stranger_s(bridge: IamBridge):
    key = user_with_key(bridge)
    with pytest.raises(CredentialsRefused):
        again(bridge, b"x" * 32).key(key["AccessKeyId"], None, bridge.clock.now())


def test_a_secret_cannot_be_moved_to_another_key(bridge: IamBridge):
    first, second = user_with_key(bridge), user_with_key(bridge, "bob")
    table = bridge.directory.table(ACCESS_KEYS, ACCOUNT)
    stolen = table[first["AccessKeyId"].lower()].secret

    async def move() -> None:
        from dataclasses import replace

        await bridge.directory.change(
            ACCESS_KEYS, ACCOUNT, second["AccessKeyId"], lambda there: there and replace(there, secret=stolen)
        )

    bridge.run(move())
    with pytest.raises(CredentialsRefused):
        bridge.directory.key(second["AccessKeyId"], None, bridge.clock.now())


def test_keys_of_strangers_are_none_of_ours(bridge: IamBridge):
    for access_key in ("test", "000000000000", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", ""):
        assert bridge.directory.key(access_key, None, 0.0) is None
        assert bridge.directory.key(access_key, "token", 0.0) is None


def test_a_user_s_key_goes_without_a_token(bridge: IamBridge):
    key = user_with_key(bridge)
    with pytest.raises(CredentialsRefused):
        bridge.directory.key(key["AccessKeyId"], "anything", bridge.clock.now())


def test_an_access_key_is_known_in_its_own_case_only(bridge: IamBridge):
    key = user_with_key(bridge)
    assert bridge.directory.key(key["AccessKeyId"].lower(), None, 0.0) is None


def test_who_is_bound_by_what(bridge: IamBridge):
    assert bridge.directory.grants(root_of(ACCOUNT)) is None
    unknown = Who(
        ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/none/f", "", f"arn:aws:iam::{ACCOUNT}:role/none"
    )
    assert bridge.directory.grants(unknown) is None
    gone = Who(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/none", "AIDANONE")
    found = bridge.directory.grants(gone)
    assert found is not None
    assert found.identity == ()


def test_a_boundary_that_is_gone_lets_nothing_through():
    held = Role(
        "deploy", "/", f"arn:aws:iam::{ACCOUNT}:role/deploy", "AROAX", 0, attached=(ADMIN,),
        boundary=f"arn:aws:iam::{ACCOUNT}:policy/gone", trust=LAMBDA,
    )  # fmt: skip

    async def grants() -> object:
        sealer, sessions = Sealer(b"k" * 32), Sessions(b"s" * 32)
        directory = Directory(FakeResources(lambda *_: True), sealer, sessions, aws_managed_policies())
        await directory.change(ROLES, ACCOUNT, "deploy", lambda _: held)
        who = Who(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/f", "AROAX:f", held.arn)
        found = directory.grants(who)
        assert found is not None
        return found.boundary

    boundary = asyncio.run(grants())
    assert boundary is not None
    assert boundary.statements == ()  # type: ignore[attr-defined]


def test_a_change_that_is_refused_changes_nothing(bridge: IamBridge):
    role(bridge)
    epoch = bridge.directory.epoch
    with pytest.raises(bridge.iam.exceptions.EntityAlreadyExistsException):
        role(bridge)
    assert bridge.directory.epoch == epoch
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    moved = bridge.directory.epoch
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    assert (moved > epoch, bridge.directory.epoch) == (True, moved)


def test_a_change_is_kept_although_nobody_waits_for_it_any_more(bridge: IamBridge):
    made = Role("late", "/", f"arn:aws:iam::{ACCOUNT}:role/late", "AROAX", 0, trust=LAMBDA)

    async def given_up() -> None:
        task = asyncio.ensure_future(bridge.directory.change(ROLES, ACCOUNT, "late", lambda _: made))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.01)

    bridge.run(given_up())
    assert bridge.directory.role(made.arn) == made
    assert again(bridge).role(made.arn) == made


def test_one_of_two_that_want_the_same_name_gets_it(bridge: IamBridge):
    async def both() -> list[object]:
        from lambdad.domain.http import Caller, Request
        from lambdad.domain.scope import Scope
        from lambdad.identity.iam.roles import Roles

        create = Roles(bridge.directory, bridge.clock).create
        request = Request("POST", "/", (), {}, b"", Caller(Scope(ACCOUNT)), "", "")
        asked = {"RoleName": "deploy", "AssumeRolePolicyDocument": LAMBDA}
        return await asyncio.gather(*(create(dict(asked), request) for _ in range(5)), return_exceptions=True)

    found = bridge.run(both())
    assert sum(not isinstance(one, Exception) for one in found) == 1
