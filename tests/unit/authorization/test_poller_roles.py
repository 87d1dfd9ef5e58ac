"""What the roles of functions let pollers do."""

from __future__ import annotations

import pytest

from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.poller_roles import RolesOfPollers
from tests.fakes.grants import FakeGrants
from tests.fakes.moments import FakeClock

ROLE = "arn:aws:iam::000000000000:role/r"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage")


@pytest.mark.parametrize(("enforce", "lacking"), [(False, None), (True, "sqs:ReceiveMessage")])
def test_a_role_that_nobody_knows_is_its_accounts_root_unless_the_server_enforces(enforce, lacking):
    roles = RolesOfPollers(Authority(FakeGrants(), FakeClock(), enforce=enforce), FakeClock())
    assert roles.lacking(ROLE, "f", ACTIONS, QUEUE) == lacking


@pytest.mark.parametrize(("enforce", "lacking"), [(False, None), (True, "sqs:ReceiveMessage")])
def test_what_is_no_role_at_all_is_treated_alike(enforce, lacking):
    roles = RolesOfPollers(Authority(FakeGrants(), FakeClock(), enforce=enforce), FakeClock())
    assert roles.lacking("r", "f", ACTIONS, QUEUE) == lacking
