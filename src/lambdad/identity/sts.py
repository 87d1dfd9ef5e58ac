"""STS: sessions of roles and users, and who one is.

AssumeRole is decided here whole, because the trust policy of the role is the resource's: it has to allow the
caller, and when it means the caller's account only, or another account's caller, their own policies do too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from lambdad.domain.errors import AccessDenied, InvalidParameter, MalformedPolicy, NotOffered
from lambdad.domain.http import Request
from lambdad.domain.iam import Role
from lambdad.domain.identity import Who
from lambdad.domain.limits import (
    DEFAULT_SESSION_S,
    DEFAULT_TOKEN_SESSION_S,
    MAX_CHAINED_SESSION_S,
    MAX_ROOT_SESSION_S,
    MAX_SESSION_POLICY_ARNS,
)
from lambdad.domain.policies.combined import Asked, Policies, combine
from lambdad.domain.policies.document import IDENTITY_POLICY, TRUST_POLICY, InvalidPolicy, read_policy
from lambdad.domain.policies.request_keys import Given
from lambdad.identity.directory import Directory
from lambdad.identity.iam.entities import Handler, Params, moment
from lambdad.identity.iam.tagging import given_tags
from lambdad.identity.principals import principal_of, who_asks
from lambdad.identity.sessions import SessionCredentials, Sessions
from lambdad.ports.clock import Clock

ASSUME_ROLE: Final = "sts:AssumeRole"
_MAX_PACKED_CHARACTERS: Final = 2_048 + 50 * (128 + 256)
"""What PackedPolicySize is a part of: the longest policy and the most tags."""

Keys = Callable[[Request, Who, float], Given]
"""Condition keys of any request, whatever it is about."""


def sts_handlers(
    directory: Directory, sessions: Sessions, clock: Clock, keys: Keys | None = None
) -> dict[str, Handler]:
    """The operations offered, by name, for a modelled service of the `sts` model.

    Args:
        directory: roles and what callers may do.
        sessions: makes credentials.
        clock: when they begin.
        keys: condition keys that every request has; None for those of `caller_keys`.
    """
    sts = _Sts(directory, sessions, clock, keys or caller_keys)
    return {
        "AssumeRole": sts.assume_role,
        "GetCallerIdentity": sts.get_caller_identity,
        "GetSessionToken": sts.get_session_token,
    }


def caller_keys(request: Request, who: Who, now_s: float) -> Given:
    """What a request says of its caller and its time."""
    keys = {
        "aws:PrincipalArn": who.role_arn or who.arn,
        "aws:PrincipalAccount": who.account,
        "aws:PrincipalType": "Account" if who.is_root else "User" if who.role_arn is None else "AssumedRole",
        "aws:userid": who.unique_id,
        "aws:CurrentTime": datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now_s)),
        "aws:SecureTransport": str(request.base_url.startswith("https:")).lower(),
        **{f"aws:PrincipalTag/{key}": value for key, value in who.session_tags},
    }
    if who.role_arn is None and not who.is_root:
        keys["aws:username"] = who.arn.rpartition("/")[2]
    if who.issued_s is not None:
        issued = datetime.fromtimestamp(who.issued_s, UTC)
        keys["aws:TokenIssueTime"] = issued.strftime("%Y-%m-%dT%H:%M:%SZ")
    if who.source_identity is not None:
        keys["aws:SourceIdentity"] = who.source_identity
    return keys


class _Sts:
    def __init__(self, directory: Directory, sessions: Sessions, clock: Clock, keys: Keys) -> None:
        self._directory = directory
        self._sessions = sessions
        self._clock = clock
        self._keys = keys

    async def get_caller_identity(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Who one is; nobody needs a permission for that."""
        who = who_asks(request)
        return {"UserId": who.unique_id, "Account": who.account, "Arn": who.arn}

    async def assume_role(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A session of a role."""
        if params.get("TransitiveTagKeys") or params.get("ProvidedContexts"):
            raise NotOffered("Transitive session tags and provided contexts are not offered by lambdad.")
        who, now = who_asks(request), self._clock.now()
        role = self._directory.role(params["RoleArn"])
        self._may_assume(params, request, who, role, now)
        if role is None:
            raise _denied(who, ASSUME_ROLE, params["RoleArn"])
        account, name = role.arn.split(":")[4], params["RoleSessionName"]
        session = Who(
            account=account,
            arn=session_arn(role, name),
            unique_id=f"{role.unique_id}:{name}",
            role_arn=role.arn,
            issued_s=now,
            expires_s=now + _duration_s(params, who, role),
            session_policies=self._session_policies(params, account),
            session_tags=given_tags(params.get("Tags")),
            source_identity=params.get("SourceIdentity") or who.source_identity,
        )
        issued = self._sessions.issue(session)
        self._directory.note_use(role, request.caller.scope.region, now)
        answer: dict[str, Any] = {
            "Credentials": _shown(issued),
            "AssumedRoleUser": {"AssumedRoleId": session.unique_id, "Arn": session.arn},
            "SourceIdentity": session.source_identity,
        }
        packed = sum(map(len, session.session_policies)) + sum(len(k + v) for k, v in session.session_tags)
        if packed:
            answer["PackedPolicySize"] = max(1, packed * 100 // _MAX_PACKED_CHARACTERS)
        return answer

    async def get_session_token(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A session of the user who asks, or of an account's root."""
        who, now = who_asks(request), self._clock.now()
        if who.issued_s is not None:
            raise AccessDenied("Cannot call GetSessionToken with session credentials")
        if params.get("SerialNumber") or params.get("TokenCode"):
            raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
        seconds = params.get("DurationSeconds") or DEFAULT_TOKEN_SESSION_S
        if who.is_root:
            seconds = min(seconds, MAX_ROOT_SESSION_S)
        session = Who(who.account, who.arn, who.unique_id, issued_s=now, expires_s=now + seconds)
        return {"Credentials": _shown(self._sessions.issue(session))}

    def _may_assume(self, params: Params, request: Request, who: Who, role: Role | None, now: float) -> None:
        """See that the caller may have the session, as it is to be.

        Raises:
            AccessDenied: no, or there is no such role.
        """
        actions = [ASSUME_ROLE]
        if params.get("Tags"):
            actions.append("sts:TagSession")
        if params.get("SourceIdentity"):
            actions.append("sts:SetSourceIdentity")
        keys = {**self._keys(request, who, now), **_request_keys(params)}
        grants = self._directory.grants(who)
        for action in actions:
            if (
                role is None
                or not combine(
                    Asked(principal_of(who), who.arn, action, role.arn, keys),
                    Policies(
                        identity=None if grants is None else grants.identity,
                        boundary=None if grants is None else grants.boundary,
                        session=None if grants is None else grants.session,
                        resource=read_policy(role.trust, TRUST_POLICY),
                        same_account=role.arn.split(":")[4] == who.account,
                        resource_must_allow=True,
                    ),
                ).allowed
            ):
                raise _denied(who, action, params["RoleArn"])

    def _session_policies(self, params: Params, account: str) -> tuple[str, ...]:
        arns = [one.get("arn", "") for one in params.get("PolicyArns") or ()]
        if len(arns) > MAX_SESSION_POLICY_ARNS:
            raise InvalidParameter(
                "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_SESSION_POLICY_ARNS}"
            )
        for arn in arns:
            if self._directory.policy(account, arn) is None:
                raise InvalidParameter(f"Policy {arn} does not exist or is not attachable.")
        document = params.get("Policy")
        if document is None:
            return tuple(arns)
        try:
            read_policy(document, IDENTITY_POLICY)
        except InvalidPolicy as error:
            raise MalformedPolicy(f"Syntax errors in policy: {error}.") from error
        return (document, *arns)


def session_arn(role: Role, name: str) -> str:
    """Of a session of the role; without the role's path, as AWS has it."""
    _, partition, _, _, account, _ = role.arn.split(":", 5)
    return f"arn:{partition}:sts::{account}:assumed-role/{role.name}/{name}"


def _duration_s(params: Params, who: Who, role: Role) -> int:
    seconds = int(params.get("DurationSeconds") or DEFAULT_SESSION_S)
    if who.role_arn is not None and seconds > MAX_CHAINED_SESSION_S:
        raise InvalidParameter(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
            "chaining"
        )
    if seconds > role.max_session_s:
        raise InvalidParameter(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


def _request_keys(params: Params) -> Given:
    tags = params.get("Tags") or ()
    keys: dict[str, str | list[str]] = {"sts:RoleSessionName": params["RoleSessionName"]}
    keys |= {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags}
    if tags:
        keys["aws:TagKeys"] = [tag["Key"] for tag in tags]
    for member, key in (("ExternalId", "sts:ExternalId"), ("SourceIdentity", "sts:SourceIdentity")):
        if params.get(member):
            keys[key] = params[member]
    return keys


def _denied(who: Who, action: str, role_arn: str) -> AccessDenied:
    return AccessDenied(f"User: {who.arn} is not authorized to perform: {action} on resource: {role_arn}")


def _shown(issued: SessionCredentials) -> Mapping[str, Any]:
    return {
        "AccessKeyId": issued.access_key,
        "SecretAccessKey": issued.secret_key,
        "SessionToken": issued.token,
        "Expiration": moment(issued.expires_s),
    }
