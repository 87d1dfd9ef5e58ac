"""Sessions that functions run with: of their role when our IAM has it, else of their account's root.

The second is for the local development that AWS tools expect, where roles are made up; it is said in the log
once for each role, and `lambdad status` and `doctor` name them. When credentials must be known to us, a role
that is not there gets nobody anything.
"""

from __future__ import annotations

import logging
from typing import Final

from lambdad.domain.function import FunctionVersion
from lambdad.domain.identity import Who
from lambdad.identity.directory import Directory
from lambdad.identity.principals import root_of
from lambdad.identity.sessions import SessionCredentials, Sessions
from lambdad.identity.sts import session_arn
from lambdad.ports.clock import Clock

_log = logging.getLogger("lambdad.identity")
_MAX_REMEMBERED: Final = 1_000


class FunctionSessions:
    """Implements `worker.credentials.FunctionSessions`.

    Args:
        directory: roles.
        sessions: makes credentials.
        clock: when they begin.
        valid_s: how long they hold, at most: no environment lives as long.
        needs_role: whether a role that is not there grants nothing, and not everything.
    """

    def __init__(
        self, directory: Directory, sessions: Sessions, clock: Clock, valid_s: float, *, needs_role: bool
    ) -> None:
        self._directory = directory
        self._sessions = sessions
        self._clock = clock
        self._valid_s = valid_s
        self._needs_role = needs_role
        self._unknown: dict[str, None] = {}

    def issue(self, version: FunctionVersion) -> SessionCredentials:
        """A session of the version's role, named as the function.

        Source: AWS names it so: `arn:aws:sts::…:assumed-role/<role>/<function>` in GetCallerIdentity.
        """
        now = self._clock.now()
        return self._sessions.issue(self._who(version, now), bound=True)

    def end(self, access_key: str) -> None:
        """The session holds no longer."""
        self._sessions.end(access_key)

    def unknown_roles(self) -> list[str]:
        """Roles that functions were started with and that are still not there."""
        return sorted(arn for arn in self._unknown if self._directory.role(arn) is None)

    def _who(self, version: FunctionVersion, now: float) -> Who:
        role, scope, until = self._directory.role(version.role), version.scope, now + self._valid_s
        if role is not None and role.arn.split(":")[4] == scope.account:
            self._directory.note_use(role, scope.region, now)
            arn, unique_id = session_arn(role, version.name), f"{role.unique_id}:{version.name}"
            return Who(scope.account, arn, unique_id, role.arn, now, until)
        self._warn(version.role)
        if not self._needs_role:
            root = root_of(scope.account, scope.partition)
            return Who(root.account, root.arn, root.unique_id, None, now, until)
        name = version.role.rpartition("/")[2]
        arn = f"arn:{scope.partition}:sts::{scope.account}:assumed-role/{name}/{version.name}"
        return Who(scope.account, arn, f"AROA:{version.name}", version.role, now, until)

    def _warn(self, role_arn: str) -> None:
        if role_arn in self._unknown or len(self._unknown) >= _MAX_REMEMBERED:
            return
        self._unknown[role_arn] = None
        acts = "may do nothing" if self._needs_role else "act as their account's root"
        _log.warning(
            "no role of IAM has the ARN %s; its functions %s",
            role_arn,
            acts,
            extra={"event": "identity.role_unknown", "role": role_arn},
        )
