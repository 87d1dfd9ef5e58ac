"""Puts IAM, STS and the sessions of functions together.

Who verifies signatures and decides on requests takes `IdentityParts.directory`, which is `ports.identities`.
"""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from lambdad.awsapi.service import Handler
from lambdad.composition.sealing_key import KeyRefused, sealing_key
from lambdad.composition.upkeep import repeated
from lambdad.domain.iam import ACCESS_KEYS, SERVER_KEYS, ServerKey, iam_place
from lambdad.domain.limits import ACCESSES_KEPT_S, SESSION_BEYOND_AGE_S
from lambdad.identity.directory import Directory
from lambdad.identity.function_sessions import FunctionSessions
from lambdad.identity.iam.aws_managed_policies import aws_managed_policies
from lambdad.identity.iam.last_accessed import exists
from lambdad.identity.iam.service import iam_handlers
from lambdad.identity.last_accesses import LastAccesses
from lambdad.identity.sealing import KEY_BYTES, NotSealed, Sealer
from lambdad.identity.sessions import Sessions
from lambdad.identity.sts import sts_handlers
from lambdad.ports.clock import Clock
from lambdad.ports.resource_store import ResourceStore
from lambdad.settings import Settings
from lambdad.settings.model import AuthMode
from lambdad.storage.data_dir import DataDir

_log = logging.getLogger("lambdad.identity")
_SESSIONS = iam_place("", "sessions")


@dataclass(frozen=True, slots=True)
class IdentityParts:
    """What the server has of identity."""

    directory: Directory
    sessions: Sessions
    sealer: Sealer
    functions: FunctionSessions
    accesses: LastAccesses
    clock: Clock

    def handlers(self) -> dict[str, dict[str, Handler]]:
        """The operations of each service, by its name."""
        return {
            "iam": iam_handlers(self.directory, self.sealer, self.accesses, self.clock),
            "sts": sts_handlers(self.directory, self.sessions, self.clock),
        }


async def identity_of(
    settings: Settings, data_dir: DataDir, resources: ResourceStore, clock: Clock, stack: AsyncExitStack
) -> IdentityParts:
    """Everything read and ready.

    Raises:
        KeyRefused: the key that secrets are sealed with is missing or is another.
        StorageRefused: the key file cannot be used.
    """
    needed = bool(await resources.everywhere(ACCESS_KEYS))
    sealer = Sealer(await sealing_key(data_dir, settings.key_command, is_new=not needed))
    sessions = Sessions(await _server_key(resources, sealer, needed=needed))
    directory = Directory(resources, sealer, sessions, aws_managed_policies())
    await directory.load()
    stack.push_async_callback(directory.close)
    functions = FunctionSessions(
        directory,
        sessions,
        clock,
        settings.max_environment_age_s + SESSION_BEYOND_AGE_S,
        needs_role=settings.auth is AuthMode.ENFORCE,
    )
    accesses = LastAccesses(resources, partial(exists, directory))
    await accesses.load()
    stack.push_async_callback(accesses.keep)
    return IdentityParts(directory, sessions, sealer, functions, accesses, clock)


async def keep_accesses(accesses: LastAccesses) -> None:
    """Keep now and then who asked for what."""
    failed = "last accesses were not kept"
    await repeated(ACCESSES_KEPT_S, accesses.keep, _log, failed, {"event": "identity.accesses"})


async def _server_key(resources: ResourceStore, sealer: Sealer, *, needed: bool) -> bytes:
    """What session tokens are signed with; made anew when it is lost and nothing else is.

    Raises:
        KeyRefused: it is sealed with another key, and so are access keys, which cannot be made anew.
    """
    kept = await resources.read(SERVER_KEYS, _SESSIONS)
    try:
        if kept is not None:
            return sealer.open(kept.sealed, _SESSIONS.name)
    except NotSealed:
        if needed:
            raise KeyRefused(
                "Secrets are sealed with another key than the one there is now: set key_command or put back "
                "secret.key as they were, or go on without these access keys and sessions: "
                "lambdad auth forget-keys"
            ) from None
    secret = os.urandom(KEY_BYTES)
    sealed = ServerKey(sealer.seal(secret, _SESSIONS.name))
    await resources.change(SERVER_KEYS, _SESSIONS, lambda _: sealed)
    return secret
