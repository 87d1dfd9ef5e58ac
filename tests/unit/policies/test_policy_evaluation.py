"""What a policy says about requests: a table of cases from IAM's documentation."""

from __future__ import annotations

import pytest
from policy_texts import ALICE, FUNCTION, INVOKE, OTHER, allows, policy, statement, verdict

from lambdad.domain.policies.document import IDENTITY_POLICY
from lambdad.domain.policies.evaluation import Verdict, decide, explain
from lambdad.domain.policies.principals import ANONYMOUS, identity, root, service

S3 = service("s3.amazonaws.com")
SESSION = identity(
    "arn:aws:sts::111111111111:assumed-role/deploy/ci", "arn:aws:iam::111111111111:role/deploy", "AROAEXAMPLE"
)


def test_what_no_statement_is_about_is_no_match():
    assert verdict(statement(Action="lambda:GetFunction")) is Verdict.NO_MATCH


def test_a_deny_wins_over_an_allow():
    assert verdict(statement(), statement("Deny")) is Verdict.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        ("lambda:*", True),
        ("lambda:Invoke*", True),
        ("LAMBDA:invokefunction", True),
        ("lambda:Invoke????????", True),
        ("lambda:Invoke", False),
        ("s3:*", False),
    ],
)
def test_actions_match_in_any_case_with_wildcards(pattern: str, matches: bool):
    assert allows(statement(Action=pattern)) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        (FUNCTION, True),
        (f"{FUNCTION}*", True),
        ("arn:aws:lambda:*:*:function:order?", True),
        ("arn:aws:lambda", True),
        ("arn:aws:lambda:us-*:*", True),
        (FUNCTION.upper().replace("ARN:", "arn:"), False),
        ("arn:aws:lambda:*:function:orders", False),
        (f"{FUNCTION}:1", False),
    ],
)
def test_resources_match_part_by_part(pattern: str, matches: bool):
    assert allows(statement(Resource=pattern)) is matches


def test_a_star_reaches_over_colons_in_the_last_part_of_an_arn():
    assert allows(statement(Resource="arn:aws:lambda:*:*:function:*"), resource=f"{FUNCTION}:live")


def test_only_a_star_covers_what_is_about_no_resource():
    assert allows(statement(Resource="*"), resource="*")
    assert not allows(statement(Resource="arn:aws:lambda:*:*:*"), resource="*")


def test_not_action_and_not_resource_are_about_all_others():
    assert not allows(statement(NotAction="lambda:Invoke*"))
    assert allows(statement(NotAction="lambda:Get*"))
    assert not allows(statement(NotResource=[FUNCTION, f"{FUNCTION}:*"]), resource=f"{FUNCTION}:1")
    assert allows(statement(NotResource=f"{FUNCTION}:*"))


