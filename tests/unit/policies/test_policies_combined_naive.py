"""The combined decision against a second evaluator, and against what AWS's documentation says of cases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_evaluator import Caller, Question, Statement, allowed

from lambdad.domain.policies.combined import Asked, Policies, combine
from lambdad.domain.policies.document import IDENTITY_POLICY, RESOURCE_POLICY, Form, read_policy
from lambdad.domain.policies.principals import Principal, identity, root, service
from lambdad.domain.policies.statements import Policy
from tests.forms import examples

OURS, THEIRS = "111111111111", "222222222222"
USER = f"arn:aws:iam::{OURS}:user/alice"
ROLE = f"arn:aws:iam::{OURS}:role/deploy"
SESSION = f"arn:aws:sts::{OURS}:assumed-role/deploy/ci"
INVOKE, GET = "lambda:InvokeFunction", "lambda:GetFunction"
FUNCTION = f"arn:aws:lambda:us-east-1:{OURS}:function:orders"
CALLERS = (
    Caller(OURS, frozenset({USER})),
    Caller(OURS, frozenset({SESSION}), frozenset({ROLE})),
    Caller(OURS),
)


def read(statements: Sequence[Statement], form: Form) -> Policy:
    return read_policy(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), form)


def principal_of(caller: Caller) -> Principal:
    return root(caller.account) if caller.is_root else identity(*caller.own, *caller.others)


def ours(
    question: Question,
    of_identity: Sequence[Statement],
    resource: Sequence[Statement],
    boundary: Sequence[Statement] | None,
    session: Sequence[Statement] | None,
) -> bool:
    caller = question.caller
    bound = not caller.is_root
    policies = Policies(
        identity=None if not bound else [read([each], IDENTITY_POLICY) for each in of_identity],
        boundary=read(boundary, IDENTITY_POLICY) if bound and boundary else None,
        session=[read([each], IDENTITY_POLICY) for each in session] if bound and session else None,
        resource=read(resource, RESOURCE_POLICY) if resource else None,
        same_account=question.owner == caller.account,
    )
    arn = next(iter(caller.own), "")
    asked = Asked(principal_of(caller), arn, question.action, question.resource, question.keys)
    return combine(asked, policies).allowed


def members(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    def negated(name: str, value: Any, no: bool) -> tuple[str, Any]:
        return (f"Not{name}" if no and name in ("Action", "Resource") else name), value

    pairs = [st.builds(negated, st.just(name), value, st.booleans()) for name, value in values.items()]
    return st.builds(lambda *found: dict(found), *pairs)


CONDITIONS: list[dict[str, Any]] = [
    {},
    {"StringEquals": {"aws:a": "x"}},
    {"StringNotEquals": {"aws:a": "x"}},
    {"Null": {"aws:a": "true"}},
]
OF_IDENTITY = members(
    Effect=st.sampled_from(["Allow", "Allow", "Deny"]),
    Action=st.sampled_from([INVOKE, GET, "lambda:*", "s3:*", "*"]),
    Resource=st.sampled_from([FUNCTION, f"{FUNCTION}:*", f"arn:aws:lambda:*:{OURS}:function:*", "*"]),
    Condition=st.sampled_from(CONDITIONS),
)
NAMED = st.sampled_from(
    [
        "*",
        {"AWS": USER},
        {"AWS": ROLE},
        {"AWS": SESSION},
        {"AWS": OURS},
        {"AWS": THEIRS},
        {"AWS": [ROLE, SESSION]},
    ]
)
OF_RESOURCE = st.builds(
    lambda statement, principal: {**statement, "Principal": principal}, OF_IDENTITY, NAMED
)
LIMIT = st.none() | st.lists(OF_IDENTITY, min_size=1, max_size=2)
QUESTIONS = st.builds(
    Question,
    st.sampled_from(CALLERS),
    st.sampled_from([OURS, THEIRS]),
    st.sampled_from([INVOKE, GET]),
    st.sampled_from([FUNCTION, f"{FUNCTION}:live"]),
    st.sampled_from([{}, {"aws:a": "x"}, {"aws:a": "y"}]),
)


@settings(max_examples=examples(600))
@given(QUESTIONS, st.lists(OF_IDENTITY, max_size=3), st.lists(OF_RESOURCE, max_size=3), LIMIT, LIMIT)
def test_two_evaluators_agree(
    question: Question,
    of_identity: list[Statement],
    resource: list[Statement],
    boundary: list[Statement] | None,
    session: list[Statement] | None,
):
    if question.caller.own != frozenset({SESSION}):
        session = None  # users have none
    if _names_a_user_by_wildcard(question, resource):
        boundary = None  # undocumented whether that limits a user who is meant by a wildcard
    expected = allowed(question, of_identity, resource, boundary, session)
    assert ours(question, of_identity, resource, boundary, session) is expected


def _names_a_user_by_wildcard(question: Question, resource: list[Statement]) -> bool:
    return question.caller.own == frozenset({USER}) and any(each["Principal"] == "*" for each in resource)


def allow(action: str = INVOKE, resource: str = FUNCTION, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str = INVOKE, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


A_USER, A_SESSION, A_ROOT = CALLERS
TABLE: list[tuple[str, Caller, str, dict[str, Any], bool]] = [
    # "Identity-based policies with resource-based policies": the union within an account
    ("nothing allows it", A_USER, OURS, {}, False),
    ("the identity's policy allows it", A_USER, OURS, {"identity": [allow()]}, True),
    (
        "the resource's policy allows the user",
        A_USER,
        OURS,
        {"resource": [allow(Principal={"AWS": USER})]},
        True,
    ),
    (
        "the account is named: it delegates",
        A_USER,
        OURS,
        {"resource": [allow(Principal={"AWS": OURS})]},
        False,
    ),
    (
        "the account is named, and its own policy allows it",
        A_USER,
        OURS,
        {"resource": [allow(Principal={"AWS": OURS})], "identity": [allow()]},
        True,
    ),
    # "Explicit deny overrides any allow"
    ("denied by the identity", A_USER, OURS, {"identity": [allow(), deny()]}, False),
    (
        "denied by the resource",
        A_USER,
        OURS,
        {"identity": [allow()], "resource": [deny(Principal="*")]},
        False,
    ),
    ("denied by the boundary", A_USER, OURS, {"identity": [allow()], "boundary": [allow(), deny()]}, False),
    ("denied by the session", A_SESSION, OURS, {"identity": [allow()], "session": [allow(), deny()]}, False),
    # "Permissions boundaries": the intersection with identity-based policies
    ("boundary and identity", A_USER, OURS, {"identity": [allow()], "boundary": [allow()]}, True),
    ("a boundary grants nothing", A_USER, OURS, {"boundary": [allow()]}, False),
    ("outside the boundary", A_USER, OURS, {"identity": [allow()], "boundary": [allow("s3:*")]}, False),
    (
        "a user named by the resource is not limited by the boundary",
        A_USER,
        OURS,
        {"resource": [allow(Principal={"AWS": USER})], "boundary": [allow("s3:*")]},
        True,
    ),
    (
        "a role named by the resource is",
        A_SESSION,
        OURS,
        {"resource": [allow(Principal={"AWS": ROLE})], "boundary": [allow("s3:*")]},
        False,
    ),
    (
        "a role meant by a wildcard and aws:PrincipalArn is",
        A_SESSION,
        OURS,
        {
            "resource": [allow(Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})],
            "boundary": [allow("s3:*")],
        },
        False,
    ),
    (
        "a session named by the resource is not",
        A_SESSION,
        OURS,
        {"resource": [allow(Principal={"AWS": SESSION})], "boundary": [allow("s3:*")]},
        True,
    ),
    # "Session policies"
    ("session and identity", A_SESSION, OURS, {"identity": [allow()], "session": [allow()]}, True),
    ("a session policy grants nothing", A_SESSION, OURS, {"session": [allow()]}, False),
    (
        "a role named by the resource is limited by the session",
        A_SESSION,
        OURS,
        {"resource": [allow(Principal={"AWS": ROLE})], "session": [allow("s3:*")]},
        False,
    ),
    (
        "a session named by the resource is not limited by its policy",
        A_SESSION,
        OURS,
        {"resource": [allow(Principal={"AWS": SESSION})], "session": [allow("s3:*")]},
        True,
    ),
    # "Cross-account policy evaluation logic"
    ("across accounts the identity alone", A_USER, THEIRS, {"identity": [allow()]}, False),
    (
        "across accounts the resource alone",
        A_USER,
        THEIRS,
        {"resource": [allow(Principal={"AWS": USER})]},
        False,
    ),
    (
        "across accounts both",
        A_USER,
        THEIRS,
        {"identity": [allow()], "resource": [allow(Principal={"AWS": OURS})]},
        True,
    ),
    (
        "across accounts to everybody",
        A_USER,
        THEIRS,
        {"identity": [allow()], "resource": [allow(Principal="*")]},
        True,
    ),
    (
        "across accounts the boundary counts",
        A_USER,
        THEIRS,
        {"identity": [allow()], "boundary": [allow("s3:*")], "resource": [allow(Principal={"AWS": USER})]},
        False,
    ),
    # the root user
    ("a root in its account", A_ROOT, OURS, {}, True),
    ("a root that the resource denies", A_ROOT, OURS, {"resource": [deny(Principal="*")]}, False),
    ("a root in another account", A_ROOT, THEIRS, {}, False),
    (
        "a root that another account lets in",
        A_ROOT,
        THEIRS,
        {"resource": [allow(Principal={"AWS": OURS})]},
        True,
    ),
    # "NotAction", "NotResource", "NotPrincipal" with Deny
    (
        "everything but one action",
        A_USER,
        OURS,
        {"identity": [{"Effect": "Allow", "NotAction": GET, "Resource": "*"}]},
        True,
    ),
    (
        "everything but this resource",
        A_USER,
        OURS,
        {"identity": [{"Effect": "Allow", "Action": "*", "NotResource": FUNCTION}]},
        False,
    ),
    (
        "everybody but the user and the account is denied",
        A_USER,
        OURS,
        {
            "identity": [allow()],
            "resource": [deny(NotPrincipal={"AWS": [USER, f"arn:aws:iam::{OURS}:root"]})],
        },
        True,
    ),
    (
        "everybody but somebody else is denied",
        A_USER,
        OURS,
        {"identity": [allow()], "resource": [deny(NotPrincipal={"AWS": [ROLE]})]},
        False,
    ),
]


@pytest.mark.parametrize(
    ("caller", "owner", "policies", "expected"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE]
)
def test_what_the_documentation_says(caller: Caller, owner: str, policies: dict[str, Any], expected: bool):
    question = Question(caller, owner, INVOKE, FUNCTION, {"aws:PrincipalArn": ROLE})
    found = ours(
        question,
        policies.get("identity", []),
        policies.get("resource", []),
        policies.get("boundary"),
        policies.get("session"),
    )
    assert found is expected


@pytest.mark.parametrize(
    ("condition", "keys", "expected"),
    [
        ({}, {}, True),
        ({"StringEquals": {"aws:SourceAccount": OURS}}, {"aws:SourceAccount": OURS}, True),
        ({"StringEquals": {"aws:SourceAccount": OURS}}, {"aws:SourceAccount": THEIRS}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::in*"}}, {"aws:SourceArn": "arn:aws:s3:::inbox"}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::in*"}}, {}, False),
    ],
)
def test_a_service_has_nothing_but_the_resources_policy(
    condition: dict[str, Any], keys: dict[str, str], expected: bool
):
    name = "s3.amazonaws.com"
    statement = allow(Principal={"Service": name}, Condition=condition)
    asked = Asked(service(name), "", INVOKE, FUNCTION, keys)
    policies = Policies(identity=None, resource=read([statement], RESOURCE_POLICY), resource_must_allow=True)
    assert combine(asked, policies).allowed is expected
