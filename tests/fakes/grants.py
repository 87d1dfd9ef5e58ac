"""Users, roles and what binds them, written down by a test: implements `ports.identities` and `ports.principals`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lambdad.domain.identity import Grants, Key, Who
from lambdad.domain.policies.document import IDENTITY_POLICY, TRUST_POLICY, Form, read_policy
from lambdad.domain.policies.statements import Policy

ACCOUNT = "111111111111"
OTHER_ACCOUNT = "222222222222"


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def written(*statements: Mapping[str, Any], form: Form = IDENTITY_POLICY) -> Policy:
    """A policy of these statements; those about everything need not say so."""
    whole = [{"Effect": "Allow", **each} for each in statements]
    if form.resource:
        whole = [each if "NotResource" in each else {"Resource": "*", **each} for each in whole]
    return read_policy(document(*whole), form)


def allow(*actions: str, resource: str | Sequence[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: str | Sequence[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource, **more}


def user(name: str, account: str = ACCOUNT) -> Who:
    return Who(account, f"arn:aws:iam::{account}:user/{name}", f"AIDA{name.upper()}")


def session(role: str, name: str = "ci", account: str = ACCOUNT, issued_s: float = 1_700_000_000.0) -> Who:
    return Who(
        account,
        f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        f"AROA{role.upper()}:{name}",
        role_arn=f"arn:aws:iam::{account}:role/{role}",
        issued_s=issued_s,
        expires_s=issued_s + 3_600,
    )


def root_of(account: str = ACCOUNT) -> Who:
    return Who(account, f"arn:aws:iam::{account}:root", account)


class FakeGrants:
    """Keys, grants and trust policies in dictionaries; every change moves the epoch.

    Attributes:
        asked: how often grants were looked up.
    """

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self.trusts: dict[str, Policy] = {}
        self.people: dict[str, Who] = {}
        self.asked = 0
        self.epoch = 0
        self._grants: dict[str, Grants] = {}

    def key(self, access_key: str, session_token: str | None, now_s: float) -> Key | None:
        return self.keys.get(access_key)

    def grants(self, who: Who) -> Grants | None:
        self.asked += 1
        return self._grants.get(who.role_arn or who.arn)

    def trust(self, role_arn: str) -> Policy | None:
        return self.trusts.get(role_arn)

    def who(self, arn: str) -> Who | None:
        return self.people.get(arn)

    def bind(
        self,
        who: Who,
        *statements: Mapping[str, Any],
        boundary: Mapping[str, Any] | None = None,
        session: Sequence[Mapping[str, Any]] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """From now on the principal has these statements and no others."""
        self.people[who.arn] = who
        self._grants[who.role_arn or who.arn] = Grants(
            (replace(written(*statements), name="own"),) if statements else (),
            None if boundary is None else written(boundary),
            None if session is None else (written(*session),),
            tuple((tags or {}).items()),
        )
        self.epoch += 1

    def make_role(self, role_arn: str, service: str = "lambda.amazonaws.com") -> None:
        """A role that a service may assume."""
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        self.trusts[role_arn] = written(statement, form=TRUST_POLICY)
        self.epoch += 1