@pytest.mark.parametrize("everybody", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
@pytest.mark.parametrize("principal", [ANONYMOUS, ALICE, SESSION, OTHER, S3])
def test_a_star_is_everybody(everybody, principal):
    assert allows(statement(Principal=everybody), principal=principal)


@pytest.mark.parametrize("account", ["222222222222", "arn:aws:iam::222222222222:root"])
def test_an_account_is_all_who_belong_to_it(account: str):
    one = statement(Principal={"AWS": account})
    assert allows(one, principal=OTHER)
    assert allows(one, principal=identity("arn:aws:iam::222222222222:role/deploy"))
    assert not any(allows(one, principal=who) for who in (ALICE, ANONYMOUS, S3))


def test_a_role_is_also_its_sessions():
    assert allows(statement(Principal={"AWS": "arn:aws:iam::111111111111:role/deploy"}), principal=SESSION)
    assert allows(
        statement(Principal={"AWS": "arn:aws:sts::111111111111:assumed-role/deploy/ci"}), principal=SESSION
    )
    assert not allows(statement(Principal={"AWS": "arn:aws:iam::111111111111:role/other"}), principal=SESSION)


def test_a_service_is_meant_by_its_name():
    assert allows(statement(Principal={"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}), principal=S3)
    assert not allows(statement(Principal={"Service": "sns.amazonaws.com"}), principal=S3)
    assert not allows(statement(Principal={"AWS": "s3.amazonaws.com"}), principal=S3)


def test_what_is_granted_to_an_account_is_delegated_to_it():
    granted = policy(statement(Principal={"AWS": "111111111111"}))
    request = {"action": INVOKE, "resource": FUNCTION, "keys": {}}
    assert explain(granted, principal=ALICE, **request).delegated
    assert not explain(granted, principal=root("111111111111"), **request).delegated


def test_a_direct_grant_counts_before_a_delegated_one():
    granted = policy(
        statement(Principal={"AWS": "111111111111"}),
        statement(Sid="direct", Principal={"AWS": "arn:aws:iam::111111111111:user/alice"}),
    )
    decision = explain(granted, principal=ALICE, action=INVOKE, resource=FUNCTION, keys={})
    assert not decision.delegated and decision.statement is granted.statements[1]


def test_not_principal_denies_all_who_are_not_listed_with_their_account():
    account, alice = "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/alice"
    assert verdict(statement("Deny", NotPrincipal={"AWS": [alice]})) is Verdict.EXPLICIT_DENY
    assert verdict(statement("Deny", NotPrincipal={"AWS": [account]})) is Verdict.EXPLICIT_DENY
    assert verdict(statement("Deny", NotPrincipal={"AWS": [alice, account]})) is Verdict.NO_MATCH
    others = statement("Deny", NotPrincipal={"AWS": [alice, account]})
    assert verdict(others, principal=ANONYMOUS) is Verdict.EXPLICIT_DENY
    assert verdict(others, principal=S3) is Verdict.EXPLICIT_DENY


def test_not_principal_allows_nobody_who_is_listed_in_any_way():
    assert not allows(statement(NotPrincipal={"AWS": "111111111111"}))
    assert allows(statement(NotPrincipal={"AWS": "111111111111"}), principal=OTHER)


def test_a_policy_of_an_identity_is_about_who_has_it():
    granted = policy({"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}, form=IDENTITY_POLICY)
    assert decide(granted, principal=ALICE, action=INVOKE, resource=FUNCTION, keys={}) is Verdict.ALLOW


def test_variables_take_what_the_request_has():
    own = statement(Resource="arn:aws:lambda:*:*:function:${aws:username}-*")
    resource = "arn:aws:lambda:us-east-1:111111111111:function:alice-orders"
    assert allows(own, resource=resource, aws__username="alice")
    assert allows(own, resource=resource, AWS__UserName="alice")
    assert not allows(own, resource=resource, aws__username="al*")
    assert not allows(own, resource=resource)
    assert not allows(own, resource=resource, aws__username=["alice", "bob"])


def test_a_variable_cannot_move_the_parts_of_an_arn():
    own = statement(Resource="arn:aws:lambda:us-east-1:${aws:PrincipalTag/a}:function:orders")
    assert not allows(own, **{"aws__PrincipalTag/a": "111111111111:function:orders"})


def test_a_variable_without_a_value_takes_its_default():
    own = statement(Resource="arn:aws:lambda:*:*:function:${aws:PrincipalTag/team, 'orders'}")
    assert allows(own)
    assert not allows(own, **{"aws__PrincipalTag/team": "billing"})


def test_a_statement_that_hangs_on_a_variable_without_a_value_is_about_nothing():
    resource = "arn:aws:lambda:*:*:function:${aws:username}"
    assert verdict(statement(NotResource=resource)) is Verdict.NO_MATCH
    assert verdict(statement(NotResource=resource), aws__username="alice") is Verdict.ALLOW


def test_a_text_that_variables_make_longer_than_any_value_is_about_nothing():
    condition = {"StringLike": {"aws:key": "${aws:key}" * 1_000}}
    assert verdict(statement(Condition=condition), aws__key="") is Verdict.ALLOW
    assert verdict(statement(Condition=condition), aws__key="a" * 8_000) is Verdict.NO_MATCH
    unlike = {"StringNotEquals": condition["StringLike"]}
    assert verdict(statement(Condition=unlike), aws__key="a" * 8_000) is Verdict.NO_MATCH


def test_characters_that_are_wildcards_can_be_written_as_variables():
    literal = statement(Condition={"StringLike": {"aws:PrincipalTag/a": "${*}${?}${$}?"}})
    assert allows(literal, **{"aws__PrincipalTag/a": "*?$x"})
    assert not allows(literal, **{"aws__PrincipalTag/a": "ab$x"})


def test_documents_of_the_first_version_know_no_variables():
    old = policy(
        statement(Condition={"StringEquals": {"aws:username": "${aws:username}"}}), version="2008-10-17"
    )
    request = {"principal": ALICE, "action": INVOKE, "resource": FUNCTION}
    assert decide(old, keys={"aws:username": "alice"}, **request) is Verdict.NO_MATCH
    assert decide(old, keys={"aws:username": "${aws:username}"}, **request) is Verdict.ALLOW
