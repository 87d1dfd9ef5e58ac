"""Versions of managed policies: five at most, one of them the default, which is what counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdad.domain.errors import DeleteConflict, NotFound, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.iam import ManagedPolicy, PolicyVersion
from lambdad.domain.limits import MAX_MANAGED_POLICY_CHARACTERS, MAX_POLICY_VERSIONS
from lambdad.identity.directory import Directory
from lambdad.identity.iam import showing
from lambdad.identity.iam.documents import identity_policy
from lambdad.identity.iam.entities import Handler, Params, cut
from lambdad.identity.iam.managed_policies import change_policy, found_policy
from lambdad.ports.clock import Clock


class PolicyVersions:
    """Handlers of the operations on versions."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        return {
            "CreatePolicyVersion": self.create,
            "GetPolicyVersion": self.get,
            "ListPolicyVersions": self.listed,
            "SetDefaultPolicyVersion": self.set_default,
            "DeletePolicyVersion": self.delete,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A new version, the default one if the request says so."""
        document, now = params["PolicyDocument"], int(self._clock.now())
        quota = f"Cannot exceed quota for PolicySize: {MAX_MANAGED_POLICY_CHARACTERS}"
        identity_policy(document, quota, MAX_MANAGED_POLICY_CHARACTERS)

        def changed(policy: ManagedPolicy) -> ManagedPolicy:
            if len(policy.versions) >= MAX_POLICY_VERSIONS:
                raise QuotaExceeded(
                    f"A managed policy can have up to {MAX_POLICY_VERSIONS} versions. Before you create a "
                    "new version, you must delete an existing version."
                )
            number = policy.last_version + 1
            version = PolicyVersion(f"v{number}", document, now)
            default = version.version_id if params.get("SetAsDefault") else policy.default_version
            return replace(
                policy,
                versions=(*policy.versions, version),
                default_version=default,
                last_version=number,
                updated_s=now,
            )

        policy = await change_policy(self._directory, params, request, changed)
        if policy is None:
            raise NotFound(f"Policy {params['PolicyArn']} was not found.")
        return {"PolicyVersion": showing.version(policy, policy.versions[-1], document=False)}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """One version with its document."""
        policy = found_policy(self._directory, request.caller.scope.account, params["PolicyArn"])
        found = _version(policy, params["VersionId"])
        return {"PolicyVersion": showing.version(policy, found, document=True)}

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """The versions, newest first."""
        policy = found_policy(self._directory, request.caller.scope.account, params["PolicyArn"])
        return cut(
            params,
            "Versions",
            policy.versions[::-1],
            lambda one: one.version_id,
            lambda one: showing.version(policy, one, document=False),
        )

    async def set_default(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Another version counts from now on."""
        version_id = params["VersionId"]

        def changed(policy: ManagedPolicy) -> ManagedPolicy:
            _version(policy, version_id)
            return replace(policy, default_version=version_id, updated_s=int(self._clock.now()))

        await change_policy(self._directory, params, request, changed)
        return {}

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A version that is not the default one goes."""
        version_id = params["VersionId"]

        def changed(policy: ManagedPolicy) -> ManagedPolicy:
            _version(policy, version_id)
            if version_id == policy.default_version:
                raise DeleteConflict("Cannot delete the default version of a policy.")
            left = tuple(one for one in policy.versions if one.version_id != version_id)
            return replace(policy, versions=left, updated_s=int(self._clock.now()))

        await change_policy(self._directory, params, request, changed)
        return {}


def _version(policy: ManagedPolicy, version_id: str) -> PolicyVersion:
    for one in policy.versions:
        if one.version_id == version_id:
            return one
    raise NotFound(f"Policy {policy.arn} version {version_id} does not exist or is not attachable.")
