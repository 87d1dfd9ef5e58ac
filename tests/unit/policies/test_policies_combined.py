"""How the verdicts of several policies add up: cases from IAM's documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from lambdad.domain.policies.combined import Asked, Outcome, Policies, Source, combine
from lambdad.domain.policies.document import IDENTITY_POLICY, RESOURCE_POLICY, read_policy
from lambdad.domain.policies.principals import ANONYMOUS, Principal, identity, root
from lambdad.domain.policies.statements import Policy

USER = "arn:aws:iam::111111111111:user/alice"
ROLE = "arn:aws:iam::111111111111:role/deploy"
SESSION = "arn:aws:sts::111111111111:assumed-role/deploy/ci"
ROOT = "arn:aws:iam::111111111111:root"
QUEUE = "arn:aws:sqs:eu-west-1:111111111111:work"


def bound(effect: str = "Allow", action: str = "sqs:*") -> Policy:
    return _read({"Effect": effect, "Action": action, "Resource": "*"}, resource=False)


def of_resource(principal: str | Mapping[str, str], effect: str = "Allow") -> Policy:
    named = principal if principal == "*" else {"AWS": principal}
    return _read({"Effect": effect, "Action": "sqs:*", "Resource": "*", "Principal": named}, resource=True)


def _read(statement: Mapping[str, object], *, resource: bool) -> Policy:
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return read_policy(text, RESOURCE_POLICY if resource else IDENTITY_POLICY)


def outcome(policies: Policies, *names: str, principal: Principal | None = None) -> Outcome:
    names = names or (USER,)
    who = principal or identity(*names)
    return combine(Asked(who, names[0], "sqs:SendMessage", QUEUE, {}), policies)


def told(found: Outcome) -> tuple[bool, Source | None, bool]:
    return found.allowed, found.source, found.explicit


ALLOW, DENY, OTHER = bound(), bound("Deny"), bound("Allow", "s3:*")


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (Policies(), (False, Source.IDENTITY, False)),
        (Policies(identity=[ALLOW]), (True, Source.IDENTITY, False)),
        (Policies(identity=[OTHER, ALLOW]), (True, Source.IDENTITY, False)),
        (Policies(identity=[ALLOW, DENY]), (False, Source.IDENTITY, True)),
        (Policies(identity=[ALLOW], boundary=OTHER), (False, Source.BOUNDARY, False)),
        (Policies(identity=[ALLOW], boundary=ALLOW), (True, Source.IDENTITY, False)),
        (Policies(identity=[ALLOW], boundary=DENY), (False, Source.BOUNDARY, True)),
        (Policies(boundary=ALLOW), (False, Source.IDENTITY, False)),
        (Policies(identity=[ALLOW], session=[]), (False, Source.SESSION, False)),
        (Policies(identity=[ALLOW], session=[OTHER, ALLOW]), (True, Source.IDENTITY, False)),
        (Policies(session=[ALLOW]), (False, Source.IDENTITY, False)),
        (Policies(resource=of_resource(USER)), (True, Source.RESOURCE, False)),
        (Policies(resource=of_resource(ROOT)), (False, Source.IDENTITY, False)),
        (Policies(identity=[ALLOW], resource=of_resource(ROOT)), (True, Source.IDENTITY, False)),
        (Policies(identity=[ALLOW], resource=of_resource(USER, "Deny")), (False, Source.RESOURCE, True)),
        (Policies(resource=of_resource(USER), boundary=OTHER), (True, Source.RESOURCE, False)),
        (Policies(resource=of_resource("*"), boundary=OTHER), (False, Source.BOUNDARY, False)),
        (Policies(identity=None), (True, None, False)),
        (Policies(identity=None, resource=of_resource("*", "Deny")), (False, Source.RESOURCE, True)),
    ],
)
def test_within_an_account(policies: Policies, expected: tuple[bool, Source | None, bool]):
    assert told(outcome(policies)) == expected


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (Policies(identity=[ALLOW], same_account=False), (False, Source.RESOURCE, False)),
        (Policies(resource=of_resource(USER), same_account=False), (False, Source.IDENTITY, False)),
        (
            Policies(identity=[ALLOW], resource=of_resource(USER), same_account=False),
            (True, Source.IDENTITY, False),
        ),
        (
            Policies(identity=[ALLOW], resource=of_resource(USER), boundary=OTHER, same_account=False),
            (False, Source.BOUNDARY, False),
        ),
        (Policies(identity=None, resource=of_resource(ROOT), same_account=False), (True, None, False)),
    ],
)
def test_across_accounts_both_sides_must_allow(
    policies: Policies, expected: tuple[bool, Source | None, bool]
):
    assert told(outcome(policies)) == expected


def test_a_trust_policy_must_allow_whatever_the_identity_may():
    assert told(outcome(Policies(identity=[ALLOW], resource_must_allow=True))) == (
        False,
        Source.RESOURCE,
        False,
    )
    trusting = Policies(resource=of_resource(USER), resource_must_allow=True)
    assert outcome(trusting).allowed


def test_a_resource_that_names_the_role_is_narrowed_by_the_session_and_one_that_names_the_session_is_not():
    names = (SESSION, ROLE, "AROAEXAMPLE")
    narrowed = Policies(resource=of_resource(ROLE), session=[OTHER])
    assert told(outcome(narrowed, *names)) == (False, Source.SESSION, False)
    assert outcome(Policies(resource=of_resource(SESSION), session=[OTHER]), *names).allowed


def test_of_several_statements_the_one_that_names_the_session_lets_it_past_what_narrows_it():
    statements = [
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Principal": {"AWS": each}}
        for each in (ROLE, SESSION)
    ]
    both = read_policy(json.dumps({"Version": "2012-10-17", "Statement": statements}), RESOURCE_POLICY)
    found = outcome(Policies(resource=both, session=[OTHER]), SESSION, ROLE)
    assert (found.allowed, found.statement) == (True, both.statements[1])


def test_who_is_anonymous_is_let_in_by_the_resource_alone():
    asked = Asked(ANONYMOUS, "", "sqs:SendMessage", QUEUE, {})
    assert combine(asked, Policies(resource=of_resource("*"))).allowed
    assert not combine(asked, Policies()).allowed


def test_the_statement_and_the_policy_that_decided_are_told():
    found = outcome(Policies(identity=[OTHER, ALLOW]))
    assert (found.index, found.statement) == (1, ALLOW.statements[0])


def test_a_root_in_its_own_account_needs_no_policy():
    who = root("111111111111")
    assert outcome(Policies(identity=None), ROOT, principal=who).allowed
