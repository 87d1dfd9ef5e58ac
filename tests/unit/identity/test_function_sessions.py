"""Whom a function acts as."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from iam_cases import BASIC, role, trust

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.identity import Key
from lambdad.domain.scope import Scope
from lambdad.identity.function_sessions import FunctionSessions
from tests.fakes.iam_bridge import ACCOUNT, OTHER_ACCOUNT, IamBridge
from tests.fakes.worker import version_of

VERSION = replace(version_of(), scope=Scope(ACCOUNT, "eu-west-1"), role=f"arn:aws:iam::{ACCOUNT}:role/deploy")
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def sessions_of(bridge: IamBridge, *, needs_role: bool = False) -> FunctionSessions:
    return FunctionSessions(bridge.directory, bridge.sessions, bridge.clock, 100.0, needs_role=needs_role)


def key_of(bridge: IamBridge, sessions: FunctionSessions) -> Key:
    issued = sessions.issue(VERSION)
    key = bridge.directory.key(issued.access_key, issued.token, bridge.clock.now())
    assert key is not None
    return key


def test_a_function_acts_as_its_role(bridge: IamBridge):
    made = role(bridge, Path="/service/", trusted=trust({"Service": "lambda.amazonaws.com"}))
    version = replace(VERSION, role=made["Arn"])
    issued = sessions_of(bridge).issue(version)
    key = bridge.directory.key(issued.access_key, issued.token, bridge.clock.now())
    assert key is not None
    assert key.who.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/{VERSION.name}"
    assert key.who.unique_id == f"{made['RoleId']}:{VERSION.name}"
    grants = bridge.directory.grants(key.who)
    assert grants is not None
    assert grants.identity == ()
    used = bridge.iam.get_role(RoleName="deploy")["Role"]["RoleLastUsed"]
    assert used["Region"] == "eu-west-1"


def test_its_credentials_end_with_its_environment(bridge: IamBridge):
    role(bridge)
    sessions = sessions_of(bridge)
    issued = sessions.issue(VERSION)
    sessions.end(issued.access_key)
    with pytest.raises(CredentialsRefused):
        bridge.directory.key(issued.access_key, issued.token, bridge.clock.now())


def test_its_credentials_outlive_its_environment_in_time_only(bridge: IamBridge):
    role(bridge)
    issued = sessions_of(bridge).issue(VERSION)
    assert issued.expires_s == bridge.clock.now() + 100


def test_a_role_that_is_not_there_acts_as_the_root_and_is_said_once(
    bridge: IamBridge, caplog: pytest.LogCaptureFixture
):
    sessions = sessions_of(bridge)
    with caplog.at_level(logging.WARNING, "lambdad.identity"):
        assert key_of(bridge, sessions).who.arn == ROOT
        assert key_of(bridge, sessions).who.arn == ROOT
    (said,) = caplog.records
    assert VERSION.role in said.getMessage()
    assert sessions.unknown_roles() == [VERSION.role]
    role(bridge)
    bridge.iam.attach_role_policy(RoleName="deploy", PolicyArn=BASIC)
    assert sessions.unknown_roles() == []
    assert "assumed-role/deploy" in key_of(bridge, sessions).who.arn


def test_a_role_that_is_not_there_may_do_nothing_when_callers_must_be_known(bridge: IamBridge):
    key = key_of(bridge, sessions_of(bridge, needs_role=True))
    assert "assumed-role/deploy" in key.who.arn
    grants = bridge.directory.grants(key.who)
    assert grants is not None
    assert grants.identity == ()


def test_a_role_of_another_account_is_not_lent(bridge: IamBridge):
    other = bridge.client("iam", account=OTHER_ACCOUNT)
    made = other.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"]
    issued = sessions_of(bridge).issue(replace(VERSION, role=made["Arn"]))
    key = bridge.directory.key(issued.access_key, issued.token, bridge.clock.now())
    assert key is not None
    assert key.who.arn == ROOT
